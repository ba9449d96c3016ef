"""Makes CustomResourceDefinitions live: accepts their names, serves them, and empties them when they go.

In: changes of stored CRDs. Out: definitions in Resources at once, conditions and clean-up a moment later. The
pure part is resources/custom.py.
"""

from collections.abc import Callable
from dataclasses import dataclass

from typing_extensions import override

from apiserver.app.bootstrap_user import USER
from apiserver.app.reader import CacheReader
from apiserver.handlers.delete import DeleteHandler
from apiserver.handlers.options import DeleteOptions
from apiserver.handlers.settling import settle_object
from apiserver.request_info import Query, Request, RequestInfo
from apiserver.resources import custom
from apiserver.resources.conversion_webhooks import ConversionWebhook
from apiserver.resources.definition import ResourceDefinition, Resources
from apiserver.resources.webhook_calls import WebhookCaller
from apiserver.storage.entries import Entry
from apiserver.storage.keys import Collection
from apiserver.storage.store import Store
from karmada.api.errors import NotFound
from karmada.api.objects import Object, finalizers_of, is_deleting, name_of
from karmada.runtime.clock import Clock, rfc3339
from karmada.runtime.controller import Controller, Requeue, WorkQueue

CRDS = Collection(custom.GROUP, custom.RESOURCE)
EMPTY_CHECK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class _Served:
    """What a CRD serves now, and from what it was made."""

    spec: object
    terminating: bool
    accepted: object
    since: int
    definitions: tuple[ResourceDefinition, ...]


class CustomResources(Controller[str]):
    """Follows CRDs. Serving happens in the listener, so that a CRD that is seen is served; the rest is
    reconciled."""

    name = "customresourcedefinitions"

    def __init__(
        self,
        *,
        store: Store,
        resources: Resources,
        reader: CacheReader,
        deletes: DeleteHandler,
        caller: WebhookCaller,
        clock: Clock,
    ) -> None:
        self._store = store
        self._resources = resources
        self._reader = reader
        self._deletes = deletes
        self._caller = caller
        self._clock = clock
        self._served: dict[str, _Served] = {}
        self._notify: Callable[[str], None] | None = None
        reader.follow(custom.GROUP, custom.RESOURCE, self._changed)

    # -- serving --------------------------------------------------------------------------------------------

    def _changed(self, old: Object | None, new: Object | None) -> None:
        name = name_of(new or old or {})
        if new is None:
            self._replace(name, None)
        else:
            self._serve(name, new)
        if self._notify is not None:
            self._notify(name)
            # A name that was given up may be what others wait for.
            for other in self._group_of(new or old or {}):
                self._notify(other)

    def _serve(self, name: str, crd: Object) -> None:
        known = self._served.get(name)
        accepted = (crd.get("status") or {}).get("acceptedNames")
        terminating = is_deleting(crd)
        if not custom.is_established(crd) or self._is_taken(crd):
            self._replace(name, None)
            return
        if known and (known.spec, known.terminating, known.accepted) == (crd["spec"], terminating, accepted):
            return
        changed = known is None or known.spec != crd["spec"]
        since = int(crd["metadata"]["resourceVersion"]) if changed or known is None else known.since
        definitions = tuple(custom.definitions_of(crd, since=since, remote=self._remote(crd)))
        self._replace(name, _Served(crd["spec"], terminating, accepted, since, definitions))

    def _remote(self, crd: Object) -> ConversionWebhook | None:
        webhook = custom.webhook_of(crd)
        return None if webhook is None else ConversionWebhook(self._caller, webhook)

    def _replace(self, name: str, served: _Served | None) -> None:
        known = self._served.pop(name, None)
        if served is not None:
            self._served[name] = served
        before = known.definitions if known else ()
        after = served.definitions if served else ()
        if not before and not after:
            return
        self._resources.replace(remove=list(before), add=list(after))
        if known is not None and (served is None or known.spec != served.spec):
            for collection in {definition.collection for definition in before}:
                for watcher in self._store.cache.collection(collection).watchers():
                    watcher.end()

    def _is_taken(self, crd: Object) -> bool:
        """Whether the server itself serves this resource."""
        spec = crd["spec"]
        return any(
            definition.origin != "custom"
            and definition.collection == Collection(spec["group"], spec["names"]["plural"])
            for version in spec["versions"]
            if (definition := self._resources.lookup(spec["group"], version["name"], spec["names"]["plural"]))
            is not None
        )

    def _group_of(self, crd: Object) -> list[str]:
        group = (crd.get("spec") or {}).get("group")
        return [
            name_of(other)
            for other in self._reader.list(custom.GROUP, custom.RESOURCE)
            if other["spec"]["group"] == group and name_of(other) != name_of(crd)
        ]

    # -- conditions and clean-up ----------------------------------------------------------------------------

    @override
    def watch(self, queue: WorkQueue[str]) -> None:
        self._notify = queue.add
        for crd in self._reader.list(custom.GROUP, custom.RESOURCE):
            queue.add(name_of(crd))

    @override
    async def reconcile(self, key: str) -> Requeue | None:
        crd = self._reader.get(custom.GROUP, custom.RESOURCE, "", key)
        if crd is None:
            return None
        if is_deleting(crd):
            return await self._clean_up(crd) if custom.CLEANUP in finalizers_of(crd) else None
        await self._update(key, self._with_status)
        return None

    def _with_status(self, crd: Object) -> Object:
        others = [
            other
            for other in self._reader.list(custom.GROUP, custom.RESOURCE)
            if other["spec"]["group"] == crd["spec"]["group"] and name_of(other) != name_of(crd)
        ]
        status = custom.desired_status(crd, others, now=self._now())
        return crd if status == crd.get("status") else {**crd, "status": status}

    async def _clean_up(self, crd: Object) -> Requeue | None:
        """Delete every object of a CRD that goes; when the last one is gone, let the CRD go."""
        name = name_of(crd)
        collection = Collection(crd["spec"]["group"], crd["spec"]["names"]["plural"])
        left = self._store.cache.collection(collection).select()
        served = self._served.get(name)
        if left and served and served.definitions:
            text = "CustomResource deletion is in progress"
            await self._terminating(name, "True", "InstanceDeletionInProgress", text)
            definition = served.definitions[0]
            for entry in left:
                await self._delete(definition, entry)
            await self._store.fresh("list", collection)
            if self._store.cache.collection(collection).select():
                return Requeue(EMPTY_CHECK_SECONDS)
        text = "removed all instances"
        await self._update(
            name,
            lambda crd: _without_cleanup(
                custom.with_terminating(crd, "False", "InstanceDeletionCompleted", text, now=self._now())
            ),
        )
        return None

    async def _terminating(self, name: str, status: str, reason: str, message: str) -> None:
        await self._update(
            name, lambda crd: custom.with_terminating(crd, status, reason, message, now=self._now())
        )

    async def _delete(self, definition: ResourceDefinition, entry: Entry) -> None:
        group, version, resource = definition.gvr
        info = RequestInfo(
            path="",
            verb="delete",
            is_resource=True,
            group=group,
            version=version,
            resource=resource,
            namespace=entry.namespace,
            name=entry.name,
        )
        request = Request("DELETE", info, Query(), {}, user=USER)
        try:
            await self._deletes.remove(request, definition, entry.namespace, entry.name, DeleteOptions())
        except NotFound:
            return

    async def _update(self, name: str, change: Callable[[Object], Object]) -> None:
        definition = self._resources.lookup(custom.GROUP, "v1", custom.RESOURCE)
        assert definition is not None
        await settle_object(self._store, definition, name, change)

    def _now(self) -> str:
        return rfc3339(self._clock.now())


def _without_cleanup(crd: Object) -> Object:
    kept = [finalizer for finalizer in finalizers_of(crd) if finalizer != custom.CLEANUP]
    metadata = {**crd["metadata"], "finalizers": kept}
    if not kept:
        del metadata["finalizers"]
    return {**crd, "metadata": metadata}
