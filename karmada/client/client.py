"""The Kubernetes verbs over HTTP: get, list, create, replace, update, patch, delete, watch.

In: Resource constants and keys. Out: objects as the Resource reads them (models or plain JSON), errors of
karmada.api.errors. transport.py sends; watch.py reads event streams. Read-change-write lives in update alone.
"""

import random
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Generic, TypeVar

import aiohttp
import orjson

from karmada.api.errors import ApiError, BadRequest, Conflict, NotFound
from karmada.api.gvk import ObjectKey, Resource
from karmada.api.objects import Object, namespace_of
from karmada.client.answers import RawResponse, Unreachable
from karmada.client.kubeconfig import Access
from karmada.client.paths import collection_path, object_path
from karmada.client.transport import ByteStream, Transport
from karmada.client.watch import LineSplitter, RawEvent, WatchEvent, as_expired, parse_events
from karmada.runtime.clock import SYSTEM_CLOCK, Clock

__all__ = [
    "APPLY_PATCH",
    "JSON_PATCH",
    "MERGE_PATCH",
    "STRATEGIC_MERGE_PATCH",
    "Client",
    "Listed",
    "RawResponse",
    "Unreachable",
    "WatchEvent",
]

T = TypeVar("T")

JSON_PATCH: Final = "application/json-patch+json"
MERGE_PATCH: Final = "application/merge-patch+json"
STRATEGIC_MERGE_PATCH: Final = "application/strategic-merge-patch+json"
APPLY_PATCH: Final = "application/apply-patch+yaml"

UPDATE_TRIES: Final = 5
UPDATE_PAUSE_SECONDS: Final = 0.01
PAGE_SIZE: Final = 500
MAX_IN_FLIGHT: Final = 64
"""Requests of one client at the same time; watches do not count."""


@dataclass(frozen=True, slots=True)
class Listed(Generic[T]):
    """A list, or one page of it: continue_token is "" on the last page."""

    items: list[T]
    resource_version: str
    continue_token: str = ""


class Client:
    """One API server as one user. An async context manager: leaving closes its connections.

    qps 0 means no limit. on_unauthorized is asked for a fresh token when the server answers 401 (None:
    there is none). on_warning gets the text of each Warning header.
    """

    def __init__(
        self,
        access: Access,
        *,
        user_agent: str = "karmada",
        qps: float = 0,
        burst: int = 0,
        timeout_seconds: float = 32.0,
        max_in_flight: int = MAX_IN_FLIGHT,
        on_unauthorized: Callable[[], Awaitable[str | None]] | None = None,
        on_warning: Callable[[str], None] | None = None,
        clock: Clock = SYSTEM_CLOCK,
        transport: Transport | None = None,
    ) -> None:
        """transport is for a server in this process, which needs no connections."""
        self._transport = transport or Transport(
            access,
            user_agent=user_agent,
            qps=qps,
            burst=burst,
            timeout_seconds=timeout_seconds,
            max_in_flight=max_in_flight,
            on_unauthorized=on_unauthorized,
            on_warning=on_warning,
            clock=clock,
        )
        self._clock = clock

    @property
    def access(self) -> Access:
        return self._transport.access

    def set_fence(self, fence: Callable[[], None] | None) -> None:
        """fence is called before each request that may write, and raises if this process may not."""
        self._transport.fence = fence

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._transport.close()

    async def get(self, resource: Resource[T], key: ObjectKey, *, subresource: str = "") -> T:
        answer = await self._transport.request("GET", object_path(resource, key, subresource))
        return resource.decode(answer.json())

    async def list(
        self,
        resource: Resource[T],
        *,
        namespace: str = "",
        label_selector: str = "",
        field_selector: str = "",
        limit: int = 0,
        continue_token: str = "",
        resource_version: str = "",
    ) -> Listed[T]:
        """One page of limit objects, or (limit 0) everything in one answer. namespace "" means all."""
        page = await self.list_objects(
            resource,
            namespace=namespace,
            label_selector=label_selector,
            field_selector=field_selector,
            limit=limit,
            continue_token=continue_token,
            resource_version=resource_version,
        )
        return Listed(
            [resource.decode(item) for item in page.items], page.resource_version, page.continue_token
        )

    async def pages(
        self,
        resource: Resource[T],
        *,
        namespace: str = "",
        label_selector: str = "",
        field_selector: str = "",
        page_size: int = PAGE_SIZE,
    ) -> AsyncIterator[Listed[T]]:
        """Everything, page by page, all at one resource version. Raises Expired if that takes too long."""
        token = ""
        while True:
            page = await self.list(
                resource,
                namespace=namespace,
                label_selector=label_selector,
                field_selector=field_selector,
                limit=page_size,
                continue_token=token,
            )
            yield page
            token = page.continue_token
            if not token:
                return

    async def list_objects(
        self,
        resource: Resource[T],
        *,
        namespace: str = "",
        label_selector: str = "",
        field_selector: str = "",
        limit: int = 0,
        continue_token: str = "",
        resource_version: str = "",
        accept: str = "",
    ) -> Listed[Object]:
        """As list, but plain JSON, which the caller owns; apiVersion and kind are set on each item."""
        answer = await self._transport.request(
            "GET",
            collection_path(resource.gvr, namespace if resource.namespaced else ""),
            query={
                "labelSelector": label_selector,
                "fieldSelector": field_selector,
                "limit": limit or "",
                "continue": continue_token,
                "resourceVersion": resource_version,
            },
            headers={"Accept": accept} if accept else None,
        )
        body = answer.json()
        if not isinstance(body, dict):
            raise ApiError(f"the server's answer is not a list of {resource.gvr.group_resource}")
        metadata = body.get("metadata") or {}
        items = [item for item in body.get("items") or [] if isinstance(item, dict)]
        for item in items:
            item["apiVersion"], item["kind"] = resource.api_version, resource.kind
        return Listed(items, metadata.get("resourceVersion") or "", metadata.get("continue") or "")

    async def create(
        self,
        resource: Resource[T],
        value: T,
        *,
        subresource: str = "",
        name: str = "",
        field_manager: str = "",
        dry_run: bool = False,
    ) -> T:
        """POST value. With a subresource, name is the object it belongs to (default: the one value names)."""
        obj = resource.encode(value)
        if subresource:
            key = resource.key_of(obj)
            path = object_path(resource, key._replace(name=name or key.name), subresource)
        else:
            path = collection_path(resource.gvr, namespace_of(obj) if resource.namespaced else "")
        answer = await self._transport.request(
            "POST", path, query=_write_query(field_manager, dry_run=dry_run), body=_dumps(obj)
        )
        return resource.decode(answer.json())

    async def replace(
        self,
        resource: Resource[T],
        value: T,
        *,
        subresource: str = "",
        field_manager: str = "",
        dry_run: bool = False,
    ) -> T:
        """PUT value, once. Raises Conflict when value has a resource version that is not the newest."""
        obj = resource.encode(value)
        answer = await self._transport.request(
            "PUT",
            object_path(resource, resource.key_of(obj), subresource),
            query=_write_query(field_manager, dry_run=dry_run),
            body=_dumps(obj),
        )
        return resource.decode(answer.json())

    async def update(
        self,
        resource: Resource[T],
        key: ObjectKey,
        change: Callable[[T], T],
        *,
        cached: T | None = None,
        subresource: str = "",
    ) -> T:
        """Read, change, write; nothing is written when change changes nothing. Returns the newest object.

        change may run several times and must return a new object. It first sees cached, if given (which
        saves the read), and the live object after a Conflict. Raises NotFound, and Conflict after 5
        tries.
        """
        current = cached if cached is not None else await self.get(resource, key)
        for attempt in range(1, UPDATE_TRIES + 1):
            wanted = change(current)
            if wanted is current or wanted == current:
                return current
            try:
                return await self.replace(resource, wanted, subresource=subresource)
            except Conflict:
                if attempt == UPDATE_TRIES:
                    raise
            if attempt > 1:  # the first is usually a stale cache; then others are writing
                await self._clock.sleep(UPDATE_PAUSE_SECONDS * (1 + random.random()))
            current = await self.get(resource, key)
        raise AssertionError("unreachable: the last try returns or raises")

    async def update_status(
        self, resource: Resource[T], key: ObjectKey, change: Callable[[T], T], *, cached: T | None = None
    ) -> T:
        """update on /status: only the status part of what change returns is written."""
        return await self.update(resource, key, change, cached=cached, subresource="status")

    async def patch(
        self,
        resource: Resource[T],
        key: ObjectKey,
        patch: Any,
        *,
        patch_type: str = MERGE_PATCH,
        subresource: str = "",
        field_manager: str = "",
        force: bool = False,
        dry_run: bool = False,
    ) -> T:
        """patch is plain JSON in the form patch_type names.

        force takes over fields of others (apply only).
        """
        query = _write_query(
            field_manager or ("karmada" if patch_type == APPLY_PATCH else ""), dry_run=dry_run
        )
        if force:
            query["force"] = "true"
        answer = await self._transport.request(
            "PATCH",
            object_path(resource, key, subresource),
            query=query,
            body=_dumps(patch),
            content_type=patch_type,
        )
        return resource.decode(answer.json())

    async def delete(
        self,
        resource: Resource[T],
        key: ObjectKey,
        *,
        propagation_policy: str = "",
        uid: str = "",
        resource_version: str = "",
        missing_ok: bool = True,
        grace_period_seconds: int | None = None,
        dry_run: bool = False,
    ) -> None:
        """uid and resource_version are preconditions: Conflict if the object is another one by now."""
        options = _delete_options(propagation_policy, uid, resource_version, grace_period_seconds)
        if dry_run:  # a server that finds options in the body does not look at the query
            options = {"apiVersion": "v1", "kind": "DeleteOptions", **options, "dryRun": ["All"]}
        try:
            await self._transport.request(
                "DELETE", object_path(resource, key), body=_dumps(options) if options else None
            )
        except NotFound:
            if not missing_ok:
                raise

    async def delete_collection(
        self,
        resource: Resource[T],
        *,
        namespace: str = "",
        label_selector: str = "",
        field_selector: str = "",
        propagation_policy: str = "",
    ) -> None:
        options = _delete_options(propagation_policy, "", "", None)
        await self._transport.request(
            "DELETE",
            collection_path(resource.gvr, namespace if resource.namespaced else ""),
            query={"labelSelector": label_selector, "fieldSelector": field_selector},
            body=_dumps(options) if options else None,
        )

    async def watch(
        self,
        resource: Resource[T],
        *,
        namespace: str = "",
        label_selector: str = "",
        field_selector: str = "",
        resource_version: str = "",
        timeout_seconds: int = 0,
    ) -> AsyncIterator[WatchEvent[T]]:
        """Changes until the server ends the stream, which is normal at any time.

        Raises Expired: list again.
        """
        batches = self.watch_batches(
            resource,
            namespace=namespace,
            label_selector=label_selector,
            field_selector=field_selector,
            resource_version=resource_version,
            timeout_seconds=timeout_seconds,
        )
        async with aclosing(batches):
            async for batch in batches:
                for event in batch:
                    if event.type != "BOOKMARK":
                        yield WatchEvent(event.type, resource.decode(event.object), event.resource_version)

    async def watch_batches(
        self,
        resource: Resource[T],
        *,
        namespace: str = "",
        label_selector: str = "",
        field_selector: str = "",
        resource_version: str = "",
        timeout_seconds: int = 0,
        accept: str = "",
    ) -> AsyncGenerator[Sequence[RawEvent], None]:
        """What each chunk brought, bookmarks included, as plain JSON.

        Close it (aclosing) when leaving early.
        """
        path = collection_path(resource.gvr, namespace if resource.namespaced else "")
        query: dict[str, str | int] = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": resource_version,
            "labelSelector": label_selector,
            "fieldSelector": field_selector,
            "timeoutSeconds": timeout_seconds or "",
        }
        headers = {"Accept": accept} if accept else None
        splitter = LineSplitter()
        try:
            async with self._transport.stream("GET", path, query=query, headers=headers) as content:
                async for chunk in content.iter_any():
                    events = parse_events(splitter.feed(chunk))
                    if events:
                        yield events
        except ApiError as error:
            raise as_expired(error) from error

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        content_type: str = "application/json",
        timeout_seconds: float | None = None,
    ) -> RawResponse:
        """Any path. Raises ApiError for answers of 400 and above."""
        return await self._transport.request(
            method,
            path,
            query=query,
            headers=headers,
            body=body,
            content_type=content_type,
            timeout_seconds=timeout_seconds,
        )

    def stream(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        content_type: str = "application/json",
    ) -> AbstractAsyncContextManager[ByteStream]:
        """An answer to read piece by piece, such as a log that is followed."""
        return self._transport.stream(
            method, path, query=query, headers=headers, body=body, content_type=content_type
        )

    def websocket(
        self,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        protocols: Sequence[str] = (),
    ) -> AbstractAsyncContextManager[aiohttp.ClientWebSocketResponse]:
        """An upgraded connection: exec, attach, port-forward."""
        return self._transport.websocket(path, query=query, headers=headers, protocols=protocols)


def _write_query(field_manager: str, *, dry_run: bool) -> dict[str, str | int]:
    query: dict[str, str | int] = {}
    if field_manager:
        query["fieldManager"] = field_manager
    if dry_run:
        query["dryRun"] = "All"
    return query


def _delete_options(
    propagation_policy: str, uid: str, resource_version: str, grace_period_seconds: int | None
) -> Object:
    options: Object = {}
    if propagation_policy:
        options["propagationPolicy"] = propagation_policy
    if grace_period_seconds is not None:
        options["gracePeriodSeconds"] = grace_period_seconds
    if uid or resource_version:
        wanted = {"uid": uid, "resourceVersion": resource_version}
        options["preconditions"] = {name: value for name, value in wanted.items() if value}
    return {"apiVersion": "v1", "kind": "DeleteOptions", **options} if options else options


def _dumps(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError as error:  # orjson.JSONEncodeError is one
        raise BadRequest(f"not JSON: {error}") from error
