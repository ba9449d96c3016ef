"""One request as policies take it: selectors, the object in the version they speak of, params, namespace.

Shared by validating.py and mutating.py, which only differ in what they make of the answer.
"""

from dataclasses import dataclass
from typing import Any

from apiserver.admission.context import AdmissionContext
from apiserver.admission.facts import Facts
from apiserver.admission.policies.matching import Matching
from apiserver.admission.policies.policy import Inputs
from apiserver.admission.policies.registry import Bound
from apiserver.admission.webhooks.asking import Versions, subject_of
from apiserver.admission.webhooks.matching import Target
from apiserver.rbac import Authorizer
from karmada.api.gvk import GroupVersionResource
from karmada.api.objects import Object, labels_of
from karmada.api.selectors import LabelMatcher


@dataclass(frozen=True, slots=True)
class Requests:
    """What it takes to put a request to policies."""

    versions: Versions
    authorizer: Authorizer

    async def target(self, bound: Bound[Any], obj: Object | None, context: AdmissionContext) -> Target | None:
        """The form in which a policy sees the request; None when it is not meant."""
        return await self._target(bound.policy.matching, bound, obj, context)

    async def is_bound(
        self, matching: Matching, bound: Bound[Any], obj: Object | None, context: AdmissionContext
    ) -> bool:
        return await self._target(matching, bound, obj, context) is not None

    async def _target(
        self, matching: Matching, bound: Bound[Any], obj: Object | None, context: AdmissionContext
    ) -> Target | None:
        target = matching.target(subject_of(context), context.name, bound.equivalents)
        if target is None or not matching.selects(obj, context.old):
            return None
        return target if await self._is_in_namespace(matching.namespace_selector, obj, context) else None

    async def _is_in_namespace(
        self, selector: LabelMatcher, obj: Object | None, context: AdmissionContext
    ) -> bool:
        if selector.is_everything:
            return True
        if (context.resource.group, context.resource.resource) == ("", "namespaces"):
            shown = obj if obj is not None else context.old
            return selector.matches(labels_of(shown or {}))
        if not context.namespace:
            return True
        namespace = await self._namespace(context)
        return namespace is not None and selector.matches(labels_of(namespace))

    async def _namespace(self, context: AdmissionContext) -> Object | None:
        found = context.reader.get("", "namespaces", "", context.namespace)
        if found is None:
            found = await context.reader.get_live("", "namespaces", "", context.namespace)
        return found

    async def facts(self, target: Target, obj: Object | None, context: AdmissionContext) -> Facts:
        return Facts(
            context,
            await self.in_version(obj, context.resource, target.resource),
            await self.in_version(context.old, context.resource, target.resource),
            target.kind,
            target.resource,
            self.authorizer,
        )

    async def in_version(
        self, obj: Object | None, source: GroupVersionResource, target: GroupVersionResource
    ) -> Object | None:
        if obj is None or source == target:
            return obj
        return await self.versions.convert(obj, source, target)


def inputs(facts: Facts, params: Object | None) -> Inputs:
    context = facts.context

    def namespace() -> Object | None:
        if not context.namespace or context.resource.resource == "namespaces":
            return None
        return context.reader.get("", "namespaces", "", context.namespace)

    return Inputs(facts, params, namespace)
