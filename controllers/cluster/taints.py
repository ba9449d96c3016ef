"""Taints that follow from the Ready condition of a cluster. Pure.

In: the taints a Cluster has, its Ready condition. Out: the taints it should have, and how events tell it.
These only keep new workloads away (NoSchedule); lifecycle.py writes them.
"""

from collections.abc import Iterable
from typing import Final

from karmada.api.groups.meta import Condition, Taint
from karmada.api.wellknown import NO_SCHEDULE, NOT_READY_TAINT, UNREACHABLE_TAINT

_ALL: Final = frozenset({NOT_READY_TAINT, UNREACHABLE_TAINT})
_WANTED: Final = {"True": frozenset[str](), "False": frozenset({NOT_READY_TAINT})}
_UNKNOWN: Final = frozenset({UNREACHABLE_TAINT})


def taints_for(taints: list[Taint], ready: Condition | None, *, now: str) -> list[Taint]:
    """taints brought in line with ready; the very same list when nothing is to change.

    now is the RFC 3339 time that new taints carry. A cluster nobody has looked at yet is not ready.
    """
    if ready is None:
        wanted, unwanted = _WANTED["False"], frozenset[str]()
    else:
        wanted = _WANTED.get(ready.status, _UNKNOWN)
        unwanted = _ALL - wanted
    present = {(taint.key, taint.effect) for taint in taints}
    added = [key for key in sorted(wanted) if (key, NO_SCHEDULE) not in present]
    kept = [taint for taint in taints if taint.effect != NO_SCHEDULE or taint.key not in unwanted]
    if not added and len(kept) == len(taints):
        return taints
    return kept + [Taint(key=key, effect=NO_SCHEDULE, time_added=now) for key in added]


def taints_message(taints: Iterable[Taint]) -> str:
    """`cluster now has taints([{Key:...,Effect:...}])`, as events say it."""
    described = [
        f"{{Key:{taint.key},{f'Value:{taint.value},' if taint.value else ''}Effect:{taint.effect}}}"
        for taint in taints
    ]
    return (
        f"cluster now has taints([{','.join(described)}])"
        if described
        else "cluster now does not have taints"
    )
