"""What containers that do not exist say and do: their logs, and the few commands that run in them.

In: a pod as it is stored. Out: log lines that follow from its status alone, so that they are the same
whenever they are asked for; the output and exit code of a command. shell.py runs the commands. Nothing is
started.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from apiserver.app import ContainerIO, LogWish
from controllers.simulator.shell import Shell
from karmada.api.errors import BadRequest
from karmada.api.objects import Object, name_of, namespace_of
from karmada.runtime.clock import Clock, parse_rfc3339

TICK_SECONDS: Final = 60.0
"""A container that runs says so this often."""
MAX_LINES: Final = 10_000
FOLLOW_SECONDS: Final = 0.25
Line = tuple[datetime, str]


class SimulatedContainers:
    """The ContainerRuntime of an embedded member."""

    def __init__(self, *, cluster: str, clock: Clock) -> None:
        self._cluster = cluster
        self._clock = clock

    async def log(self, pod: Object, container: str, wish: LogWish) -> AsyncIterator[bytes]:
        state = state_of(pod, container)
        if wish.previous:
            raise BadRequest(f'previous terminated container "{container}" in pod "{name_of(pod)}" not found')
        if not state:
            raise BadRequest(
                f'container "{container}" in pod "{name_of(pod)}" is waiting to start: ContainerCreating'
            )
        now = self._clock.now()
        shown = log_lines(pod, container, now=now)
        yield selected(shown, wish, now=now)
        while wish.follow and "terminated" not in state:
            await self._clock.sleep(FOLLOW_SECONDS)
            later = log_lines(pod, container, now=self._clock.now())
            new = [line for line in later if line[0] > shown[-1][0]]
            if new:
                shown = later
                yield written(new, timestamps=wish.timestamps)

    async def execute(self, pod: Object, container: str, command: Sequence[str], io: ContainerIO) -> int:
        _require_running(pod, container)
        return await self._shell(pod, container, io).run(command)

    async def attach(self, pod: Object, container: str, io: ContainerIO) -> int:
        """What the container prints from now on, until the client goes or stops typing."""
        _require_running(pod, container)
        await io.write(written(log_lines(pod, container, now=self._clock.now())[-1:], timestamps=False))
        while await io.read():
            pass
        return 0

    def _shell(self, pod: Object, container: str, io: ContainerIO) -> Shell:
        spec = next(each for each in pod["spec"]["containers"] if each.get("name") == container)
        variables = {
            each["name"]: str(each.get("value") or "") for each in spec.get("env") or () if "name" in each
        }
        return Shell(
            io,
            hostname=name_of(pod),
            environment={"HOSTNAME": name_of(pod), "CLUSTER": self._cluster, **variables},
            clock=self._clock,
        )


# --- pure ---------------------------------------------------------------------------------------------------


def state_of(pod: Object, container: str) -> Object:
    """`running` or `terminated` with its times; {} for a container that has not begun."""
    status = pod.get("status") or {}
    every = [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]
    found = next((each for each in every if each.get("name") == container), None)
    state: Object = (found or {}).get("state") or {}
    return state if "running" in state or "terminated" in state else {}


def log_lines(pod: Object, container: str, *, now: datetime) -> list[Line]:
    """Everything the container has written by now, oldest first."""
    state = state_of(pod, container)
    ended = state.get("terminated") or {}
    started = parse_rfc3339((state.get("running") or ended)["startedAt"])
    until = parse_rfc3339(ended["finishedAt"]) if ended else now
    ticks = max(int((until - started).total_seconds() // TICK_SECONDS), 0)
    title = f"simulated container {container} of pod {namespace_of(pod)}/{name_of(pod)}"
    lines = [(started, f"{title} started")]
    for tick in range(max(1, ticks - MAX_LINES), ticks + 1):
        at = started + timedelta(seconds=tick * TICK_SECONDS)
        lines.append((at, f"{title} has run for {int(tick * TICK_SECONDS)} s"))
    if ended:
        lines.append((until, f"{title} ended with exit code {ended.get('exitCode', 0)}"))
    return lines


def selected(lines: Sequence[Line], wish: LogWish, *, now: datetime) -> bytes:
    """The part of a log that is wanted."""
    since = wish.since
    if wish.since_seconds is not None:
        since = now - timedelta(seconds=wish.since_seconds)
    kept = [line for line in lines if since is None or line[0] >= since]
    if wish.tail_lines is not None:
        kept = kept[len(kept) - min(wish.tail_lines, len(kept)) :]
    text = written(kept, timestamps=wish.timestamps)
    return text if wish.limit_bytes is None else text[: wish.limit_bytes]


def written(lines: Sequence[Line], *, timestamps: bool) -> bytes:
    return "".join(
        f"{at.strftime('%Y-%m-%dT%H:%M:%S.%fZ') + ' ' if timestamps else ''}{text}\n" for at, text in lines
    ).encode()


def _require_running(pod: Object, container: str) -> None:
    if "running" not in state_of(pod, container):
        raise BadRequest(f'container "{container}" of pod "{name_of(pod)}" is not running')
