"""The params of a binding: objects of the policy's paramKind, by name or by labels, from the watch cache."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from apiserver.admission.context import AdmissionContext
from apiserver.resources.definition import ResourceDefinition, Resources
from karmada.api.gvk import GroupVersionKind, split_api_version
from karmada.api.objects import Object, labels_of
from karmada.api.selectors import from_label_selector


class ParamsFailed(Exception):
    """There are no params, and the binding or its policy must have some."""


@dataclass(frozen=True, slots=True)
class ParamKind:
    api_version: str
    kind: str

    def definition(self, resources: Resources) -> ResourceDefinition:
        group, version = split_api_version(self.api_version)
        found = resources.by_kind(GroupVersionKind(group, version, self.kind))
        if found is None:
            shown = f"{self.api_version}, Kind={self.kind}" if group else f"/{version}, Kind={self.kind}"
            text = f"failed to find resource referenced by paramKind: '{shown}'"
            raise ParamsFailed(f"failed to configure policy: {text}")
        return found


def params_of(
    kind: ParamKind | None, ref: Mapping[str, Any] | None, context: AdmissionContext, resources: Resources
) -> list[Object | None]:
    """Each is evaluated on its own; [None] where the policy or the binding speaks of none."""
    if kind is None:
        return [None]
    definition = kind.definition(resources)
    if not ref:
        return [None]
    found = _found(definition, ref, _namespace(definition, ref, context), context)
    if not found and ref.get("parameterNotFoundAction") != "Allow":
        text = "no params found for policy binding with `Deny` parameterNotFoundAction"
        raise ParamsFailed(f"failed to configure binding: {text}")
    return list(found)


def _namespace(definition: ResourceDefinition, ref: Mapping[str, Any], context: AdmissionContext) -> str:
    given = str(ref.get("namespace") or "")
    if not definition.namespaced:
        if given:
            text = "paramRef.namespace must not be provided for a cluster-scoped `paramKind`"
            raise ParamsFailed(f"failed to configure binding: {text}")
        return ""
    namespace = given or context.namespace
    if not namespace:
        text = "can't use namespaced paramRef in policy binding that matches cluster-scoped resources"
        raise ParamsFailed(f"failed to configure binding: {text}")
    return namespace


def _found(
    definition: ResourceDefinition, ref: Mapping[str, Any], namespace: str, context: AdmissionContext
) -> list[Object]:
    group, resource = definition.collection.group, definition.collection.resource
    if name := ref.get("name"):
        found = context.reader.get(group, resource, namespace, name)
        return [] if found is None else [found]
    matcher = from_label_selector(ref.get("selector") or {})
    return [
        each for each in context.reader.list(group, resource, namespace) if matcher.matches(labels_of(each))
    ]
