"""/metrics: what the filters counted, and what the store and the watch caches hold, under the stock names."""

from collections.abc import Iterator

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector
from typing_extensions import override

from apiserver.handlers.health import VERSION
from apiserver.request_info import Request, Response
from apiserver.resources.definition import ResourceDefinition
from apiserver.storage.watch_cache import WatchCache

_WATCH_LABELS = ("group", "version", "resource")


class MetricsPage:
    """Answers /metrics."""

    def __init__(self, cache: WatchCache) -> None:
        self._cache = cache
        self._registry: CollectorRegistry | None = None
        self._events: Counter | None = None
        self.size_bytes = 0
        """Of the backend, as asked last; parts.py keeps it current."""

    def use(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        registry.register(_StorageCollector(self._cache, self))
        self._events = Counter(
            "apiserver_watch_events", "Events sent to watches.", _WATCH_LABELS, registry=registry
        )
        ProcessCollector(registry=registry)

    def watch_ended(self, definition: ResourceDefinition, events: int) -> None:
        if self._events is not None and events:
            self._events.labels(*definition.gvr).inc(events)

    async def handle(self, request: Request) -> Response:
        assert self._registry is not None
        return Response(200, generate_latest(self._registry), CONTENT_TYPE_LATEST)


class _StorageCollector(Collector):
    def __init__(self, cache: WatchCache, page: MetricsPage) -> None:
        self._cache = cache
        self._page = page

    @override
    def collect(self) -> Iterator[Metric]:
        objects = GaugeMetricFamily(
            "apiserver_resource_objects", "Stored objects.", labels=("group", "resource")
        )
        older = GaugeMetricFamily("apiserver_storage_objects", "Stored objects.", labels=("resource",))
        watchers = GaugeMetricFamily(
            "apiserver_registered_watchers", "Watches now.", labels=("group", "resource")
        )
        for cache in self._cache.collections():
            collection = cache.collection
            objects.add_metric((collection.group, collection.resource), len(cache))
            older.add_metric((collection.group_resource,), len(cache))
            if count := len(cache.watchers()):
                watchers.add_metric((collection.group, collection.resource), count)
        yield from (objects, older, watchers)
        size = GaugeMetricFamily(
            "apiserver_storage_size_bytes", "Size of the store.", labels=("storage_cluster_id",)
        )
        size.add_metric(("etcd-0",), self._page.size_bytes)
        yield size
        build = GaugeMetricFamily(
            "kubernetes_build_info", "Version.", labels=("git_version", "major", "minor")
        )
        build.add_metric((VERSION["gitVersion"], VERSION["major"], VERSION["minor"]), 1)
        yield build
