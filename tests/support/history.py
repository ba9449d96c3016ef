"""Checks what clients of a server that crashed remember: writes that were acknowledged, changes a watch saw.

Pure. In: Write and Seen records, in the order each client noted them. Out: what is wrong, in words; nothing
when every acknowledged write is in the watch exactly once and in order.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple


class Write(NamedTuple):
    """An acknowledged write: the object, the revision the server gave it, what it wrote."""

    name: str
    revision: int
    value: int


class Seen(NamedTuple):
    """One event of a watch, over all its resumptions."""

    name: str
    revision: int
    value: int


def wrong_with(writes: Sequence[Write], seen: Sequence[Seen], state: dict[str, int]) -> list[str]:
    """What contradicts the promises. state is the value of each object that a list shows at the end."""
    found: list[str] = []
    for earlier, later in pairwise(seen):
        if later.revision <= earlier.revision:
            found.append(f"revision {later.revision} came after {earlier.revision}")
    times = Counter(event.revision for event in seen)
    events = {event.revision: event for event in seen}
    for write in writes:
        event = events.get(write.revision)
        if event is None:
            found.append(f"{write.name}={write.value} at {write.revision} was never seen")
        elif (event.name, event.value) != (write.name, write.value):
            found.append(f"at {write.revision}: {event.name}={event.value}, not {write.name}={write.value}")
    found += [f"revision {revision} was seen {count} times" for revision, count in times.items() if count > 1]
    newest: dict[str, int] = {}
    for write in writes:
        newest[write.name] = max(newest.get(write.name, write.value), write.value)
    for name, value in newest.items():
        if state.get(name, -1) < value:
            found.append(f"{name} is {state.get(name)}, though {value} was acknowledged")
    return found
