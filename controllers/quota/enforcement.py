"""Quota key: how much of a FederatedResourceQuota is taken by what is scheduled.

In: FederatedResourceQuotas, the ResourceBindings beside them. Out: status.overall and status.overallUsed.
Admission adds to that sum with each binding that grows, and refuses what does not fit; this counts again from
the bindings themselves, so that the sum is right after whatever was missed. Runs with the gate
FederatedQuotaEnforcement.
"""

from dataclasses import dataclass

from controllers.quota.status import overall_fields, with_status
from karmada.api import wellknown
from karmada.api.errors import ApiError, NotFound
from karmada.api.groups.policy import FEDERATED_RESOURCE_QUOTAS, FederatedResourceQuota
from karmada.api.groups.work import ResourceBinding
from karmada.api.gvk import ObjectKey
from karmada.api.names import namespaced_key
from karmada.api.quota_amounts import overall_usage
from karmada.client.client import Client
from karmada.client.events import EventRecorder
from karmada.client.informer import Change, Informer
from karmada.runtime.controller import LOW_PRIORITY, Requeue, WorkQueue


@dataclass(frozen=True, slots=True)
class QuotaOptions:
    """How quotas are counted."""

    sync_seconds: float = 300.0
    """--federated-resource-quota-sync-period: how often the usage of every quota is counted anew; 0 for
    never."""


class QuotaEnforcementController:
    """Keys are FederatedResourceQuotas."""

    name = "federated-resource-quota-enforcement-controller"

    def __init__(
        self,
        *,
        quotas: Informer[FederatedResourceQuota],
        bindings: Informer[ResourceBinding],
        client: Client,
        recorder: EventRecorder,
        options: QuotaOptions,
    ) -> None:
        self._quotas = quotas
        self._bindings = bindings
        self._client = client
        self._recorder = recorder
        self._options = options

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        def quota_changed(change: Change[FederatedResourceQuota]) -> None:
            old, new = change.old, change.new
            if new is not None and (old is None or old.spec.overall != new.spec.overall):
                queue.add(change.key, priority=LOW_PRIORITY if change.initial else 0)

        def binding_changed(change: Change[ResourceBinding]) -> None:
            if change.new is None:
                for key in self._quotas.cache.keys(change.key.namespace):
                    queue.add(key)

        self._quotas.add_handler(quota_changed, name=self.name)
        self._bindings.add_handler(binding_changed, name=self.name)

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        await self._bindings.wait_synced()
        quota = self._quotas.cache.get(key)
        if quota is None or quota.metadata.deletion_timestamp:
            return None
        before = quota

        def change(stored: FederatedResourceQuota) -> FederatedResourceQuota:
            nonlocal before
            before = stored
            specs = (binding.spec for binding in self._bindings.cache.list(key.namespace))
            used = overall_usage(specs, stored.spec.overall)
            return with_status(stored, overall_fields(stored, used))

        try:
            after = await self._client.update_status(FEDERATED_RESOURCE_QUOTAS, key, change, cached=quota)
        except NotFound:
            return None
        except ApiError as error:
            self._say(quota, wellknown.WARNING, wellknown.EVENT_COLLECT_OVERALL_STATUS_FAILED, str(error))
            raise
        if after is not before:  # an event for every look would itself be a write
            name = namespaced_key(key.namespace, key.name)
            message = f"Collect overall status of FederatedResourceQuota({name}) succeed."
            self._say(quota, wellknown.NORMAL, wellknown.EVENT_COLLECT_OVERALL_STATUS_SUCCEED, message)
        return Requeue(after=self._options.sync_seconds) if self._options.sync_seconds > 0 else None

    def _say(self, quota: FederatedResourceQuota, type_: str, reason: str, message: str) -> None:
        self._recorder.event(quota, type=type_, reason=reason, message=message)
