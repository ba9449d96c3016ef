"""Managed keys: a manifest remembers which of its labels and annotations came from the control plane. Pure.

Used when a Work is written and when it is admitted, so that admission changes nothing in a Work that a
controller wrote; retention and status compare members with it.
"""

from typing import Final

from karmada.api.objects import Object, annotations_of, labels_of, metadata_of
from karmada.api.wellknown import (
    MANAGED_ANNOTATIONS_ANNOTATION,
    MANAGED_LABELS_ANNOTATION,
    WORK_PERMANENT_ID_LABEL,
)

_LISTS: Final = frozenset({MANAGED_ANNOTATIONS_ANNOTATION, MANAGED_LABELS_ANNOTATION})


def with_managed_keys(manifest: Object, work_id: str) -> Object:
    """manifest with the Work's id (if it has one yet) and the sorted lists of its annotation and label keys.

    The annotation list is made before the label list exists, hence it always names both.
    """
    labels, annotations = labels_of(manifest), annotations_of(manifest)
    if work_id:
        labels = {**labels, WORK_PERMANENT_ID_LABEL: work_id}
    annotations = {
        **annotations,
        MANAGED_ANNOTATIONS_ANNOTATION: ",".join(sorted(annotations.keys() | _LISTS)),
        MANAGED_LABELS_ANNOTATION: ",".join(sorted(labels)),
    }
    return {**manifest, "metadata": {**metadata_of(manifest), "labels": labels, "annotations": annotations}}
