"""The Works a FederatedResourceQuota has: found by its labels, rendered from its assignments. Mostly pure.

In: quotas, Works. Out: what sync.py writes and what status.py reads.
"""

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from controllers.works import Works
from karmada.api.conditions import is_condition_true
from karmada.api.groups.kubernetes import RESOURCE_QUOTAS
from karmada.api.groups.policy import (
    FEDERATED_RESOURCE_QUOTAS,
    ClusterQuotaStatus,
    FederatedResourceQuota,
)
from karmada.api.groups.work import Work
from karmada.api.gvk import ObjectKey
from karmada.api.model import ResourceList
from karmada.api.names import cluster_of_execution_namespace, is_execution_namespace, work_name
from karmada.api.objects import Object
from karmada.api.wellknown import (
    FEDERATED_RESOURCE_QUOTA_NAME_LABEL,
    FEDERATED_RESOURCE_QUOTA_NAMESPACE_LABEL,
    WORK_APPLIED,
)

QUOTA_INDEX: Final = "federated-resource-quota"


class QuotaWorks:
    """The Works of quotas in the shared cache."""

    def __init__(self, works: Works) -> None:
        self.informer = works.informer
        self.informer.cache.add_index(QUOTA_INDEX, _quotas)

    def of(self, quota: ObjectKey) -> list[Work]:
        return self.informer.cache.by_index(QUOTA_INDEX, f"{quota.namespace}/{quota.name}")


class Assignment(NamedTuple):
    """What one cluster is given."""

    cluster: str
    hard: ResourceList


def assignments(quota: FederatedResourceQuota) -> list[Assignment]:
    """One per cluster; of several entries for a cluster the first counts."""
    found: dict[str, Assignment] = {}
    for item in quota.spec.static_assignments:
        found.setdefault(item.cluster_name, Assignment(item.cluster_name, item.hard))
    return list(found.values())


def quota_labels(quota: ObjectKey) -> dict[str, str]:
    return {
        FEDERATED_RESOURCE_QUOTA_NAMESPACE_LABEL: quota.namespace,
        FEDERATED_RESOURCE_QUOTA_NAME_LABEL: quota.name,
    }


def quota_work_name(quota: ObjectKey) -> str:
    return work_name(RESOURCE_QUOTAS.kind, quota.name, quota.namespace)


def resource_quota(quota: ObjectKey, hard: ResourceList) -> Object:
    """The ResourceQuota that a member gets."""
    return {
        "apiVersion": RESOURCE_QUOTAS.api_version,
        "kind": RESOURCE_QUOTAS.kind,
        "metadata": {"namespace": quota.namespace, "name": quota.name},
        "spec": {"hard": dict(hard)} if hard else {},
    }


def quota_of(work: Work) -> ObjectKey | None:
    """The quota whose Work this is."""
    labels = work.metadata.labels
    name = labels.get(FEDERATED_RESOURCE_QUOTA_NAME_LABEL)
    if not name:
        return None
    return FEDERATED_RESOURCE_QUOTAS.key(labels.get(FEDERATED_RESOURCE_QUOTA_NAMESPACE_LABEL, ""), name)


def cluster_of(work: Work) -> str:
    """The cluster of a Work; "" when it is in no execution namespace."""
    namespace = work.metadata.namespace
    return cluster_of_execution_namespace(namespace) if is_execution_namespace(namespace) else ""


def reported(works: Iterable[Work]) -> list[ClusterQuotaStatus]:
    """What members say of their ResourceQuota, by cluster; those that were not applied say nothing."""
    found = []
    for work in works:
        if (
            not (cluster := cluster_of(work))
            or not is_condition_true(work.status.conditions, WORK_APPLIED)
            or not work.status.manifest_statuses
        ):
            continue
        status = work.status.manifest_statuses[0].status or {}
        fields: dict[str, Any] = {"cluster_name": cluster}
        fields |= {name: status[name] for name in ("hard", "used") if status.get(name)}
        found.append(ClusterQuotaStatus.model_validate(fields))
    return sorted(found, key=lambda item: item.cluster_name)


def _quotas(work: Work) -> list[str]:
    quota = quota_of(work)
    return [] if quota is None else [f"{quota.namespace}/{quota.name}"]
