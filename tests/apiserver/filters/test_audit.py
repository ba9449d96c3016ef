"""One record per request, as much as the policy wants."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from typing_extensions import override

from apiserver.filters.audit import with_audit
from apiserver.filters.audit_backends import AuditFile, Sink
from apiserver.filters.audit_policy import AuditPolicy, Level
from apiserver.request_info import Request, Response, Stream, UserInfo, Writer
from karmada.api.codec import encode_protobuf
from karmada.api.errors import Conflict, Forbidden
from karmada.runtime.clock import ManualClock
from tests.apiserver.filters import ALICE, Reached, request

CLOCK = ManualClock(datetime(2026, 5, 1, tzinfo=UTC))


class Kept(Sink):
    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    @override
    def write(self, line: bytes) -> None:
        assert line.endswith(b"\n")
        self.events.append(orjson.loads(line))


def creating() -> Request:
    headers = {"User-Agent": "kubectl/v1.36"}
    asked = request(
        "POST", "/apis/apps/v1/namespaces/t1/deployments", headers=headers, body=b'{"kind":"Deployment"}'
    )
    asked.audit_id, asked.remote = "id-1", "10.0.0.9"
    return asked


async def test_a_record_says_who_did_what_and_how_it_ended() -> None:
    sink = Kept()
    await with_audit(Reached(Response(201, b"{}")), sink, clock=CLOCK)(creating())
    assert sink.events == [
        {
            "kind": "Event",
            "apiVersion": "audit.k8s.io/v1",
            "level": "Metadata",
            "auditID": "id-1",
            "stage": "ResponseComplete",
            "requestURI": "/apis/apps/v1/namespaces/t1/deployments",
            "verb": "create",
            "user": {"username": "alice", "groups": ["devs", "system:authenticated"]},
            "sourceIPs": ["10.0.0.9"],
            "userAgent": "kubectl/v1.36",
            "objectRef": {
                "resource": "deployments",
                "namespace": "t1",
                "apiGroup": "apps",
                "apiVersion": "v1",
            },
            "responseStatus": {"metadata": {}, "code": 201},
            "requestReceivedTimestamp": "2026-05-01T00:00:00.000000Z",
            "stageTimestamp": "2026-05-01T00:00:00.000000Z",
            "annotations": {"authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": ""},
        }
    ]


@pytest.mark.parametrize(
    ("error", "code", "decision"),
    [
        pytest.param(Conflict("moved on"), 409, "allow", id="api-error"),
        pytest.param(Forbidden("no"), 403, "forbid", id="forbidden"),
        pytest.param(ZeroDivisionError(), 500, "allow", id="bug"),
    ],
)
async def test_failures_are_recorded_and_pass_on(error: Exception, code: int, decision: str) -> None:
    sink = Kept()
    with pytest.raises(type(error)):
        await with_audit(Reached(error), sink, clock=CLOCK)(creating())
    assert sink.events[0]["responseStatus"]["code"] == code
    assert sink.events[0]["annotations"]["authorization.k8s.io/decision"] == decision


async def test_a_stream_is_recorded_when_it_starts_and_when_it_ends() -> None:
    async def run(writer: Writer) -> None:
        return None

    sink = Kept()
    stream = Stream(run)
    await with_audit(Reached(stream), sink, clock=CLOCK)(request("GET", "/api/v1/pods", query={"watch": "1"}))
    assert [event["stage"] for event in sink.events] == ["ResponseStarted"]
    await stream.run(writer=None)  # type: ignore[call-arg]
    assert [event["stage"] for event in sink.events] == ["ResponseStarted", "ResponseComplete"]


async def test_both_users_of_an_impersonated_request_are_recorded() -> None:
    async def impersonating(asked: Request) -> Response:
        asked.user = UserInfo("bob")
        return Response(200)

    sink = Kept()
    await with_audit(impersonating, sink, clock=CLOCK)(request())
    assert sink.events[0]["user"]["username"] == "alice"
    assert sink.events[0]["impersonatedUser"] == {"username": "bob"}


def policy(*rules: dict[str, Any]) -> AuditPolicy:
    return AuditPolicy.of({"rules": list(rules)})


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        pytest.param(policy({"level": "None"}), None, id="none"),
        pytest.param(policy(), None, id="no-rule-matches"),
        pytest.param(policy({"level": "Request"}), {"requestObject"}, id="request"),
        pytest.param(
            policy({"level": "RequestResponse"}),
            {"requestObject", "responseObject"},
            id="request-and-response",
        ),
    ],
)
async def test_the_level_decides_how_much_is_written(rules: AuditPolicy, expected: set[str] | None) -> None:
    sink = Kept()
    await with_audit(Reached(Response(201, b"{}")), sink, rules, clock=CLOCK)(creating())
    if expected is None:
        assert sink.events == []
    else:
        assert {name for name in sink.events[-1] if name.endswith("Object")} == expected


@pytest.mark.parametrize(
    ("rule", "matches"),
    [
        pytest.param({"users": ["alice"]}, True, id="user"),
        pytest.param({"users": ["bob"]}, False, id="other-user"),
        pytest.param({"userGroups": ["devs"]}, True, id="group"),
        pytest.param({"verbs": ["create"]}, True, id="verb"),
        pytest.param({"verbs": ["get"]}, False, id="other-verb"),
        pytest.param({"resources": [{"group": "apps"}]}, True, id="whole-group"),
        pytest.param({"resources": [{"group": "apps", "resources": ["deployments"]}]}, True, id="resource"),
        pytest.param(
            {"resources": [{"group": "", "resources": ["deployments"]}]}, False, id="other-api-group"
        ),
        pytest.param(
            {"resources": [{"group": "apps", "resources": ["*/status"]}]}, False, id="subresource-only"
        ),
        pytest.param({"namespaces": ["t1"]}, True, id="namespace"),
        pytest.param({"namespaces": ["t2"]}, False, id="other-namespace"),
        pytest.param({"nonResourceURLs": ["/healthz*"]}, False, id="paths-only"),
    ],
)
def test_a_rule_matches_by_every_part_it_gives(rule: dict[str, Any], matches: bool) -> None:
    level, _ = policy({"level": "Metadata", **rule}).level_of(ALICE, creating().info)
    assert (level is Level.METADATA) is matches


async def test_records_end_up_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    with AuditFile(path) as sink:
        handler = with_audit(Reached(), sink, clock=CLOCK)
        for _ in range(3):
            await handler(request())
    assert len([orjson.loads(line) for line in path.read_bytes().splitlines()]) == 3


def test_without_a_sink_the_filter_is_not_there() -> None:
    reached = Reached()
    assert with_audit(reached, None) is reached


async def test_a_policy_may_want_the_arrival_too_and_bodies_without_managers() -> None:
    sink = Kept()
    policy = AuditPolicy.of({"rules": [{"level": "RequestResponse"}], "omitManagedFields": True})
    answered = Response(201, b'{"metadata":{"name":"a","managedFields":[1]}}')
    await with_audit(Reached(answered), sink, policy, clock=CLOCK)(creating())
    arrival, end = sink.events
    assert (arrival["stage"], end["stage"]) == ("RequestReceived", "ResponseComplete")
    assert "requestObject" not in arrival
    assert "responseStatus" not in arrival
    assert end["requestObject"] == {"kind": "Deployment"}
    assert end["responseObject"] == {"metadata": {"name": "a"}}


async def test_bodies_in_protobuf_are_readable() -> None:
    sink = Kept()
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"k": "v"}}
    asked = request("POST", "/api/v1/namespaces/t1/configmaps", body=encode_protobuf(config_map))
    policy = AuditPolicy.of({"rules": [{"level": "Request"}], "omitStages": ["RequestReceived"]})
    await with_audit(Reached(), sink, policy, clock=CLOCK)(asked)
    assert sink.events[0]["requestObject"]["data"] == {"k": "v"}


async def test_no_credential_reaches_the_log() -> None:
    sink = Kept()
    headers = {
        "Authorization": "Bearer very-secret",
        "Sec-WebSocket-Protocol": "base64url.bearer.authorization.k8s.io.dmVyeS1zZWNyZXQ",
        "X-Remote-Extra-Token": "very-secret",
    }
    policy = AuditPolicy.of({"rules": [{"level": "RequestResponse"}]})
    secret = b'{"kind":"Secret","data":{"p":"cHc="}}'
    asked = request("POST", "/api/v1/namespaces/t1/secrets", headers=headers, body=secret)
    await with_audit(Reached(), sink, policy, clock=CLOCK)(asked)
    text = orjson.dumps(sink.events).decode()
    assert "very-secret" not in text
    assert "dmVyeS1zZWNyZXQ" not in text
    metadata_only = Kept()
    await with_audit(Reached(), metadata_only, clock=CLOCK)(asked)
    assert "cHc=" not in orjson.dumps(metadata_only.events).decode()
