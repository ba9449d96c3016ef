"""Requests to one API server: connections, identity, pace, deadlines, retries, and errors by meaning.

In: method, path, body. Out: RawResponse, a stream of bytes, or an ApiError (answers.py). client.py puts the
verbs on top. A request is tried again only when the server asks for it (Retry-After) or a new token was
found after a 401.
"""

import asyncio
import base64
import socket
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, Protocol

import aiohttp
from multidict import CIMultiDict
from prometheus_client import Counter
from yarl import URL

from karmada.client.answers import RawResponse, Unreachable, error_of, retry_after, trouble_of, warning_text
from karmada.client.kubeconfig import Access, KubeconfigError, read_token_file
from karmada.client.limits import TokenBucket
from karmada.client.paths import with_query
from karmada.client.tls import ssl_context
from karmada.runtime.clock import SYSTEM_CLOCK, Clock

CONNECT_SECONDS: Final = 10.0
KEEP_ALIVE_SECONDS: Final = 30.0
"""Shorter than servers keep a connection, so that they rarely close one under a request."""
MAX_TRIES: Final = 5
READ_BUFFER_BYTES: Final = 1 << 18

_REQUESTS = Counter("rest_client_requests", "Requests sent.", ["code", "method", "host"])


class ByteStream(Protocol):
    """An answer that is read as it arrives."""

    def iter_any(self) -> AsyncIterable[bytes]: ...


class Transport:
    """The connections of one client. Connections are made when first needed; close() drops them.

    A server in this process can do without: it overrides send and stream, and leaves retries and fences as
    they are.
    """

    def __init__(
        self,
        access: Access,
        *,
        user_agent: str,
        qps: float,
        burst: int,
        timeout_seconds: float,
        max_in_flight: int,
        on_unauthorized: Callable[[], Awaitable[str | None]] | None,
        on_warning: Callable[[str], None] | None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.access = access
        self.timeout_seconds = timeout_seconds
        self.fence: Callable[[], None] | None = None
        """Called before every request that may write; raises if this process may not write any more."""
        self._clock = clock
        self._on_unauthorized = on_unauthorized
        self._on_warning = on_warning
        self._bucket = TokenBucket(qps=qps, burst=burst or int(qps), clock=clock) if qps > 0 else None
        self._slots = asyncio.Semaphore(max_in_flight)
        self._refreshing = asyncio.Lock()
        self._authorization = _authorization(access, access.token)
        self._ssl = ssl_context(access)
        self._proxy = _proxy(access)
        self._headers = _constant_headers(access, user_agent)
        self._base = access.server.rstrip("/")
        self._host = _authority(self._base)
        self._session: aiohttp.ClientSession | None = None
        self._closed = False
        self._counters: dict[tuple[int, str], Counter] = {}

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
        """One answer below 400. Raises ApiError for others and Unreachable when none came in time."""
        url = URL(self._base + with_query(path, query), encoded=True)
        sent = dict(headers) if headers else {}
        if body is not None:
            sent["Content-Type"] = content_type
        timeout = self.timeout_seconds if timeout_seconds is None else timeout_seconds
        refreshed = False
        for attempt in range(1, MAX_TRIES + 1):
            identity = self._authorization
            response = await self.send(method, url, sent, body, timeout)
            if response.status < 400:
                return response
            if response.status == 401 and not refreshed and await self._refresh(identity):
                refreshed = True
                continue
            delay = retry_after(response)
            if delay is None or attempt == MAX_TRIES:
                raise error_of(method, response)
            await self._clock.sleep(delay)
        raise AssertionError("unreachable: the last try returns or raises")

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
        """An answer read piece by piece; only the wait for its head has a deadline."""
        url = URL(self._base + with_query(path, query), encoded=True)
        sent = dict(headers) if headers else {}
        if body is not None:
            sent["Content-Type"] = content_type
        response = await self._open(method, url, sent, body)
        try:
            yield response.content
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise self._unreachable(method, url, error) from error
        finally:
            response.close()

    @asynccontextmanager
    async def websocket(
        self,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        protocols: Sequence[str] = (),
    ) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """An upgraded connection, as exec, attach and port-forward use."""
        url = URL(self._base + with_query(path, query), encoded=True)
        await self.admit("POST")
        try:
            async with asyncio.timeout(self.timeout_seconds):
                socket_ = await self._connected().ws_connect(
                    url,
                    protocols=protocols,
                    headers=self._identified(headers or {}),
                    max_msg_size=0,
                    proxy=self._proxy,
                    proxy_headers=self._proxy_headers(),
                )
        except aiohttp.WSServerHandshakeError as error:
            raise error_of("GET", RawResponse(error.status, error.headers or {}, b"")) from error
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise self._unreachable("GET", url, error) from error
        try:
            yield socket_
        finally:
            await socket_.close()

    async def close(self) -> None:
        self._closed = True
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def send(
        self, method: str, url: URL, headers: Mapping[str, str], body: bytes | None, timeout: float
    ) -> RawResponse:
        """One try, whatever the answer. timeout is in seconds."""
        await self.admit(method)
        try:
            async with (
                self._slots,
                asyncio.timeout(timeout),
                self._connected().request(
                    method,
                    url,
                    data=body,
                    headers=self._identified(headers),
                    allow_redirects=False,
                    server_hostname=self.access.tls_server_name or None,
                    proxy=self._proxy,
                    proxy_headers=self._proxy_headers(),
                ) as response,
            ):
                content = await response.read()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            self._count(0, method)
            raise self._unreachable(method, url, error) from error
        self._count(response.status, method)
        if self._on_warning is not None:
            for warning in response.headers.getall("Warning", ()):
                self._on_warning(warning_text(warning))
        return RawResponse(response.status, response.headers, content)

    async def _open(
        self, method: str, url: URL, headers: Mapping[str, str], body: bytes | None
    ) -> aiohttp.ClientResponse:
        """A response whose body is still to come."""
        refreshed = False
        while True:
            await self.admit(method)
            identity = self._authorization
            try:
                async with asyncio.timeout(self.timeout_seconds):
                    response = await self._connected().request(
                        method,
                        url,
                        data=body,
                        headers=self._identified(headers),
                        allow_redirects=False,
                        server_hostname=self.access.tls_server_name or None,
                        proxy=self._proxy,
                        proxy_headers=self._proxy_headers(),
                    )
                    if response.status < 400:
                        self._count(response.status, method)
                        return response
                    content = await response.read()
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                self._count(0, method)
                raise self._unreachable(method, url, error) from error
            self._count(response.status, method)
            if response.status != 401 or refreshed or not await self._refresh(identity):
                raise error_of(method, RawResponse(response.status, response.headers, content))
            refreshed = True

    async def admit(self, method: str) -> None:
        """Wait for its turn. Raises what the fence raises."""
        if self.fence is not None and method != "GET":
            self.fence()
        if self._bucket is not None:
            await self._bucket.take()
            if self.fence is not None and method != "GET":
                self.fence()

    async def _refresh(self, used: str | None) -> bool:
        """Look for a newer token than the one the server refused."""
        async with self._refreshing:
            if self._authorization != used:
                return True  # another request has just found one
            token: str | None = None
            if self._on_unauthorized is not None:
                token = await self._on_unauthorized()
            elif self.access.token_file:
                token = read_token_file(self.access.token_file)
            if not token:
                return False
            self._authorization = f"Bearer {token}"
            return self._authorization != used

    def _identified(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        if self._authorization is None:
            return headers
        return {"Authorization": self._authorization, **headers}

    def _proxy_headers(self) -> Mapping[str, str] | None:
        return self.access.proxy_headers or None if self._proxy else None

    def _connected(self) -> aiohttp.ClientSession:
        if self._session is None:
            if self._closed:
                raise Unreachable(f"{self._base}: the client is closed")
            self._session = aiohttp.ClientSession(
                # Watches hold a connection each for ever, so the pool has no limit; _slots bounds the rest.
                connector=aiohttp.TCPConnector(
                    ssl=self._ssl or True,
                    limit=0,
                    keepalive_timeout=KEEP_ALIVE_SECONDS,
                    ttl_dns_cache=60,
                    socket_factory=_socket,
                ),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
                headers=self._headers,
                skip_auto_headers=("Accept-Encoding",),
                cookie_jar=aiohttp.DummyCookieJar(),
                read_bufsize=READ_BUFFER_BYTES,
            )
        return self._session

    def _unreachable(self, method: str, url: URL, error: BaseException) -> Unreachable:
        return Unreachable(f'{method} "{url.with_query(None)}": {trouble_of(error)}')

    def _count(self, status: int, method: str) -> None:
        counter = self._counters.get((status, method))
        if counter is None:
            counter = _REQUESTS.labels(str(status) if status else "<error>", method, self._host)
            self._counters[status, method] = counter
        counter.inc()


def _authority(server: str) -> str:
    """Raises KubeconfigError for what is no URL of an API server."""
    try:
        url = URL(server)
    except ValueError as error:
        raise KubeconfigError(f'"{server}" is not the URL of an API server: {error}') from error
    if url.scheme not in ("http", "https") or not url.host:
        raise KubeconfigError(f'"{server}" is not the URL of an API server')
    return url.authority


def _authorization(access: Access, token: str | None) -> str | None:
    if token:
        return f"Bearer {token}"
    if access.username:
        pair = f"{access.username}:{access.password}".encode()
        return f"Basic {base64.b64encode(pair).decode()}"
    return None


def _constant_headers(access: Access, user_agent: str) -> CIMultiDict[str]:
    headers: CIMultiDict[str] = CIMultiDict(access.headers)
    headers["User-Agent"] = user_agent
    headers.setdefault("Accept", "application/json")
    if access.impersonate_user:
        headers["Impersonate-User"] = access.impersonate_user
        if access.impersonate_uid:
            headers["Impersonate-Uid"] = access.impersonate_uid
        for group in access.impersonate_groups:
            headers.add("Impersonate-Group", group)
        for extra, values in access.impersonate_extra.items():
            for value in values:
                headers.add(f"Impersonate-Extra-{extra}", value)
    return headers


def _proxy(access: Access) -> str | None:
    if not access.proxy_url:
        return None
    if URL(access.proxy_url).scheme not in ("http", "https"):
        raise KubeconfigError(
            f'{access.server}: proxy "{access.proxy_url}" is not supported: use http or https'
        )
    return access.proxy_url


def _socket(address: tuple[Any, ...]) -> socket.socket:
    """A socket that notices when its peer is gone: an idle watch is silent, a dead one must end."""
    family, kind, protocol, _, _ = address
    made = socket.socket(family=family, type=kind, proto=protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_KEEPIDLE"):
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 20)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
    return made
