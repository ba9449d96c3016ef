"""PodDisruptionBudgets: how many of the pods they select may go just now.

In: PodDisruptionBudgets, pods, and the workloads that say how many pods there should be. Out: their status,
as kube-controller-manager writes it.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from controllers.simulator.rollout import scaled
from controllers.simulator.workload import is_finished, is_ready, wanted_replicas
from karmada.api.conditions import with_json_condition
from karmada.api.errors import NotFound
from karmada.api.groups.kubernetes import POD_DISRUPTION_BUDGETS
from karmada.api.gvk import ObjectKey
from karmada.api.objects import (
    Object,
    controller_of,
    generation_of,
    is_deleting,
    labels_of,
    name_of,
    namespace_of,
    uid_of,
)
from karmada.api.selectors import from_label_selector
from karmada.client.client import Client
from karmada.client.informer import Change, Informer
from karmada.runtime.clock import Clock, rfc3339
from karmada.runtime.controller import Requeue, WorkQueue

WORKLOAD_KINDS: Final = ("Deployment", "ReplicaSet", "StatefulSet", "ReplicationController")


class Unscaled(Exception):
    """Nothing says how many pods there should be; the message is for the condition."""


class DisruptionController:
    """workloads: the informers of the kinds that have replicas, by kind."""

    name = "disruption"

    def __init__(
        self,
        *,
        budgets: Informer[Object],
        pods: Informer[Object],
        workloads: dict[str, Informer[Object]],
        client: Client,
        clock: Clock,
    ) -> None:
        self._budgets = budgets
        self._pods = pods
        self._workloads = workloads
        self._client = client
        self._clock = clock

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        def changed(change: Change[Object]) -> None:
            queue.add(change.key)

        def pod_changed(change: Change[Object]) -> None:
            before, after = change.old, change.new
            if before is not None and after is not None and _counts(before) == _counts(after):
                return
            for budget in self._budgets.cache.list(change.key.namespace):
                if any(selects(budget, pod) for pod in (before, after) if pod is not None):
                    queue.add(POD_DISRUPTION_BUDGETS.key_of(budget))

        def workload_changed(change: Change[Object]) -> None:
            before, after = change.old, change.new
            if before is not None and after is not None and wanted_replicas(before) != wanted_replicas(after):
                for key in self._budgets.cache.keys(change.key.namespace):
                    queue.add(key)

        self._budgets.add_handler(changed, name=self.name)
        self._pods.add_handler(pod_changed, name=self.name)
        for informer in self._workloads.values():
            informer.add_handler(workload_changed, name=self.name)

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        budget = self._budgets.cache.get(key)
        if budget is None or is_deleting(budget):
            return None
        pods = [
            pod
            for pod in self._pods.cache.list(key.namespace)
            if not is_finished(pod) and selects(budget, pod)
        ]
        now = rfc3339(self._clock.now())
        try:
            expected, desired = expectation(budget, pods, replicas_of=self._replicas_of)
            status = budget_status(budget, pods, expected=expected, desired=desired, now=now)
        except Unscaled as error:
            status = failed_status(budget, str(error), now=now)
        try:
            await self._client.update_status(
                POD_DISRUPTION_BUDGETS, key, lambda live: {**live, "status": status}, cached=budget
            )
        except NotFound:
            return None
        return None

    def _replicas_of(self, pod: Object) -> tuple[str, int]:
        """(uid, replicas) of the workload at the top of the pod's owners. Raises Unscaled."""
        controller = controller_of(pod)
        if controller is None:
            raise Unscaled(f'found no controllers for pod "{name_of(pod)}"')
        found: Object | None = None
        while controller is not None:
            informer = self._workloads.get(controller["kind"])
            above = (
                informer.cache.named(namespace_of(pod), controller["name"]) if informer is not None else None
            )
            if above is None or uid_of(above) != controller["uid"]:
                break
            found, controller = above, controller_of(above)
        if found is None:
            kind = str(controller["kind"] if controller is not None else "").lower()
            raise Unscaled(f"{kind}s does not implement the scale subresource")
        return uid_of(found), wanted_replicas(found)


def selects(budget: Object, pod: Object) -> bool:
    """An empty selector takes every pod of the namespace, as policy/v1 has it."""
    return from_label_selector((budget.get("spec") or {}).get("selector")).matches(labels_of(pod))


def expectation(
    budget: Object, pods: Sequence[Object], *, replicas_of: Callable[[Object], tuple[str, int]]
) -> tuple[int, int]:
    """(pods there should be, pods that must be healthy). Raises Unscaled."""
    spec = budget["spec"]
    least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
    if most is None and (least is None or isinstance(least, int)):
        return len(pods), least or 0
    expected = sum(dict(replicas_of(pod) for pod in pods).values())
    if most is not None:
        return expected, max(0, expected - scaled(most, expected, up=True))
    return expected, scaled(least, expected, up=True)


def budget_status(budget: Object, pods: Iterable[Object], *, expected: int, desired: int, now: str) -> Object:
    before = budget.get("status") or {}
    disrupted = before.get("disruptedPods") or {}
    here = {name_of(pod): pod for pod in pods}
    still = {name: time for name, time in disrupted.items() if name in here and not is_deleting(here[name])}
    healthy = sum(is_ready(pod) and not is_deleting(pod) and name not in still for name, pod in here.items())
    allowed = max(0, healthy - desired) if expected > 0 else 0
    condition = {
        "type": "DisruptionAllowed",
        "status": "True" if allowed else "False",
        "reason": "SufficientPods" if allowed else "InsufficientPods",
        "message": "",
        "observedGeneration": generation_of(budget),
    }
    status: Object = {
        "conditions": with_json_condition(before.get("conditions") or [], condition, now=now),
        "currentHealthy": healthy,
        "desiredHealthy": desired,
        "disruptionsAllowed": allowed,
        "expectedPods": expected,
        "observedGeneration": generation_of(budget),
    }
    return {**status, "disruptedPods": still} if still else status


def failed_status(budget: Object, message: str, *, now: str) -> Object:
    """Nothing may go while it is not known what there should be."""
    before = budget.get("status") or {}
    condition = {
        "type": "DisruptionAllowed",
        "status": "False",
        "reason": "SyncFailed",
        "message": message,
        "observedGeneration": generation_of(budget),
    }
    numbers = ("currentHealthy", "desiredHealthy", "expectedPods")
    return {
        **before,
        **{name: before.get(name, 0) for name in numbers},
        "conditions": with_json_condition(before.get("conditions") or [], condition, now=now),
        "disruptionsAllowed": 0,
        "observedGeneration": generation_of(budget),
    }


def _counts(pod: Object) -> tuple[object, ...]:
    return is_ready(pod), is_deleting(pod), is_finished(pod), labels_of(pod)
