"""The HTTP side: aiohttp requests in, Request out to the filters; Response and Stream back to the connection.

The only module of the server's request path that knows aiohttp. Watches write straight to the transport;
whole answers are sent in one piece, large ones in several so that others get their turn.
"""

import asyncio
import gzip
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final
from urllib.parse import parse_qs, unquote

from aiohttp import web
from multidict import CIMultiDict, MultiDict
from typing_extensions import override

from apiserver.filters.errors import error_response
from apiserver.request_info import Handler, Query, Request, RequestInfo, Response, Stream
from karmada.api.errors import BadRequest, RequestEntityTooLarge

MAX_BODY_BYTES: Final = 3 * 1024 * 1024
GZIP_BYTES: Final = 128 * 1024
WHOLE_BYTES: Final = 64 * 1024
"""Up to here an answer is sent in one piece; an idle connection holds on to the last one of these."""
PIECE_BYTES: Final = 256 * 1024
CLOSED_CHECK_SECONDS: Final = 1.0
_UPGRADED: Final = frozenset({"proxy", "exec", "attach", "portforward"})
_NO_QUERY: Final = Query()


class StreamWriter:
    """A chunked answer on a transport. write never waits."""

    __slots__ = ("_raw", "_transport", "task")

    def __init__(self, raw: web.BaseRequest, transport: asyncio.Transport, task: "asyncio.Task[Any]") -> None:
        self._raw = raw
        self._transport = transport
        self.task = task

    def write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(b"%x\r\n%b\r\n" % (len(data), data))

    @property
    def buffered(self) -> int:
        # A closed TLS transport has no buffer to ask.
        return 0 if self._transport.is_closing() else self._transport.get_write_buffer_size()

    @property
    def closed(self) -> bool:
        return self._transport.is_closing()

    async def drain(self) -> None:
        """Wait until the peer has taken most of it; a peer that is gone takes everything."""
        with suppress(ConnectionError):
            await self._raw.writer.drain()


class HttpBridge:
    """Serves one handler. sweep() must run in a task of the owner: it ends streams whose peer is gone."""

    def __init__(
        self, handler: Handler, *, passes_on: Callable[[RequestInfo], bool] = lambda info: False
    ) -> None:
        """What passes_on says yes to keeps its connection and its body unread."""
        self._handler = handler
        self._passes_on = passes_on
        self._streams: set[StreamWriter] = set()
        self.draining = False

    @property
    def streams(self) -> int:
        return len(self._streams)

    async def __call__(self, raw: web.BaseRequest) -> web.StreamResponse:
        request = _request(raw)
        try:
            if request.info.subresource in _UPGRADED or self._passes_on(request.info):
                request.connection = RawConnection(raw)
            elif raw.can_read_body:
                request.body = await _body(raw)
        except (RequestEntityTooLarge, BadRequest) as error:
            refusal = error_response(error, request.headers.get("accept", ""))
            refusal.headers["Connection"] = "close"
            return await _send(raw, request, refusal)
        answer = await self._handler(request)
        if request.connection is not None and request.connection.taken:
            return _Sent()
        if isinstance(answer, Stream):
            del request  # a watch may last an hour; what it was asked with need not
            return await self._stream(raw, answer)
        return await _send(raw, request, answer)

    async def _stream(self, raw: web.BaseRequest, answer: Stream) -> web.StreamResponse:
        response = web.StreamResponse(
            status=answer.status, headers=_headers(answer.headers, answer.content_type)
        )
        response.enable_chunked_encoding()
        await response.prepare(raw)
        transport, task = raw.transport, asyncio.current_task()
        if transport is None or task is None:
            return response
        writer = StreamWriter(raw, transport, task)
        self._streams.add(writer)
        try:
            await answer.run(writer)
        finally:
            self._streams.discard(writer)
        if not writer.closed:
            await response.write_eof()
        return response

    async def sweep(self) -> None:
        """Cancel streams whose peer went away; nobody else would notice while nothing is written."""
        while True:
            await asyncio.sleep(CLOSED_CHECK_SECONDS)
            for writer in [writer for writer in self._streams if writer.closed]:
                writer.task.cancel()


def _request(raw: web.BaseRequest) -> Request:
    target = _text(raw.raw_path)
    path, question, text = target.partition("?")
    if "%" in path:
        path = unquote(path)
    query = Query(parse_qs(text, keep_blank_values=True)) if question else _NO_QUERY
    headers: MultiDict[str] = MultiDict((name.lower(), _text(value)) for name, value in raw.headers.items())
    transport = raw.transport
    return Request(
        method=raw.method,
        info=RequestInfo.parse(raw.method, path, query),
        query=query,
        headers=headers,
        peer_certificate=_peer_certificate(transport),
        remote=raw.remote or "",
    )


def _text(received: str) -> str:
    """received with U+FFFD for what is no UTF-8: aiohttp keeps such bytes as lone surrogates, which no answer
    or log could hold."""
    return (
        received if received.isascii() else received.encode(errors="surrogateescape").decode(errors="replace")
    )


def _peer_certificate(transport: asyncio.Transport | None) -> bytes | None:
    connection: ssl.SSLObject | None = (
        transport.get_extra_info("ssl_object") if transport is not None else None
    )
    return connection.getpeercert(binary_form=True) if connection is not None else None


async def _body(raw: web.BaseRequest) -> bytes:
    """Raises RequestEntityTooLarge."""
    length = raw.content_length
    if length is not None and length > MAX_BODY_BYTES:
        raise _too_large()
    if raw.headers.get("Expect", "").lower() == "100-continue" and raw.transport is not None:
        raw.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    pieces: list[bytes] = []
    size = 0
    while piece := await raw.content.readany():
        size += len(piece)
        if size > MAX_BODY_BYTES:
            raise _too_large()
        pieces.append(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _too_large() -> RequestEntityTooLarge:
    return RequestEntityTooLarge(f"Request entity too large: limit is {MAX_BODY_BYTES}")


def _headers(given: dict[str, str], content_type: str) -> CIMultiDict[str]:
    headers: CIMultiDict[str] = CIMultiDict(given)
    if content_type:
        headers["Content-Type"] = content_type
    return headers


async def _send(raw: web.BaseRequest, request: Request, answer: Response) -> web.StreamResponse:
    body = answer.body
    headers = _headers(answer.headers, answer.content_type)
    if len(body) > GZIP_BYTES and request.method == "GET" and "Content-Encoding" not in headers:
        headers["Vary"] = "Accept-Encoding"
        if "gzip" in request.headers.get("accept-encoding", ""):
            body = await asyncio.to_thread(gzip.compress, body, 1)
            headers["Content-Encoding"] = "gzip"
    if len(body) <= WHOLE_BYTES:
        return web.Response(status=answer.status, body=body, headers=headers)
    return await _send_in_pieces(raw, answer.status, headers, body)


async def _send_in_pieces(
    raw: web.BaseRequest, status: int, headers: CIMultiDict[str], body: bytes
) -> web.StreamResponse:
    response = web.StreamResponse(status=status, headers=headers)
    response.content_length = len(body)
    await response.prepare(raw)
    view = memoryview(body)
    for start in range(0, len(body), PIECE_BYTES):
        await response.write(view[start : start + PIECE_BYTES])
        await asyncio.sleep(0)
    await response.write_eof()
    return response


# -- connections that are passed on -------------------------------------------------------------------------


class RawConnection:
    """The connection of one request, for handlers/connect.py."""

    def __init__(self, raw: web.BaseRequest) -> None:
        self._raw = raw
        self.taken = False

    @property
    def has_body(self) -> bool:
        return self._raw.can_read_body

    @property
    def raw_query(self) -> str:
        return self._raw.raw_path.partition("?")[2]

    async def read_body(self) -> bytes:
        return await self._raw.content.readany()

    def take_over(self) -> "TakenConnection":
        self.taken = True
        return TakenConnection(self._raw)


class TakenConnection:
    """Bytes of a connection that was upgraded. It is the payload parser of its own protocol."""

    def __init__(self, raw: web.BaseRequest) -> None:
        transport = raw.transport
        if transport is None:
            raise ConnectionResetError("the client went away")
        self._raw = raw
        self._transport = transport
        self._reader = asyncio.StreamReader()
        self._reader.set_transport(transport)
        raw.protocol.set_parser(self)  # type: ignore[arg-type]  # only feed_data and feed_eof are called

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        self._reader.feed_data(data)
        return False, b""

    def feed_eof(self) -> None:
        self._reader.feed_eof()

    async def read(self) -> bytes:
        return await self._reader.read(64 * 1024)

    def write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)

    async def drain(self) -> None:
        await self._raw.writer.drain()

    def close(self) -> None:
        self._transport.close()


class _Sent(web.StreamResponse):
    """Stands for an answer that went out another way."""

    def __init__(self) -> None:
        super().__init__()
        self.force_close()

    @override
    async def prepare(self, request: web.BaseRequest) -> None:
        return None

    @override
    async def write_eof(self, data: bytes = b"") -> None:
        return None
