"""Audit records of a real server: the policy's file, and a webhook that gets batches."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web

from apiserver.app.auditing import AuditOptions
from karmada.api.codec import dump_yaml
from karmada.api.objects import Object
from karmada.runtime.observe import StartError
from tests.apiserver.process.remote import remote_server
from tests.apiserver.process.test_outside_trust import kubeconfig
from tests.apiserver.serving import config_map, running_plane, until

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"


def policy_file(folder: Path, *rules: Object) -> str:
    file = folder / "policy.yaml"
    document = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": list(rules)}
    file.write_text(dump_yaml(document))
    return str(file)


async def test_a_policy_says_what_is_in_the_file(tmp_path: Path) -> None:
    policy = policy_file(
        tmp_path,
        {"level": "RequestResponse", "resources": [{"group": "", "resources": ["configmaps"]}]},
        {"level": "None"},
    )
    log = tmp_path / "audit.log"
    audit = AuditOptions(policy_file=policy, log_path=str(log))
    async with running_plane(audit=audit) as plane:
        await plane.post(f"{CONFIG_MAPS}?fieldManager=me", config_map("a", {"k": "v"}))
        await plane.get("/api/v1/nodes")
    events = [orjson.loads(line) for line in log.read_bytes().splitlines()]
    assert {event["objectRef"]["resource"] for event in events} == {"configmaps"}
    mine = [event for event in events if event["requestURI"] == f"{CONFIG_MAPS}?fieldManager=me"]
    assert [event["stage"] for event in mine] == ["RequestReceived", "ResponseComplete"]
    assert mine[1]["requestObject"]["data"] == mine[1]["responseObject"]["data"] == {"k": "v"}


async def test_a_webhook_gets_batches_and_the_last_one_at_the_end(tmp_path: Path) -> None:
    lists: list[Any] = []

    async def take(request: web.Request) -> web.Response:
        lists.append(await request.json())
        return web.Response()

    async with remote_server(tmp_path / "hook", take) as remote:
        audit = AuditOptions(webhook_file=kubeconfig(remote, tmp_path), batch_size=5)
        async with running_plane(audit=audit) as plane:
            for number in range(7):
                assert (await plane.get(f"{CONFIG_MAPS}/c{number}")).status == 404
            await until(lambda: bool(lists))
        assert {(one["kind"], one["apiVersion"]) for one in lists} == {("EventList", "audit.k8s.io/v1")}
        names = [event["objectRef"]["name"] for one in lists for event in one["items"]]
        assert names == [f"c{number}" for number in range(7)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param("kind: Other", "it is no Policy", id="another-kind"),
        pytest.param("kind: Policy\nrules: [{level: Loud}]", "Loud", id="level"),
    ],
)
async def test_a_policy_that_makes_no_sense_ends_the_start(
    content: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / "policy.yaml").write_text(content)
    with pytest.raises(StartError, match=message):
        async with running_plane(audit=AuditOptions(policy_file=str(tmp_path / "policy.yaml"))):
            pass
