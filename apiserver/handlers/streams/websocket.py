"""A WebSocket on a connection that was taken over: handshake, frames, and the channels of a conversation.

In: a Duplex, the headers of the upgrade. Out: ContainerIO for whoever runs the command. Frames are RFC 6455;
the first byte of each message says which channel it belongs to.
"""

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import orjson
from typing_extensions import override

from apiserver.handlers.connect import Duplex
from apiserver.handlers.streams.runtime import ContainerIO
from karmada.api.errors import BadRequest
from karmada.api.objects import Object
from karmada.api.remote_command import CLOSE, STATUS, STDERR, STDIN, STDOUT, V5, WEBSOCKET_PROTOCOLS

MAGIC: Final = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
MAX_MESSAGE_BYTES: Final = 16 << 20
MAX_INPUT_CHUNKS: Final = 64
"""Standard input nobody reads yet; then the client waits."""
CONTINUATION, TEXT, BINARY, CLOSING, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA


class Frames:
    """Bytes to messages, pieces put together; and messages to bytes."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._pieces: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """(opcode, payload) of what is complete. Raises BadRequest for what is no WebSocket."""
        self._buffer += data
        found: list[tuple[int, bytes]] = []
        while (frame := self._next()) is not None:
            final, opcode, payload = frame
            if opcode >= CLOSING:
                found.append((opcode, payload))
                continue
            self._pieces.append(payload)
            self._size += len(payload)
            if self._size > MAX_MESSAGE_BYTES:
                raise BadRequest("a message is too long")
            if final:
                found.append((BINARY, b"".join(self._pieces)))
                self._pieces, self._size = [], 0
        return found

    def _next(self) -> tuple[bool, int, bytes] | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        length, start = buffer[1] & 0x7F, 2
        if length >= 126:
            start = 4 if length == 126 else 10
            if len(buffer) < start:
                return None
            length = int.from_bytes(buffer[2:start], "big")
        if length > MAX_MESSAGE_BYTES:
            raise BadRequest("a message is too long")
        mask = b""
        if buffer[1] & 0x80:
            mask, start = bytes(buffer[start : start + 4]), start + 4
        if len(buffer) < start + length:
            return None
        payload = bytes(buffer[start : start + length])
        final, opcode = bool(buffer[0] & 0x80), buffer[0] & 0x0F
        del buffer[: start + length]
        return final, opcode, unmasked(payload, mask) if mask else payload


def unmasked(payload: bytes, mask: bytes) -> bytes:
    """payload with the four bytes of mask laid over it again and again."""
    size = len(payload)
    pattern = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(pattern, "big")).to_bytes(size, "big")


def frame(opcode: int, payload: bytes) -> bytes:
    size = len(payload)
    head = bytes((0x80 | opcode,))
    if size < 126:
        return head + bytes((size,)) + payload
    if size < 1 << 16:
        return head + b"\x7e" + size.to_bytes(2, "big") + payload
    return head + b"\x7f" + size.to_bytes(8, "big") + payload


def handshake(headers: Mapping[str, str]) -> tuple[bytes, str]:
    """The answer to an upgrade and the protocol chosen. Raises BadRequest."""
    key = headers.get("sec-websocket-key", "")
    offered = [each.strip() for each in headers.get("sec-websocket-protocol", "").split(",") if each.strip()]
    chosen = next((each for each in offered if each in WEBSOCKET_PROTOCOLS), "")
    if not key or not chosen:
        known = ", ".join(WEBSOCKET_PROTOCOLS)
        raise BadRequest(f"unable to upgrade: none of the protocols {offered} is supported, offer {known}")
    accept = base64.b64encode(hashlib.sha1((key + MAGIC).encode(), usedforsecurity=False).digest()).decode()
    lines = [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {accept}",
        f"Sec-WebSocket-Protocol: {chosen}",
        "",
        "",
    ]
    return "\r\n".join(lines).encode(), chosen


class WebSocketIO(ContainerIO):
    """The channels of one conversation."""

    def __init__(self, peer: Duplex, *, stdin: bool, tty: bool, closes: bool) -> None:
        self.tty = tty
        self._peer = peer
        self._closes = closes
        self._input: asyncio.Queue[bytes] = asyncio.Queue(MAX_INPUT_CHUNKS)
        self._ended = not stdin

    async def pump(self) -> None:
        """Take in what the client sends, until it goes."""
        frames = Frames()
        while data := await self._peer.read():
            for opcode, payload in frames.feed(data):
                if opcode == PING:
                    self._peer.write(frame(PONG, payload))
                elif opcode == CLOSING:
                    return
                elif opcode == BINARY and payload:
                    await self._take(payload[0], payload[1:])

    async def _take(self, channel: int, data: bytes) -> None:
        if channel == STDIN and data:
            await self._input.put(data)
        elif self._closes and channel == CLOSE and data == bytes((STDIN,)):
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
        channel = STDERR if error and not self.tty else STDOUT
        self._peer.write(frame(BINARY, bytes((channel,)) + data))
        await self._peer.drain()

    async def end(self, status: Object) -> None:
        self._peer.write(frame(BINARY, bytes((STATUS,)) + orjson.dumps(status)))
        self._peer.write(frame(CLOSING, (1000).to_bytes(2, "big")))
        await self._peer.drain()


async def serve(
    peer: Duplex,
    head: bytes,
    protocol: str,
    run: Callable[[ContainerIO], Awaitable[Object]],
    *,
    stdin: bool,
    tty: bool,
) -> None:
    """Answer the upgrade, run, tell the end. A client that goes ends what runs."""
    peer.write(head)
    io = WebSocketIO(peer, stdin=stdin, tty=tty, closes=protocol == V5)
    async with asyncio.TaskGroup() as group:
        pump = group.create_task(io.pump(), name="exec input")
        work: asyncio.Task[Any] = group.create_task(_finish(io, run), name="exec")
        await asyncio.wait((pump, work), return_when=asyncio.FIRST_COMPLETED)
        pump.cancel()
        work.cancel()


async def _finish(io: WebSocketIO, run: Callable[[ContainerIO], Awaitable[Object]]) -> None:
    await io.end(await run(io))
