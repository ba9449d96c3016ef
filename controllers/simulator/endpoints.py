"""Service -> Endpoints and EndpointSlice: the ready pods its selector picks.

In: Services and pods. Out: one Endpoints and one EndpointSlice per Service with a selector, owned by it.
"""

from typing import Any, Final

from controllers.simulator.workload import is_finished, is_ready
from karmada.api.errors import AlreadyExists, NotFound
from karmada.api.groups.kubernetes import ENDPOINT_SLICES, ENDPOINTS, SERVICES
from karmada.api.gvk import ObjectKey, Resource
from karmada.api.objects import Object, is_deleting, labels_of, name_of, namespace_of, uid_of
from karmada.client.client import Client
from karmada.client.informer import Change, Informer
from karmada.runtime.controller import Requeue, WorkQueue

MANAGED_BY: Final = "endpointslice-controller.k8s.io"


class EndpointsController:
    """Keeps Endpoints and EndpointSlices."""

    name = "endpoints"

    def __init__(
        self,
        *,
        services: Informer[Object],
        pods: Informer[Object],
        endpoints: Informer[Object],
        endpoint_slices: Informer[Object],
        client: Client,
    ) -> None:
        self._services = services
        self._pods = pods
        self._endpoints = endpoints
        self._endpoint_slices = endpoint_slices
        self._client = client

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        def service_changed(change: Change[Object]) -> None:
            queue.add(change.key)

        def pod_changed(change: Change[Object]) -> None:
            before, after = change.old, change.new
            if before is not None and after is not None and _serving(before) == _serving(after):
                return
            pods = [pod for pod in (before, after) if pod is not None]
            for service in self._services.cache.list(change.key.namespace):
                if any(selects(service, pod) for pod in pods):
                    queue.add(SERVICES.key_of(service))

        self._services.add_handler(service_changed, name=self.name)
        self._pods.add_handler(pod_changed, name=self.name)

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        service = self._services.cache.get(key)
        if service is None:
            endpoints_key = ENDPOINTS.key(key.namespace, key.name)
            if self._endpoints.cache.get(endpoints_key) is not None:
                await self._client.delete(ENDPOINTS, endpoints_key)
            return None
        if is_deleting(service) or not (service.get("spec") or {}).get("selector"):
            return None
        pods = [
            pod
            for pod in self._pods.cache.list(key.namespace)
            if selects(service, pod) and not is_finished(pod) and (pod.get("status") or {}).get("podIP")
        ]
        pods.sort(key=name_of)
        await self._write(ENDPOINTS, self._endpoints, endpoints_of(service, pods), ("subsets",))
        await self._write(
            ENDPOINT_SLICES,
            self._endpoint_slices,
            slice_of(service, pods),
            ("endpoints", "ports", "addressType"),
        )
        return None

    async def _write(
        self, resource: Resource[Object], informer: Informer[Object], wanted: Object, fields: tuple[str, ...]
    ) -> None:
        key = resource.key_of(wanted)
        present = informer.cache.get(key)
        try:
            if present is None:
                await self._client.create(resource, wanted)
                return

            def change(live: Object) -> Object:
                kept = {name: value for name, value in live.items() if name not in fields}
                return kept | {name: wanted[name] for name in fields if wanted.get(name)}

            await self._client.update(resource, key, change, cached=present)
        except (AlreadyExists, NotFound):
            return  # the watch will tell, and queue the Service again


def selects(service: Object, pod: Object) -> bool:
    selector = (service.get("spec") or {}).get("selector") or {}
    labels = labels_of(pod)
    return bool(selector) and all(labels.get(name) == value for name, value in selector.items())


def endpoints_of(service: Object, pods: list[Object]) -> Object:
    ready = [pod for pod in pods if is_ready(pod) and not is_deleting(pod)]
    not_ready = [pod for pod in pods if not is_ready(pod) and not is_deleting(pod)]
    subsets: list[Object] = []
    if pods:
        subset: Object = {"addresses": [_address(pod) for pod in ready]}
        subset["notReadyAddresses"] = [_address(pod) for pod in not_ready]
        subset["ports"] = _ports(service, pods[0])
        subsets = [{name: value for name, value in subset.items() if value}]
    return {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {
            "name": name_of(service),
            "namespace": namespace_of(service),
            "labels": {**labels_of(service), "endpoints.kubernetes.io/managed-by": "endpoint-controller"},
        },
        "subsets": subsets,
    }


def slice_of(service: Object, pods: list[Object]) -> Object:
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": f"{name_of(service)}-{uid_of(service)[:5]}",
            "namespace": namespace_of(service),
            "labels": {
                **labels_of(service),
                "endpointslice.kubernetes.io/managed-by": MANAGED_BY,
                "kubernetes.io/service-name": name_of(service),
            },
            "ownerReferences": [
                {
                    "apiVersion": "v1",
                    "kind": "Service",
                    "name": name_of(service),
                    "uid": uid_of(service),
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
        },
        "addressType": "IPv4",
        "endpoints": [_endpoint(pod) for pod in pods],
        "ports": _ports(service, pods[0] if pods else {}),
    }


def _endpoint(pod: Object) -> Object:
    ready = is_ready(pod)
    terminating = is_deleting(pod)
    return {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": ready and not terminating, "serving": ready, "terminating": terminating},
        "nodeName": pod["spec"].get("nodeName"),
        "targetRef": _target(pod),
    }


def _address(pod: Object) -> Object:
    return {"ip": pod["status"]["podIP"], "nodeName": pod["spec"].get("nodeName"), "targetRef": _target(pod)}


def _target(pod: Object) -> Object:
    return {"kind": "Pod", "namespace": namespace_of(pod), "name": name_of(pod), "uid": uid_of(pod)}


def _ports(service: Object, pod: Object) -> list[Object]:
    ports = []
    for port in (service.get("spec") or {}).get("ports") or ():
        target = port.get("targetPort", port["port"])
        number = target if isinstance(target, int) else _named_port(pod, target)
        if number:
            entry: Object = {"port": number, "protocol": port.get("protocol", "TCP")}
            ports.append({"name": port["name"], **entry} if port.get("name") else entry)
    return ports


def _named_port(pod: Object, name: str) -> int:
    for container in (pod.get("spec") or {}).get("containers") or ():
        for port in container.get("ports") or ():
            if port.get("name") == name:
                return int(port["containerPort"])
    return 0


def _serving(pod: Object) -> tuple[Any, ...]:
    """What Endpoints depend on."""
    status = pod.get("status") or {}
    return status.get("podIP"), is_ready(pod), is_deleting(pod), is_finished(pod), labels_of(pod)
