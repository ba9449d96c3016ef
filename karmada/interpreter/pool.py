"""Scripts run elsewhere: a few worker processes, started when first needed, that may be killed at any time.

In: a Call for a script. Out: its results, or ScriptFailed. Processes and not threads, for a thread cannot be
stopped: neither a loop that swallows every error nor one long library call looks at a flag. worker.py is the
other side; it is killed by its own timer, and by us if even that should fail. The event loop only ever waits.
"""

import asyncio
import logging
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Hashable, Sequence
from types import TracebackType
from typing import Any, Final

import orjson

from karmada.interpreter.errors import ScriptFailed, ScriptOverran
from karmada.interpreter.frames import CALL_SECONDS, HEADER, MAX_FRAME_BYTES
from karmada.interpreter.operations import Contract
from karmada.interpreter.probation import OnProbation, Probation

log = logging.getLogger(__name__)

WORKERS: Final = 4
"""Processes at most, beside the one in which scripts on probation are tried."""
BACKSTOP_SECONDS: Final = CALL_SECONDS + 10.0
"""A worker that has neither answered nor died by then (it may just have been started) is killed from here."""

PATIENCE_SECONDS: Final = 0.25
"""A trial of somebody else that has not ended by then is not waited for. An ordinary call takes a
millisecond, a process that must be started first some fifty."""

_INHERITED: Final = ("LD_LIBRARY_PATH", "PYTHONHOME")
"""What an interpreter of an unusual installation does not start without."""

_OVERRAN: Final = f"the script did not end within {CALL_SECONDS:g} s"


class Worker:
    """One process. Whoever has it has it alone."""

    def __init__(self, process: Process) -> None:
        self._process = process

    @classmethod
    async def start(cls) -> "Worker":
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "karmada.interpreter.worker",
            stdin=PIPE,
            stdout=PIPE,
            cwd="/",
            env=_environment(),
            start_new_session=True,  # a Ctrl-C at the terminal is for us
        )
        return cls(process)

    @property
    def lives(self) -> bool:
        return self._process.returncode is None

    async def exchange(self, frame: bytes) -> bytes:
        """The answer to a frame. Raises EOFError when the process died instead."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(HEADER.pack(len(frame)) + frame)
            await self._process.stdin.drain()
            (size,) = HEADER.unpack(await self._process.stdout.readexactly(HEADER.size))
            if size > MAX_FRAME_BYTES:
                raise EOFError("a frame that is too long")
            return await self._process.stdout.readexactly(size)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise EOFError("the process is gone") from error

    async def stop(self) -> int:
        """Kill the process if it still lives; its exit status, negative for a signal."""
        if self.lives:
            self._kill()
        if self._process.stdin is not None:
            self._process.stdin.close()
        return await self._process.wait()

    def _kill(self) -> None:
        try:
            self._process.kill()
        except ProcessLookupError:
            return  # it ended by itself just now

    async def ended(self) -> int:
        """The exit status of a process that closed its output; it is killed if it lingers."""
        try:
            async with asyncio.timeout(1.0):
                await self._process.wait()
        except TimeoutError:
            self._kill()
        return await self.stop()


def _environment() -> dict[str, str]:
    """Where to import from, and nothing else of ours: no token or address leaks into the process."""
    paths = os.pathsep.join(os.path.abspath(path) for path in sys.path)
    needed = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return {**needed, "PYTHONPATH": paths, "LC_ALL": "C.UTF-8", "TZ": "UTC"}


class ScriptPool:
    """An async context manager: leaving ends all processes."""

    def __init__(self, *, workers: int = WORKERS) -> None:
        self._slots = asyncio.Semaphore(workers)
        self._probation: Probation[Hashable] = Probation(trials=1, patience_seconds=PATIENCE_SECONDS)
        self._idle: list[Worker] = []
        self._busy: set[Worker] = set()
        self._closed = False

    async def __aenter__(self) -> "ScriptPool":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed = True
        workers, self._idle = [*self._idle, *self._busy], []
        await asyncio.gather(*(worker.stop() for worker in workers))

    def forgive(self) -> None:
        """Scripts have changed: what overran before gets a new chance."""
        self._probation.clear()

    async def run(
        self, source: str, contract: Contract, arguments: Sequence[Any], *, script: Hashable
    ) -> list[Any]:
        """The values that the contract's function returns. script says which probation it is on.

        Raises ScriptFailed; ScriptOverran also when script overran before and is being tried by somebody
        else.
        """
        frame = _framed(source, contract, arguments)
        while True:
            if script not in self._probation:
                async with self._slots:
                    if script not in self._probation:
                        return await self._measured(frame, script)
            try:
                async with self._probation.trial(script) as trying:
                    if trying:
                        return await self._measured(frame, script)
            except OnProbation:
                raise ScriptOverran(f"{_OVERRAN}; it is being tried again") from None

    async def _measured(self, frame: bytes, script: Hashable) -> list[Any]:
        try:
            answer = await self._on_a_worker(frame)
        except ScriptOverran:
            self._probation.overran(script)
            raise
        self._probation.passed(script)
        if "error" in answer:
            raise ScriptFailed(answer["error"])
        results: list[Any] = answer["results"]
        return results

    async def _on_a_worker(self, frame: bytes) -> dict[str, Any]:
        if self._closed:
            raise ScriptFailed("no script is run any more")
        worker = self._living() or await self._started()
        self._busy.add(worker)
        kept = False
        try:
            async with asyncio.timeout(BACKSTOP_SECONDS):
                answer: dict[str, Any] = orjson.loads(await worker.exchange(frame))
            kept = not answer.get("spent") and not self._closed
            return answer
        except TimeoutError as error:
            raise ScriptOverran(_OVERRAN) from error
        except EOFError as error:
            raise _death(await worker.ended()) from error
        finally:
            self._busy.discard(worker)
            if kept:
                self._idle.append(worker)
            else:
                await worker.stop()

    def _living(self) -> Worker | None:
        """An idle worker; one that somebody else killed meanwhile is passed over."""
        while self._idle:
            worker = self._idle.pop()
            if worker.lives:
                return worker
        return None

    async def _started(self) -> Worker:
        try:
            return await Worker.start()
        except OSError as error:
            raise ScriptFailed(f"no process to run the script in: {error}") from error


def _framed(source: str, contract: Contract, arguments: Sequence[Any]) -> bytes:
    call = {
        "source": source,
        "function": contract.function,
        "arguments": arguments,
        "returns": contract.returns,
        "keepsEmpties": contract.keeps_empties,
    }
    try:
        frame = orjson.dumps(call)
    except orjson.JSONEncodeError as error:
        raise ScriptFailed(f"the objects have no form in JSON: {error}") from error
    if len(frame) > MAX_FRAME_BYTES:
        raise ScriptFailed("the objects are too large for a script")
    return frame


def _death(status: int) -> ScriptFailed:
    if status == -signal.SIGALRM:
        return ScriptOverran(_OVERRAN)
    log.warning("script worker died", extra={"status": status})
    return ScriptFailed(f"the script ended its process (status {status}); it may need too much memory")
