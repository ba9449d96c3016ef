"""Other servers' APIs and our own registrations, put together.

In: the parts of a server. Out: ApiServices, which the dispatcher, discovery and OpenAPI ask; and LocalApis,
which keeps an APIService object for every group version that this server answers itself.
"""

from collections.abc import Iterator
from typing import Final

import orjson
from typing_extensions import override

from apiserver.app.bootstrap_user import USER
from apiserver.app.reader import CacheReader
from apiserver.app.security import Security
from apiserver.handlers.aggregation.availability import ApiServices
from apiserver.handlers.aggregation.proxy import RemoteApis
from apiserver.handlers.aggregation.registrations import GROUP, RESOURCE
from apiserver.handlers.connect import Forwarder
from apiserver.handlers.dispatch import Dispatcher
from apiserver.handlers.ordering import group_priority
from apiserver.request_info import Query, Request, RequestInfo
from apiserver.resources.definition import Resources
from apiserver.storage.store import Store
from karmada.api.errors import AlreadyExists, NotFound
from karmada.api.objects import Object, labels_of, name_of
from karmada.runtime.clock import Clock
from karmada.runtime.controller import Controller, Requeue, WorkQueue

AUTOMANAGED: Final = "kube-aggregator.kubernetes.io/automanaged"
_AT_START: Final = "onstart"
_FOLLOWS: Final = "true"


def aggregated_apis(
    *,
    store: Store,
    resources: Resources,
    reader: CacheReader,
    forwarder: Forwarder,
    dispatcher: Dispatcher,
    security: Security,
    clock: Clock,
) -> ApiServices:
    """The APIs of other servers; the dispatcher passes requests for them on."""
    certificate, key = security.proxy_client()
    services = ApiServices(
        store=store,
        resources=resources,
        reader=reader,
        forwarder=forwarder,
        certificate=certificate,
        key=key,
        clock=clock,
    )
    reader.follow(GROUP, RESOURCE, services.changed)
    reader.follow("", "services", services.service_changed)
    reader.follow("discovery.k8s.io", "endpointslices", services.slice_changed)
    dispatcher.pass_on(RemoteApis(services=services, forwarder=forwarder))
    return services


class LocalApis(Controller[str]):
    """Keys are names of APIServices. What a user registers with a Service is left alone."""

    name = "apiservice-registration"

    def __init__(self, *, resources: Resources, reader: CacheReader, dispatcher: Dispatcher) -> None:
        self._resources = resources
        self._reader = reader
        self._dispatcher = dispatcher
        self._queue: WorkQueue[str] | None = None
        resources.on_change(self._look)
        reader.follow(GROUP, RESOURCE, self._changed)

    def wanted(self) -> dict[str, Object]:
        """The APIServices of everything served here."""
        found: dict[str, Object] = {}
        for definition in self._resources:
            group, version, _ = definition.gvr
            found.setdefault(
                f"{version}.{group}", registration_of(group, version, custom=definition.origin == "custom")
            )
        return found

    @override
    def watch(self, queue: WorkQueue[str]) -> None:
        self._queue = queue
        self._look()

    def _look(self) -> None:
        if self._queue is None:
            return
        for name in {*self.wanted(), *(name_of(obj) for obj in self._automanaged())}:
            self._queue.add(name)

    def _changed(self, old: Object | None, new: Object | None) -> None:
        if self._queue is not None:
            self._queue.add(name_of(new or old or {}))

    def _automanaged(self) -> Iterator[Object]:
        for obj in self._reader.list(GROUP, RESOURCE):
            if AUTOMANAGED in labels_of(obj):
                yield obj

    @override
    async def reconcile(self, key: str) -> Requeue | None:
        stored = self._reader.get(GROUP, RESOURCE, "", key)
        wanted = self.wanted().get(key)
        if wanted is not None and stored is None:
            await self._create(wanted)
        elif wanted is None and stored is not None and labels_of(stored).get(AUTOMANAGED) == _FOLLOWS:
            await self._delete(key)
        return None

    async def _create(self, obj: Object) -> None:
        try:
            await self._send("POST", "create", obj)
        except AlreadyExists:
            return

    async def _delete(self, name: str) -> None:
        try:
            await self._send("DELETE", "delete", None, name)
        except NotFound:
            return

    async def _send(self, method: str, verb: str, obj: Object | None, name: str = "") -> None:
        info = RequestInfo(
            path="", verb=verb, is_resource=True, group=GROUP, version="v1", resource=RESOURCE, name=name
        )
        body = b"" if obj is None else orjson.dumps(obj)
        headers = {"user-agent": "kube-apiserver/"}
        await self._dispatcher.handle(Request(method, info, Query(), headers, body=body, user=USER))


def registration_of(group: str, version: str, *, custom: bool) -> Object:
    """The APIService of a group version that this server answers itself."""
    priority, version_priority = group_priority(group, version)
    spec: Object = {"groupPriorityMinimum": priority, "version": version, "versionPriority": version_priority}
    if group:
        spec["group"] = group
    metadata = {"name": f"{version}.{group}", "labels": {AUTOMANAGED: _FOLLOWS if custom else _AT_START}}
    return {"apiVersion": f"{GROUP}/v1", "kind": "APIService", "metadata": metadata, "spec": spec}
