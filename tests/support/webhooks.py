"""A webhook server behind TLS, as somebody would write one: it answers AdmissionReviews and
ConversionReviews as a test says."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web

from karmada.api.objects import Object
from tests.karmada.client.certificates import Authority

Answer = Callable[[web.Request, Object], Awaitable[web.StreamResponse]]
SERVICE_NAME = "hooks.mill.svc"


@dataclass
class PlayedWebhook:
    """response is merged into what it answers; answer takes over altogether."""

    authority: Authority
    directory: Path
    port: int = 0
    response: Object = field(default_factory=lambda: {"allowed": True})
    answer: Answer | None = None
    reviews: list[Object] = field(default_factory=list)
    requests: list[web.Request] = field(default_factory=list)
    connections: set[Any] = field(default_factory=set)
    _runner: web.AppRunner | None = None

    @property
    def asked(self) -> list[Object]:
        return [review["request"] for review in self.reviews]

    @property
    def bundle(self) -> str:
        return base64.b64encode(self.authority.certificate).decode()

    def config(self, path: str = "/review") -> Object:
        """A clientConfig that leads here."""
        return {"url": f"https://127.0.0.1:{self.port}{path}", "caBundle": self.bundle}

    async def handle(self, request: web.Request) -> web.StreamResponse:
        review: Object = orjson.loads(await request.read())
        self.requests.append(request)
        self.connections.add(request.transport)
        self.reviews.append(review)
        if self.answer is not None:
            return await self.answer(request, review)
        return self.well(review)

    def well(self, review: Object, **fields: Any) -> web.Response:
        response = {"uid": review["request"]["uid"], **self.response, **fields}
        head = {"apiVersion": review["apiVersion"], "kind": review["kind"]}
        return web.json_response({**head, "response": response})

    async def start(self) -> None:
        """On the port it had before, if it had one."""
        app = web.Application(client_max_size=2**26)
        app.router.add_post("/{path:.*}", self.handle)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        context = ssl.create_default_context(
            ssl.Purpose.CLIENT_AUTH, cadata=self.authority.certificate.decode()
        )
        context.verify_mode = ssl.CERT_OPTIONAL
        context.load_cert_chain(self.directory / "webhook.pem")
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=context)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def kill(self) -> None:
        """Nobody listens any more; open connections are cut."""
        runner, self._runner = self._runner, None
        if runner is None:
            return
        for transport in self.connections:
            if transport is not None:
                transport.abort()
        self.connections.clear()
        await runner.cleanup()


@asynccontextmanager
async def played_webhook(directory: Path) -> AsyncIterator[PlayedWebhook]:
    authority = Authority()
    pair = authority.issue("webhook", hosts=(SERVICE_NAME,), address="127.0.0.1")
    (directory / "webhook.pem").write_bytes(pair.certificate + pair.key)
    webhook = PlayedWebhook(authority, directory)
    await webhook.start()
    try:
        yield webhook
    finally:
        await webhook.kill()


async def hang(request: web.Request, review: Object) -> web.StreamResponse:
    """Never answers."""
    await asyncio.get_running_loop().create_future()
    raise AssertionError("unreachable")


def patch(*operations: Object) -> Object:
    """The fields of a response that change an object."""
    encoded = base64.b64encode(orjson.dumps(operations)).decode()
    return {"allowed": True, "patchType": "JSONPatch", "patch": encoded}
