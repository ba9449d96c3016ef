"""Quota key: what the members report, in the status of the FederatedResourceQuota.

In: FederatedResourceQuotas, the statuses of their Works (sync.py). Out: status.aggregatedStatus; and, unless
enforcement.py counts what is scheduled, the overall limits and the sum of what members report as used.
"""

from typing import Any

from controllers.quota.works import QuotaWorks, quota_of, reported
from controllers.works import Works
from karmada.api import wellknown
from karmada.api.errors import ApiError, NotFound
from karmada.api.groups.policy import (
    FEDERATED_RESOURCE_QUOTAS,
    ClusterQuotaStatus,
    FederatedResourceQuota,
    FederatedResourceQuotaStatus,
)
from karmada.api.groups.work import Work
from karmada.api.gvk import ObjectKey
from karmada.api.model import ResourceList
from karmada.api.names import namespaced_key
from karmada.api.quota_amounts import same_amounts, total
from karmada.client.client import Client
from karmada.client.events import EventRecorder
from karmada.client.informer import Change, Informer
from karmada.runtime.controller import LOW_PRIORITY, Requeue, WorkQueue


class QuotaStatusController:
    """Keys are FederatedResourceQuotas. enforced: the gate FederatedQuotaEnforcement."""

    name = "federated-resource-quota-status-controller"

    def __init__(
        self,
        *,
        quotas: Informer[FederatedResourceQuota],
        works: Works,
        client: Client,
        recorder: EventRecorder,
        enforced: bool = False,
    ) -> None:
        self._quotas = quotas
        self._works = QuotaWorks(works)
        self._client = client
        self._recorder = recorder
        self._enforced = enforced

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        def quota_changed(change: Change[FederatedResourceQuota]) -> None:
            if change.new is not None:
                queue.add(change.key, priority=LOW_PRIORITY if change.initial else 0)

        def work_changed(change: Change[Work]) -> None:
            old, new = change.old, change.new
            if old is None or (new is not None and old.status == new.status):
                return
            if (key := quota_of(old if new is None else new)) is not None:
                queue.add(key)

        self._quotas.add_handler(quota_changed, name=self.name)
        self._works.informer.add_handler(work_changed, name=self.name)

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        await self._works.informer.wait_synced()  # without them nothing would seem to be used
        quota = self._quotas.cache.get(key)
        if quota is None or quota.metadata.deletion_timestamp:
            return None
        items = reported(self._works.of(key))
        before = quota

        def change(stored: FederatedResourceQuota) -> FederatedResourceQuota:
            nonlocal before
            before = stored
            return with_reports(stored, items, enforced=self._enforced)

        try:
            after = await self._client.update_status(FEDERATED_RESOURCE_QUOTAS, key, change, cached=quota)
        except NotFound:
            return None
        except ApiError as error:
            self._say(quota, wellknown.WARNING, wellknown.EVENT_AGGREGATE_STATUS_FAILED, str(error))
            raise
        if after is not before:  # an event for every look would itself be a write
            name = namespaced_key(key.namespace, key.name)
            message = f"Collect status of FederatedResourceQuota({name}) succeed."
            self._say(quota, wellknown.NORMAL, wellknown.EVENT_AGGREGATE_STATUS_SUCCEED, message)
        return None

    def _say(self, quota: FederatedResourceQuota, type_: str, reason: str, message: str) -> None:
        self._recorder.event(quota, type=type_, reason=reason, message=message)


def with_reports(
    quota: FederatedResourceQuota, items: list[ClusterQuotaStatus], *, enforced: bool
) -> FederatedResourceQuota:
    """quota with what members report; enforced: the overall amounts are somebody else's. Pure."""
    fields: dict[str, Any] = {}
    if items != quota.status.aggregated_status:
        fields["aggregated_status"] = items
    if not enforced:
        fields |= overall_fields(quota, total(item.used for item in items))
    return with_status(quota, fields)


def overall_fields(quota: FederatedResourceQuota, used: ResourceList) -> dict[str, Any]:
    """The overall amounts of a status that are to change. Pure."""
    status = quota.status
    fields: dict[str, Any] = {}
    if not same_amounts(status.overall, quota.spec.overall):
        fields["overall"] = quota.spec.overall
    if not same_amounts(status.overall_used, used):
        fields["overall_used"] = used
    return fields


def with_status(quota: FederatedResourceQuota, fields: dict[str, Any]) -> FederatedResourceQuota:
    """quota with these fields of its status, empty ones left out; quota itself without any. Pure."""
    if not fields:
        return quota
    status = quota.status
    kept = {name: getattr(status, name) for name in status.model_fields_set if name not in fields}
    kept |= {name: value for name, value in fields.items() if value}
    return quota.model_copy(update={"status": FederatedResourceQuotaStatus.model_validate(kept)})
