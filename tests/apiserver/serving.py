"""A real API server for tests, and an HTTP client that shows answers as they are."""

import asyncio
import io
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import aiohttp
import orjson

from apiserver.app import RunningServer, ServerOptions, serve
from karmada.api.objects import Object

MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON_PATCH = "application/json-patch+json"
APPLY = "application/apply-patch+yaml"


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes
    warnings: list[str]

    @property
    def object(self) -> Any:
        return orjson.loads(self.body)

    @property
    def message(self) -> str:
        return str(self.object["message"])

    @property
    def lines(self) -> list[Any]:
        return [orjson.loads(line) for line in self.body.splitlines()]

    @property
    def names(self) -> list[str]:
        return [item["metadata"]["name"] for item in self.object["items"]]


class Plane:
    """One server and its administrator."""

    def __init__(self, server: RunningServer, session: aiohttp.ClientSession) -> None:
        self.server = server
        self.session = session

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        content_type: str = "application/json",
        **headers: str,
    ) -> Reply:
        encoded = body if body is None or isinstance(body, bytes) else orjson.dumps(body)
        data = None if encoded is None else io.BytesIO(encoded)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if data is not None:
            sent["content-type"] = content_type
        async with self.session.request(method, path, data=data, headers=sent) as answer:
            content = await answer.read()
            return Reply(answer.status, answer.headers, content, answer.headers.getall("Warning", []))

    async def get(self, path: str, **headers: str) -> Reply:
        return await self.call("GET", path, **headers)

    async def post(self, path: str, body: Any, **headers: str) -> Reply:
        return await self.call("POST", path, body, **headers)

    async def put(self, path: str, body: Any) -> Reply:
        return await self.call("PUT", path, body)

    async def patch(self, path: str, body: Any, content_type: str = MERGE) -> Reply:
        return await self.call("PATCH", path, body, content_type=content_type)

    async def delete(self, path: str, body: Any = None) -> Reply:
        return await self.call("DELETE", path, body)

    async def eventually(self, path: str, accept: Any, *, seconds: float = 10) -> Reply:
        """The first reply to GET path that accept says yes to."""
        async with asyncio.timeout(seconds):
            while True:
                reply = await self.get(path)
                if accept(reply):
                    return reply
                await asyncio.sleep(0.01)


@asynccontextmanager
async def running_plane(**options: Any) -> AsyncIterator[Plane]:
    async with serve(replace(ServerOptions(), **options)) as server:
        pki = server.security.pki
        context = ssl.create_default_context(cadata=pki.authority.certificate.decode())
        context.load_cert_chain(pki.admin.certificate_path, pki.admin.key_path)
        connector = aiohttp.TCPConnector(ssl=context, limit=0)
        async with aiohttp.ClientSession(server.url, connector=connector) as session:
            yield Plane(server, session)


def config_map(name: str, data: dict[str, str] | None = None, **metadata: Any) -> Object:
    obj: Object = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **metadata}}
    return obj if data is None else {**obj, "data": data}


def deployment(name: str, *, replicas: int = 2, **metadata: Any) -> Object:
    labels = {"app": name}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, **metadata},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": pod},
    }


async def until(condition: Callable[[], bool], *, seconds: float = 20) -> None:
    """Wait for something that no event tells about."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the condition is another process's or the server's own state
            await asyncio.sleep(0.02)
