"""How long plugins take: each one wrapped, so that the framework itself knows no clock.

In: a Framework's plugins. Out: the same plugins, observed. Verdicts that are shared by many bindings are
asked for once, and so are counted once. cycle.py wraps; plugins/ know nothing of it.
"""

from collections.abc import Sequence
from typing import Final

from prometheus_client import Histogram

from karmada.runtime.clock import Clock
from scheduler.framework import FilterPlugin, Framework, Request, ScorePlugin, Verdict
from scheduler.snapshot import ClusterFacts, Snapshot

FILTER: Final = "Filter"
SCORE: Final = "Score"
SUCCESS: Final = "Success"
UNSCHEDULABLE: Final = "Unschedulable"

EXTENSION_POINT: Final = Histogram(
    "karmada_scheduler_framework_extension_point_duration_seconds",
    "How long all plugins of a kind took in one decision.",
    ["extension_point", "result"],
    buckets=tuple(0.0001 * 2**power for power in range(12)),
)
_PLUGIN: Final = Histogram(
    "karmada_scheduler_plugin_execution_duration_seconds",
    "How long one plugin took.",
    ["plugin", "extension_point", "result"],
    buckets=tuple(0.00001 * 1.5**power for power in range(20)),
)


def timed(framework: Framework, clock: Clock) -> Framework:
    """The same plugins in the same order, with what they take observed."""
    return Framework(
        filters=[_TimedFilter(plugin, clock) for plugin in framework.filters],
        scores=[_TimedScore(plugin, clock) for plugin in framework.scores],
    )


class _TimedFilter:
    def __init__(self, plugin: FilterPlugin, clock: Clock) -> None:
        self.name = plugin.name
        self.shared = plugin.shared
        self._plugin = plugin
        self._clock = clock
        self._fits = _PLUGIN.labels(plugin.name, FILTER, SUCCESS)
        self._refused = _PLUGIN.labels(plugin.name, FILTER, UNSCHEDULABLE)

    def filter(self, request: Request, cluster: ClusterFacts, snapshot: Snapshot) -> Verdict:
        started = self._clock.monotonic()
        verdict = self._plugin.filter(request, cluster, snapshot)
        (self._fits if verdict.fits else self._refused).observe(self._clock.monotonic() - started)
        return verdict


class _TimedScore:
    def __init__(self, plugin: ScorePlugin, clock: Clock) -> None:
        self.name = plugin.name
        self._plugin = plugin
        self._clock = clock
        self._done = _PLUGIN.labels(plugin.name, SCORE, SUCCESS)

    def scores(self, request: Request, clusters: Sequence[ClusterFacts]) -> Sequence[int]:
        started = self._clock.monotonic()
        scores = self._plugin.scores(request, clusters)
        self._done.observe(self._clock.monotonic() - started)
        return scores
