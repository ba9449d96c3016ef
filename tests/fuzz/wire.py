"""A server in a thread of its own, and requests to it byte by byte, as no polite client would send them.

In: method, target, headers and body, all bytes. Out: what came back. Nothing is checked or encoded on the
way; who hangs longer than PATIENCE_SECONDS raises TimeoutError.
"""

import asyncio
import http.client
import os
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import orjson

from apiserver.app import RunningServer, ServerOptions, serve

PATIENCE_SECONDS: Final = 30.0
TIMES: Final = int(os.environ.get("FUZZ_TIMES") or 1)
"""How many times the ordinary number of examples."""

KNOWN: Final = (
    b"resourceVersion should not be set on objects to be created",
    b"failed to create typed patch object",
    b'.karmada.io\\" denied the request',
)

Headers = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes
    content_type: str
    headers: http.client.HTTPMessage

    @property
    def is_broken(self) -> bool:
        """A 5xx that no client can explain: neither a server that has no time or is not there, nor one of the
        refusals that Kubernetes and Karmada answer with 500."""
        if self.status < 500 or self.status in (501, 503, 504):
            return False
        return not any(known in self.body for known in KNOWN)

    @property
    def object(self) -> Any:
        return orjson.loads(self.body)


class Wire:
    """The administrator's connections to one server; one is kept for the next request while it lasts."""

    def __init__(self, running: RunningServer) -> None:
        pki = running.security.pki
        self.port = running.port
        self.context = ssl.create_default_context(cadata=pki.authority.certificate.decode())
        self.context.load_cert_chain(pki.admin.certificate_path, pki.admin.key_path)
        self._kept: ssl.SSLSocket | None = None

    def connect(self) -> ssl.SSLSocket:
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_SECONDS)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self.context.wrap_socket(plain, server_hostname="127.0.0.1")

    def send(self, method: bytes, target: bytes, headers: Headers = (), body: bytes | None = None) -> Answer:
        """What a request is answered."""
        message = head(method, target, headers, None if body is None else len(body)) + (body or b"")
        fresh = self._kept is None
        connection = self._kept or self.connect()
        self._kept = None
        try:
            connection.sendall(message)
            answer, again = read_answer(connection, method)
        except (ConnectionError, http.client.BadStatusLine, ssl.SSLError):
            connection.close()
            if fresh:
                raise
            return self.send(method, target, headers, body)  # the kept one had ended
        if again:
            self._kept = connection
        else:
            connection.close()
        return answer

    def call(self, method: str, path: str, body: object = None, *, kind: str = "application/json") -> Answer:
        """A well-formed request."""
        encoded = body if body is None or isinstance(body, bytes) else orjson.dumps(body)
        headers = [(b"Content-Type", kind.encode())] if encoded is not None else []
        return self.send(method.encode(), path.encode(), headers, encoded)

    def close(self) -> None:
        if self._kept is not None:
            self._kept.close()


def head(method: bytes, target: bytes, headers: Headers = (), length: int | None = None) -> bytes:
    lines = [b"%b %b HTTP/1.1" % (method, target), b"Host: 127.0.0.1"]
    lines += [b"%b: %b" % pair for pair in headers]
    if length is not None:
        lines.append(b"Content-Length: %d" % length)
    return b"\r\n".join([*lines, b"", b""])


def read_answer(connection: socket.socket, method: bytes = b"GET") -> tuple[Answer, bool]:
    """The next answer on connection, and whether another request may follow."""
    response = http.client.HTTPResponse(connection, method=method.decode("latin-1"))
    with response:
        response.begin()
        content_type = response.headers.get("Content-Type") or ""
        return Answer(response.status, response.read(), content_type, response.headers), not (
            response.will_close
        )


@contextmanager
def running_wire() -> Iterator[Wire]:
    started: list[RunningServer | BaseException] = []
    ready = threading.Event()
    stop = asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def run() -> None:
        loops.append(asyncio.get_running_loop())
        async with serve(ServerOptions()) as running:
            started.append(running)
            ready.set()
            await stop.wait()

    def work() -> None:
        try:
            asyncio.run(run())
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits
            started.append(error)
            ready.set()

    thread = threading.Thread(target=work, name="fuzzed server")
    thread.start()
    ready.wait()
    first = started[0]
    if isinstance(first, BaseException):
        raise first
    wire = Wire(first)
    try:
        yield wire
    finally:
        wire.close()
        loops[0].call_soon_threadsafe(stop.set)
        thread.join()
    if len(started) > 1 and isinstance(started[1], BaseException):
        raise started[1]
