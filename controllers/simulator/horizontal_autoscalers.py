"""HorizontalPodAutoscaler without a metrics API: bounds are kept, and the status says why no more.

In: HorizontalPodAutoscalers and the scale of what they point at. Out: their status with the conditions of
kube-controller-manager, and a scale write when the target is outside of its bounds. Targets whose kind is
followed are looked at when they change, others every CHECK_SECONDS.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from karmada.api.conditions import with_json_condition
from karmada.api.errors import ApiError, Conflict, NotFound
from karmada.api.groups.kubernetes import HORIZONTAL_POD_AUTOSCALERS
from karmada.api.gvk import GroupVersionKind, ObjectKey, Resource, split_api_version
from karmada.api.objects import Object, generation_of, is_deleting, namespace_of
from karmada.client.client import Client
from karmada.client.informer import Change, Informer
from karmada.client.mapper import Mapper, NoMatch
from karmada.runtime.clock import Clock, rfc3339
from karmada.runtime.controller import Requeue, WorkQueue

CHECK_SECONDS: Final = 15.0
STALE_SECONDS: Final = 1.0
METRIC_REASONS: Final = {
    "Resource": "FailedGetResourceMetric",
    "ContainerResource": "FailedGetContainerResourceMetric",
    "Pods": "FailedGetPodsMetric",
    "Object": "FailedGetObjectMetric",
    "External": "FailedGetExternalMetric",
}
NO_RESOURCE_METRICS: Final = (
    "unable to fetch metrics from resource metrics API: "
    "the server could not find the requested resource (get pods.metrics.k8s.io)"
)
NO_CUSTOM_METRICS: Final = (
    "unable to fetch metrics from custom metrics API: "
    "no custom metrics API (custom.metrics.k8s.io) registered"
)


@dataclass(frozen=True, slots=True)
class Scale:
    """What the scale subresource of a target says."""

    replicas: int
    selector: str


class HorizontalAutoscalerController:
    """targets: informers of kinds that are often scaled."""

    name = "horizontalpodautoscaler"

    def __init__(
        self,
        *,
        autoscalers: Informer[Object],
        targets: Sequence[Informer[Object]],
        mapper: Mapper,
        client: Client,
        clock: Clock,
    ) -> None:
        self._autoscalers = autoscalers
        self._targets = targets
        self._mapper = mapper
        self._client = client
        self._clock = clock

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        def changed(change: Change[Object]) -> None:
            if change.new is not None:
                queue.add(change.key)

        def target_changed(change: Change[Object]) -> None:
            if change.old is not None and change.new is not None and _size(change.old) == _size(change.new):
                return
            obj = change.new if change.new is not None else change.old
            assert obj is not None
            for autoscaler in self._autoscalers.cache.list(change.key.namespace):
                reference = autoscaler["spec"]["scaleTargetRef"]
                if (reference.get("kind"), reference.get("name")) == (obj["kind"], change.key.name):
                    queue.add(HORIZONTAL_POD_AUTOSCALERS.key_of(autoscaler))

        self._autoscalers.add_handler(changed, name=self.name)
        for informer in self._targets:
            informer.add_handler(target_changed, name=self.name)

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        autoscaler = self._autoscalers.cache.get(key)
        if autoscaler is None or is_deleting(autoscaler):
            return None
        now = rfc3339(self._clock.now())
        try:
            resource, scale = await self._scale_of(autoscaler)
        except (ApiError, NoMatch) as error:
            status = unscaled_status(autoscaler, str(error), now=now)
            return await self._write(autoscaler, status, Requeue(after=CHECK_SECONDS))
        wanted = bounded(autoscaler, scale.replicas)
        if wanted is not None:
            await self._set_replicas(autoscaler, resource, wanted)
        status = scaled_status(autoscaler, scale, wanted, now=now)
        followed = any(informer.resource.gvr == resource.gvr for informer in self._targets)
        return await self._write(autoscaler, status, None if followed else Requeue(after=CHECK_SECONDS))

    async def _scale_of(self, autoscaler: Object) -> tuple[Resource[Object], Scale]:
        """Raises NoMatch and what the server answers."""
        reference = autoscaler["spec"]["scaleTargetRef"]
        group, version = split_api_version(reference.get("apiVersion") or "")
        resource = await self._mapper.resource_for(GroupVersionKind(group, version, reference["kind"]))
        key = resource.key(namespace_of(autoscaler), reference["name"])
        found = await self._client.get(resource, key, subresource="scale")
        replicas = (found.get("spec") or {}).get("replicas") or 0
        return resource, Scale(replicas, (found.get("status") or {}).get("selector") or "")

    async def _set_replicas(self, autoscaler: Object, resource: Resource[Object], replicas: int) -> None:
        key = resource.key(namespace_of(autoscaler), autoscaler["spec"]["scaleTargetRef"]["name"])
        await self._client.patch(resource, key, {"spec": {"replicas": replicas}}, subresource="scale")

    async def _write(self, autoscaler: Object, status: Object, outcome: Requeue | None) -> Requeue | None:
        if status == autoscaler.get("status"):
            return outcome
        try:
            await self._client.replace(
                HORIZONTAL_POD_AUTOSCALERS, {**autoscaler, "status": status}, subresource="status"
            )
        except NotFound:
            return None
        except Conflict:
            return Requeue(after=STALE_SECONDS)
        return outcome


def bounded(autoscaler: Object, replicas: int) -> int | None:
    """The size that brings it back into its bounds; None while it is within, or scaled to nothing."""
    spec = autoscaler["spec"]
    least = spec.get("minReplicas")
    least = 1 if least is None else least
    if replicas == 0 and least != 0:
        return None
    if replicas > spec["maxReplicas"]:
        return int(spec["maxReplicas"])
    return int(least) if replicas < least else None


def scaled_status(autoscaler: Object, scale: Scale, wanted: int | None, *, now: str) -> Object:
    before = autoscaler.get("status") or {}
    able = (
        "AbleToScale",
        "True",
        "SucceededGetScale",
        "the HPA controller was able to get the target's current scale",
    )
    if wanted is not None:
        text = f"the HPA controller was able to update the target scale to {wanted}"
        conditions = _with(before, [("AbleToScale", "True", "SucceededRescale", text)], now=now)
    else:
        conditions = _with(before, [able, _inactive(autoscaler, scale)], now=now)
    status: Object = {
        "conditions": conditions,
        "currentMetrics": None,
        "currentReplicas": scale.replicas,
        "desiredReplicas": before.get("desiredReplicas") or 0 if wanted is None else wanted,
    }
    if scale.replicas == 0 and wanted is None:
        status["desiredReplicas"] = 0
    last = now if wanted is not None else before.get("lastScaleTime")
    kept = {"lastScaleTime": last, "observedGeneration": generation_of(autoscaler)}
    return status | {name: value for name, value in kept.items() if value}


def unscaled_status(autoscaler: Object, error: str, *, now: str) -> Object:
    """The target cannot be found or has no scale."""
    before = autoscaler.get("status") or {}
    text = f"the HPA controller was unable to get the target's current scale: {error}"
    return {
        "currentMetrics": None,
        "desiredReplicas": 0,
        **before,
        "conditions": _with(before, [("AbleToScale", "False", "FailedGetScale", text)], now=now),
    }


def _inactive(autoscaler: Object, scale: Scale) -> tuple[str, str, str, str]:
    """Why it does not scale by metrics."""
    if scale.replicas == 0:
        text = "scaling is disabled since the replica count of the target is zero"
        return "ScalingActive", "False", "ScalingDisabled", text
    if not scale.selector:
        return "ScalingActive", "False", "InvalidSelector", "the HPA target's scale is missing a selector"
    metrics = autoscaler["spec"].get("metrics") or [{"type": "Resource", "resource": {"name": "cpu"}}]
    metric = metrics[0]
    reason = METRIC_REASONS.get(metric.get("type") or "", "InvalidMetricSourceType")
    text = f"the HPA was unable to compute the replica count: {metric_trouble(metric)}"
    return "ScalingActive", "False", reason, text


def metric_trouble(metric: dict[str, Any]) -> str:
    """Why this metric cannot be had."""
    kind = metric.get("type") or ""
    source = metric.get(kind[:1].lower() + kind[1:]) or {}
    if kind in ("Resource", "ContainerResource"):
        name = source.get("name", "")
        target = (source.get("target") or {}).get("type", "Utilization")
        what = "utilization" if target == "Utilization" else "usage"
        what = f"failed to get {name} {what}: unable to get metrics for resource {name}"
        return f"{what}: {NO_RESOURCE_METRICS}"
    name = (source.get("metric") or {}).get("name", "")
    if kind == "External":
        return (
            f"failed to get {name} external metric: unable to fetch metrics from external metrics API: "
            f"the server could not find the requested resource (get {name}.external.metrics.k8s.io)"
        )
    what = "object" if kind == "Object" else "pods"
    return f"failed to get {what} metric value: unable to get metric {name}: {NO_CUSTOM_METRICS}"


def _with(status: Object, wanted: list[tuple[str, str, str, str]], *, now: str) -> list[Object]:
    conditions: list[Object] = status.get("conditions") or []
    for kind, value, reason, message in wanted:
        condition = {"type": kind, "status": value, "reason": reason, "message": message}
        conditions = with_json_condition(conditions, condition, now=now)
    return conditions


def _size(obj: Object) -> object:
    return (obj.get("spec") or {}).get("replicas")
