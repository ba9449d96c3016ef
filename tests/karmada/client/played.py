"""A played third party: an HTTP server that keeps objects, lists, watches, and misbehaves when told to.

It follows the public list and watch protocol just as far as a client can see it, so that tests can cut
connections, expire versions, and answer out of order, which a well-behaved server never does on request.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import orjson
from aiohttp import web

from karmada.client.kubeconfig import Access

Obj = dict[str, Any]
Fault = Callable[[web.Request], Awaitable[web.StreamResponse | None]]


@dataclass
class Seen:
    """A request that came in."""

    method: str
    path: str
    query: dict[str, str]
    headers: Any
    body: Any


@dataclass
class Target:
    collection: str
    namespace: str
    name: str
    subresource: str


def target_of(path: str) -> Target:
    parts = [unquote(part) for part in path.strip("/").split("/")]
    base = 2 if parts[0] == "api" else 3
    rest = parts[base:]
    namespace = ""
    if rest and rest[0] == "namespaces" and len(rest) > 2:
        namespace, rest = rest[1], rest[2:]
    collection = "/".join([*parts[:base], rest[0]])
    return Target(collection, namespace, rest[1] if len(rest) > 1 else "", "/".join(rest[2:]))


def status(code: int, reason: str, message: str, headers: dict[str, str] | None = None) -> web.Response:
    body = {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code,
    }
    return web.json_response(body, status=code, headers=headers)


@dataclass
class PlayedServer:
    url: str = ""
    revision: int = 100
    compacted: int = 0
    objects: dict[tuple[str, str, str], Obj] = field(default_factory=dict)
    history: list[tuple[int, str, str, Obj]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    """Each is asked about each request until it answers one; then it is gone."""
    seen: list[Seen] = field(default_factory=list)
    watches: list[asyncio.Task[Any]] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    chunk_size: int = 0
    """Cut watch output in pieces of so many bytes."""

    @property
    def access(self) -> Access:
        return Access(server=self.url)

    def requests(self, method: str = "", watch: bool | None = None) -> list[Seen]:
        return [
            item
            for item in self.seen
            if (not method or item.method == method)
            and (watch is None or (item.query.get("watch") == "true") is watch)
        ]

    async def put(self, collection: str, namespace: str, name: str, **content: Any) -> Obj:
        key = (collection, namespace, name)
        old = self.objects.get(key)
        self.revision += 1
        metadata = {"name": name, "uid": f"uid-{name}", **content.pop("metadata", {})}
        if namespace:
            metadata["namespace"] = namespace
        metadata["resourceVersion"] = str(self.revision)
        obj = {**content, "metadata": metadata}
        self.objects[key] = obj
        await self._happened("MODIFIED" if old else "ADDED", collection, obj)
        return obj

    async def remove(self, collection: str, namespace: str, name: str) -> None:
        obj = self.objects.pop((collection, namespace, name))
        self.revision += 1
        gone = {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(self.revision)}}
        await self._happened("DELETED", collection, gone)

    async def bookmark(self, collection: str) -> None:
        self.revision += 1
        await self._happened("BOOKMARK", collection, {"metadata": {"resourceVersion": str(self.revision)}})

    async def send(self, collection: str, kind: str, obj: Obj) -> None:
        """Any event, however wrong."""
        await self._happened(kind, collection, obj)

    def forget_history(self) -> None:
        self.compacted = self.revision
        self.history.clear()

    def cut_watches(self) -> None:
        for task in self.watches:
            task.cancel()
        self.watches.clear()

    async def _happened(self, kind: str, collection: str, obj: Obj) -> None:
        async with self.changed:
            self.history.append((self.revision, kind, collection, obj))
            self.changed.notify_all()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        body = orjson.loads(raw) if raw else None
        self.seen.append(
            Seen(request.method, request.rel_url.raw_path, dict(request.query), request.headers, body)
        )
        for fault in list(self.faults):
            answer = await fault(request)
            if answer is not None:
                self.faults.remove(fault)
                return answer
        target = target_of(request.rel_url.raw_path)
        if request.query.get("watch") == "true":
            return await self._watch(request, target)
        verbs = {"GET": self._get, "POST": self._post, "PUT": self._put, "PATCH": self._patch}
        return await verbs.get(request.method, self._delete)(request, target, body)

    async def _get(self, request: web.Request, target: Target, body: Any) -> web.Response:
        if target.name:
            obj = self.objects.get((target.collection, target.namespace, target.name))
            if obj is None:
                plural = target.collection.rpartition("/")[2]
                return status(404, "NotFound", f'{plural} "{target.name}" not found')
            return web.json_response(obj)
        items = [
            obj
            for (collection, namespace, _), obj in sorted(self.objects.items())
            if collection == target.collection and target.namespace in ("", namespace)
        ]
        start = int(request.query.get("continue", "0") or "0")
        limit = int(request.query.get("limit", "0")) or len(items)
        metadata = {"resourceVersion": str(self.revision)}
        if start + limit < len(items):
            metadata["continue"] = str(start + limit)
        return web.json_response(
            {"kind": "List", "metadata": metadata, "items": items[start : start + limit]}
        )

    async def _post(self, request: web.Request, target: Target, body: Any) -> web.Response:
        name = body["metadata"]["name"]
        if (target.collection, target.namespace, name) in self.objects:
            return status(409, "AlreadyExists", f'"{name}" already exists')
        return web.json_response(
            await self.put(target.collection, target.namespace, name, **body), status=201
        )

    async def _put(self, request: web.Request, target: Target, body: Any) -> web.Response:
        current = self.objects.get((target.collection, target.namespace, target.name))
        if current is None:
            return status(404, "NotFound", f'"{target.name}" not found')
        sent = body["metadata"].get("resourceVersion")
        if sent and sent != current["metadata"]["resourceVersion"]:
            return status(409, "Conflict", "the object has been modified")
        if target.subresource == "status":
            body = {**current, "status": body.get("status")}
        return web.json_response(await self.put(target.collection, target.namespace, target.name, **body))

    async def _patch(self, request: web.Request, target: Target, body: Any) -> web.Response:
        current = self.objects.get((target.collection, target.namespace, target.name))
        if current is None:
            return status(404, "NotFound", f'"{target.name}" not found')
        merged = {**current, **body, "metadata": {**current["metadata"], **body.get("metadata", {})}}
        return web.json_response(await self.put(target.collection, target.namespace, target.name, **merged))

    async def _delete(self, request: web.Request, target: Target, body: Any) -> web.Response:
        if (target.collection, target.namespace, target.name) not in self.objects:
            return status(404, "NotFound", f'"{target.name}" not found')
        await self.remove(target.collection, target.namespace, target.name)
        return web.json_response({"kind": "Status", "status": "Success"})

    async def _watch(self, request: web.Request, target: Target) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        task = asyncio.current_task()
        assert task is not None
        self.watches.append(task)
        since = int(request.query.get("resourceVersion") or self.revision)
        if since < self.compacted:
            gone = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"}
            await response.write(orjson.dumps({"type": "ERROR", "object": gone}) + b"\n")
            return response
        position = 0
        while True:
            async with self.changed:
                while position >= len(self.history):
                    if position > len(self.history):
                        position = len(self.history)
                    await self.changed.wait()
                batch, position = self.history[position:], len(self.history)
            for revision, kind, collection, obj in batch:
                if collection != target.collection or revision <= since:
                    continue
                if kind != "BOOKMARK" and target.namespace not in ("", obj["metadata"].get("namespace")):
                    continue
                await self._write(response, orjson.dumps({"type": kind, "object": obj}) + b"\n")

    async def _write(self, response: web.StreamResponse, line: bytes) -> None:
        size = self.chunk_size or len(line)
        for start in range(0, len(line), size):
            await response.write(line[start : start + size])
            if self.chunk_size:
                await asyncio.sleep(0)


@asynccontextmanager
async def played_server(context: ssl.SSLContext | None = None, port: int = 0) -> AsyncIterator[PlayedServer]:
    server = PlayedServer()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, ssl_context=context).start()
    scheme = "https" if context else "http"
    server.url = f"{scheme}://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        server.cut_watches()
        await runner.cleanup()


def answers(make: Callable[[], web.StreamResponse], *, method: str = "", watch: bool | None = None) -> Fault:
    """A fault that answers one matching request with what make gives."""

    async def fault(request: web.Request) -> web.StreamResponse | None:
        if method and request.method != method:
            return None
        if watch is not None and (request.query.get("watch") == "true") is not watch:
            return None
        return make()

    return fault
