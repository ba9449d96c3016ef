"""Watch: the state so far when asked for, then every change, as one JSON object per line until the time is
up.

In: a request and the definition of its resource. Out: a Stream. A watcher is put into the cache's fan-out and
the initial state is taken in the same synchronous step, so nothing is lost or doubled between the two.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import orjson

from apiserver.handlers import tables
from apiserver.handlers.negotiate import STREAMS, Form, View, negotiate
from apiserver.handlers.options import ListOptions
from apiserver.handlers.selection import Selection, selection_of
from apiserver.request_info import Request, Stream, Writer
from apiserver.resources.definition import ResourceDefinition
from apiserver.storage.collection_cache import CollectionCache, HistoryGone
from apiserver.storage.entries import Entry, watch_line
from apiserver.storage.entries import View as EntryView
from apiserver.storage.store import Store
from apiserver.storage.watchers import PatientWatcher, Watcher
from karmada.api.errors import ApiError, Expired
from karmada.api.objects import Object
from karmada.runtime.tasks import spawn

BOOKMARK_SECONDS: Final = 60.0
SHORTEST_WATCH_SECONDS: Final = 1800
INITIAL_CHUNK: Final = 200
INITIAL_EVENTS_END: Final = "k8s.io/initial-events-end"

Observe = Callable[[ResourceDefinition, int], None]
"""Told how many events a watch has delivered, when it ends."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a watch starts with. since is where changes begin; None: at the state it takes itself."""

    since: int | None
    initial: bool
    mark_end: bool


class WatchHandler:
    """watch of stored resources."""

    def __init__(self, *, store: Store, observe: Observe | None = None) -> None:
        self._store = store
        self._observe = observe

    async def watch(self, request: Request, definition: ResourceDefinition) -> Stream:
        options = ListOptions.parse(request.query, watch=True)
        # The old form /watch/.../{name} names its object in the path.
        fields = options.field_selector or (f"metadata.name={request.info.name}" if request.info.name else "")
        selection = selection_of(definition, options.label_selector, fields)
        form = negotiate(_without_stream(request.headers.get("accept", "")), STREAMS, watch=True)
        first, later = _views(form, definition, request)
        plan = await self._plan(definition, options)
        namespace = request.info.namespace if definition.namespaced else ""

        async def run(writer: Writer) -> None:
            watch = _Watch(self._store, definition, form, plan, options, writer)
            watcher = _watcher(definition, writer, first, namespace, selection)
            watcher.next_view = later
            try:
                await watch.run(watcher, selection)
            finally:
                if self._observe is not None:
                    self._observe(definition, watcher.events)

        return Stream(run)

    async def _plan(self, definition: ResourceDefinition, options: ListOptions) -> _Plan:
        revision, initial = options.revision, options.initial_events
        if initial is None:
            initial = not revision
            if revision is None:
                await self._store.fresh("watch", definition.collection)
            return _Plan(revision or None, initial, mark_end=False)
        if revision is None:
            await self._store.fresh("watch", definition.collection)
        elif initial:
            await self._store.at_least(revision)
        since = None if initial or not revision else revision
        return _Plan(since, initial, mark_end=initial and options.bookmarks)


def _without_stream(accept: str) -> str:
    return accept.replace(";stream=watch", "")


def _views(form: Form, definition: ResourceDefinition, request: Request) -> tuple[EntryView, EntryView]:
    """How the first event and the later ones are shown."""
    if form.view is View.TABLE:
        include = request.query.get("includeObject")
        return (
            tables.TableView(definition, form, include_object=include, with_columns=True),
            tables.TableView(definition, form, include_object=include),
        )
    if form.view is View.OBJECT:
        return definition.view, definition.view
    partial = tables.PartialView(definition, form)
    return partial, partial


def _watcher(
    definition: ResourceDefinition, writer: Writer, view: EntryView, namespace: str, selection: Selection
) -> Watcher:
    if definition.remote is None:
        return Watcher(writer, view, namespace=namespace, matches=selection.matches)
    return PatientWatcher(writer, view, definition.ready, namespace=namespace, matches=selection.matches)


class _Watch:
    """One running watch."""

    def __init__(
        self,
        store: Store,
        definition: ResourceDefinition,
        form: Form,
        plan: _Plan,
        options: ListOptions,
        writer: Writer,
    ) -> None:
        self._cache = store.cache
        self._definition = definition
        self._form = form
        self._plan = plan
        self._options = options
        self._writer = writer

    async def run(self, watcher: Watcher, selection: Selection) -> None:
        collection = self._cache.collection(self._definition.collection)
        revision = self._cache.applied
        state = self._initial(collection, watcher, selection) if self._plan.initial else []
        watcher.since = revision if self._plan.since is None else self._plan.since
        try:
            collection.subscribe(watcher)
        except HistoryGone as gone:
            self._writer.write(_error_line(watcher.since, gone.floor))
            return
        try:
            await self._write_initial(watcher, state)
            if self._plan.mark_end:
                self._writer.write(self._bookmark(watcher, revision, end=True))
            watcher.release()
            if isinstance(watcher, PatientWatcher):
                await self._with_pump(watcher)
            else:
                await self._until_time_is_up(watcher)
        except ApiError as error:
            # An object could not be converted; the client lists again, and is told there.
            self._writer.write(watch_line("ERROR", orjson.dumps(error.to_status())))
        finally:
            collection.unsubscribe(watcher)

    async def _with_pump(self, watcher: PatientWatcher) -> None:
        async def pump() -> None:
            try:
                await watcher.pump()
            except ApiError as error:
                self._writer.write(watch_line("ERROR", orjson.dumps(error.to_status())))
            finally:
                watcher.end()

        task = spawn(pump(), name="watch of converted objects")
        try:
            await self._until_time_is_up(watcher)
        finally:
            task.cancel()
            await asyncio.wait([task])

    def _initial(self, collection: CollectionCache, watcher: Watcher, selection: Selection) -> list[Entry]:
        matches = selection.matches
        return [entry for entry in collection.select(watcher.namespace) if matches is None or matches(entry)]

    async def _write_initial(self, watcher: Watcher, state: list[Entry]) -> None:
        for start in range(0, len(state), INITIAL_CHUNK):
            lines = []
            await self._definition.ready(state[start : start + INITIAL_CHUNK])
            for entry in state[start : start + INITIAL_CHUNK]:
                lines.append(watch_line("ADDED", watcher.view.render(entry)))
                watcher.view = watcher.next_view
            self._writer.write(b"".join(lines))
            watcher.events += len(lines)
            await self._writer.drain()
            if watcher.ended.done():
                return

    async def _until_time_is_up(self, watcher: Watcher) -> None:
        """Bookmarks come from a timer, so that a watch that waits is no more than a future."""
        loop = asyncio.get_running_loop()
        seconds = self._options.timeout_seconds or random.uniform(1, 2) * SHORTEST_WATCH_SECONDS
        end = loop.time() + seconds
        timer: asyncio.TimerHandle

        def tick() -> None:
            nonlocal timer
            if self._options.bookmarks:
                watcher.bookmark(self._bookmark(watcher, self._cache.applied))
            left = end - loop.time()
            if left > 0:
                timer = loop.call_later(min(left, BOOKMARK_SECONDS), tick)
            else:
                watcher.end()

        timer = loop.call_later(min(seconds, BOOKMARK_SECONDS), tick)
        try:
            await watcher.ended
        finally:
            if timer is not None:
                timer.cancel()

    def _bookmark(self, watcher: Watcher, revision: int, *, end: bool = False) -> bytes:
        metadata: Object = {"resourceVersion": str(revision)}
        if end:
            metadata["annotations"] = {INITIAL_EVENTS_END: "true"}
        if self._form.view is View.OBJECT:
            return watch_line(
                "BOOKMARK", self._definition.head + b'"metadata":' + orjson.dumps(metadata) + b"}"
            )
        with_columns = watcher.view is not watcher.next_view
        watcher.view = watcher.next_view
        shown = tables.bookmark_json(self._form, self._definition, metadata, with_columns=with_columns)
        return watch_line("BOOKMARK", shown)


def _error_line(since: int, floor: int) -> bytes:
    error = Expired(f"too old resource version: {since} ({floor})")
    return watch_line("ERROR", orjson.dumps(error.to_status()))
