"""Plugins are observed, and say what they would have said."""

from prometheus_client import REGISTRY

from karmada.runtime.clock import ManualClock
from scheduler.framework import Gates
from scheduler.plugins import build_framework
from scheduler.snapshot import Snapshot
from scheduler.timing import timed
from tests.scheduler.build import cluster, request_for

METRIC = "karmada_scheduler_plugin_execution_duration_seconds_count"


def counted(plugin: str, point: str, result: str) -> float:
    labels = {"plugin": plugin, "extension_point": point, "result": result}
    return REGISTRY.get_sample_value(METRIC, labels) or 0.0


def test_timed_plugins_say_the_same_and_are_counted() -> None:
    plain = build_framework(Gates())
    observed = timed(plain, ManualClock())
    before = counted("APIEnablement", "Filter", "Unschedulable")
    scored = counted("ClusterLocality", "Score", "Success")
    request = request_for({}, targets={"m1": 1})
    members = [cluster("m1"), cluster("m2", apis=())]
    found = observed.feasible(request, Snapshot.of(members))
    expected = plain.feasible(request, Snapshot.of(members))
    assert [each.name for each in found.clusters] == [each.name for each in expected.clusters]
    assert found.rejections == expected.rejections
    assert observed.score(request, found.clusters) == [100]
    assert counted("APIEnablement", "Filter", "Unschedulable") == before + 1
    assert counted("ClusterLocality", "Score", "Success") == scored + 1
