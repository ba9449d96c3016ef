"""How many more fit, judged by what clusters report."""

from typing import Any

import pytest

from karmada.api.groups.cluster import Cluster
from scheduler.estimator.first_fit import Node, Part, count_sets, place_assumed
from scheduler.estimator.general import GeneralEstimator
from scheduler.framework import Gates
from scheduler.snapshot import AssumedComponent, AssumedWorkload, Snapshot
from tests.scheduler.build import cluster, request_for

GI = 1 << 30


def summary(
    allocatable: str, allocated: str = "", allocating: str = "", grades: Any = None
) -> dict[str, Any]:
    """Amounts written `cpu=4 memory=8Gi`; grades are nodes per grade."""
    found: dict[str, Any] = {
        "allocatable": amounts(allocatable),
        "allocated": amounts(allocated),
        "allocating": amounts(allocating),
    }
    if grades is not None:
        found["allocatableModelings"] = [
            {"grade": grade, "count": count} for grade, count in enumerate(grades)
        ]
    return found


def amounts(text: str) -> dict[str, str]:
    return dict(item.split("=") for item in text.split())


def models(*sizes: str) -> list[dict[str, Any]]:
    """One grade per size, its minimum written like amounts."""
    return [
        {
            "grade": grade,
            "ranges": [{"name": name, "min": least, "max": "1E"} for name, least in amounts(size).items()],
        }
        for grade, size in enumerate(sizes)
    ]


def replicas(member: Cluster, request: str | None, *, assumed: Any = (), gates: Gates | None = None) -> int:
    protected = Gates(overcommit_protection=bool(assumed))
    snapshot = Snapshot.of([member], assumed={"m": assumed})
    asked = request_for(
        {}, replicas=1, request=None if request is None else amounts(request), gates=gates or protected
    )
    return GeneralEstimator().max_replicas(asked, snapshot.clusters, snapshot)[0]


def in_flight(count: int, request: str) -> list[AssumedWorkload]:
    return [AssumedWorkload("default", (AssumedComponent(count, amounts(request)),))]


HALF_FULL = summary("cpu=4 memory=8Gi pods=100", "cpu=1 memory=2Gi pods=20")
BY_CPU = models("cpu=0", "cpu=1", "cpu=2")
BY_BOTH = models("cpu=0 memory=0", "cpu=1 memory=1Gi", "cpu=2 memory=2Gi")
PLENTY = "cpu=100 memory=100Gi pods=100"


@pytest.mark.parametrize(
    ("figures", "grades", "request_", "expected"),
    [
        pytest.param(HALF_FULL, [], "cpu=500m memory=1Gi", 6, id="scarcest-resource"),
        pytest.param(
            summary("cpu=4 memory=2Gi pods=100", "cpu=1 memory=1.5Gi"),
            [],
            "cpu=500m memory=1Gi",
            0,
            id="none",
        ),
        pytest.param(summary("pods=100", "pods=40", "pods=10"), [], None, 50, id="pods-without-requirements"),
        pytest.param(summary("pods=100", "pods=40", "pods=10"), [], "", 50, id="pods-without-requests"),
        pytest.param(summary("pods=10", "pods=10"), [], None, 0, id="no-pod-slot"),
        pytest.param(summary("cpu=4"), [], "cpu=1", 0, id="no-pods-reported"),
        pytest.param(summary("pods=10"), [], "cpu=1", 0, id="resource-not-reported"),
        pytest.param(summary("pods=10 cpu=1", "cpu=2"), [], "cpu=1", 0, id="more-used-than-there-is"),
        pytest.param(summary("pods=10 cpu=1"), [], "cpu=0", 10, id="zero-request-asks-nothing"),
        pytest.param(summary(PLENTY, grades=[1, 1, 1]), BY_CPU, "cpu=1.5", 1, id="largest-grade-only"),
        pytest.param(summary(PLENTY, grades=[1, 1, 1]), BY_BOTH, "cpu=1 memory=1.5Gi", 1, id="both-must-fit"),
        pytest.param(summary(PLENTY, grades=[1, 1, 1]), BY_BOTH, "cpu=1 memory=2.5Gi", 0, id="fits-nowhere"),
        pytest.param(summary(PLENTY, grades=[0, 3]), BY_CPU, "cpu=500m", 6, id="two-per-node"),
        pytest.param(summary(PLENTY, grades=[0, 3]), BY_CPU, "gpu=1", 0, id="resource-not-modelled"),
        pytest.param(summary("pods=4", grades=[0, 3]), BY_CPU, "cpu=500m", 4, id="pods-bound-grades"),
        pytest.param(summary(PLENTY, grades=[0, 3]), [], "cpu=1", 100, id="grades-without-models"),
        pytest.param(summary(PLENTY, grades=[0, -1]), BY_CPU, "cpu=1", 100, id="negative-count"),
        pytest.param(summary("pods=10 cpu=many"), [], "cpu=1", 0, id="unreadable-figures"),
    ],
)
def test_replicas_fit(figures: Any, grades: Any, request_: str | None, expected: int) -> None:
    assert replicas(cluster("m", summary=figures, models=grades), request_) == expected


def test_a_cluster_without_figures_has_no_room() -> None:
    assert replicas(cluster("m", cpu=None), "cpu=1") == 0


def test_without_the_gate_grades_are_not_looked_at() -> None:
    member = cluster("m", summary=summary("cpu=3 pods=100", grades=[1, 1, 1]), models=BY_CPU)
    assert replicas(member, "cpu=1.5", gates=Gates(resource_modeling=False)) == 2


@pytest.mark.parametrize(
    ("figures", "grades", "request_", "assumed", "expected"),
    [
        pytest.param(HALF_FULL, [], "cpu=500m memory=1Gi", (2, "cpu=500m memory=1Gi"), 4, id="summary"),
        pytest.param(summary("pods=10"), [], None, (4, ""), 6, id="pods"),
        pytest.param(summary(PLENTY, grades=[0, 3]), BY_CPU, "cpu=500m", (4, "cpu=500m"), 2, id="grades"),
    ],
)
def test_demand_in_flight_counts_as_taken(
    figures: Any, grades: Any, request_: str | None, assumed: Any, expected: int
) -> None:
    member = cluster("m", summary=figures, models=grades)
    assert replicas(member, request_, assumed=in_flight(*assumed)) == expected


def sets(member: Cluster, components: list[tuple[int, str]], assumed: Any = ()) -> int:
    encoded = [
        {"name": f"c{index}", "replicas": count, "replicaRequirements": {"resourceRequest": amounts(request)}}
        for index, (count, request) in enumerate(components)
    ]
    snapshot = Snapshot.of([member], assumed={"m": assumed})
    asked = request_for({}, components=encoded, gates=Gates(overcommit_protection=bool(assumed)))
    return GeneralEstimator().max_sets(asked, snapshot.clusters, snapshot)[0]


FLINK = models("cpu=0 memory=0", "cpu=1 memory=2Gi", "cpu=3 memory=10Gi", "cpu=4 memory=12Gi")


@pytest.mark.parametrize(
    ("figures", "grades", "components", "assumed", "expected"),
    [
        pytest.param(
            summary("cpu=10 memory=8Gi pods=80", "memory=2Gi"),
            [],
            [(1, "cpu=1 memory=2Gi"), (2, "cpu=2 memory=2Gi")],
            (),
            1,
            id="summary",
        ),
        pytest.param(
            summary("cpu=12 pods=80"),
            [],
            [(1, "cpu=4")],
            (*in_flight(1, "cpu=1"), *in_flight(1, "cpu=3")),
            2,
            id="in-flight",
        ),
        pytest.param(
            summary("cpu=1000 memory=1000Gi pods=1000", grades=[0, 2, 6, 3]),
            FLINK,
            [(1, "cpu=1 memory=2Gi"), (3, "cpu=3 memory=10Gi")],
            (),
            3,
            id="grades",
        ),
        pytest.param(summary("pods=7"), [], [(3, "")], (), 2, id="pods-only"),
        pytest.param(summary("pods=7"), [], [(0, "cpu=1")], (), 7, id="sets-of-nothing"),
        pytest.param(summary("pods=7 cpu=1"), [], [(1, "gpu=1")], (), 0, id="resource-not-there"),
        pytest.param(summary("pods=7", "pods=7"), [], [(1, "")], (), 0, id="no-pod-slot"),
    ],
)
def test_sets_fit(figures: Any, grades: Any, components: Any, assumed: Any, expected: int) -> None:
    assert sets(cluster("m", summary=figures, models=grades), components, assumed) == expected


def nodes(*sizes: tuple[int, int]) -> list[Node]:
    """(cpu in thousandths, memory) per node, ten pods each."""
    return [Node(10, {"cpu": cpu, "memory": memory}) for cpu, memory in sizes]


@pytest.mark.parametrize(
    ("row", "parts", "expected"),
    [
        pytest.param(nodes((4000, 8 * GI)), [Part(2, {"cpu": 1000, "memory": 2 * GI})], 2, id="one-node"),
        pytest.param(nodes((2000, 0), (2000, 0)), [Part(3, {"cpu": 1000})], 1, id="rest-is-too-small"),
        pytest.param(
            nodes((1000, 2 * GI), (4000, 8 * GI), (8000, 16 * GI)),
            [Part(2, {"cpu": 500, "memory": GI}), Part(1, {"cpu": 2000, "memory": 4 * GI})],
            4,
            id="two-components",
        ),
        pytest.param(nodes(*[(1000, 0)] * 4), [Part(1, {"cpu": 2000})], 0, id="never-across-nodes"),
        pytest.param([Node(3, {})], [Part(1, {})], 3, id="pods-only"),
    ],
)
def test_sets_are_placed_first_fit(row: list[Node], parts: list[Part], expected: int) -> None:
    assert count_sets(row, parts, limit=100) == expected


def test_the_limit_ends_the_count() -> None:
    assert count_sets([Node(10, {})], [Part(1, {})], limit=2) == 2


def test_what_fitted_of_a_workload_in_flight_stays_taken() -> None:
    row = [Node(10, {"cpu": 1000})]
    place_assumed(row, [[Part(1, {"cpu": 600}), Part(1, {"cpu": 600})]])
    assert row == [Node(9, {"cpu": 400})]
