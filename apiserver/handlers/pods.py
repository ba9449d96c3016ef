"""Subresources of pods that act: binding puts a pod on a node, eviction deletes it if its budget allows.

In: POST of a Binding or an Eviction. Out: a Success Status with code 201. What needs a kubelet (log, exec,
attach) is in streams/.
"""

import asyncio
from typing import Final

from apiserver.handlers.delete import DeleteHandler
from apiserver.handlers.options import DeleteOptions, WriteOptions
from apiserver.handlers.preparation import Preparation, stored_value
from apiserver.handlers.render import status_response
from apiserver.handlers.unstored import read_body
from apiserver.request_info import Request, Response
from apiserver.resources.definition import ResourceDefinition, Resources
from apiserver.storage import refusals
from apiserver.storage.entries import Entry
from apiserver.storage.keys import Collection, path_of
from apiserver.storage.store import Store, Verdict, Write
from karmada.api.errors import BadRequest, FieldError, InternalError, NotFound, TooManyRequests, invalid
from karmada.api.gvk import GroupVersionKind
from karmada.api.objects import Object, labels_of, private_copy
from karmada.api.selectors import from_label_selector

PODS: Final = Collection("", "pods")
BUDGETS: Final = Collection("policy", "poddisruptionbudgets")
MAX_DISRUPTED: Final = 2000
_CREATED: Final = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
_BINDING: Final = GroupVersionKind("", "v1", "Binding")
_EVICTION: Final = GroupVersionKind("policy", "v1", "Eviction")
_TERMINAL: Final = ("Succeeded", "Failed")


class PodActions:
    """binding and eviction."""

    def __init__(
        self, *, store: Store, resources: Resources, preparation: Preparation, deletes: DeleteHandler
    ) -> None:
        self._store = store
        self._resources = resources
        self._preparation = preparation
        self._deletes = deletes
        self._budget_locks: dict[str, asyncio.Lock] = {}

    # -- binding --------------------------------------------------------------------------------------------

    async def bind(self, request: Request, definition: ResourceDefinition) -> Response:
        """POST pods/{name}/binding."""
        binding = read_body(request, definition, self._resources)
        named = (binding.get("metadata") or {}).get("name") or ""
        if named and named != request.info.name:
            raise BadRequest("name in URL does not match name in Binding object")
        await self._bind(request, definition, request.info.name, binding, asked=definition)
        return status_response(request, _CREATED, code=201)

    async def bind_legacy(self, request: Request, definition: ResourceDefinition) -> Response:
        """POST bindings: the pod is named in the body."""
        binding = read_body(request, definition, self._resources)
        name = (binding.get("metadata") or {}).get("name") or ""
        pods = self._resources.lookup("", "v1", "pods")
        if not name or pods is None:
            raise BadRequest("name is required")
        await self._bind(request, pods, name, binding, asked=definition)
        return status_response(request, _CREATED, code=201)

    async def _bind(
        self,
        request: Request,
        definition: ResourceDefinition,
        name: str,
        binding: Object,
        *,
        asked: ResourceDefinition,
    ) -> None:
        """asked is what admission judges the binding as: it is no pod, though definition is the pods'."""
        options = WriteOptions.parse(request, "CreateOptions")
        binding = await self._preparation.action(
            request,
            asked,
            "CREATE",
            binding,
            name=name,
            kind=_BINDING,
            options=options.as_object("CreateOptions"),
            dry_run=options.dry_run,
        )
        target = binding.get("target") or {}
        _check_target(name, target)

        async def decide(entry: Entry | None) -> Verdict:
            if entry is None:
                raise refusals.not_found(PODS, name)
            old = definition.decode(entry)
            new = bound(old, target["name"], binding, now=self._preparation.now())
            context = self._preparation.context(
                request, definition, "UPDATE", name=name, options={}, old=old, dry_run=options.dry_run
            )
            context.subresource = "binding"
            context.judged = True
            new = await self._preparation.updated(definition, new, old, context, options)
            return Write(await stored_value(definition, new))

        path = path_of(request.info.namespace, name)
        if options.dry_run:
            await decide(await self._store.get(PODS, path))
            return
        await self._store.settle(PODS, path, decide)

    # -- eviction -------------------------------------------------------------------------------------------

    async def evict(self, request: Request, definition: ResourceDefinition) -> Response:
        """POST pods/{name}/eviction. Raises TooManyRequests when a disruption budget forbids it."""
        eviction = read_body(request, definition, self._resources)
        namespace, name = request.info.namespace, request.info.name
        options = DeleteOptions.of(eviction.get("deleteOptions") or {})
        asked = WriteOptions.parse(request, "CreateOptions")
        await self._preparation.action(
            request,
            definition,
            "CREATE",
            eviction,
            name=name,
            kind=_EVICTION,
            options=asked.as_object("CreateOptions"),
            dry_run=options.dry_run or asked.dry_run,
        )
        async with self._lock(namespace):
            entry = await self._store.get(PODS, path_of(namespace, name))
            if entry is None:
                raise refusals.not_found(PODS, name)
            pod = definition.decode(entry)
            if not _leaves_anyway(pod):
                await self._spend_budget(request, namespace, pod, dry_run=options.dry_run)
            try:
                await self._deletes.remove(request, definition, namespace, name, options)
            except NotFound:
                if options.uid:
                    raise
        return status_response(request, _CREATED, code=201)

    def _lock(self, namespace: str) -> asyncio.Lock:
        """Evictions of one namespace follow each other, so that two do not spend the same disruption."""
        if len(self._budget_locks) > 1000:
            self._budget_locks = {key: lock for key, lock in self._budget_locks.items() if lock.locked()}
        return self._budget_locks.setdefault(namespace, asyncio.Lock())

    async def _spend_budget(self, request: Request, namespace: str, pod: Object, *, dry_run: bool) -> None:
        definition = self._resources.lookup("policy", "v1", "poddisruptionbudgets")
        assert definition is not None
        budgets = [
            budget
            for budget in (
                definition.decode(entry) for entry in self._store.cache.collection(BUDGETS).select(namespace)
            )
            if from_label_selector((budget.get("spec") or {}).get("selector") or {}).matches(labels_of(pod))
        ]
        if len(budgets) > 1:
            raise InternalError(
                "This pod has more than one PodDisruptionBudget, "
                "which the eviction subresource does not support."
            )
        if not budgets or _is_unhealthy_and_free(pod, budgets[0]):
            return
        name, pod_name = budgets[0]["metadata"]["name"], pod["metadata"]["name"]

        async def decide(entry: Entry | None) -> Verdict:
            if entry is None:
                raise refusals.not_found(BUDGETS, name)
            spent = spend(definition.decode(entry), pod_name, now=self._preparation.now())
            return Write(await stored_value(definition, spent))

        path = path_of(namespace, name)
        if dry_run:
            await decide(await self._store.get(BUDGETS, path))
            return
        await self._store.settle(BUDGETS, path, decide)


# -- pure parts ---------------------------------------------------------------------------------------------


def _check_target(name: str, target: Object) -> None:
    errors: list[FieldError] = []
    if target.get("kind") not in (None, "", "Node"):
        text = f'Unsupported value: "{target["kind"]}": supported values: "Node", "<empty>"'
        errors.append(FieldError("FieldValueNotSupported", "target.kind", text))
    if not target.get("name"):
        errors.append(FieldError("FieldValueRequired", "target.name", "Required value"))
    if errors:
        raise invalid("", "Binding", name, errors)


def bound(pod: Object, node: str, binding: Object, *, now: str) -> Object:
    """pod on node. Raises Conflict when it is on one already or on its way out."""
    name = pod["metadata"]["name"]
    current = (pod.get("spec") or {}).get("nodeName")
    if pod["metadata"].get("deletionTimestamp"):
        raise refusals.conflict(
            Collection("", "pods/binding"), name, f"pod {name} is being deleted, cannot be assigned to a host"
        )
    if current:
        raise refusals.conflict(
            Collection("", "pods/binding"), name, f'pod {name} is already assigned to node "{current}"'
        )
    new = private_copy(pod)
    new["spec"]["nodeName"] = node
    metadata = binding.get("metadata") or {}
    for part in ("annotations", "labels"):
        if metadata.get(part):
            new["metadata"][part] = {**(new["metadata"].get(part) or {}), **metadata[part]}
    status = new.setdefault("status", {})
    others = [item for item in status.get("conditions") or [] if item.get("type") != "PodScheduled"]
    scheduled = {"type": "PodScheduled", "status": "True", "lastProbeTime": None, "lastTransitionTime": now}
    status["conditions"] = [*others, scheduled]
    return new


def _leaves_anyway(pod: Object) -> bool:
    status = pod.get("status") or {}
    return (
        bool(pod["metadata"].get("deletionTimestamp"))
        or status.get("phase") in _TERMINAL
        or status.get("phase") == "Pending"
    )


def _is_ready(pod: Object) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(item.get("type") == "Ready" and item.get("status") == "True" for item in conditions)


def _is_unhealthy_and_free(pod: Object, budget: Object) -> bool:
    """A pod that is not ready may go: always, or when the healthy ones are enough, as the budget says."""
    if _is_ready(pod):
        return False
    if (budget.get("spec") or {}).get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    status = budget.get("status") or {}
    return (status.get("currentHealthy") or 0) >= (status.get("desiredHealthy") or 0) > 0


def spend(budget: Object, pod: str, *, now: str) -> Object:
    """budget with one disruption less. Raises TooManyRequests."""
    metadata, status = budget["metadata"], dict(budget.get("status") or {})
    disrupted = dict(status.get("disruptedPods") or {})
    allowed = status.get("disruptionsAllowed") or 0
    if (status.get("observedGeneration") or 0) < (metadata.get("generation") or 0):
        text = f"The disruption budget {metadata['name']} is still being processed by the server."
        raise _not_now(text, seconds=10)
    if len(disrupted) > MAX_DISRUPTED:
        raise _not_now("DisruptedPods map too big - too many evictions not confirmed by PDB controller")
    if allowed <= 0:
        text = (
            f"The disruption budget {metadata['name']} needs {status.get('desiredHealthy') or 0} healthy "
            "pods "
            f"and has {status.get('currentHealthy') or 0} currently"
        )
        raise _not_now(text)
    disrupted[pod] = now
    status |= {"disruptionsAllowed": allowed - 1, "disruptedPods": disrupted}
    return {**budget, "status": status}


def _not_now(text: str, *, seconds: int = 0) -> TooManyRequests:
    details: Object = {"causes": [{"reason": "DisruptionBudget", "message": text}]}
    if seconds:
        details["retryAfterSeconds"] = seconds
    return TooManyRequests(
        "Cannot evict pod as it would violate the pod's disruption budget.", details=details
    )
