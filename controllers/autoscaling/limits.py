"""From what the metrics propose to what is written: stabilization, rate limits and bounds. Pure.

In: a proposal, the bounds and behavior of an autoscaler, a Memory of what was proposed and done before.
Out: a Verdict: the replicas, and the conditions that explain them. The rules are those of Kubernetes'
autoscaler, with and without `behavior`.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from karmada.api.groups.autoscaling import FederatedHPASpec, HPAScalingRules

DOWN_WINDOW: Final = timedelta(minutes=5)
"""--horizontal-pod-autoscaler-downscale-delay."""
UP_FACTOR: Final = 2
UP_MINIMUM: Final = 4
"""Without behavior replicas at most double, but four are always allowed."""
REMEMBERED: Final = 1000
"""Proposals and changes of one autoscaler; a pass every 15 s for an hour is 240."""


@dataclass(frozen=True, slots=True)
class At:
    """A number of replicas at a time: a proposal, or by how much the workload was scaled."""

    time: datetime
    replicas: int


@dataclass(slots=True)
class Memory:
    """What was proposed and done before. A restart loses it, as in Kubernetes: the windows begin anew."""

    proposals: list[At] = field(default_factory=list)
    added: list[At] = field(default_factory=list)
    removed: list[At] = field(default_factory=list)

    def propose(self, replicas: int, *, now: datetime) -> None:
        self.proposals = [*self.proposals[-REMEMBERED:], At(now, replicas)]

    def scaled(self, before: int, after: int, *, now: datetime) -> None:
        change = At(now, abs(after - before))
        if after > before:
            self.added = [*self.added[-REMEMBERED:], change]
        elif after < before:
            self.removed = [*self.removed[-REMEMBERED:], change]

    def forget(self, *, before: datetime) -> None:
        """Drop what no window reaches any more."""
        for name in ("proposals", "added", "removed"):
            setattr(self, name, [each for each in getattr(self, name) if each.time >= before])


@dataclass(frozen=True, slots=True)
class Verdict:
    """able and limited: reason and message of the conditions AbleToScale and ScalingLimited."""

    replicas: int
    able: tuple[str, str]
    limited: tuple[str, str]

    @property
    def is_limited(self) -> bool:
        return self.limited[0] != "DesiredWithinRange"


WITHIN: Final = ("DesiredWithinRange", "the desired count is within the acceptable range")
READY: Final = ("ReadyForNewScale", "recommended size matches current size")
UP_STABILIZED: Final = (
    "ScaleUpStabilized",
    "recent recommendations were lower than current one, applying the lowest recent recommendation",
)
DOWN_STABILIZED: Final = (
    "ScaleDownStabilized",
    "recent recommendations were higher than current one, applying the highest recent recommendation",
)
TOO_FEW: Final = ("TooFewReplicas", "the desired replica count is less than the minimum replica count")
TOO_MANY: Final = ("TooManyReplicas", "the desired replica count is more than the maximum replica count")
UP_LIMIT: Final = (
    "ScaleUpLimit",
    "the desired replica count is increasing faster than the maximum scale rate",
)
DOWN_LIMIT: Final = (
    "ScaleDownLimit",
    "the desired replica count is decreasing faster than the maximum scale rate",
)


def decided(spec: FederatedHPASpec, memory: Memory, *, current: int, proposed: int, now: datetime) -> Verdict:
    """The proposal must be in memory already (Memory.propose)."""
    least = 1 if spec.min_replicas is None else spec.min_replicas
    if spec.behavior is None:
        stable = max(each.replicas for each in _within(memory.proposals, DOWN_WINDOW, now))
        stable = max(stable, proposed)
        able = DOWN_STABILIZED if stable != proposed else READY
        ceiling = max(UP_FACTOR * current, UP_MINIMUM)
        replicas, limited = _bounded(
            stable, least, spec.max_replicas, ceiling=ceiling, floor=least, current=current
        )
        return Verdict(replicas, able, limited)
    up, down = spec.behavior.scale_up, spec.behavior.scale_down
    stable, able = _stabilized(memory, up, down, current=current, proposed=proposed, now=now)
    ceiling = _rate_limit(up, memory, current=current, now=now, up=True)
    floor = _rate_limit(down, memory, current=current, now=now, up=False)
    replicas, limited = _bounded(
        stable, least, spec.max_replicas, ceiling=ceiling, floor=floor, current=current
    )
    return Verdict(replicas, able, limited)


def _bounded(
    wanted: int, least: int, most: int, *, ceiling: int, floor: int, current: int
) -> tuple[int, tuple[str, str]]:
    """ceiling and floor: as far as the rate allows, in each direction."""
    if wanted > current:
        allowed = max(ceiling, current)
        limit, reason = (allowed, UP_LIMIT) if allowed < most else (most, TOO_MANY)
        if wanted > limit:
            return limit, reason
    elif wanted < current:
        allowed = min(floor, current)
        limit, reason = (allowed, DOWN_LIMIT) if allowed > least else (least, TOO_FEW)
        if wanted < limit:
            return limit, reason
    if wanted < least:
        return least, TOO_FEW
    return (most, TOO_MANY) if wanted > most else (wanted, WITHIN)


def _stabilized(
    memory: Memory,
    up: HPAScalingRules | None,
    down: HPAScalingRules | None,
    *,
    current: int,
    proposed: int,
    now: datetime,
) -> tuple[int, tuple[str, str]]:
    """current, moved as far as every recent proposal agrees."""
    lows = _within(memory.proposals, _window(up, timedelta(0)), now)
    highs = _within(memory.proposals, _window(down, DOWN_WINDOW), now)
    low = min([proposed, *(each.replicas for each in lows)])
    high = max([proposed, *(each.replicas for each in highs)])
    stable = min(max(current, low), high)
    if stable == proposed:
        return stable, READY
    return stable, UP_STABILIZED if proposed > stable else DOWN_STABILIZED


def _window(rules: HPAScalingRules | None, default: timedelta) -> timedelta:
    seconds = None if rules is None else rules.stabilization_window_seconds
    return default if seconds is None else timedelta(seconds=seconds)


def _within(events: Iterable[At], window: timedelta, now: datetime) -> list[At]:
    return [each for each in events if each.time > now - window or each.time == now]


def _rate_limit(
    rules: HPAScalingRules | None, memory: Memory, *, current: int, now: datetime, up: bool
) -> int:
    """The farthest count that the policies allow now; current where they forbid the direction."""
    if rules is None or not rules.policies:
        return 2**31 - 1 if up else 0
    if rules.select_policy == "Disabled":
        return current
    limits = []
    for policy in rules.policies:
        period = timedelta(seconds=policy.period_seconds)
        added = sum(each.replicas for each in _within(memory.added, period, now))
        removed = sum(each.replicas for each in _within(memory.removed, period, now))
        start = current - added + removed
        if policy.type == "Pods":
            limits.append(start + policy.value if up else start - policy.value)
        elif up:
            limits.append(math.ceil(start * (1 + policy.value / 100)))
        else:
            limits.append(math.trunc(start * (1 - policy.value / 100)))
    widest = max if up else min
    narrowest = min if up else max
    return (narrowest if rules.select_policy == "Min" else widest)(limits)
