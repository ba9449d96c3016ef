"""Whose a template is: the marks a policy leaves on templates and bindings. Pure.

A claim is a label with the policy's permanent id plus annotations with its name. marks() and unmarked() work
on the labels and annotations of anything, so templates (plain JSON) and bindings (models) share them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from karmada.api import wellknown
from karmada.api.groups import policy as policy_api
from karmada.api.groups.policy import OverridePolicy, PropagationPolicy
from karmada.api.gvk import Resource
from karmada.api.objects import Object, annotations_of, labels_of, with_metadata


@dataclass(frozen=True, slots=True)
class PolicyScope:
    """What differs between PropagationPolicy and ClusterPropagationPolicy."""

    policies: Resource[PropagationPolicy]
    overrides: Resource[OverridePolicy]
    """The kind that spec.dependentOverrides names."""
    id_label: str
    name_annotation: str
    namespace_annotation: str
    """"" for cluster policies."""
    finalizer: str

    def title(self, namespace: str, name: str) -> str:
        """As events write it: `policy(ns/name)`, `cluster policy(name)`."""
        return f"policy({namespace}/{name})" if self.policies.namespaced else f"cluster policy({name})"


NAMESPACED: Final = PolicyScope(
    policies=policy_api.PROPAGATION_POLICIES,
    overrides=policy_api.OVERRIDE_POLICIES,
    id_label=wellknown.PROPAGATION_POLICY_PERMANENT_ID_LABEL,
    name_annotation=wellknown.PROPAGATION_POLICY_NAME_ANNOTATION,
    namespace_annotation=wellknown.PROPAGATION_POLICY_NAMESPACE_ANNOTATION,
    finalizer=wellknown.PROPAGATION_POLICY_FINALIZER,
)
CLUSTER: Final = PolicyScope(
    policies=policy_api.CLUSTER_PROPAGATION_POLICIES,
    overrides=policy_api.CLUSTER_OVERRIDE_POLICIES,
    id_label=wellknown.CLUSTER_PROPAGATION_POLICY_PERMANENT_ID_LABEL,
    name_annotation=wellknown.CLUSTER_PROPAGATION_POLICY_NAME_ANNOTATION,
    namespace_annotation="",
    finalizer=wellknown.CLUSTER_PROPAGATION_POLICY_FINALIZER,
)


class Claim(NamedTuple):
    """The policy that holds a template, as the template says."""

    scope: PolicyScope
    namespace: str
    name: str
    policy_id: str


class Marks(NamedTuple):
    """Labels and annotations of a template or binding."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]


def scope_of(policy: PropagationPolicy) -> PolicyScope:
    return NAMESPACED if policy.metadata.namespace else CLUSTER


def policy_id(policy: PropagationPolicy) -> str:
    """The permanent id admission gave the policy; "" when it has none yet."""
    return policy.metadata.labels.get(scope_of(policy).id_label, "")


def claim_of(template: Object) -> Claim | None:
    """The claim on a template; a half-written one counts as none, so that it is written again."""
    labels, annotations = labels_of(template), annotations_of(template)
    for scope in (NAMESPACED, CLUSTER):
        held_by = labels.get(scope.id_label)
        name = annotations.get(scope.name_annotation)
        namespace = annotations.get(scope.namespace_annotation, "")
        if held_by and name and (namespace or not scope.policies.namespaced):
            return Claim(scope, namespace, name, held_by)
    return None


def marks(policy: PropagationPolicy) -> Marks:
    """What a policy writes on what it claims."""
    scope = scope_of(policy)
    annotations = {scope.name_annotation: policy.metadata.name}
    if scope.namespace_annotation:
        annotations[scope.namespace_annotation] = policy.metadata.namespace
    return Marks({scope.id_label: policy_id(policy)}, annotations)


def marked(present: Marks, policy: PropagationPolicy) -> Marks:
    """present with the claim of policy. A namespaced policy takes the place of a cluster policy, not the
    reverse.
    """
    if scope_of(policy) is NAMESPACED:
        present = unmarked(present, CLUSTER)
    mine = marks(policy)
    return Marks({**present.labels, **mine.labels}, {**present.annotations, **mine.annotations})


def unmarked(present: Marks, scope: PolicyScope) -> Marks:
    """present without the claim of a policy of this scope."""
    gone = (scope.name_annotation, scope.namespace_annotation)
    return Marks(
        {key: value for key, value in present.labels.items() if key != scope.id_label},
        {key: value for key, value in present.annotations.items() if key not in gone},
    )


def claimed(template: Object, policy: PropagationPolicy) -> Object:
    """template with the claim of policy; equal to template when it is held properly already."""
    return _with_marks(template, marked(_marks_of(template), policy))


def unclaimed(template: Object, scope: PolicyScope, *, held_by: str = "") -> Object:
    """template without its claim; untouched when held_by is given and another policy holds it by now."""
    if held_by and labels_of(template).get(scope.id_label) != held_by:
        return template
    return _with_marks(template, unmarked(_marks_of(template), scope))


def _marks_of(template: Object) -> Marks:
    return Marks(labels_of(template), annotations_of(template))


def _with_marks(template: Object, wanted: Marks) -> Object:
    if wanted == _marks_of(template):
        return template
    return with_metadata(
        template, labels=dict(wanted.labels) or None, annotations=dict(wanted.annotations) or None
    )
