"""Service -> Endpoints and EndpointSlice: the ready pods its selector picks.

In: Services and pods. Out: one Endpoints and, per hundred pods, one EndpointSlice for each Service with a
selector; they are mended when somebody changes them. What is in them is endpoint_objects.py.
"""

from typing import Final

from controllers.simulator.endpoint_objects import (
    SERVICE_NAME_LABEL,
    SLICE_MANAGER,
    endpoints_of,
    selects,
    serving,
    slices_of,
)
from controllers.simulator.workload import controller_uid, is_finished
from karmada.api.errors import AlreadyExists, NotFound
from karmada.api.groups.kubernetes import ENDPOINT_SLICES, ENDPOINTS, SERVICES
from karmada.api.gvk import ObjectKey, Resource
from karmada.api.objects import Object, is_deleting, labels_of, name_of, uid_of, with_metadata
from karmada.client.client import Client
from karmada.client.informer import Change, Informer
from karmada.runtime.controller import Requeue, WorkQueue

OWNER: Final = "controller-uid"


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
        endpoint_slices.cache.add_index(OWNER, controller_uid)

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        def service_changed(change: Change[Object]) -> None:
            queue.add(change.key)

        def pod_changed(change: Change[Object]) -> None:
            before, after = change.old, change.new
            if before is not None and after is not None and serving(before) == serving(after):
                return
            pods = [pod for pod in (before, after) if pod is not None]
            for service in self._services.cache.list(change.key.namespace):
                if any(selects(service, pod) for pod in pods):
                    queue.add(SERVICES.key_of(service))

        def slice_changed(change: Change[Object]) -> None:
            """Ours was changed or deleted by somebody else, or a Service that we wrote for moved on."""
            present = change.new if change.new is not None else change.old
            if present is not None and not change.initial and _is_ours(present):
                queue.add(SERVICES.key(change.key.namespace, labels_of(present).get(SERVICE_NAME_LABEL, "")))

        def endpoints_changed(change: Change[Object]) -> None:
            if not change.initial and self._services.cache.named(change.key.namespace, change.key.name):
                queue.add(SERVICES.key(change.key.namespace, change.key.name))

        self._services.add_handler(service_changed, name=self.name)
        self._endpoint_slices.add_handler(slice_changed, name=self.name)
        self._endpoints.add_handler(endpoints_changed, name=self.name)
        self._pods.add_handler(pod_changed, name=self.name)

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        service = self._services.cache.get(key)
        if service is None:
            await self._remove(ENDPOINTS, self._endpoints.cache.named(key.namespace, key.name))
            return None
        spec = service.get("spec") or {}
        if is_deleting(service) or not spec.get("selector") or spec.get("type") == "ExternalName":
            return None
        pods = [
            pod
            for pod in self._pods.cache.list(key.namespace)
            if selects(service, pod) and not is_finished(pod) and (pod.get("status") or {}).get("podIP")
        ]
        pods.sort(key=name_of)
        await self._write(ENDPOINTS, self._endpoints, endpoints_of(service, pods), ("subsets",))
        wanted = slices_of(service, pods)
        for each in wanted:
            fields = ("endpoints", "ports", "addressType")
            await self._write(ENDPOINT_SLICES, self._endpoint_slices, each, fields)
        names = set(map(name_of, wanted))
        for present in self._endpoint_slices.cache.by_index(OWNER, uid_of(service)):
            if name_of(present) not in names and _is_ours(present):
                await self._remove(ENDPOINT_SLICES, present)
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
                labelled = with_metadata(kept, labels={**labels_of(live), **labels_of(wanted)})
                return labelled | {name: wanted[name] for name in fields if wanted.get(name)}

            await self._client.update(resource, key, change, cached=present)
        except (AlreadyExists, NotFound):
            return  # the watch will tell, and queue the Service again

    async def _remove(self, resource: Resource[Object], present: Object | None) -> None:
        if present is not None:
            await self._client.delete(resource, resource.key_of(present), uid=uid_of(present))


def _is_ours(endpoint_slice: Object) -> bool:
    return labels_of(endpoint_slice).get("endpointslice.kubernetes.io/managed-by") == SLICE_MANAGER
