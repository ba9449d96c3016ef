"""A Client of a server in the same process: no sockets, no TLS, no HTTP, and everything else as usual.

In: what a Client sends. Out: what the server's handler answers, after the same filters as for a request from
outside; the user is the one of the client certificate. http.py does this for connections. One embedded
cluster has some sixty watches: as TLS connections they would be most of its memory and of its start.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final
from urllib.parse import parse_qs, unquote

from multidict import CIMultiDict, MultiDict
from typing_extensions import override
from yarl import URL

from apiserver.request_info import Answer, Handler, Query, Request, RequestInfo, Response, Stream
from karmada.client.answers import RawResponse, Unreachable, error_of
from karmada.client.client import MAX_IN_FLIGHT, Client
from karmada.client.kubeconfig import Access
from karmada.client.paths import with_query
from karmada.client.transport import ByteStream, Transport
from karmada.runtime.clock import Clock
from karmada.runtime.tasks import Tasks

NOWHERE: Final = "http://in-process"
"""What errors call the server: there is no address to connect to, and nothing for TLS to load."""
TIMEOUT_SECONDS: Final = 32.0
FULL_BYTES: Final = 1 << 20
"""A stream whose reader is so far behind waits for it; the server judges slow watchers by what is unread."""


def in_process_client(handler: Handler, access: Access, *, user_agent: str, clock: Clock) -> Client:
    """A client that calls handler. access says who it is, by its client certificate."""
    transport = InProcessTransport(handler, access, user_agent=user_agent, clock=clock)
    return Client(access, user_agent=user_agent, clock=clock, transport=transport)


class InProcessTransport(Transport):
    """Requests become calls. A caller that gives up does not interrupt a write: it goes on by itself."""

    def __init__(self, handler: Handler, access: Access, *, user_agent: str, clock: Clock) -> None:
        super().__init__(
            replace(access, server=NOWHERE, ca_data=None, client_certificate=None, client_key=None),
            user_agent=user_agent,
            qps=0,
            burst=0,
            timeout_seconds=TIMEOUT_SECONDS,
            max_in_flight=MAX_IN_FLIGHT,
            on_unauthorized=None,
            on_warning=None,
            clock=clock,
        )
        self.access = access
        self._handler = handler
        self._user_agent = user_agent
        pem = access.client_certificate
        self._certificate = ssl.PEM_cert_to_DER_cert(pem.decode()) if pem else None
        self._tasks = Tasks("in-process requests")

    @override
    async def send(
        self, method: str, url: URL, headers: Mapping[str, str], body: bytes | None, timeout: float
    ) -> RawResponse:
        await self.admit(method)
        request = self._request(method, str(url.relative()), headers, body)
        try:
            async with asyncio.timeout(timeout):
                if method == "GET":
                    await asyncio.sleep(0)  # an answer from memory must not keep the loop from others
                    answer = await self._handler(request)
                else:
                    answer = await self._uninterrupted(request)
                return await _whole(answer)
        except TimeoutError as error:
            raise Unreachable(f'{method} "{url.with_query(None)}": no answer in time') from error

    @override
    @asynccontextmanager
    async def stream(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        content_type: str = "application/json",
    ) -> AsyncIterator[ByteStream]:
        await self.admit(method)
        sent = {**(headers or {}), **({"Content-Type": content_type} if body is not None else {})}
        request = self._request(method, with_query(path, query), sent, body)
        try:
            async with asyncio.timeout(self.timeout_seconds):
                await asyncio.sleep(0)
                answer = await self._handler(request)
        except TimeoutError as error:
            raise Unreachable(f'{method} "{path}": no answer in time') from error
        if answer.status >= 400:
            raise error_of(method, await _whole(answer))
        pipe = Pipe()
        running = self._tasks.start(_fill(answer, pipe), name=f"stream {path}")
        try:
            yield pipe
        finally:
            pipe.close()
            await self._tasks.stop(running)

    @override
    async def close(self) -> None:
        await super().close()
        await self._tasks.close()

    async def _uninterrupted(self, request: Request) -> Answer:
        """The answer of a handler that runs to its end even if the caller is cancelled."""
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

        async def answer() -> None:
            try:
                result = await self._handler(request)
            except Exception as error:
                if answered.done():
                    raise
                answered.set_exception(error)
            else:
                if not answered.done():
                    answered.set_result(result)

        self._tasks.start(answer(), name=f"{request.method} {request.info.path}")
        return await answered

    def _request(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Request:
        path, question, text = target.partition("?")
        if "%" in path:
            path = unquote(path)
        query = Query(parse_qs(text, keep_blank_values=True) if question else None)
        named: MultiDict[str] = MultiDict({"user-agent": self._user_agent, "accept": "application/json"})
        for name, value in headers.items():
            named[name.lower()] = value
        return Request(
            method=method,
            info=RequestInfo.parse(method, path, query),
            query=query,
            headers=named,
            body=body or b"",
            peer_certificate=self._certificate,
            remote="127.0.0.1",
        )


class Pipe:
    """A bounded pipe: the server writes, the client reads. write never waits; drain does while it is full."""

    def __init__(self) -> None:
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self._ended = False
        self._closed = False
        self._moved = asyncio.Event()

    def write(self, data: bytes) -> None:
        if not self._closed and data:
            self._pieces.append(data)
            self._size += len(data)
            self._moved.set()

    async def drain(self) -> None:
        while self._size > FULL_BYTES and not self._closed:
            self._moved.clear()
            await self._moved.wait()

    @property
    def buffered(self) -> int:
        return self._size

    @property
    def closed(self) -> bool:
        return self._closed

    def end(self) -> None:
        """Nothing more will be written."""
        self._ended = True
        self._moved.set()

    def close(self) -> None:
        """Nobody reads any more."""
        self._closed = True
        self._pieces.clear()
        self._size = 0
        self._moved.set()

    async def iter_any(self) -> AsyncIterator[bytes]:
        while not self._closed:
            if self._pieces:
                data = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
                self._pieces.clear()
                self._size = 0
                self._moved.set()
                yield data
            elif self._ended:
                return
            else:
                self._moved.clear()
                await self._moved.wait()


async def _fill(answer: Answer, pipe: Pipe) -> None:
    try:
        if isinstance(answer, Stream):
            await answer.run(pipe)
        else:
            pipe.write(answer.body)
    finally:
        pipe.end()


async def _whole(answer: Answer) -> RawResponse:
    """An answer that is read in one piece."""
    headers: CIMultiDict[str] = CIMultiDict(answer.headers)
    headers["Content-Type"] = answer.content_type
    if isinstance(answer, Response):
        return RawResponse(answer.status, headers, answer.body)
    pipe = Pipe()
    async with asyncio.TaskGroup() as group:
        group.create_task(_fill(answer, pipe), name="read in one piece")
        pieces = [piece async for piece in pipe.iter_any()]
    return RawResponse(answer.status, headers, b"".join(pieces))
