"""The process that runs scripts: one call at a time, from its standard input to its standard output.

In: frames (4 bytes of length, then JSON) with a Call. Out: frames with its results or its error. A timer
of the kernel ends the whole process when a call takes too long: whatever the script does, and also when the
parent is gone. pool.py starts these processes; they see neither its environment nor its files.
"""

import os
import resource
import signal
import sys
from typing import Any, BinaryIO, Final

import orjson

from karmada.interpreter.conversion import without_nulls
from karmada.interpreter.errors import ScriptFailed
from karmada.interpreter.frames import CALL_SECONDS, HEADER, MAX_FRAME_BYTES
from karmada.interpreter.sandbox import Call, OutOfMemory, run

MAX_PROCESS_BYTES: Final = 1024 * 2**20
"""Of address space: the Lua state, the arguments and the results."""


def main() -> None:
    calls, answers = sys.stdin.buffer, _private_output()
    _confine()
    while frame := _read(calls):
        signal.setitimer(signal.ITIMER_REAL, CALL_SECONDS)  # SIGALRM keeps its default: it kills
        answer = _answer(frame)
        signal.setitimer(signal.ITIMER_REAL, 0)
        answers.write(HEADER.pack(len(answer)) + answer)
        answers.flush()


def _answer(frame: bytes) -> bytes:
    try:
        return orjson.dumps({"results": run(_call(frame))})
    except MemoryError:
        return orjson.dumps({"error": "the objects need more memory than a script may have", "spent": True})
    except (ScriptFailed, orjson.JSONEncodeError) as error:
        return orjson.dumps({"error": str(error), "spent": isinstance(error, OutOfMemory)})


def _call(frame: bytes) -> Call:
    fields: dict[str, Any] = orjson.loads(frame)
    if b"null" in frame:
        fields = without_nulls(fields)
    return Call(
        source=fields["source"],
        function=fields["function"],
        arguments=fields["arguments"],
        returns=tuple(fields["returns"]),
        keeps_empties=fields["keepsEmpties"],
    )


def _read(stream: BinaryIO) -> bytes:
    """The next frame; b"" when the parent is gone."""
    header = stream.read(HEADER.size)
    if len(header) < HEADER.size:
        return b""
    (size,) = HEADER.unpack(header)
    frame = stream.read(size) if size <= MAX_FRAME_BYTES else b""
    return frame if len(frame) == size else b""


def _private_output() -> BinaryIO:
    """Standard output under another number, so that nothing else can write into the frames."""
    private = os.dup(sys.stdout.fileno())
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
    return os.fdopen(private, "wb")


def _confine() -> None:
    """What is left to a script that should break out of Lua: no file, no socket, little memory."""
    run(Call("function Warm() return {} end", "Warm", (), ("object",)))  # nothing is imported after this
    for name, bound in (
        (resource.RLIMIT_AS, MAX_PROCESS_BYTES),
        (resource.RLIMIT_NOFILE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        _, most = resource.getrlimit(name)
        resource.setrlimit(name, (bound if most == resource.RLIM_INFINITY else min(bound, most), most))


if __name__ == "__main__":
    main()
