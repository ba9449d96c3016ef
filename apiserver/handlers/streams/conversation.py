"""One exec or attach: what the client asked for, on which wire, and how it ended.

In: an upgrade request, a pod, a runtime. Out: the answer of the handler, when all is said. A request without
an upgrade is refused as kube-apiserver does.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from apiserver.handlers.connect import Connection
from apiserver.handlers.streams import spdy, websocket
from apiserver.handlers.streams.runtime import ContainerIO
from apiserver.request_info import Answer, Query, Request, Response
from karmada.api.errors import ApiError, BadRequest
from karmada.api.objects import Object
from karmada.api.remote_command import exit_status

TRUE = ("true", "1")


@dataclass(frozen=True, slots=True)
class Wish:
    """Which streams, and what to run."""

    command: tuple[str, ...]
    stdin: bool
    stdout: bool
    stderr: bool
    tty: bool

    @classmethod
    def parse(cls, query: Query) -> "Wish":
        """Raises BadRequest when nothing is to be connected."""
        wish = cls(
            command=tuple(query.getall("command")),
            stdin=query.get("stdin") in TRUE,
            stdout=query.get("stdout") in TRUE,
            stderr=query.get("stderr") in TRUE,
            tty=query.get("tty") in TRUE,
        )
        if not (wish.stdin or wish.stdout or wish.stderr):
            raise BadRequest("you must specify at least 1 of stdin, stdout, stderr")
        if wish.tty and wish.stderr:
            raise BadRequest("tty and stderr cannot both be true")
        return wish


def _all(request: Request, name: str) -> list[str]:
    """Every header of a name, in order."""
    return [value for key, value in request.headers.items() if key == name]


async def converse(request: Request, wish: Wish, run: Callable[[ContainerIO], Awaitable[int]]) -> Answer:
    """Run with the client's streams. Raises BadRequest before anything is answered."""

    async def finish(io: ContainerIO) -> Object:
        try:
            return exit_status(await run(io))
        except ApiError as error:
            return error.to_status()

    upgrade = request.headers.get("upgrade", "").lower()
    connection: Connection = request.connection
    with suppress(ConnectionError):
        if upgrade == "websocket":
            head, protocol = websocket.handshake(request.headers)
            peer = connection.take_over()
            try:
                await websocket.serve(peer, head, protocol, finish, stdin=wish.stdin, tty=wish.tty)
            finally:
                peer.close()
        elif upgrade == "spdy/3.1":
            head = spdy.handshake(_all(request, "x-stream-protocol-version"))
            peer = connection.take_over()
            wanted = ["error", *["stdin"] * wish.stdin, *["stdout"] * wish.stdout]
            wanted += [*["stderr"] * (wish.stderr and not wish.tty)]
            try:
                await spdy.serve(peer, head, finish, wanted=wanted, tty=wish.tty)
            finally:
                peer.close()
        else:
            raise BadRequest("Upgrade request required")
    return Response(101)
