"""Many statuses to one: what the Works of a binding say together. Pure; binding_status.py reads and
writes."""

from collections.abc import Iterable, Sequence, Set

from karmada.api.conditions import find_condition
from karmada.api.groups.meta import Condition
from karmada.api.groups.work import (
    AggregatedStatusItem,
    ManifestStatus,
    ObjectReference,
    Work,
)
from karmada.api.gvk import split_api_version
from karmada.api.names import cluster_of_execution_namespace
from karmada.api.objects import Object, name_of, namespace_of
from karmada.api.wellknown import (
    FULLY_APPLIED,
    FULLY_APPLIED_FAILED_REASON,
    FULLY_APPLIED_SUCCESS_REASON,
    WORK_APPLIED,
)

UNKNOWN = "Unknown"
ALL_APPLIED = "All works have been successfully applied"
NOT_ALL_APPLIED = "Failed to apply all works, see status.aggregatedStatus for details"


class NotInWork(Exception):
    """A Work of the binding does not carry the binding's resource."""


def aggregated_items(works: Iterable[Work], resource: ObjectReference) -> list[AggregatedStatusItem]:
    """One item per Work, sorted by cluster; Works that are on their way out do not count."""
    items = [aggregated_item(work, resource) for work in works if work.metadata.deletion_timestamp is None]
    return sorted(items, key=lambda item: item.cluster_name)


def aggregated_item(work: Work, resource: ObjectReference) -> AggregatedStatusItem:
    """Raises NotInWork."""
    cluster = cluster_of_execution_namespace(work.metadata.namespace)
    ordinal = next(
        (
            index
            for index, manifest in enumerate(work.spec.workload.manifests)
            if is_resource(manifest, resource)
        ),
        None,
    )
    if ordinal is None:
        raise NotInWork(
            f"work {work.metadata.namespace}/{work.metadata.name} does not carry {resource.kind} "
            f"{resource.namespace}/{resource.name}"
        )
    applied = find_condition(work.status.conditions, WORK_APPLIED)
    if applied is None or applied.status != "True":
        message = applied.message if applied is not None else ""
        fields: dict[str, object] = {"cluster_name": cluster, "health": UNKNOWN}
        if message:
            fields["applied_message"] = message
        return AggregatedStatusItem.model_validate(fields)
    fields = {"cluster_name": cluster, "applied": True, "health": UNKNOWN}
    found = _manifest_status(work.status.manifest_statuses, ordinal, resource)
    if found is not None:
        fields["health"] = found.health
        if found.status is not None:
            fields["status"] = found.status
    return AggregatedStatusItem.model_validate(fields)


def fully_applied(items: Sequence[AggregatedStatusItem], expected: Set[str], *, now: str) -> Condition:
    """The FullyApplied condition: every expected cluster has an item, and all are applied."""
    complete = (
        bool(expected)
        and len(expected) == len(items)
        and all(item.applied and item.cluster_name in expected for item in items)
    )
    return Condition.model_validate(
        {
            "type": FULLY_APPLIED,
            "status": "True" if complete else "False",
            "reason": FULLY_APPLIED_SUCCESS_REASON if complete else FULLY_APPLIED_FAILED_REASON,
            "message": ALL_APPLIED if complete else NOT_ALL_APPLIED,
            "last_transition_time": now,
        }
    )


def is_resource(manifest: Object, resource: ObjectReference) -> bool:
    return (
        manifest.get("apiVersion") == resource.api_version
        and manifest.get("kind") == resource.kind
        and name_of(manifest) == resource.name
        and namespace_of(manifest) == resource.namespace
    )


def _manifest_status(
    statuses: Iterable[ManifestStatus], ordinal: int, resource: ObjectReference
) -> ManifestStatus | None:
    group, version = split_api_version(resource.api_version)
    wanted = (ordinal, group, version, resource.kind, resource.namespace, resource.name)
    for status in statuses:
        identifier = status.identifier
        found = (
            identifier.ordinal,
            identifier.group,
            identifier.version,
            identifier.kind,
            identifier.namespace,
            identifier.name,
        )
        if found == wanted:
            return status
    return None
