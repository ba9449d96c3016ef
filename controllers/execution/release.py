"""The manifest of an object that Karmada lets go of but does not delete. Pure.

Only what Karmada needs to find its objects again is taken off; the object in the member keeps running.
"""

from typing import Final

from karmada.api.objects import Object, annotations_of, labels_of, with_metadata
from karmada.api.wellknown import (
    CLUSTER_PROPAGATION_POLICY_NAME_ANNOTATION,
    CLUSTER_PROPAGATION_POLICY_PERMANENT_ID_LABEL,
    MANAGED_ANNOTATIONS_ANNOTATION,
    MANAGED_BY_KARMADA_LABEL,
    MANAGED_LABELS_ANNOTATION,
    PROPAGATION_POLICY_NAME_ANNOTATION,
    PROPAGATION_POLICY_NAMESPACE_ANNOTATION,
    PROPAGATION_POLICY_PERMANENT_ID_LABEL,
    RESOURCE_BINDING_NAME_ANNOTATION,
    RESOURCE_BINDING_NAMESPACE_ANNOTATION,
    RESOURCE_BINDING_PERMANENT_ID_LABEL,
    TEMPLATE_GENERATION_ANNOTATION,
    TEMPLATE_UID_ANNOTATION,
    WORK_NAME_ANNOTATION,
    WORK_NAMESPACE_ANNOTATION,
    WORK_PERMANENT_ID_LABEL,
)

LABELS: Final = frozenset(
    {RESOURCE_BINDING_PERMANENT_ID_LABEL, WORK_PERMANENT_ID_LABEL, MANAGED_BY_KARMADA_LABEL}
)
ANNOTATIONS: Final = frozenset(
    {
        MANAGED_ANNOTATIONS_ANNOTATION,
        MANAGED_LABELS_ANNOTATION,
        RESOURCE_BINDING_NAMESPACE_ANNOTATION,
        RESOURCE_BINDING_NAME_ANNOTATION,
        TEMPLATE_UID_ANNOTATION,
        TEMPLATE_GENERATION_ANNOTATION,
        WORK_NAME_ANNOTATION,
        WORK_NAMESPACE_ANNOTATION,
    }
)


def released_manifest(manifest: Object, *, namespaced: bool) -> Object:
    """manifest without the marks. A claim by a ClusterPropagationPolicy stays on namespaced objects, as
    users of Karmada see it; so does conflict-resolution."""
    labels, annotations = set(LABELS), set(ANNOTATIONS)
    if namespaced:
        labels.add(PROPAGATION_POLICY_PERMANENT_ID_LABEL)
        annotations |= {PROPAGATION_POLICY_NAMESPACE_ANNOTATION, PROPAGATION_POLICY_NAME_ANNOTATION}
    else:
        labels.add(CLUSTER_PROPAGATION_POLICY_PERMANENT_ID_LABEL)
        annotations.add(CLUSTER_PROPAGATION_POLICY_NAME_ANNOTATION)
    return with_metadata(
        manifest,
        labels={name: value for name, value in labels_of(manifest).items() if name not in labels} or None,
        annotations={
            name: value for name, value in annotations_of(manifest).items() if name not in annotations
        }
        or None,
    )
