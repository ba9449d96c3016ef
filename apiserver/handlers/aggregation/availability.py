"""Whether the servers behind APIServices are there, and what they serve.

In: APIServices and what their Services lead to. Out: the condition Available, written when it changes; the
resources each server lists, for our own discovery; the hash of its OpenAPI document. Level-triggered: each
registration is looked at again when something about it changes, and from time to time.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson
from typing_extensions import override

from apiserver.admission.context import Reader
from apiserver.handlers.aggregation.registrations import (
    GROUP,
    LOCAL,
    PASSED,
    RESOURCE,
    Registration,
    Registrations,
    Unreachable,
    Verdict,
    ways_to,
    with_verdict,
)
from apiserver.handlers.connect import Forwarder, Target
from apiserver.handlers.discovery import RemoteVersion
from apiserver.handlers.settling import settle_object
from apiserver.resources.definition import Resources
from apiserver.storage.store import Store
from karmada.api.errors import ServiceUnavailable
from karmada.api.objects import Object, name_of, namespace_of
from karmada.client.kubeconfig import Access, KubeconfigError
from karmada.client.services import SERVICE_NAME_LABEL, Route
from karmada.runtime.clock import Clock, rfc3339
from karmada.runtime.controller import Controller, Requeue, WorkQueue

LOOK_AGAIN_SECONDS: Final = 30.0
LOOK_SOON_SECONDS: Final = 5.0
"""For a server that is not there, or whose OpenAPI document is not there yet."""
PROBE_SECONDS: Final = 5.0
_ASKS: Final = (
    ("X-Remote-User", "system:kube-aggregator"),
    ("X-Remote-Group", "system:masters"),
    ("Accept", "application/json"),
)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a look showed. documents: hashes of its OpenAPI documents by their keys."""

    available: bool
    route: Route | None = None
    resources: tuple[Object, ...] = ()
    documents: tuple[tuple[str, str], ...] = ()


class ApiServices(Controller[str]):
    """Keys are names of APIServices."""

    name = "apiservice-availability"

    def __init__(
        self,
        *,
        store: Store,
        resources: Resources,
        reader: Reader,
        forwarder: Forwarder,
        certificate: bytes,
        key: bytes,
        clock: Clock,
    ) -> None:
        """certificate and key are the front proxy's, in PEM."""
        self.registrations = Registrations()
        self.on_news: Callable[[], None] = lambda: None
        self._store = store
        self._resources = resources
        self._reader = reader
        self._forwarder = forwarder
        self._certificate = certificate
        self._key = key
        self._clock = clock
        self._seen: dict[str, _Seen] = {}
        self._notify: Callable[[str], None] = lambda name: None

    # -- what others ask ------------------------------------------------------------------------------------

    def is_available(self, name: str) -> bool:
        seen = self._seen.get(name)
        return self.registrations.said.get(name, False) if seen is None else seen.available

    def access_to(self, registration: Registration) -> Access | None:
        """How to reach its server now; None when there is no way."""
        try:
            routes = self._routes(registration)
        except Unreachable:
            return None
        seen = self._seen.get(registration.name)
        route = seen.route if seen is not None and seen.route in routes else routes[0]
        assert route is not None
        return registration.access(route, certificate=self._certificate, key=self._key)

    def remote_versions(self) -> Iterator[RemoteVersion]:
        """For discovery: what is not there now is listed with what it served before, as stale."""
        for one in self.registrations.remote:
            seen = self._seen.get(one.name) or _Seen(available=False)
            yield RemoteVersion(
                one.group,
                one.version,
                one.group_priority,
                one.version_priority,
                seen.resources,
                stale=not seen.available,
            )

    def remote_documents(self) -> dict[str, str]:
        """Hashes of OpenAPI version 3 documents of other servers, by key."""
        return {
            key: tag
            for one in self.registrations.remote
            for key, tag in (self._seen.get(one.name) or _Seen(available=False)).documents
        }

    # -- news -----------------------------------------------------------------------------------------------

    def changed(self, old: Object | None, new: Object | None) -> None:
        """An APIService."""
        self.registrations.apply(old, new)
        name = name_of(new or old or {})
        if new is None:
            self._seen.pop(name, None)
        self.on_news()
        self._notify(name)

    def service_changed(self, old: Object | None, new: Object | None) -> None:
        obj = new or old or {}
        self._leads_elsewhere(namespace_of(obj), name_of(obj))

    def slice_changed(self, old: Object | None, new: Object | None) -> None:
        obj = new or old or {}
        labels = (obj.get("metadata") or {}).get("labels") or {}
        self._leads_elsewhere(namespace_of(obj), labels.get(SERVICE_NAME_LABEL) or "")

    def _leads_elsewhere(self, namespace: str, service: str) -> None:
        for one in self.registrations.remote:
            if one.service is not None and (one.service.namespace, one.service.name) == (namespace, service):
                self._notify(one.name)

    @override
    def watch(self, queue: WorkQueue[str]) -> None:
        self._notify = queue.add
        for name in self.registrations.by_name:
            queue.add(name)

    # -- looking --------------------------------------------------------------------------------------------

    @override
    async def reconcile(self, key: str) -> Requeue | None:
        registration = self.registrations.by_name.get(key)
        if registration is None:
            return None
        if registration.service is None:
            await self.reconcile_local(key)
            return None
        verdict, seen = await self._look(registration)
        if self.registrations.by_name.get(key) != registration:
            return None  # it changed meanwhile, and is queued again
        before = self._seen.get(key)
        self._seen[key] = seen
        if before is None or replace(before, route=None) != replace(seen, route=None):
            self.on_news()
        await self._write(key, verdict)
        complete = seen.available and seen.documents
        return Requeue(LOOK_AGAIN_SECONDS if complete else LOOK_SOON_SECONDS)

    async def reconcile_local(self, key: str) -> None:
        """One that needs no look; left alone when it is another server's."""
        registration = self.registrations.by_name.get(key)
        if registration is not None and registration.service is None:
            self._seen.pop(key, None)
            await self._write(key, LOCAL)

    async def _look(self, registration: Registration) -> tuple[Verdict, _Seen]:
        known = self._seen.get(registration.name) or _Seen(available=False)
        gone = replace(known, available=False, route=None)
        try:
            routes = self._routes(registration)
        except Unreachable as error:
            return error.verdict, gone
        trouble = ""
        for route in routes:
            try:
                resources = await self._discovered(registration, route)
            except (ServiceUnavailable, KubeconfigError, ValueError) as error:
                trouble = trouble or str(error)
                continue
            documents = await self._documents(registration, route)
            return PASSED, _Seen(available=True, route=route, resources=resources, documents=documents)
        url = f"https://{routes[0].host}:{routes[0].port}{registration.path}"
        text = f"failing or missing response from {url}: {trouble}"
        return Verdict("False", "FailedDiscoveryCheck", text), gone

    async def _discovered(self, registration: Registration, route: Route) -> tuple[Object, ...]:
        """Raises ServiceUnavailable, ValueError."""
        listed = await self._asked(registration, route, registration.path)
        if not isinstance(listed, dict):
            raise ValueError(f"{registration.path} is not a list of resources")
        entries = listed.get("resources") or ()
        return tuple(
            entry
            for entry in entries
            if isinstance(entry, dict) and {"name", "kind", "verbs", "namespaced"} <= entry.keys()
        )

    async def _documents(self, registration: Registration, route: Route) -> tuple[tuple[str, str], ...]:
        """Servers need not have any."""
        try:
            index = await self._asked(registration, route, "/openapi/v3")
        except (ServiceUnavailable, ValueError):
            return ()
        key = registration.path.removeprefix("/")
        paths = index.get("paths") if isinstance(index, dict) else None
        entry = paths.get(key) if isinstance(paths, dict) else None
        url = entry.get("serverRelativeURL") if isinstance(entry, dict) else None
        if not isinstance(url, str):
            return ()
        return ((key, url.partition("hash=")[2]),)

    async def _asked(self, registration: Registration, route: Route, path: str) -> Any:
        """Raises ServiceUnavailable, ValueError for an answer that is none."""
        access = registration.access(route, certificate=self._certificate, key=self._key)
        target = Target(access, path, _ASKS)
        answer = await self._forwarder.probe(target, "", timeout_seconds=PROBE_SECONDS)
        if not 200 <= answer.status < 300:
            raise ValueError(f"bad status from {access.server}{path}: {answer.status}")
        return orjson.loads(answer.body)

    def _routes(self, registration: Registration) -> list[Route]:
        reference = registration.service
        assert reference is not None
        service = self._reader.get("", "services", reference.namespace, reference.name)
        slices = self._reader.list("discovery.k8s.io", "endpointslices", reference.namespace)
        return list(ways_to(reference, service, slices))

    async def _write(self, name: str, verdict: Verdict) -> None:
        definition = self._resources.lookup(GROUP, "v1", RESOURCE)
        assert definition is not None
        now = rfc3339(self._clock.now())
        await settle_object(self._store, definition, name, lambda obj: with_verdict(obj, verdict, now=now))
