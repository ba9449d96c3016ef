"""Every request belongs to a flow schema, the first that matches."""

import pytest

from apiserver.filters.flow import FlowIndex, with_flow_headers
from apiserver.filters.flow_defaults import flow_objects
from apiserver.request_info import UserInfo
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
    answer = await with_flow_headers(Reached(), index)(request(path=path, user=who))
    assert answer.headers == {
        "X-Kubernetes-PF-FlowSchema-UID": f"FlowSchema/{schema}",
        "X-Kubernetes-PF-PriorityLevel-UID": f"PriorityLevelConfiguration/{level}",
    }


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
    assert flow is not None
    assert flow.schema == "mine"
    in_namespace = index.flow_of(ALICE, request(path="/api/v1/namespaces/t1/pods").info)
    assert in_namespace is not None
    assert in_namespace.schema == "global-default"
    index.apply("FlowSchema", mine, None)
    flow = index.flow_of(ALICE, info)
    assert flow is not None
    assert flow.schema == "global-default"


async def test_refusals_carry_the_headers_too(index: FlowIndex) -> None:
    answer = await with_flow_headers(Reached(Forbidden("no")), index)(request())
    assert answer.status == 403
    assert answer.headers["X-Kubernetes-PF-FlowSchema-UID"] == "FlowSchema/global-default"


async def test_without_schemas_nothing_is_said() -> None:
    answer = await with_flow_headers(Reached(), FlowIndex())(request())
    assert answer.headers == {}
