"""Priority levels: how many seats each has, and whose turn it is in the queues of one.

In: PriorityLevelConfigurations, and requests that name their level, their flow and their width in seats. Out:
a seat, at once or after a wait, or a refusal. A level may sit on seats that others lend and do not use. All
changes are single synchronous steps of one event loop; flow.py decides who belongs where.
"""

import asyncio
import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from karmada.api.objects import Object, name_of, uid_of

EXEMPT: Final = "exempt"
CATCH_ALL: Final = "catch-all"
_DEFAULT_SHARES: Final = 30
_DEFAULT_QUEUES: Final = (64, 8, 50)
"""Queues, hand size, length of each: what a queuing level without these has."""


@dataclass(slots=True)
class Waiting:
    """A request in line."""

    turn: "asyncio.Future[None]"
    seats: int


@dataclass(slots=True)
class Level:
    """One priority level: its limits, who sits, who waits."""

    name: str
    uid: str = ""
    exempt: bool = False
    shares: int = 0
    lendable_percent: int = 0
    borrowing_percent: int | None = None
    """How far above nominal it may go, in percent of that; None is without end."""
    queuing: tuple[int, int, int] | None = None
    nominal: int = 0
    seats: int = 0
    executing: int = 0
    waiting: int = 0
    queues: dict[int, deque[Waiting]] = field(default_factory=dict)
    """Those that are not empty, in the order of their turns."""

    @property
    def kept(self) -> int:
        """Seats that nobody else may take, used or not."""
        return self.nominal - self.nominal * self.lendable_percent // 100

    @property
    def limit(self) -> int:
        """The most it may ever use."""
        if self.borrowing_percent is None:
            return 1 << 30
        return self.nominal + math.ceil(self.nominal * self.borrowing_percent / 100)

    def next_in_line(self) -> Waiting | None:
        return next(iter(self.queues.values()))[0] if self.queues else None

    def pop(self) -> Waiting:
        """The one whose turn it is; its queue goes to the end of the round."""
        number, queue = next(iter(self.queues.items()))
        first = queue.popleft()
        del self.queues[number]
        if queue:
            self.queues[number] = queue
        self.waiting -= 1
        return first

    def queue_for(self, flow: int) -> int | None:
        """The shortest queue of the flow's hand; None when even that is full."""
        if self.queuing is None:
            return None
        queues, hand, length = self.queuing
        best = min(hand_of(flow, queues, hand), key=lambda number: len(self.queues.get(number, ())))
        return best if len(self.queues.get(best, ())) < length else None


class Refused(Exception):
    """No seat; reason is what the metrics call it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Seats:
    """All the seats of a server, shared out to its levels."""

    def __init__(self, total: int) -> None:
        """total 0 lifts every limit."""
        self.total = total
        self.in_line = 0
        self.levels: dict[str, Level] = {}
        self.use(())

    def use(self, configurations: Iterable[Object]) -> None:
        """Levels as configured now. Who sits stays; who waits in a level that is gone is let in."""
        wanted = {name_of(one): level_of(one) for one in configurations}
        wanted.setdefault(EXEMPT, Level(EXEMPT, exempt=True))
        wanted.setdefault(CATCH_ALL, Level(CATCH_ALL, shares=5))
        shares = sum(level.shares for level in wanted.values()) or 1
        for name, level in wanted.items():
            level.nominal = math.ceil(self.total * level.shares / shares)
            if (known := self.levels.get(name)) is not None:
                level.seats, level.executing = known.seats, known.executing
                level.waiting, level.queues = known.waiting, known.queues
                wanted[name] = _changed_into(known, level)
        for name in self.levels.keys() - wanted.keys():
            gone = self.levels[name]
            while gone.queues:
                _wake(gone, gone.pop())
        self.levels = wanted
        self._let_in()

    def free_for(self, level: Level, seats: int) -> bool:
        """Whether a request of level may sit down now. Nobody overtakes its own level's queue."""
        if level.exempt or not self.total:
            return True
        if level.seats == 0 or level.seats + seats <= level.nominal:
            return True  # one request may always run, however wide
        if level.seats + seats > level.limit:
            return False
        taken = sum(
            max(other.seats, other.kept)
            for other in self.levels.values()
            if other is not level and not other.exempt
        )
        return level.seats + seats + taken <= self.total

    def take(self, level: Level, seats: int) -> None:
        level.seats += seats
        level.executing += 1

    async def wait(self, level: Level, *, flow: int, seats: int, patience: float) -> None:
        """Take seats when it is our turn, within patience seconds. Raises Refused."""
        number = level.queue_for(flow)
        if number is None:
            raise Refused("concurrency-limit" if level.queuing is None else "queue-full")
        waiting = Waiting(asyncio.get_running_loop().create_future(), seats)
        level.queues.setdefault(number, deque()).append(waiting)
        level.waiting += 1
        self.in_line += 1
        try:
            async with asyncio.timeout(patience):
                await waiting.turn
        except BaseException as error:
            self._give_up(level, number, waiting)
            if isinstance(error, TimeoutError):
                raise Refused("time-out") from error
            raise
        finally:
            self.in_line -= 1

    def leave(self, level: Level, seats: int) -> None:
        level.seats -= seats
        level.executing -= 1
        if self.in_line:
            self._let_in()

    def _let_in(self) -> None:
        """Seats came free: those whose turn it is sit down."""
        for level in self.levels.values():
            while (first := level.next_in_line()) is not None and self.free_for(level, first.seats):
                _wake(level, level.pop())

    def _give_up(self, level: Level, number: int, waiting: Waiting) -> None:
        if waiting.turn.done() and not waiting.turn.cancelled():
            self.leave(level, waiting.seats)  # the turn came in the same moment: somebody else takes it
            return
        queue = level.queues.get(number)
        if queue is not None and waiting in queue:
            queue.remove(waiting)
            level.waiting -= 1
            if not queue:
                del level.queues[number]
        self._let_in()  # a wide one may have stood before narrow ones


def _wake(level: Level, first: Waiting) -> None:
    if first.turn.done():
        return  # given up in this very moment; its own task takes care
    level.seats += first.seats
    level.executing += 1
    first.turn.set_result(None)


def _changed_into(known: Level, level: Level) -> Level:
    """known with the settings of level: requests that sit or wait hold on to the object."""
    for name in (
        "uid",
        "exempt",
        "shares",
        "lendable_percent",
        "borrowing_percent",
        "queuing",
        "nominal",
    ):
        setattr(known, name, getattr(level, name))
    return known


def level_of(configuration: Object) -> Level:
    """A PriorityLevelConfiguration as it counts here."""
    name, spec = name_of(configuration), configuration.get("spec") or {}
    if spec.get("type") == "Exempt":
        exempt = spec.get("exempt") or {}
        return Level(
            name,
            uid_of(configuration),
            exempt=True,
            shares=exempt.get("nominalConcurrencyShares") or 0,
            lendable_percent=exempt.get("lendablePercent") or 0,
        )
    limited = spec.get("limited") or {}
    shares = limited.get("nominalConcurrencyShares")
    return Level(
        name,
        uid_of(configuration),
        shares=_DEFAULT_SHARES if shares is None else shares,
        lendable_percent=limited.get("lendablePercent") or 0,
        borrowing_percent=limited.get("borrowingLimitPercent"),
        queuing=_queuing_of(limited.get("limitResponse") or {}),
    )


def _queuing_of(response: Object) -> tuple[int, int, int] | None:
    if response.get("type") != "Queue":
        return None
    queuing = response.get("queuing") or {}
    queues, hand, length = _DEFAULT_QUEUES
    queues = max(1, queuing.get("queues") or queues)
    return queues, min(queues, queuing.get("handSize") or hand), queuing.get("queueLengthLimit") or length


def hand_of(flow: int, queues: int, size: int) -> list[int]:
    """The queues dealt to a flow: different ones, the same each time, spread evenly over flows."""
    hand: list[int] = []
    rest = flow
    for dealt in range(size):
        rest, card = divmod(rest, queues - dealt)
        for earlier in sorted(hand):
            card += card >= earlier
        hand.append(card)
    return hand
