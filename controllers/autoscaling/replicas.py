"""How many replicas a metric asks for: Kubernetes' calculation, over the pods of all clusters.

In: pods, what was measured of each, the target. Out: a Proposal. Pure. Only the pods of Ready clusters are
measured; calibration, the part of the template's replicas that they hold, scales a result up to the whole
federation. metrics.py reads the metrics; limits.py keeps the result within its bounds.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from karmada.api.conditions import find_json_condition
from karmada.api.objects import Object, is_deleting, name_of
from karmada.api.quantity import Quantity
from karmada.runtime.clock import parse_rfc3339

CPU: Final = "cpu"


class MetricError(Exception):
    """The replicas cannot be computed from this metric; the message says why."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One value: in thousandths, taken at the end of window."""

    milli: int
    timestamp: datetime
    window: timedelta = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the flags of the horizontal pod autoscaler say."""

    tolerance: float = 0.1
    cpu_initialization: timedelta = timedelta(minutes=5)
    initial_readiness: timedelta = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """replicas: what the metric asks for. average_milli: per pod; utilization: percent of the requests."""

    replicas: int
    average_milli: int | None = None
    utilization: int | None = None


@dataclass(slots=True)
class Groups:
    """Pods by what their metric is worth, by name."""

    ready: int = 0
    unready: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    ignored: set[str] = field(default_factory=set)


def grouped(
    pods: Iterable[Object],
    measured: Mapping[str, Measured],
    resource: str,
    *,
    now: datetime,
    settings: Settings,
) -> Groups:
    """resource "" for metrics that are no resource."""
    groups = Groups()
    for pod in pods:
        name, phase = name_of(pod), (pod.get("status") or {}).get("phase")
        if is_deleting(pod) or phase == "Failed":
            groups.ignored.add(name)
        elif phase == "Pending":
            groups.unready.add(name)
        elif name not in measured:
            groups.missing.add(name)
        elif resource == CPU and _warms_up(pod, measured[name], now=now, settings=settings):
            groups.unready.add(name)
        else:
            groups.ready += 1
    return groups


def _warms_up(pod: Object, sample: Measured, *, now: datetime, settings: Settings) -> bool:
    """Whether the CPU it uses says nothing yet, because it just starts."""
    status = pod.get("status") or {}
    ready = find_json_condition(status.get("conditions") or (), "Ready")
    if ready is None or not status.get("startTime"):
        return True
    started = parse_rfc3339(status["startTime"])
    changed = parse_rfc3339(ready.get("lastTransitionTime") or status["startTime"])
    unready = ready.get("status") == "False"
    if started + settings.cpu_initialization > now:
        return unready or sample.timestamp < changed + sample.window
    return unready and started + settings.initial_readiness > changed


def requests_of(pods: Iterable[Object], resource: str, container: str = "") -> dict[str, int]:
    """What each pod asks for, in thousandths. Raises MetricError where a container asks for nothing."""
    found: dict[str, int] = {}
    for pod in pods:
        total = 0
        for each in (pod.get("spec") or {}).get("containers") or ():
            if container and each.get("name") != container:
                continue
            request = ((each.get("resources") or {}).get("requests") or {}).get(resource)
            if request is None:
                text = f"missing request for {resource} in container {each.get('name')} of Pod {name_of(pod)}"
                raise MetricError(text)
            total += Quantity.parse(request).milli_value()
        found[name_of(pod)] = total
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What every metric of an autoscaler is judged in."""

    current: int
    """Replicas of the template."""
    pods: tuple[Object, ...]
    calibration: float
    now: datetime
    settings: Settings = Settings()


def by_utilization(
    situation: Situation, measured: Mapping[str, Measured], resource: str, target: int, *, container: str = ""
) -> Proposal:
    """target: percent of the requests."""
    requests = requests_of(situation.pods, resource, container)

    def ratio(values: Mapping[str, int]) -> tuple[float, Proposal]:
        known = [name for name in values if name in requests]
        asked = sum(requests[name] for name in known)
        if not asked:
            raise MetricError("no metrics returned matched known pods")
        used = sum(values[name] for name in known)
        utilization = used * 100 // asked
        told = Proposal(replicas=0, average_milli=used // len(known), utilization=utilization)
        return utilization / target, told

    fallback = {name: asked * max(100, target) // 100 for name, asked in requests.items()}
    return _proposed(situation, measured, resource, ratio, fallback)


def by_average(
    situation: Situation, measured: Mapping[str, Measured], resource: str, target_milli: int
) -> Proposal:
    """target_milli: per pod. resource "" for a metric that is no resource."""

    def ratio(values: Mapping[str, int]) -> tuple[float, Proposal]:
        average = sum(values.values()) // len(values)
        return average / target_milli, Proposal(replicas=0, average_milli=average)

    fallback = dict.fromkeys((name_of(pod) for pod in situation.pods), target_milli)
    return _proposed(situation, measured, resource, ratio, fallback)


def by_object_value(situation: Situation, milli: int, target_milli: int) -> Proposal:
    """One value of one object, against an absolute target."""
    ratio = milli / target_milli
    if abs(1 - ratio) <= situation.settings.tolerance:
        return Proposal(replicas=situation.current)
    if situation.current == 0:
        return Proposal(replicas=math.ceil(ratio))
    ready = sum(1 for pod in situation.pods if _runs_ready(pod))
    return Proposal(replicas=math.ceil(ratio * ready / situation.calibration))


def by_object_average(situation: Situation, milli: int, target_milli: int, *, running: int) -> Proposal:
    """One value of one object, shared by the running replicas. Calibrated once, not twice as in Go."""
    replicas = running
    share = milli / (target_milli * running) if running else math.inf
    if abs(1 - share) > situation.settings.tolerance:
        replicas = math.ceil(milli / target_milli)
    average = math.ceil(milli / running) if running else 0
    return Proposal(replicas=math.ceil(replicas / situation.calibration), average_milli=average)


def _runs_ready(pod: Object) -> bool:
    status = pod.get("status") or {}
    ready = find_json_condition(status.get("conditions") or (), "Ready")
    return status.get("phase") == "Running" and ready is not None and ready.get("status") == "True"


def _proposed(
    situation: Situation,
    measured: Mapping[str, Measured],
    resource: str,
    ratio_of: Callable[[Mapping[str, int]], tuple[float, Proposal]],
    fallback: Mapping[str, int],
) -> Proposal:
    """Kubernetes' rule: what is not known is assumed against the direction in which the known ones point."""
    settings, current = situation.settings, situation.current
    groups = grouped(situation.pods, measured, resource, now=situation.now, settings=settings)
    worthless = groups.ignored | groups.unready
    values = {name: sample.milli for name, sample in measured.items() if name not in worthless}
    if not values:
        raise MetricError("did not receive metrics for targeted pods (pods might be unready)")
    ratio, told = ratio_of(values)
    unready_count = bool(groups.unready) and ratio > 1
    if not unready_count and not groups.missing:
        if abs(1 - ratio) <= settings.tolerance:
            return replace(told, replicas=current)
        return replace(told, replicas=math.ceil(ratio * groups.ready / situation.calibration))
    if ratio < 1:
        values |= {name: fallback.get(name, 0) for name in groups.missing}
    elif ratio > 1:
        values |= dict.fromkeys(groups.missing, 0)
    if unready_count:
        values |= dict.fromkeys(groups.unready, 0)
    assumed, _ = ratio_of(values)
    turned = (ratio < 1 < assumed) or (assumed < 1 < ratio)
    if abs(1 - assumed) <= settings.tolerance or turned:
        return replace(told, replicas=current)
    replicas = math.ceil(assumed * len(values) / situation.calibration)
    wrong_way = (assumed < 1 and replicas > current) or (assumed > 1 and replicas < current)
    return replace(told, replicas=current if wrong_way else replicas)
