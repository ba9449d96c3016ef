"""SPDY/3.1 on a connection that was taken over: what kubectl spoke before WebSockets.

In: a Duplex, the headers of the upgrade. Out: ContainerIO for whoever runs the command. Only what a remote
command needs: the client opens one stream per channel, named by its header `streamtype`; header blocks are
deflated with the dictionary of the protocol.
"""

import asyncio
import struct
import zlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Final

import orjson
from typing_extensions import override

from apiserver.handlers.connect import Duplex
from apiserver.handlers.streams.dictionary import DICTIONARY
from apiserver.handlers.streams.runtime import ContainerIO
from karmada.api.errors import BadRequest
from karmada.api.objects import Object
from karmada.api.remote_command import SPDY_PROTOCOLS

MAX_FRAME_BYTES: Final = 16 << 20
MAX_INPUT_CHUNKS: Final = 64
STREAMS_SECONDS: Final = 30.0
"""So long the client may take to open its streams."""
VERSION: Final = 3
SYN_STREAM, SYN_REPLY, RST_STREAM, PING, GOAWAY = 1, 2, 3, 6, 7
FIN: Final = 0x01


def handshake(offers: Iterable[str]) -> bytes:
    """The answer to an upgrade. offers: each header X-Stream-Protocol-Version. Raises BadRequest."""
    offered = [each.strip() for each in ",".join(offers).split(",") if each.strip()]
    chosen = next((each for each in SPDY_PROTOCOLS if each in offered), "")
    if not chosen:
        known = ", ".join(SPDY_PROTOCOLS)
        raise BadRequest(
            f"unable to upgrade: unable to negotiate protocol: client supports {offered}, server accepts "
            f"{known}"
        )
    lines = [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: SPDY/3.1",
        "Connection: Upgrade",
        f"X-Stream-Protocol-Version: {chosen}",
        "",
        "",
    ]
    return "\r\n".join(lines).encode()


class Headers:
    """Header blocks of one connection: the compression remembers what came before."""

    def __init__(self) -> None:
        self._in = zlib.decompressobj(zdict=DICTIONARY)
        self._out = zlib.compressobj(zdict=DICTIONARY)

    def read(self, block: bytes) -> dict[str, str]:
        """Raises BadRequest for a block that cannot be read."""
        try:
            data = self._in.decompress(block, MAX_FRAME_BYTES)
            (count,), position = struct.unpack_from(">I", data), 4
            found: dict[str, str] = {}
            for _ in range(count):
                name, position = _text(data, position)
                value, position = _text(data, position)
                found[name.lower()] = value
        except (zlib.error, struct.error, UnicodeDecodeError) as error:
            raise BadRequest(f"a header block cannot be read: {error}") from error
        return found

    def empty(self) -> bytes:
        """A block with no headers."""
        return self._out.compress(struct.pack(">I", 0)) + self._out.flush(zlib.Z_SYNC_FLUSH)


def _text(data: bytes, position: int) -> tuple[str, int]:
    (length,) = struct.unpack_from(">I", data, position)
    start = position + 4
    return data[start : start + length].decode(), start + length


def control(kind: int, flags: int, payload: bytes) -> bytes:
    return struct.pack(">HHI", 0x8000 | VERSION, kind, flags << 24 | len(payload)) + payload


def data_frame(stream: int, payload: bytes, *, final: bool = False) -> bytes:
    return struct.pack(">II", stream, (FIN if final else 0) << 24 | len(payload)) + payload


class SpdyIO(ContainerIO):
    """The streams of one conversation."""

    def __init__(self, peer: Duplex, *, wanted: Sequence[str], tty: bool) -> None:
        self.tty = tty
        self.opened = asyncio.Event()
        self._peer = peer
        self._wanted = set(wanted)
        self._headers = Headers()
        self._streams: dict[str, int] = {}
        self._input: asyncio.Queue[bytes] = asyncio.Queue(MAX_INPUT_CHUNKS)
        self._ended = "stdin" not in self._wanted

    async def pump(self) -> None:
        """Take in what the client sends, until it goes."""
        buffer = bytearray()
        while data := await self._peer.read():
            buffer += data
            while len(buffer) >= 8:
                first, second = struct.unpack_from(">II", buffer)
                length = second & 0xFFFFFF
                if len(buffer) < 8 + length:
                    break
                payload = bytes(buffer[8 : 8 + length])
                del buffer[: 8 + length]
                if first & 0x80000000:
                    if not self._control(first & 0xFFFF, payload):
                        return
                else:
                    await self._data(first, payload, final=bool(second >> 24 & FIN))

    def _control(self, kind: int, payload: bytes) -> bool:
        """Whether the conversation goes on."""
        if kind == SYN_STREAM and len(payload) >= 10:
            (stream,) = struct.unpack_from(">I", payload)
            headers = self._headers.read(payload[10:])
            self._streams[headers.get("streamtype", "")] = stream
            self._peer.write(control(SYN_REPLY, 0, struct.pack(">I", stream) + self._headers.empty()))
            if self._wanted <= self._streams.keys():
                self.opened.set()
        elif kind == PING:
            self._peer.write(control(PING, 0, payload))
        return kind != GOAWAY

    async def _data(self, stream: int, payload: bytes, *, final: bool) -> None:
        if stream != self._streams.get("stdin"):
            return
        if payload:
            await self._input.put(payload)
        if final:
            await self._input.put(b"")

    @override
    async def read(self) -> bytes:
        if self._ended:
            return b""
        data = await self._input.get()
        self._ended = not data
        return data

    @override
    async def write(self, data: bytes, *, error: bool = False) -> None:
        name = "stderr" if error and not self.tty else "stdout"
        stream = self._streams.get(name)
        if stream is not None:
            self._peer.write(data_frame(stream, data))
            await self._peer.drain()

    async def end(self, status: Object) -> None:
        """The Status on the stream for errors, then every stream is closed."""
        for name in ("stdout", "stderr"):
            if name in self._streams:
                self._peer.write(data_frame(self._streams[name], b"", final=True))
        self._peer.write(data_frame(self._streams["error"], orjson.dumps(status), final=True))
        await self._peer.drain()


async def serve(
    peer: Duplex,
    head: bytes,
    run: Callable[[ContainerIO], Awaitable[Object]],
    *,
    wanted: Sequence[str],
    tty: bool,
) -> None:
    """Answer the upgrade, wait for the streams, run, tell the end. A client that goes ends what runs."""
    peer.write(head)
    io = SpdyIO(peer, wanted=wanted, tty=tty)
    async with asyncio.TaskGroup() as group:
        pump = group.create_task(io.pump(), name="exec input")
        work: asyncio.Task[Any] = group.create_task(_finish(io, run), name="exec")
        await asyncio.wait((pump, work), return_when=asyncio.FIRST_COMPLETED)
        if work.done() and not pump.done():
            await asyncio.wait((pump,), timeout=1.0)  # the client closes; what we wrote must reach it before
        pump.cancel()
        work.cancel()


async def _finish(io: SpdyIO, run: Callable[[ContainerIO], Awaitable[Object]]) -> None:
    try:
        async with asyncio.timeout(STREAMS_SECONDS):
            await io.opened.wait()
    except TimeoutError:
        return
    await io.end(await run(io))
