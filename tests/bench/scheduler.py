"""Where does a binding go, among 100 and 1,000 clusters: calls per second of decide.schedule().

One line per kind of placement. Every binding is a new one with one of 40 sizes; after every 50 decisions one
cluster reports new figures, so what was remembered about it is computed again, as in a living control plane.
"""

import gc
import time
from collections.abc import Mapping
from typing import Any, Final

from karmada.api.groups.cluster import Cluster
from karmada.api.groups.work import ResourceBinding
from karmada.runtime.observe import GARBAGE_THRESHOLDS
from scheduler.decide import schedule
from scheduler.snapshot import Snapshot
from tests.bench.measure import percentile, report
from tests.scheduler.build import AGGREGATED, DUPLICATED, DYNAMIC, binding, cluster, placed_by, spread, static

BINDINGS: Final = {100: 2_000, 1_000: 600}
"""By number of clusters."""
SIZES: Final = 40
DECISIONS_PER_SNAPSHOT: Final = 50

PLACEMENTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "duplicated to all": placed_by(DUPLICATED),
    "duplicated to 3 named": placed_by(
        DUPLICATED, clusterAffinity={"clusterNames": ["m001", "m050", "m099"]}
    ),
    "static weights": placed_by(static(("m000", 2), ("m001", 1), ("m002", 1))),
    "aggregated": placed_by(AGGREGATED),
    "dynamic weights": placed_by(DYNAMIC),
    "spread over regions": placed_by(
        AGGREGATED, spreadConstraints=[spread("region", 2, 3), spread("cluster", 3, 6)]
    ),
}


def member(number: int, *, cpu: int) -> Cluster:
    return cluster(
        f"m{number:03}", cpu=cpu, region=f"region-{number % 10}", labels={"tier": "abc"[number % 3]}
    )


def made(placement: Mapping[str, Any], number: int) -> ResourceBinding:
    request = {"cpu": f"{100 + 10 * (number % SIZES)}m"}
    return binding(placement, replicas=3 + number % 7, request=request, uid=f"uid-{number}")


def measure(what: str, placement: Mapping[str, Any], clusters: int) -> None:
    members = [member(number, cpu=100) for number in range(clusters)]
    bindings = [made(placement, number) for number in range(BINDINGS[clusters])]
    snapshot = Snapshot.of(members)
    seconds = []
    for number, each in enumerate(bindings):
        if number % DECISIONS_PER_SNAPSHOT == 0:
            moved = number // DECISIONS_PER_SNAPSHOT % clusters
            members[moved] = member(moved, cpu=101 + number)
            snapshot = Snapshot.of(members, previous=snapshot)
        began = time.perf_counter()
        decision = schedule(each, snapshot)
        seconds.append(time.perf_counter() - began)
        assert decision.targets
    facts = {"clusters": clusters, "placement": what}
    report("scheduler", "decisions", len(bindings) / sum(seconds), "1/s", **facts)
    report("scheduler", "decision p50", percentile(seconds, 50) * 1e6, "us", **facts)
    report("scheduler", "decision p99", percentile(seconds, 99) * 1e6, "us", **facts)


def main() -> None:
    gc.set_threshold(*GARBAGE_THRESHOLDS)  # as every process has them
    for clusters in BINDINGS:
        for what, placement in PLACEMENTS.items():
            measure(what, placement, clusters)


if __name__ == "__main__":
    main()
