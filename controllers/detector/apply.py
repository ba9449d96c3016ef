"""Apply a policy to a template: claim it, then create or update its binding; and let go of both again.

In: a policy and a template from controller.py, claims to release from policies.py. Out: the template's claim
marks and the (Cluster)ResourceBinding, each written only when it changes. What they should say is decided in
claim.py and desired.py.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from controllers.detector.claim import CLUSTER, NAMESPACED, PolicyScope, claimed, scope_of, unclaimed
from controllers.detector.desired import (
    Interpreted,
    OwnerMismatch,
    binding_scope,
    desired_binding,
    merged,
    released,
)
from controllers.detector.matching import is_lazy
from controllers.templates import Templates
from karmada.api import wellknown
from karmada.api.errors import AlreadyExists, BadRequest, Conflict, InternalError, NotFound
from karmada.api.groups.policy import PropagationPolicy
from karmada.api.groups.work import CLUSTER_RESOURCE_BINDINGS, RESOURCE_BINDINGS, ResourceBinding
from karmada.api.gvk import GroupVersionKind, ObjectKey, Resource
from karmada.api.names import binding_name
from karmada.api.objects import Object, resource_version_of
from karmada.client.client import Client
from karmada.client.events import EventRecorder
from karmada.client.informer import Change, Informer, Informers
from karmada.interpreter.chain import Interpreter, Operation
from karmada.interpreter.errors import InterpreterError

log = logging.getLogger(__name__)

T = TypeVar("T")

POLICY_INDEX: Final = "policy-permanent-id"
KUBE_PRIORITY_CLASS: Final = "KubePriorityClass"


@dataclass(frozen=True, slots=True)
class BindingGates:
    """Feature gates that decide what a binding says."""

    priority_based_scheduling: bool = True
    """PriorityBasedScheduling: resolve spec.schedulePriority."""
    workload_affinity: bool = False
    """WorkloadAffinity: resolve the affinity groups of a template."""
    resource_quota_estimate: bool = False
    """ResourceQuotaEstimate: tell the estimator the namespace of the replicas."""
    multiple_pod_templates: bool = False
    """MultiplePodTemplatesScheduling: components instead of replicas, for kinds that have them."""

    def counts_components(self, interpreter: Interpreter, gvk: GroupVersionKind) -> bool:
        return self.multiple_pod_templates and interpreter.handles(gvk, Operation.COMPONENT)


class Bindings:
    """Both kinds of bindings, as the detector sees them: the caches plus what it has just created itself."""

    def __init__(self, informers: Informers) -> None:
        self._informers: dict[bool, Informer[ResourceBinding]] = {
            scope.namespaced: informers.ensure(scope)
            for scope in (RESOURCE_BINDINGS, CLUSTER_RESOURCE_BINDINGS)
        }
        self._created: dict[ObjectKey, ResourceBinding] = {}
        for informer in self._informers.values():
            informer.cache.add_index(POLICY_INDEX, _policy_ids)
            informer.add_handler(self._seen, name="detector created bindings")

    def informers(self) -> list[Informer[ResourceBinding]]:
        return list(self._informers.values())

    def get(self, scope: Resource[ResourceBinding], key: ObjectKey) -> ResourceBinding | None:
        return self._informers[scope.namespaced].cache.get(key) or self._created.get(key)

    def held_by(self, policy_id: str) -> list[ResourceBinding]:
        """The bindings with the claim label of a policy."""
        return [
            binding
            for informer in self._informers.values()
            for binding in informer.cache.by_index(POLICY_INDEX, policy_id)
        ]

    def created(self, scope: Resource[ResourceBinding], key: ObjectKey, binding: ResourceBinding) -> None:
        """Know it before the informer does: the claim's own event brings the template back at once."""
        if self._informers[scope.namespaced].cache.get(key) is None:
            self._created[key] = binding

    def forget(self, key: ObjectKey) -> None:
        self._created.pop(key, None)

    def _seen(self, change: Change[ResourceBinding]) -> None:
        self._created.pop(change.key, None)


def _policy_ids(binding: ResourceBinding) -> list[str]:
    labels = binding.metadata.labels
    return [labels[scope.id_label] for scope in (NAMESPACED, CLUSTER) if labels.get(scope.id_label)]


class Applier:
    """The writes of the detector."""

    def __init__(
        self,
        *,
        bindings: Bindings,
        templates: Templates,
        interpreter: Interpreter,
        client: Client,
        recorder: EventRecorder,
        gates: BindingGates,
    ) -> None:
        self._bindings = bindings
        self._templates = templates
        self._interpreter = interpreter
        self._client = client
        self._recorder = recorder
        self._gates = gates

    async def apply(
        self,
        policy: PropagationPolicy,
        resource: Resource[Object],
        template: Object,
        *,
        edited_at: str = "",
        changed_by_karmada: bool = False,
    ) -> None:
        """Claim and bind. A lazy policy only claims what no user changed. edited_at: see desired.merged."""
        title = scope_of(policy).title(policy.metadata.namespace, policy.metadata.name)
        try:
            held = await self.claim(policy, resource, template)
            if changed_by_karmada and is_lazy(policy):
                return
            if held is not template:
                edited_at = resource_version_of(held)
            changed = await self._bind(policy, held, edited_at)
        except Exception as error:
            self._warn(template, wellknown.EVENT_APPLY_POLICY_FAILED, f"Apply {title} failed: {error}")
            raise
        if changed:
            self._say(template, wellknown.EVENT_APPLY_POLICY_SUCCEED, f"Apply {title} succeed")
            log.info("policy applied", extra={"policy": title, "template": str(resource.key_of(template))})

    async def claim(self, policy: PropagationPolicy, resource: Resource[Object], template: Object) -> Object:
        """The template marked as held by policy; template itself when it was already."""
        return await self._client.update(
            resource, resource.key_of(template), lambda newest: claimed(newest, policy), cached=template
        )

    async def release(
        self, resource: Resource[Object], template: Object, scope: PolicyScope, *, held_by: str
    ) -> None:
        """Take the claim off the binding, then off the template; each only while held_by still holds it.

        In this order: while the template carries the label, an interrupted release is found and repeated.
        """
        binding_resource = binding_scope(template)
        name = binding_name(resource.kind, template["metadata"]["name"])
        key = binding_resource.key(resource.key_of(template).namespace, name)
        await self._update_if_there(
            binding_resource,
            key,
            lambda newest: released(newest, scope, held_by=held_by),
            self._bindings.get(binding_resource, key),
        )
        await self._update_if_there(
            resource,
            resource.key_of(template),
            lambda newest: unclaimed(newest, scope, held_by=held_by),
            template,
        )

    async def _update_if_there(
        self, resource: Resource[T], key: ObjectKey, change: Callable[[T], T], cached: T | None
    ) -> None:
        try:
            await self._client.update(resource, key, change, cached=cached)
        except NotFound:
            log.debug("gone before its claim was taken off", extra={"key": str(key)})

    async def _bind(self, policy: PropagationPolicy, template: Object, edited_at: str) -> bool:
        """Create or update the binding; whether anything was written."""
        desired = desired_binding(
            policy,
            template,
            await self._interpret(template),
            priority=await self._schedule_priority(policy),
            affinity_groups=self._gates.workload_affinity,
        )
        scope = binding_scope(template)
        key = scope.key(desired.metadata.namespace, desired.metadata.name)
        stored = self._bindings.get(scope, key)
        if stored is None:
            try:
                created = await self._client.create(scope, desired)
            except AlreadyExists:
                pass  # our cache is behind
            else:
                self._bindings.created(scope, key, created)
                self._say_interpreted(template, desired)
                return True
        before = stored

        def change(binding: ResourceBinding) -> ResourceBinding:
            nonlocal before
            before = binding
            return merged(binding, desired, edited_at=edited_at)

        try:
            after = await self._client.update(scope, key, change, cached=stored)
        except OwnerMismatch as error:
            raise Conflict(str(error)) from error
        except NotFound:
            self._bindings.forget(key)  # it went since; the next pass creates it
            raise
        if after is before:
            return False
        self._say_interpreted(template, desired)
        return True

    async def _interpret(self, template: Object) -> Interpreted:
        gvk = GroupVersionKind.of(template)
        if self._gates.counts_components(self._interpreter, gvk):
            return await self._components(template)
        if not self._interpreter.handles(gvk, Operation.REPLICA):
            return Interpreted()
        try:
            replicas, requirements = await self._interpreter.get_replicas(template)
        except InterpreterError as error:
            message = f"failed to get replicas: {error}"
            self._warn(template, wellknown.EVENT_GET_REPLICAS_FAILED, message)
            raise InternalError(message) from error
        if requirements is not None and self._gates.resource_quota_estimate and not requirements.namespace:
            requirements = requirements.model_copy(update={"namespace": template["metadata"]["namespace"]})
        return Interpreted(replicas, requirements)

    async def _components(self, template: Object) -> Interpreted:
        try:
            return Interpreted(components=tuple(await self._interpreter.get_components(template)))
        except InterpreterError as error:
            message = f"failed to get components: {error}"
            self._warn(template, wellknown.EVENT_GET_COMPONENTS_FAILED, message)
            raise InternalError(message) from error

    async def _schedule_priority(self, policy: PropagationPolicy) -> int | None:
        asked = policy.spec.schedule_priority
        if asked is None or not self._gates.priority_based_scheduling:
            return None
        if asked.priority_class_source != KUBE_PRIORITY_CLASS:
            raise BadRequest(f"priorityClassSource {asked.priority_class_source} is not supported yet")
        resource = await self._templates.resource_of("scheduling.k8s.io/v1", "PriorityClass")
        found = None
        if resource is not None:
            found = await self._templates.find(resource, resource.key("", asked.priority_class_name))
        if found is None:
            raise NotFound(f'priorityclasses.scheduling.k8s.io "{asked.priority_class_name}" not found')
        return int(found.get("value") or 0)

    def _say_interpreted(self, template: Object, desired: ResourceBinding) -> None:
        """Only with a write: an event for every look at a template would itself be a write."""
        gvk = GroupVersionKind.of(template)
        if self._gates.counts_components(self._interpreter, gvk):
            text = "Get components of resource template successfully."
            self._say(template, wellknown.EVENT_GET_COMPONENTS_SUCCEED, text)
        elif self._interpreter.handles(gvk, Operation.REPLICA):
            self._say(
                template,
                wellknown.EVENT_GET_REPLICAS_SUCCEED,
                f"Get replicas({desired.spec.replicas}) of {template['kind']} succeed",
            )

    def _say(self, template: Object, reason: str, message: str) -> None:
        self._recorder.event(template, type=wellknown.NORMAL, reason=reason, message=message)

    def _warn(self, template: Object, reason: str, message: str) -> None:
        self._recorder.event(template, type=wellknown.WARNING, reason=reason, message=message)
