"""exec and attach over a WebSocket: channels of Kubernetes' remote command protocol, v5 or v4.

In: a Client, the path of the subresource. Out: the exit code of what ran. Channel 0 is standard input, 1
output, 2 errors, 3 the final Status, 4 the size of the terminal; v5 adds 255, which closes a channel. With a
terminal the local one is raw as long as the stream lives.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Final

import aiohttp
import orjson

from karmada.api.remote_command import (
    CLOSE,
    RESIZE,
    STATUS,
    STDERR,
    STDIN,
    STDOUT,
    V5,
    WEBSOCKET_PROTOCOLS,
    exit_code,
)
from karmada.cli.printers import Console
from karmada.cli.scope import CommandError
from karmada.client.client import Client

CHUNK_BYTES: Final = 32 * 1024


@dataclass(frozen=True, slots=True)
class StreamWish:
    """What is connected."""

    path: str
    query: Mapping[str, str | int]
    stdin: bool
    tty: bool
    command: tuple[str, ...] = ()

    @property
    def full_query(self) -> str:
        from urllib.parse import urlencode

        pairs = [(name, str(value)) for name, value in self.query.items() if value != ""]
        pairs += [("command", word) for word in self.command]
        pairs += [("stdin", "true")] * self.stdin + [("stdout", "true")]
        pairs += [("tty", "true")] if self.tty else [("stderr", "true")]
        return urlencode(pairs)


async def connect(client: Client, wish: StreamWish, console: Console) -> int:
    """Run until the other side is done. Returns its exit code. Raises ApiError, CommandError."""
    path = f"{wish.path}?{wish.full_query}"
    async with client.websocket(path, protocols=WEBSOCKET_PROTOCOLS) as socket:
        closes = socket.protocol == V5
        with _raw_terminal(enabled=wish.tty and wish.stdin):
            async with _sending(socket, wish, closes=closes):
                return await _receive(socket, console)


async def _receive(socket: aiohttp.ClientWebSocketResponse, console: Console) -> int:
    async for message in socket:
        if message.type is not aiohttp.WSMsgType.BINARY or not message.data:
            continue
        channel, data = message.data[0], message.data[1:]
        if channel == STDOUT:
            console.write(data)
        elif channel == STDERR:
            console.write_error(data)
        elif channel == STATUS:
            return code_of(data)
    return 0


def code_of(status: bytes) -> int:
    """Of the final Status: 0 for Success, the command's own code. Raises CommandError for other failures."""
    try:
        parsed = orjson.loads(status)
    except orjson.JSONDecodeError as error:
        raise CommandError(f"the end of the stream cannot be read: {status[:80]!r}") from error
    code = exit_code(parsed)
    if code is None:
        raise CommandError(parsed.get("message") or "the stream ended with an error")
    return code


@asynccontextmanager
async def _sending(
    socket: aiohttp.ClientWebSocketResponse, wish: StreamWish, *, closes: bool
) -> AsyncIterator[None]:
    """Standard input and sizes of the terminal go out meanwhile."""
    async with asyncio.TaskGroup() as group:
        tasks = []
        if wish.stdin:
            tasks.append(group.create_task(_copy_stdin(socket, closes=closes), name="stdin"))
        if wish.tty:
            tasks.append(group.create_task(_follow_size(socket), name="terminal size"))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


async def _copy_stdin(socket: aiohttp.ClientWebSocketResponse, *, closes: bool) -> None:
    with suppress(ConnectionError):
        async for data in _stdin():
            await socket.send_bytes(bytes((STDIN,)) + data)
        if closes:
            await socket.send_bytes(bytes((CLOSE, STDIN)))


async def _stdin() -> AsyncIterator[bytes]:
    """What comes in, until its end. The descriptor stays as it is: others may share it."""
    descriptor = sys.stdin.fileno()
    while True:
        await _readable(descriptor)
        data = os.read(descriptor, CHUNK_BYTES)
        if not data:
            return
        yield data


async def _readable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    try:
        loop.add_reader(descriptor, ready.set)
    except PermissionError:  # a regular file: there is always something to read
        return
    try:
        await ready.wait()
    finally:
        loop.remove_reader(descriptor)


async def _follow_size(socket: aiohttp.ClientWebSocketResponse) -> None:
    changed = asyncio.Event()
    changed.set()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGWINCH, changed.set)
    try:
        while True:
            await changed.wait()
            changed.clear()
            with suppress(OSError):
                size = os.get_terminal_size(sys.stdout.fileno())
                body = orjson.dumps({"Width": size.columns, "Height": size.lines})
                await socket.send_bytes(bytes((RESIZE,)) + body)
    finally:
        loop.remove_signal_handler(signal.SIGWINCH)


@contextmanager
def _raw_terminal(*, enabled: bool) -> Iterator[None]:
    if not enabled or not sys.stdin.isatty():
        yield
        return
    import termios
    import tty

    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    tty.setraw(descriptor, termios.TCSANOW)  # what was typed already is kept
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
