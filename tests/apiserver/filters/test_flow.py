"""Every request belongs to a flow schema, the first that matches."""

import pytest

from apiserver.filters.errors import with_errors
from apiserver.filters.fair_queuing import Seats
from apiserver.filters.flow import FlowControl, FlowIndex, width_of, with_priority_and_fairness
from apiserver.filters.flow_defaults import flow_objects
from apiserver.filters.flow_metrics import FlowMetrics
from apiserver.filters.headers import with_headers
from apiserver.filters.limits import Lanes, LimitOptions
from apiserver.request_info import Handler, UserInfo
from karmada.api.errors import Forbidden
from karmada.api.objects import Object
from tests.apiserver.filters import ALICE, Reached, request

MASTER = UserInfo("root", ("system:masters", "system:authenticated"))
NODE = UserInfo("system:node:n1", ("system:nodes", "system:authenticated"))
ROBOT = UserInfo(
    "system:serviceaccount:ci:robot",
    ("system:serviceaccounts", "system:serviceaccounts:ci", "system:authenticated"),
)
SYSTEM = UserInfo("system:serviceaccount:kube-system:gc", ("system:serviceaccounts", "system:authenticated"))
STRANGER = UserInfo("system:anonymous", ("system:unauthenticated",))


def with_uid(obj: Object) -> Object:
    uid = f"{obj['kind']}/{obj['metadata']['name']}"
    return {**obj, "metadata": {**obj["metadata"], "uid": uid}}


@pytest.fixture
def index() -> FlowIndex:
    built = FlowIndex()
    for obj in flow_objects():
        built.apply(obj["kind"], None, with_uid(obj))
    return built


def controlled(handler: Handler, index: FlowIndex) -> Handler:
    seats = Seats(100)
    control = FlowControl(
        index=index,
        seats=seats,
        metrics=FlowMetrics(seats),
        lanes=Lanes(LimitOptions()),
        patience_seconds=1.0,
        objects_of=lambda group, resource: 0,
    )
    return with_headers(with_errors(with_priority_and_fairness(handler, control)))


@pytest.mark.parametrize(
    ("who", "path", "schema", "level"),
    [
        pytest.param(MASTER, "/api/v1/pods", "exempt", "exempt", id="masters"),
        pytest.param(STRANGER, "/readyz", "probes", "exempt", id="probes"),
        pytest.param(NODE, "/api/v1/nodes/n1/status", "system-node-high", "node-high", id="heartbeat"),
        pytest.param(NODE, "/api/v1/pods", "system-nodes", "system", id="node"),
        pytest.param(
            SYSTEM,
            "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/gc",
            "system-leader-election",
            "leader-election",
            id="leader-election",
        ),
        pytest.param(
            SYSTEM, "/api/v1/pods", "kube-system-service-accounts", "workload-high", id="system-account"
        ),
        pytest.param(ROBOT, "/api/v1/pods", "service-accounts", "workload-low", id="account"),
        pytest.param(ALICE, "/api/v1/pods", "global-default", "global-default", id="user"),
        pytest.param(STRANGER, "/apis", "global-default", "global-default", id="anonymous"),
    ],
)
async def test_the_answer_names_schema_and_level(
    index: FlowIndex, who: UserInfo, path: str, schema: str, level: str
) -> None:
    answer = await controlled(Reached(), index)(request(path=path, user=who))
    assert answer.headers["X-Kubernetes-PF-FlowSchema-UID"] == f"FlowSchema/{schema}"
    assert answer.headers["X-Kubernetes-PF-PriorityLevel-UID"] == f"PriorityLevelConfiguration/{level}"


def test_changes_take_effect_at_once(index: FlowIndex) -> None:
    info = request(path="/api/v1/pods").info
    mine: Object = {
        "metadata": {"name": "mine", "uid": "u"},
        "spec": {
            "matchingPrecedence": 5,
            "priorityLevelConfiguration": {"name": "system"},
            "rules": [
                {
                    "subjects": [{"kind": "User", "user": {"name": "alice"}}],
                    "resourceRules": [
                        {"verbs": ["list"], "apiGroups": [""], "resources": ["pods"], "clusterScope": True}
                    ],
                }
            ],
        },
    }
    index.apply("FlowSchema", None, mine)
    flow = index.flow_of(ALICE, info)
    assert flow.schema == "mine"
    in_namespace = index.flow_of(ALICE, request(path="/api/v1/namespaces/t1/pods").info)
    assert in_namespace.schema == "global-default"
    index.apply("FlowSchema", mine, None)
    flow = index.flow_of(ALICE, info)
    assert flow.schema == "global-default"


async def test_refusals_carry_the_headers_too(index: FlowIndex) -> None:
    answer = await controlled(Reached(Forbidden("no")), index)(request())
    assert answer.status == 403
    assert answer.headers["X-Kubernetes-PF-FlowSchema-UID"] == "FlowSchema/global-default"


async def test_without_schemas_nothing_is_said() -> None:
    answer = await controlled(Reached(), FlowIndex())(request())
    assert "X-Kubernetes-PF-FlowSchema-UID" not in answer.headers


def test_a_schema_of_a_level_that_is_gone_is_passed_over(index: FlowIndex) -> None:
    info = request(path="/api/v1/pods").info
    level = with_uid(next(obj for obj in flow_objects() if obj["metadata"]["name"] == "global-default"))
    index.apply("PriorityLevelConfiguration", level, None)
    assert index.flow_of(ALICE, info).schema == "catch-all"


def test_administrators_are_exempt_whatever_the_schemas_say(index: FlowIndex) -> None:
    for obj in flow_objects():
        index.apply(obj["kind"], with_uid(obj), None)
    assert index.flow_of(MASTER, request().info).level == "exempt"
    assert index.flow_of(ALICE, request().info).level == "catch-all"


def test_users_and_namespaces_are_flows_of_their_own(index: FlowIndex) -> None:
    info = request(path="/api/v1/pods").info
    bob = UserInfo("bob", ALICE.groups)
    assert index.flow_of(ALICE, info).number != index.flow_of(bob, info).number
    assert (
        index.flow_of(ALICE, info).number == index.flow_of(ALICE, request(path="/api/v1/nodes").info).number
    )


@pytest.mark.parametrize(
    ("path", "query", "objects", "seats"),
    [
        pytest.param("/api/v1/pods", {}, 0, 1, id="nothing-there"),
        pytest.param("/api/v1/pods", {}, 250, 3, id="per-hundred"),
        pytest.param("/api/v1/pods", {}, 100_000, 10, id="at-most"),
        pytest.param("/api/v1/pods", {"limit": "50"}, 100_000, 1, id="a-page"),
        pytest.param("/api/v1/namespaces/a/pods/b", {}, 100_000, 1, id="one-object"),
    ],
)
def test_long_lists_are_wide(path: str, query: dict[str, str], objects: int, seats: int) -> None:
    assert width_of(request(path=path, query=query), lambda group, resource: objects) == seats
