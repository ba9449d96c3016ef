"""What was measured of pods and objects, from the metrics APIs of the control plane.

In: a namespace, a selector, a metric. Out: Measured values, by pod. The control plane's metrics.k8s.io and
custom.metrics.k8s.io merge what the members say. Raises MetricError in the words of Kubernetes' autoscaler.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote

from controllers.autoscaling.replicas import Measured, MetricError
from karmada.api.errors import ApiError
from karmada.api.gvk import Resource
from karmada.api.objects import Object
from karmada.api.quantity import Quantity, QuantityError
from karmada.api.scalars import parse_duration
from karmada.client.client import Client
from karmada.runtime.clock import parse_rfc3339

RESOURCE_METRICS: Final = "/apis/metrics.k8s.io/v1beta1"
CUSTOM_METRICS: Final = "/apis/custom.metrics.k8s.io/v1beta2"
CUSTOM_WINDOW: Final = timedelta(minutes=1)


class Metrics:
    """Reads metrics; nothing is remembered."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def of_resource(
        self, resource: str, namespace: str, selector: str, *, container: str = ""
    ) -> dict[str, Measured]:
        """By pod: the usage of all its containers, or of one."""
        path = f"{RESOURCE_METRICS}/namespaces/{namespace}/pods"
        found = await self._items(path, {"labelSelector": selector}, "resource metrics API")
        measured: dict[str, Measured] = {}
        for item in found:
            sample = _pod_sample(item, resource, container)
            if sample is not None:
                measured[item["metadata"]["name"]] = sample
        if not measured:
            raise MetricError(f"no metrics returned from resource metrics API for {resource}")
        return measured

    async def of_pods(self, metric: str, namespace: str, selector: str, narrowed: str) -> dict[str, Measured]:
        """A custom metric by pod. narrowed: the metric's own selector, as text."""
        path = f"{CUSTOM_METRICS}/namespaces/{namespace}/pods/*/{quote(metric, safe='')}"
        query = {"labelSelector": selector} | ({"metricLabelSelector": narrowed} if narrowed else {})
        found = await self._items(path, query, "custom metrics API")
        return {item["describedObject"]["name"]: _custom_sample(item) for item in found}

    async def of_object(
        self, metric: str, resource: Resource[Object], namespace: str, name: str, narrowed: str
    ) -> int:
        """The value of a custom metric of one object, in thousandths."""
        within = f"/namespaces/{namespace}" if resource.namespaced else ""
        path = f"{CUSTOM_METRICS}{within}/{resource.gvr.group_resource}/{name}/{quote(metric, safe='')}"
        query = {"metricLabelSelector": narrowed} if narrowed else {}
        found = await self._items(path, query, "custom metrics API")
        if not found:
            raise MetricError(f"unable to get metric {metric}: no metrics returned from custom metrics API")
        return _custom_sample(found[0]).milli

    async def _items(self, path: str, query: Mapping[str, str], api: str) -> list[Any]:
        try:
            answer = (await self._client.request("GET", path, query=query)).json()
            return list(answer.get("items") or ())
        except ApiError as error:
            raise MetricError(f"unable to fetch metrics from {api}: {error}") from error


def _pod_sample(item: Object, resource: str, container: str) -> Measured | None:
    """None when the pod, or a container of it, was not measured."""
    total = 0
    named = [each for each in item.get("containers") or () if container in ("", each.get("name"))]
    if not named:
        return None
    try:
        for each in named:
            if resource not in (each.get("usage") or {}):
                return None
            total += Quantity.parse(each["usage"][resource]).milli_value()
        window = timedelta(microseconds=parse_duration(item.get("window") or "1m") // 1000)
        return Measured(total, parse_rfc3339(item["timestamp"]), window)
    except (QuantityError, ValueError, KeyError) as error:
        raise MetricError(f"the metrics API answers what cannot be read: {error}") from error


def _custom_sample(item: Object) -> Measured:
    try:
        seconds = item.get("windowSeconds")
        window = CUSTOM_WINDOW if seconds is None else timedelta(seconds=seconds)
        return Measured(Quantity.parse(item["value"]).milli_value(), parse_rfc3339(item["timestamp"]), window)
    except (QuantityError, ValueError, KeyError, TypeError) as error:
        raise MetricError(f"the custom metrics API answers what cannot be read: {error}") from error
