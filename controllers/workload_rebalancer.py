"""Schedule again on request: a WorkloadRebalancer marks the bindings of the workloads it lists.

In: WorkloadRebalancers. Out: spec.rescheduleTriggeredAt of bindings, the result per workload, the object's
own end once its time to live is over. Next: the scheduler assigns a marked binding as if it were new.
"Successful" only means that this was asked for.
"""

import logging
from collections.abc import Iterable

from karmada.api.errors import ApiError, NotFound
from karmada.api.groups.apps import (
    WORKLOAD_REBALANCERS,
    ObjectReference,
    ObservedWorkload,
    WorkloadRebalancer,
    WorkloadRebalancerStatus,
)
from karmada.api.groups.work import CLUSTER_RESOURCE_BINDINGS, RESOURCE_BINDINGS, ResourceBinding
from karmada.api.gvk import ObjectKey
from karmada.api.names import binding_name
from karmada.api.wellknown import (
    REBALANCE_FAILED,
    REBALANCE_SUCCESSFUL,
    REFERENCED_BINDING_NOT_FOUND_REASON,
)
from karmada.client.client import Client
from karmada.client.informer import Change, Informer, Informers
from karmada.runtime.clock import Clock, parse_rfc3339, rfc3339
from karmada.runtime.controller import LOW_PRIORITY, Requeue, WorkQueue

log = logging.getLogger(__name__)


class WorkloadRebalancerController:
    """Keys are WorkloadRebalancers."""

    name = "workload-rebalancer"

    def __init__(self, *, informers: Informers, client: Client, clock: Clock) -> None:
        self._rebalancers = informers.ensure(WORKLOAD_REBALANCERS)
        self._bindings: dict[bool, Informer[ResourceBinding]] = {
            scope.namespaced: informers.ensure(scope)
            for scope in (RESOURCE_BINDINGS, CLUSTER_RESOURCE_BINDINGS)
        }
        self._client = client
        self._clock = clock

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        def rebalancer_changed(change: Change[WorkloadRebalancer]) -> None:
            old, new = change.old, change.new
            if new is not None and (
                old is None or old.metadata.generation != new.metadata.generation or old.spec != new.spec
            ):
                queue.add(change.key, priority=LOW_PRIORITY if change.initial else 0)

        self._rebalancers.add_handler(rebalancer_changed, name=self.name)

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        rebalancer = self._rebalancers.cache.get(key)
        if rebalancer is None or rebalancer.metadata.deletion_timestamp:
            return None
        results: list[ObservedWorkload] = []
        errors: list[ApiError] = []
        for item in workloads_to_observe(rebalancer):
            try:
                results.append(item if item.result else await self._rebalance(rebalancer, item.workload))
            except ApiError as error:
                results.append(item)
                errors.append(error)
        try:
            rebalancer = await self._write_status(key, rebalancer, results)
        except NotFound:
            return None
        if errors:
            raise errors[0]
        return await self._expire(key, rebalancer)

    async def _rebalance(self, rebalancer: WorkloadRebalancer, workload: ObjectReference) -> ObservedWorkload:
        """Mark the binding of a workload with the time of the request, unless a newer one has marked it."""
        scope = RESOURCE_BINDINGS if workload.namespace else CLUSTER_RESOURCE_BINDINGS
        key = scope.key(workload.namespace, binding_name(workload.kind, workload.name))
        requested = rebalancer.metadata.creation_timestamp or rfc3339(self._clock.now())
        cached = self._bindings[scope.namespaced].cache.get(key)
        try:
            await self._client.update(
                scope, key, lambda binding: triggered(binding, requested), cached=cached
            )
        except NotFound:
            return ObservedWorkload(
                workload=workload, result=REBALANCE_FAILED, reason=REFERENCED_BINDING_NOT_FOUND_REASON
            )
        return ObservedWorkload(workload=workload, result=REBALANCE_SUCCESSFUL)

    async def _write_status(
        self, key: ObjectKey, rebalancer: WorkloadRebalancer, results: list[ObservedWorkload]
    ) -> WorkloadRebalancer:
        generation = rebalancer.metadata.generation or 0
        now = rfc3339(self._clock.now())

        def change(stored: WorkloadRebalancer) -> WorkloadRebalancer:
            return with_results(stored, results, generation=generation, now=now)

        return await self._client.update_status(WORKLOAD_REBALANCERS, key, change, cached=rebalancer)

    async def _expire(self, key: ObjectKey, rebalancer: WorkloadRebalancer) -> Requeue | None:
        """Delete a finished request when its time is over, if it is still the one that finished."""
        ttl, finished = rebalancer.spec.ttl_seconds_after_finished, rebalancer.status.finish_time
        if ttl is None or finished is None:
            return None
        left = ttl - (self._clock.now() - parse_rfc3339(finished)).total_seconds()
        if left > 0:
            return Requeue(after=left)
        version = rebalancer.metadata.resource_version or ""
        await self._client.delete(WORKLOAD_REBALANCERS, key, resource_version=version)
        log.info("rebalancer expired", extra={"rebalancer": key.name})
        return None


def workloads_to_observe(rebalancer: WorkloadRebalancer) -> list[ObservedWorkload]:
    """One entry per workload, sorted: results that are known, and what is still to be done. Pure.

    A workload that was taken out of the list is remembered if it was rebalanced.
    """
    known = {_identity(item.workload): item for item in rebalancer.status.observed_workloads}
    listed = {_identity(workload): workload for workload in rebalancer.spec.workloads}
    items = [
        known.get(identity) or ObservedWorkload(workload=workload) for identity, workload in listed.items()
    ]
    items += [
        item
        for identity, item in known.items()
        if identity not in listed and item.result == REBALANCE_SUCCESSFUL
    ]
    return sorted(items, key=lambda item: " ".join(_identity(item.workload)))


def with_results(
    rebalancer: WorkloadRebalancer, results: list[ObservedWorkload], *, generation: int, now: str
) -> WorkloadRebalancer:
    """rebalancer with these results; finished now, if they are news and none is pending. Pure."""
    status = rebalancer.status
    finished = all(item.result for item in results)
    same = status.observed_generation == generation and _same(status.observed_workloads, results)
    if same and (status.finish_time is not None or not finished):
        return rebalancer
    fields = {name: getattr(status, name) for name in status.model_fields_set}
    fields |= {"observed_generation": generation, "observed_workloads": results}
    if finished:
        fields["finish_time"] = now
    return rebalancer.model_copy(update={"status": WorkloadRebalancerStatus.model_validate(fields)})


def triggered(binding: ResourceBinding, requested: str) -> ResourceBinding:
    """binding marked to be scheduled again, unless it was marked at that time or later. Pure."""
    marked = binding.spec.reschedule_triggered_at
    if marked is not None and parse_rfc3339(marked) >= parse_rfc3339(requested):
        return binding
    spec = binding.spec.model_copy(update={"reschedule_triggered_at": requested})
    return binding.model_copy(update={"spec": spec})


def _identity(workload: ObjectReference) -> tuple[str, str, str, str]:
    return workload.api_version, workload.kind, workload.namespace, workload.name


def _same(before: Iterable[ObservedWorkload], after: Iterable[ObservedWorkload]) -> bool:
    def told(items: Iterable[ObservedWorkload]) -> list[tuple[object, ...]]:
        return [(_identity(item.workload), item.result, item.reason) for item in items]

    return told(before) == told(after)
