"""Pass a request on to another API server: plain requests, streams, and upgraded connections byte for byte.

In: a request with its connection, and a Target. Out: the other server's answer. Who may go where, and as
whom, is decided by the caller (cluster_proxy.py); here headers that concern only one hop are dropped and
credentials replaced.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol
from urllib.parse import quote

import aiohttp
from multidict import CIMultiDict
from typing_extensions import override
from yarl import URL

from apiserver.request_info import Answer, Request, Response, Stream, Writer
from karmada.api.errors import BadRequest, ServiceUnavailable
from karmada.client.kubeconfig import Access
from karmada.client.tls import ssl_context

CONNECT_SECONDS: Final = 30.0
SMALL_ANSWER_BYTES: Final = 1024 * 1024
PIECE_BYTES: Final = 64 * 1024
_ONE_HOP: Final = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_REPLACED: Final = frozenset({"host", "content-length", "authorization"})


class Duplex(Protocol):
    """A connection that speaks no HTTP any more."""

    async def read(self) -> bytes:
        """The next bytes; empty at the end."""
        ...

    def write(self, data: bytes) -> None: ...

    async def drain(self) -> None: ...

    def close(self) -> None: ...


class Connection(Protocol):
    """The raw side of a request: app/http.py's handle in Request.connection."""

    @property
    def has_body(self) -> bool: ...

    @property
    def raw_query(self) -> str: ...

    async def read_body(self) -> bytes:
        """The next piece of the body; empty at its end."""
        ...

    def take_over(self) -> Duplex:
        """From now on the connection is the caller's, and no answer is sent on it."""
        ...


class WholeRequest(Connection):
    """A request that came without a connection, from this very process: its body is there already."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._rest = request.body

    @property
    @override
    def has_body(self) -> bool:
        return bool(self._request.body)

    @property
    @override
    def raw_query(self) -> str:
        return self._request.query.encoded()

    @override
    async def read_body(self) -> bytes:
        rest, self._rest = self._rest, b""
        return rest

    @override
    def take_over(self) -> Duplex:
        raise BadRequest("this request cannot be upgraded")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes and as whom. headers are added; access says how to connect."""

    access: Access
    path: str
    headers: tuple[tuple[str, str], ...]


class _Peer(NamedTuple):
    """What makes two connections interchangeable."""

    server: str
    ca_data: bytes | None
    insecure: bool
    client_certificate: bytes | None
    server_name: str


class Forwarder:
    """Connections to other servers, kept open between requests. close() ends them."""

    def __init__(self) -> None:
        self._sessions: dict[_Peer, aiohttp.ClientSession] = {}

    async def forward(self, request: Request, target: Target) -> Answer:
        """Raises ServiceUnavailable when the other server cannot be reached."""
        if "upgrade" in request.headers.get("connection", "").lower():
            return await self._tunnel(request, target)
        connection: Connection = request.connection or WholeRequest(request)
        session = self._session(target.access)
        headers = _headers(request.headers.items(), target)
        try:
            answer = await session.request(
                request.method,
                URL(_url(target, connection.raw_query), encoded=True),
                headers=headers,
                data=_body(connection) if connection.has_body else None,
                allow_redirects=False,
                proxy=target.access.proxy_url,
                proxy_headers=target.access.proxy_headers or None,
                server_hostname=target.access.tls_server_name or None,
            )
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ServiceUnavailable(f"error trying to reach service: {error}") from error
        return await _answer(request, answer)

    async def probe(
        self, target: Target, query: str, *, timeout_seconds: float = CONNECT_SECONDS
    ) -> Response:
        """A GET of our own to another server. Raises ServiceUnavailable."""
        try:
            async with self._session(target.access).get(
                URL(_url(target, query), encoded=True),
                headers=_headers((), target),
                proxy=target.access.proxy_url,
                timeout=aiohttp.ClientTimeout(total=timeout_seconds),
                server_hostname=target.access.tls_server_name or None,
            ) as answer:
                return Response(answer.status, await answer.read(), answer.content_type)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ServiceUnavailable(f"error trying to reach service: {error}") from error

    async def close(self) -> None:
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()

    def _session(self, access: Access) -> aiohttp.ClientSession:
        peer = _Peer(
            access.server,
            access.ca_data,
            access.insecure,
            access.client_certificate,
            access.tls_server_name,
        )
        session = self._sessions.get(peer)
        if session is None:
            session = self._sessions[peer] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=ssl_context(access) or True, limit=0),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
                auto_decompress=False,
                skip_auto_headers=("Accept", "Accept-Encoding", "User-Agent", "Content-Type"),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return session

    async def _tunnel(self, request: Request, target: Target) -> Answer:
        """An upgraded connection: its head rewritten, everything after it copied in both directions."""
        connection: Connection = request.connection
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                reader, writer = await _open(target.access)
        except (OSError, TimeoutError) as error:
            raise ServiceUnavailable(f"error trying to reach service: {error}") from error
        writer.write(_upgrade_head(request, target, connection.raw_query))
        peer = connection.take_over()
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(_upstream(peer, writer), name="tunnel out"),
                    group.create_task(_downstream(reader, peer), name="tunnel in"),
                ]
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in tasks:
                    task.cancel()
        finally:
            writer.close()
            peer.close()
        return Response(101)


async def _body(connection: Connection) -> AsyncIterator[bytes]:
    while piece := await connection.read_body():
        yield piece


async def _answer(request: Request, answer: aiohttp.ClientResponse) -> Answer:
    headers = {
        name: value
        for name, value in answer.headers.items()
        if name.lower() not in _ONE_HOP
        and name.lower() not in ("content-length", "content-type", "date", "server")
    }
    content_type = answer.headers.get("Content-Type", "")
    length = answer.content_length
    if request.method == "HEAD" or (length is not None and length <= SMALL_ANSWER_BYTES):
        try:
            return Response(answer.status, await answer.read(), content_type, headers)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ServiceUnavailable(f"error trying to reach service: {error}") from error

    async def run(writer: Writer) -> None:
        try:
            async for piece in answer.content.iter_any():
                writer.write(piece)
                await writer.drain()
        finally:
            answer.close()

    return Stream(run, answer.status, content_type, headers)


def _headers(given: Iterable[tuple[str, str]], target: Target) -> CIMultiDict[str]:
    headers: CIMultiDict[str] = CIMultiDict()
    for name, value in given:
        if (
            name not in _ONE_HOP
            and name not in _REPLACED
            and not name.startswith(("impersonate-", "x-remote-"))
        ):
            headers.add(name, value)
    for name, value in target.headers:
        headers.add(name, value)
    return headers


def _url(target: Target, query: str) -> str:
    path = quote(target.path, safe="/:@!$&'()*+,;=~-._")
    return target.access.server.rstrip("/") + path + (f"?{query}" if query else "")


def _upgrade_head(request: Request, target: Target, query: str) -> bytes:
    url = URL(_url(target, query), encoded=True)
    lines = [f"{request.method} {url.raw_path_qs} HTTP/1.1", f"Host: {url.raw_host}:{url.port}"]
    lines += [f"{name}: {value}" for name, value in _headers(request.headers.items(), target).items()]
    lines += ["Connection: Upgrade", f"Upgrade: {request.headers.get('upgrade', '')}", "", ""]
    return "\r\n".join(lines).encode()


async def _open(access: Access) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    url = URL(access.server)
    host, port = url.host or "", url.port or 443
    context = ssl_context(access)
    if not access.proxy_url:
        name = access.tls_server_name or None
        return await asyncio.open_connection(host, port, ssl=context, server_hostname=name)
    proxy = URL(access.proxy_url)
    reader, writer = await asyncio.open_connection(proxy.host or "", proxy.port or 80)
    extra = "".join(f"{name}: {value}\r\n" for name, value in access.proxy_headers.items())
    writer.write(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n{extra}\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    if b" 200 " not in head.split(b"\r\n", 1)[0] + b" ":
        writer.close()
        raise OSError(f"the proxy {proxy.host} refused to connect")
    if context is not None:
        await writer.start_tls(context, server_hostname=host)
    return reader, writer


async def _upstream(peer: Duplex, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await peer.read():
            writer.write(data)
            await writer.drain()


async def _downstream(reader: asyncio.StreamReader, peer: Duplex) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(PIECE_BYTES):
            peer.write(data)
            await peer.drain()
