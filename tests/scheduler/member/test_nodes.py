"""Which nodes a workload may use, and how much fits there."""

from typing import Any

import pytest

from karmada.api.groups.work import NodeClaim
from karmada.api.objects import Object
from scheduler.estimator.first_fit import Part, count_replicas
from scheduler.member.nodes import NodeFacts, by_turns, free_nodes, part_of, suits
from scheduler.snapshot import AssumedComponent

GPU = {"key": "gpu", "value": "a1", "effect": "NoSchedule"}


def facts(name: str = "n1", *, labels: dict[str, str] | None = None, **spec: Any) -> NodeFacts:
    return NodeFacts.of({"metadata": {"name": name, "labels": labels or {}}, "spec": spec, "status": {}})


def sized(name: str, **allocatable: str) -> NodeFacts:
    return NodeFacts.of({"metadata": {"name": name}, "status": {"allocatable": allocatable}})


def affinity(*terms: Object) -> Object:
    return {"hardNodeAffinity": {"nodeSelectorTerms": list(terms)}}


def expression(key: str, operator: str, *values: str) -> Object:
    return {"key": key, "operator": operator, "values": list(values)}


@pytest.mark.parametrize(
    ("node", "claim", "expected"),
    [
        pytest.param(facts(), None, True, id="no-claim"),
        pytest.param(facts(labels={"disk": "ssd"}), {"nodeSelector": {"disk": "ssd"}}, True, id="selector"),
        pytest.param(
            facts(labels={"disk": "hdd"}), {"nodeSelector": {"disk": "ssd"}}, False, id="other-label"
        ),
        pytest.param(facts(taints=[GPU]), None, False, id="taint"),
        pytest.param(
            facts(taints=[{**GPU, "effect": "PreferNoSchedule"}]), None, True, id="taint-that-only-prefers"
        ),
        pytest.param(
            facts(taints=[GPU]), {"tolerations": [{"key": "gpu", "operator": "Exists"}]}, True, id="tolerated"
        ),
        pytest.param(facts(unschedulable=True), None, False, id="cordoned"),
        pytest.param(
            facts(unschedulable=True),
            {"tolerations": [{"key": "node.kubernetes.io/unschedulable", "operator": "Exists"}]},
            True,
            id="cordoned-but-tolerated",
        ),
        pytest.param(
            facts(labels={"zone": "a"}),
            affinity({"matchExpressions": [expression("zone", "In", "a", "b")]}),
            True,
            id="affinity",
        ),
        pytest.param(
            facts(labels={"cores": "8"}),
            affinity({"matchExpressions": [expression("cores", "Gt", "4")]}),
            True,
            id="affinity-by-number",
        ),
        pytest.param(
            facts(),
            affinity({"matchFields": [expression("metadata.name", "In", "n1")]}),
            True,
            id="affinity-by-name",
        ),
        pytest.param(
            facts(labels={"zone": "c"}),
            affinity(
                {"matchExpressions": [expression("zone", "In", "a")]},
                {"matchExpressions": [expression("zone", "In", "c")]},
            ),
            True,
            id="any-term-is-enough",
        ),
        pytest.param(facts(), affinity({}), False, id="an-empty-term-matches-nothing"),
        pytest.param(facts(), affinity(), False, id="no-term-matches-nothing"),
        pytest.param(
            facts(),
            affinity({"matchExpressions": [expression("zone", "Near", "a")]}),
            False,
            id="an-invalid-term-matches-nothing",
        ),
    ],
)
def test_a_node_suits_a_claim(node: NodeFacts, claim: Object | None, expected: bool) -> None:
    asked = NodeClaim.from_json(claim) if claim is not None else None
    assert suits(asked)(node) is expected


THREE = [sized(name, cpu="8", memory="16Gi", pods="11") for name in ("n1", "n2", "n3")]
GI = 1 << 30


def test_room_is_summed_over_nodes() -> None:
    """Three nodes of 8 CPU, 16Gi and 11 pods; two of them partly taken."""
    taken = {
        "n1": {"cpu": 6000, "memory": 10 * GI, "pods": 3},
        "n2": {"cpu": 5000, "memory": 11 * GI, "pods": 2},
    }
    part = part_of(AssumedComponent(1, {"cpu": "1", "memory": "2Gi"}))
    assert count_replicas(free_nodes(THREE, taken), part) == 2 + 2 + 8
    taken["n1"]["pods"], taken["n2"]["pods"] = 10, 10
    assert count_replicas(free_nodes(THREE, taken), part) == 1 + 1 + 8


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        pytest.param({}, 33, id="without-requests-pod-slots"),
        pytest.param({"cpu": "0"}, 33, id="nothing-asked-for"),
        pytest.param({"example.org/gpu": "1"}, 0, id="extended-resource-that-no-node-has"),
        pytest.param({"storage": "1Gi"}, 33, id="what-nodes-do-not-count"),
        pytest.param({"cpu": "100m"}, 33, id="bounded-by-pods"),
    ],
)
def test_requests_bound_what_fits(request_: dict[str, str], expected: int) -> None:
    assert count_replicas(free_nodes(THREE, {}), part_of(AssumedComponent(1, request_))) == expected


def test_nothing_is_left_where_more_is_taken_than_there_is() -> None:
    (left,) = free_nodes([sized("n", cpu="1", pods="2")], {"n": {"cpu": 3000, "pods": 5}})
    assert (left.free["cpu"], left.pods, left.room_for({})) == (0, 0, 0)


def test_figures_nobody_can_read_are_no_room() -> None:
    assert count_replicas(free_nodes([sized("n", cpu="many", pods="9")], {}), Part(1, {})) == 0


def test_zones_take_turns() -> None:
    def zoned(name: str, zone: str) -> NodeFacts:
        return facts(name, labels={"topology.kubernetes.io/zone": zone})

    nodes = [zoned("a1", "a"), zoned("a2", "a"), zoned("a3", "a"), zoned("b1", "b")]
    assert [node.name for node in by_turns(reversed(nodes))] == ["a1", "b1", "a2", "a3"]
