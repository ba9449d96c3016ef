"""Template key: find the policy, claim the template, bind it.

In: every propagatable object of the control plane (resources.py) and the policies. Out: claims on templates
and bindings (apply.py). Next: the scheduler gives a binding its clusters. policies.py handles what follows
from a change of a policy; both share waiting.py. Matching and contents are decided in matching.py, claim.py
and desired.py.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from controllers.detector.apply import Applier, Bindings
from controllers.detector.changes import changed_by_user, same_specification
from controllers.detector.claim import CLUSTER, NAMESPACED, Claim, PolicyScope, claim_of, scope_of
from controllers.detector.matching import is_lazy, lookup_keys, matches, selector_keys, winner
from controllers.detector.resources import PropagatableResources, SkippedObjects
from controllers.detector.waiting import TemplateKey, WaitingTemplates
from controllers.templates import Templates
from karmada.api.groups.policy import OverridePolicy, PropagationPolicy
from karmada.api.groups.work import ResourceBinding
from karmada.api.gvk import GroupVersionKind, ObjectKey, split_api_version
from karmada.api.objects import (
    Object,
    labels_of,
    namespace_of,
    resource_version_of,
)
from karmada.api.wellknown import RESOURCE_TEMPLATE_CLAIMED_BY_LABEL
from karmada.client.informer import Change, Informer, Informers
from karmada.runtime.controller import LOW_PRIORITY, Requeue, WorkQueue

log = logging.getLogger(__name__)

SELECTOR_INDEX: Final = "selects"


@dataclass(frozen=True, slots=True)
class DetectorOptions:
    """How the detector works."""

    skipped_propagating_apis: str = ""
    """--skipped-propagating-apis: APIs not to propagate besides the built-in ones, split by `;`: `group`,
    `group/version`, `group/version/kind,kind`."""
    skipped_propagating_namespaces: tuple[str, ...] = ("kube-.*",)
    """--skipped-propagating-namespaces: regular expressions; objects in namespaces that match one are not
    propagated.
    """
    concurrent_resource_template_syncs: int = 5
    """--concurrent-resource-template-syncs: resource templates reconciled at the same time."""
    concurrent_propagation_policy_syncs: int = 1
    """--concurrent-propagation-policy-syncs: PropagationPolicies reconciled at the same time."""
    concurrent_cluster_propagation_policy_syncs: int = 1
    """--concurrent-cluster-propagation-policy-syncs: ClusterPropagationPolicies reconciled at the same time.
    """


class Policies:
    """The policies of both kinds, found by what they select."""

    def __init__(self, informers: Informers) -> None:
        self._informers: dict[str, Informer[PropagationPolicy]] = {}
        self._overrides: dict[str, Informer[OverridePolicy]] = {}
        for scope in (NAMESPACED, CLUSTER):
            informer = informers.ensure(scope.policies)
            informer.cache.add_index(SELECTOR_INDEX, selector_keys)
            self._informers[scope.id_label] = informer
            self._overrides[scope.id_label] = informers.ensure(scope.overrides)

    def informer(self, scope: PolicyScope) -> Informer[PropagationPolicy]:
        return self._informers[scope.id_label]

    def overrides(self) -> list[Informer[OverridePolicy]]:
        return list(self._overrides.values())

    async def wait_synced(self) -> None:
        """Nothing can be said about a template before every policy is known."""
        for policies in self._informers.values():
            await policies.wait_synced()
        for overrides in self._overrides.values():
            await overrides.wait_synced()

    def of(self, claim: Claim) -> PropagationPolicy | None:
        return self.informer(claim.scope).cache.named(claim.namespace, claim.name)

    def best_for(self, template: Object) -> PropagationPolicy | None:
        """A namespaced policy wins over any cluster policy."""
        keys = lookup_keys(template)
        if namespace := namespace_of(template):
            beside = (
                policy
                for policy in self._selecting(NAMESPACED, keys)
                if policy.metadata.namespace == namespace
            )
            if (found := winner(beside, template)) is not None:
                return found
        return winner(self._selecting(CLUSTER, keys), template)

    def missing_overrides(self, policy: PropagationPolicy) -> list[str]:
        """The names in spec.dependentOverrides that do not exist."""
        cache = self._overrides[scope_of(policy).id_label].cache
        namespace = policy.metadata.namespace
        return [name for name in policy.spec.dependent_overrides if cache.named(namespace, name) is None]

    def _selecting(self, scope: PolicyScope, keys: Iterable[str]) -> Iterable[PropagationPolicy]:
        cache = self.informer(scope).cache
        for key in keys:
            yield from cache.by_index(SELECTOR_INDEX, key)


class TemplateController:
    """Reconciles templates. Keys that differ in changed_by_karmada alone may run at the same time."""

    name = "resource-detector"

    def __init__(
        self,
        *,
        resources: PropagatableResources,
        policies: Policies,
        bindings: Bindings,
        templates: Templates,
        waiting: WaitingTemplates,
        applier: Applier,
        skipped: SkippedObjects,
    ) -> None:
        self._resources = resources
        self._policies = policies
        self._bindings = bindings
        self._templates = templates
        self._waiting = waiting
        self._applier = applier
        self._skipped = skipped
        self._edited: dict[ObjectKey, str] = {}
        """resourceVersion at which the content of a template was last seen to change."""

    def watch(self, queue: WorkQueue[TemplateKey]) -> None:
        self._waiting.connect(queue)

        def template_changed(change: Change[Object]) -> None:
            self._template_changed(queue, change)

        def override_changed(change: Change[OverridePolicy]) -> None:
            if change.old is None:
                self._waiting.override_appeared(change.key)

        def binding_changed(change: Change[ResourceBinding]) -> None:
            self._binding_changed(queue, change)

        self._resources.subscribe(template_changed)
        for overrides in self._policies.overrides():
            overrides.add_handler(override_changed, name="detector dependent overrides")
        for bindings in self._bindings.informers():
            bindings.add_handler(binding_changed, name="detector deleted bindings")

    async def reconcile(self, key: TemplateKey) -> Requeue | None:
        await self._wait_synced()
        resource = self._resources.resource(key.object.resource)
        template = None if resource is None else await self._templates.find(resource, key.object)
        if (
            resource is None
            or template is None
            or labels_of(template).get(RESOURCE_TEMPLATE_CLAIMED_BY_LABEL)
        ):
            self._waiting.forget(key.object)
            return None
        claim = claim_of(template)
        if claim is None:
            policy = self._policies.best_for(template)
            if policy is None:
                self._waiting.add(key.object, template)
                return None
        else:
            policy = self._policies.of(claim)
            if policy is None:  # deleted without clean-up; the released template comes back as an event
                await self._applier.release(resource, template, claim.scope, held_by=claim.policy_id)
                return None
            if policy.metadata.deletion_timestamp or not matches(policy, template):
                # Deleting: policies.py releases the template. No match: another API of the same object may be
                # the selected one; a template that really left is released at the next edit of the policy.
                return None
        if missing := self._policies.missing_overrides(policy):
            self._waiting.wait_for_overrides(key.object, policy, missing)
            return None
        self._waiting.forget(key.object)
        await self._applier.apply(
            policy,
            resource,
            template,
            edited_at=self._edited.get(key.object, ""),
            changed_by_karmada=key.changed_by_karmada,
        )
        return None

    async def _wait_synced(self) -> None:
        await self._policies.wait_synced()
        for informer in self._bindings.informers():
            await informer.wait_synced()

    def _template_changed(self, queue: WorkQueue[TemplateKey], change: Change[Object]) -> None:
        new, old = change.new, change.old
        key = change.key
        if self._skipped.covers(_kind_of(change), key.namespace, key.name):
            return
        if new is None:
            self._edited.pop(key, None)
            self._waiting.forget(key)
            return
        changed_by_karmada = False
        if old is not None:
            if same_specification(old, new):
                return
            self._edited[key] = resource_version_of(new)
            changed_by_karmada = self._is_lazily_held(new) and not changed_by_user(old, new)
        queue.add(TemplateKey(key, changed_by_karmada), priority=LOW_PRIORITY if change.initial else 0)

    def _is_lazily_held(self, template: Object) -> bool:
        claim = claim_of(template)
        policy = None if claim is None else self._policies.of(claim)
        return policy is not None and is_lazy(policy)

    def _binding_changed(self, queue: WorkQueue[TemplateKey], change: Change[ResourceBinding]) -> None:
        """A binding went: that of an older object of this name, which was in the way, or by hand."""
        if change.new is not None or change.old is None:
            return
        reference = change.old.spec.resource
        group, version = split_api_version(reference.api_version)
        resource = self._resources.of_kind(GroupVersionKind(group, version, reference.kind))
        if resource is None or self._templates.cached(resource, reference.namespace, reference.name) is None:
            return  # it went with its template, as it should
        queue.add(TemplateKey(resource.key(reference.namespace, reference.name)))


def _kind_of(change: Change[Object]) -> str:
    known = change.new if change.new is not None else change.old
    return (known or {}).get("kind") or ""
