"""What operators read of evictions: how many wait, of which kinds, how long they took, how they ended.

In: the taint manager's keys as they come and go. Out: series named as Karmada names them.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from karmada.runtime.clock import Clock

_DEPTH: Final = Gauge("eviction_queue_depth", "Bindings that wait to be evicted.", ["name"])
_KINDS: Final = Gauge(
    "eviction_kind_total", "Bindings that wait, by kind and cluster.", ["member_cluster", "resource_kind"]
)
_LATENCY: Final = Histogram(
    "eviction_processing_latency_seconds",
    "From the moment a binding had to go to its eviction.",
    ["name"],
    buckets=(0.01, 0.1, 1, 5, 10, 30, 60, 120, 300, 600, 1800, 3600),
)
_PROCESSED: Final = Counter("eviction_processing_total", "Evictions by their result.", ["name", "result"])


@dataclass(frozen=True, slots=True)
class _Entry:
    cluster: str
    kind: str
    since: float


class WaitingEvictions:
    """The bindings that one taint manager has not dealt with yet."""

    def __init__(self, name: str, *, clock: Clock) -> None:
        self._name = name
        self._clock = clock
        self._entries: dict[Hashable, _Entry] = {}

    def came(self, key: Hashable, *, cluster: str, kind: str) -> None:
        """Asked again it changes nothing."""
        if key not in self._entries:
            self._entries[key] = _Entry(cluster, kind, self._clock.monotonic())
            _KINDS.labels(cluster, kind).inc()
            _DEPTH.labels(self._name).set(len(self._entries))

    def went(self, key: Hashable, *, evicted: bool) -> None:
        """It has left its cluster, or need not any more."""
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        _KINDS.labels(entry.cluster, entry.kind).dec()
        _DEPTH.labels(self._name).set(len(self._entries))
        if evicted:
            _LATENCY.labels(self._name).observe(self._clock.monotonic() - entry.since)
            _PROCESSED.labels(self._name, "success").inc()

    def failed(self) -> None:
        """One stays, to be tried again."""
        _PROCESSED.labels(self._name, "error").inc()
