"""A TCP proxy that can fail as networks do: it forwards, swallows everything, or lets nobody in.

Runs in a thread of its own, so that tests that wait can use it.
"""

import asyncio
import threading
from types import TracebackType

CHUNK_BYTES = 65536


class Proxy:
    """A context manager in front of one loopback port. swallow: connections stay open, nothing gets
    through.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)
        self._open = asyncio.Event()
        self._ended = asyncio.Event()
        self.port = 0

    def __enter__(self) -> "Proxy":
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._main())

    def swallow(self) -> None:
        """From now on packets go nowhere: neither side hears from the other, nor that it is gone."""
        self._loop.call_soon_threadsafe(self._open.clear)

    def heal(self) -> None:
        """What was held back goes on; connections made meanwhile, too."""
        self._loop.call_soon_threadsafe(self._open.set)

    async def _main(self) -> None:
        self._open.set()
        async with asyncio.TaskGroup() as group:

            def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                connections.add(group.create_task(self._serve(reader, writer)))

            connections: set[asyncio.Task[None]] = set()
            server = await asyncio.start_server(accept, "127.0.0.1", 0)
            self.port = int(server.sockets[0].getsockname()[1])
            self._ready.set()
            await self._ended.wait()
            server.close()
            for connection in connections:
                connection.cancel()
        await asyncio.sleep(0.05)  # transports close a moment after they are told to

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        out: asyncio.StreamWriter | None = None
        try:
            await self._open.wait()
            out_reader, out = await asyncio.open_connection("127.0.0.1", self._target)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump(reader, out))
                group.create_task(self._pump(out_reader, writer))
        except* OSError:
            pass
        finally:
            writer.transport.abort()
            if out is not None:
                out.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(CHUNK_BYTES):
            await self._open.wait()
            writer.write(data)
            await writer.drain()
        writer.close()
