"""Every metric of a FederatedHPA asks for replicas; the largest proposal wins.

In: a FederatedHPA's metrics, the Federation. Out: an Answer: the winning proposal with the reading of each
metric, or what keeps it from being computed. metrics.py reads, replicas.py computes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from controllers.autoscaling.federation import Federation
from controllers.autoscaling.metrics import Metrics
from controllers.autoscaling.replicas import (
    MetricError,
    Proposal,
    Settings,
    Situation,
    by_average,
    by_object_average,
    by_object_value,
    by_utilization,
)
from controllers.autoscaling.scale_target import ScaleTargets
from karmada.api.errors import ApiError
from karmada.api.groups.autoscaling import MetricIdentifier, MetricSpec, MetricTarget
from karmada.api.objects import Object
from karmada.api.quantity import Quantity
from karmada.api.selectors import from_label_selector

REASONS: Final = {
    "Resource": "FailedGetResourceMetric",
    "ContainerResource": "FailedGetContainerResourceMetric",
    "Pods": "FailedGetPodsMetric",
    "Object": "FailedGetObjectMetric",
}
UNKNOWN_SOURCE: Final = "InvalidMetricSourceType"


@dataclass(frozen=True, slots=True)
class Failure:
    """A metric that cannot be used: reason of the condition and of the event, and why."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """replicas None: no metric is good enough to act on; failures then say why."""

    replicas: int | None
    metric: str = ""
    """What the winner is called, as the reason of a rescale names it."""
    readings: tuple[Object, ...] = ()
    failures: tuple[Failure, ...] = ()


class Proposals:
    """Asks all metrics."""

    def __init__(self, *, metrics: Metrics, targets: ScaleTargets, settings: Settings) -> None:
        self._metrics = metrics
        self._targets = targets
        self._settings = settings

    async def of(
        self, specs: Sequence[MetricSpec], namespace: str, federation: Federation, *, now: datetime
    ) -> Answer:
        situation = Situation(
            current=federation.replicas,
            pods=federation.pods,
            calibration=federation.desired / federation.replicas if federation.replicas else 1.0,
            now=now,
            settings=self._settings,
        )
        best, name, readings, failures = None, "", [], []
        for spec in specs:
            try:
                proposal, label, reading = await self._ask(spec, namespace, federation, situation)
            except MetricError as error:
                reason = REASONS.get(spec.type, UNKNOWN_SOURCE)
                failures.append(Failure(reason, str(error)))
                continue
            readings.append(reading)
            if best is None or proposal.replicas > best:
                best, name = proposal.replicas, label
        # A metric that cannot be read might have asked for more: never scale down without it.
        if best is not None and failures and best < federation.replicas:
            best = None
        return Answer(replicas=best, metric=name, readings=tuple(readings), failures=tuple(failures))

    async def _ask(
        self, spec: MetricSpec, namespace: str, federation: Federation, situation: Situation
    ) -> tuple[Proposal, str, Object]:
        """The proposal, what it is called, and the reading for the status. Raises MetricError."""
        if spec.type == "Resource" and spec.resource is not None:
            source = spec.resource
            told = await self._resource(source.name, source.target, namespace, federation.selector, situation)
            label = f"{source.name} resource {_measure(source.target)}"
            return (
                told,
                label,
                {"type": spec.type, "resource": {"name": source.name, "current": _current(told)}},
            )
        if spec.type == "ContainerResource" and spec.container_resource is not None:
            contained = spec.container_resource
            told = await self._resource(
                contained.name,
                contained.target,
                namespace,
                federation.selector,
                situation,
                container=contained.container,
            )
            reading = {"name": contained.name, "container": contained.container, "current": _current(told)}
            label = f"{contained.name} container resource {_measure(contained.target)}"
            return told, label, {"type": spec.type, "containerResource": reading}
        if spec.type == "Pods" and spec.pods is not None:
            metric = spec.pods.metric
            measured = await self._metrics.of_pods(
                metric.name, namespace, federation.selector, _narrowed(metric)
            )
            told = by_average(situation, measured, "", _milli(spec.pods.target.average_value))
            reading = {"metric": metric.to_json(), "current": _current(told)}
            return told, f"pods metric {metric.name}", {"type": spec.type, "pods": reading}
        if spec.type == "Object" and spec.object is not None:
            return await self._object(spec, namespace, federation, situation)
        raise MetricError(f'unknown metric source type "{spec.type}"')

    async def _resource(
        self,
        name: str,
        target: MetricTarget,
        namespace: str,
        selector: str,
        situation: Situation,
        *,
        container: str = "",
    ) -> Proposal:
        what = _measure(target)
        try:
            measured = await self._metrics.of_resource(name, namespace, selector, container=container)
            if target.average_value is not None:
                return by_average(situation, measured, name, _milli(target.average_value))
            percent = target.average_utilization or 0
            return by_utilization(situation, measured, name, percent, container=container)
        except MetricError as error:
            text = f"failed to get {name} {what}: unable to get metrics for resource {name}: {error}"
            raise MetricError(text) from error

    async def _object(
        self, spec: MetricSpec, namespace: str, federation: Federation, situation: Situation
    ) -> tuple[Proposal, str, Object]:
        source = spec.object
        assert source is not None
        described, target = source.described_object, source.target
        try:
            resource = await self._targets.resource_of(described)
        except ApiError as error:
            raise MetricError(f"failed to get object metric value: {error}") from error
        narrowed = _narrowed(source.metric)
        milli = await self._metrics.of_object(
            source.metric.name, resource, namespace, described.name, narrowed
        )
        if target.value is not None:
            told = by_object_value(situation, milli, _milli(target.value))
            current: Object = {"value": str(Quantity.of_milli(milli))}
        else:
            goal = _milli(target.average_value)
            told = by_object_average(situation, milli, goal, running=federation.running)
            current = {"averageValue": str(Quantity.of_milli(told.average_milli or 0))}
        reading = {
            "metric": source.metric.to_json(),
            "describedObject": described.to_json(),
            "current": current,
        }
        return told, f"{described.kind} metric {source.metric.name}", {"type": spec.type, "object": reading}


def _measure(target: MetricTarget) -> str:
    return "utilization" if target.average_value is None else "usage"


def _milli(value: str | int | None) -> int:
    """A target in thousandths, at least one: admission refuses others, a zero must not divide."""
    return max(1, Quantity.parse(value or 0).milli_value())


def _narrowed(metric: MetricIdentifier) -> str:
    return "" if metric.selector is None else str(from_label_selector(metric.selector))


def _current(proposal: Proposal) -> Object:
    current: Object = {}
    if proposal.average_milli is not None:
        current["averageValue"] = str(Quantity.of_milli(proposal.average_milli))
    if proposal.utilization is not None:
        current["averageUtilization"] = proposal.utilization
    return current
