"""Policy key: release what it selects no more, look again at what it holds or could hold, preempt, clean up.

In: changes of one kind of policy. Out: template keys back to controller.py (through waiting.py), released
claims, and the policy's finalizer. One instance per kind. Which template goes to which policy is not decided
here, except in a preemption.
"""

import logging
from typing import Final

from controllers.detector.apply import Applier, Bindings
from controllers.detector.claim import CLUSTER, NAMESPACED, PolicyScope, claim_of, policy_id
from controllers.detector.controller import Policies
from controllers.detector.matching import explicit_priority, is_lazy, matches
from controllers.detector.resources import PropagatableResources
from controllers.detector.waiting import WaitingTemplates
from controllers.templates import Templates
from karmada.api.errors import NotFound
from karmada.api.groups.policy import PropagationPolicy
from karmada.api.groups.work import ResourceBinding
from karmada.api.gvk import ObjectKey, Resource
from karmada.api.objects import Object, is_deleting
from karmada.api.wellknown import EVENT_PREEMPT_POLICY_FAILED, EVENT_PREEMPT_POLICY_SUCCEED, NORMAL, WARNING
from karmada.client.client import Client
from karmada.client.events import EventRecorder
from karmada.client.informer import Change
from karmada.runtime.controller import LOW_PRIORITY, Requeue, WorkQueue

log = logging.getLogger(__name__)

DISCOVERY_WAIT_SECONDS: Final = 0.2


class PolicyController:
    """Reconciles PropagationPolicies or ClusterPropagationPolicies. preemption: the gate."""

    def __init__(
        self,
        *,
        scope: PolicyScope,
        policies: Policies,
        bindings: Bindings,
        resources: PropagatableResources,
        templates: Templates,
        waiting: WaitingTemplates,
        applier: Applier,
        client: Client,
        recorder: EventRecorder,
        preemption: bool = False,
    ) -> None:
        self.name = f"{scope.policies.kind.lower()}-detector"
        self._scope = scope
        self._informer = policies.informer(scope)
        self._policies = policies
        self._bindings = bindings
        self._resources = resources
        self._templates = templates
        self._waiting = waiting
        self._applier = applier
        self._client = client
        self._recorder = recorder
        self._preemption = preemption

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        def changed(change: Change[PropagationPolicy]) -> None:
            old, new = change.old, change.new
            if new is None or (old is not None and not _is_news(old, new)):
                return
            queue.add(change.key, priority=LOW_PRIORITY if change.initial else 0)
            if old is not None and self._preemption:
                for key in self._who_may_preempt_now(old, new):
                    queue.add(key)

        self._informer.add_handler(changed, name=f"{self.name} policies")

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        policy = self._informer.cache.get(key)
        if policy is None:
            return None
        for informer in self._bindings.informers():
            await informer.wait_synced()
        if not self._resources.discovered:  # templates would be asked for one by one
            return Requeue(after=DISCOVERY_WAIT_SECONDS)
        if policy.metadata.deletion_timestamp:
            await self._clean_up(key, policy)
            return None
        await self._refresh(policy)
        self._pick_up_waiting(policy)
        if policy.spec.preemption == "Always":
            await self._preempt(policy)
        return None

    async def _clean_up(self, key: ObjectKey, policy: PropagationPolicy) -> None:
        """Let go of every template, whatever the selectors say by now; then the policy may go."""
        if self._scope.finalizer not in policy.metadata.finalizers:
            return
        held_by = policy_id(policy)
        if held_by:
            for resource, template in await self._resources.claimed_by(self._scope, held_by):
                await self._applier.release(resource, template, self._scope, held_by=held_by)
        try:
            await self._client.update(self._scope.policies, key, self._without_finalizer, cached=policy)
        except NotFound:
            log.debug("policy went while it was cleaned up", extra={"policy": str(key)})

    def _without_finalizer(self, policy: PropagationPolicy) -> PropagationPolicy:
        kept = [name for name in policy.metadata.finalizers if name != self._scope.finalizer]
        metadata = policy.metadata.model_copy(update={"finalizers": kept})
        return policy.model_copy(update={"metadata": metadata})

    async def _refresh(self, policy: PropagationPolicy) -> None:
        """Of the templates it holds: release those it selects no more, look again at the others."""
        held_by = policy_id(policy)
        for binding in self._bindings.held_by(held_by) if held_by else ():
            found = await self._template_of(binding)
            if found is None:
                continue
            resource, template = found
            if matches(policy, template):
                self._waiting.reconsider(resource.key_of(template), changed_by_karmada=is_lazy(policy))
            else:
                await self._applier.release(resource, template, self._scope, held_by=held_by)

    def _pick_up_waiting(self, policy: PropagationPolicy) -> None:
        for key in self._waiting.candidates(policy):
            resource = self._resources.resource(key.resource)
            template = None
            if resource is not None:
                template = self._templates.cached(resource, key.namespace, key.name)
            if template is None or matches(policy, template):
                self._waiting.discard(key)
                self._waiting.reconsider(key, changed_by_karmada=is_lazy(policy))

    async def _template_of(self, binding: ResourceBinding) -> tuple[Resource[Object], Object] | None:
        reference = binding.spec.resource
        resource = await self._templates.resource_of(reference.api_version, reference.kind)
        if resource is None:
            return None
        template = await self._templates.find(resource, resource.key(reference.namespace, reference.name))
        return None if template is None else (resource, template)

    # --- preemption -----------------------------------------------------------------------------------------

    async def _preempt(self, policy: PropagationPolicy) -> None:
        """Take named templates over from policies that have to give way."""
        if not self._preemption:
            log.warning(
                "preemption is asked for, but the feature gate PropagationPolicyPreemption is off",
                extra={"policy": f"{policy.metadata.namespace}/{policy.metadata.name}"},
            )
            return
        for selector in policy.spec.resource_selectors:
            resource = await self._templates.resource_of(selector.api_version, selector.kind)
            if not selector.name or resource is None:
                continue
            namespace = selector.namespace or policy.metadata.namespace
            template = await self._templates.find(resource, resource.key(namespace, selector.name))
            if template is not None and not is_deleting(template) and self._gives_way(template, policy):
                await self._take_over(policy, resource, template)

    def _gives_way(self, template: Object, policy: PropagationPolicy) -> bool:
        claim = claim_of(template)
        if claim is None or claim.policy_id == policy_id(policy):
            return False
        if claim.scope is CLUSTER and self._scope is NAMESPACED:
            return True
        if claim.scope is not self._scope:
            return False
        holder = self._policies.of(claim)
        return holder is not None and explicit_priority(policy) > explicit_priority(holder)

    async def _take_over(
        self, policy: PropagationPolicy, resource: Resource[Object], template: Object
    ) -> None:
        title = self._scope.title(policy.metadata.namespace, policy.metadata.name)
        try:
            await self._applier.claim(policy, resource, template)
        except Exception as error:
            message = f"{title} failed to preempt: {error}"
            self._recorder.event(template, type=WARNING, reason=EVENT_PREEMPT_POLICY_FAILED, message=message)
            raise
        message = f"{title} preempted the former policy"
        self._recorder.event(template, type=NORMAL, reason=EVENT_PREEMPT_POLICY_SUCCEED, message=message)

    def _who_may_preempt_now(self, old: PropagationPolicy, new: PropagationPolicy) -> list[ObjectKey]:
        """A policy that lowers its priority gives way to those between the new and the old value, highest
        first.
        """
        was, now = explicit_priority(old), explicit_priority(new)
        rivals = [
            policy
            for policy in (self._informer.cache.list(new.metadata.namespace) if now < was else ())
            if policy.spec.preemption == "Always" and now < explicit_priority(policy) < was
        ]
        rivals.sort(key=lambda policy: -explicit_priority(policy))
        scope = self._scope.policies
        return [scope.key(policy.metadata.namespace, policy.metadata.name) for policy in rivals]


def _is_news(old: PropagationPolicy, new: PropagationPolicy) -> bool:
    return (old.metadata.generation, old.metadata.deletion_timestamp) != (
        new.metadata.generation,
        new.metadata.deletion_timestamp,
    )
