"""CertificateSigningRequests that are over are deleted: decided, failed, forgotten, or their certificate's
life has ended.

In: CertificateSigningRequests and the time. Out: deletes of the very object that was looked at. expiry_of is
the whole decision.
"""

import base64
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509

from karmada.api.conditions import find_json_condition
from karmada.api.errors import Conflict
from karmada.api.groups.kubernetes import CERTIFICATE_SIGNING_REQUESTS
from karmada.api.gvk import ObjectKey
from karmada.api.objects import Object, is_deleting, metadata_of, uid_of
from karmada.client.client import Client
from karmada.client.informer import Change, Informer
from karmada.runtime.clock import Clock, parse_rfc3339
from karmada.runtime.controller import LOW_PRIORITY, Requeue, WorkQueue

DECIDED_LIFE: Final = timedelta(hours=1)
PENDING_LIFE: Final = timedelta(hours=24)


class CertificateCleaningController:
    """Keys are CertificateSigningRequests; each waits for its own time, nothing is polled."""

    name = "certificatesigningrequest-cleaner"

    def __init__(self, *, requests: Informer[Object], client: Client, clock: Clock) -> None:
        self._requests = requests
        self._client = client
        self._clock = clock

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        def changed(change: Change[Object]) -> None:
            if change.new is not None:
                queue.add(change.key, priority=LOW_PRIORITY)

        self._requests.add_handler(changed, name=self.name)

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        request = self._requests.cache.get(key)
        if request is None or is_deleting(request):
            return None
        wait = (expiry_of(request) - self._clock.now()).total_seconds()
        if wait > 0:
            return Requeue(after=wait)
        version = str(metadata_of(request).get("resourceVersion") or "")
        try:
            await self._client.delete(
                CERTIFICATE_SIGNING_REQUESTS, key, uid=uid_of(request), resource_version=version
            )
        except Conflict:
            return None  # it changed meanwhile, the watch tells
        return None


def expiry_of(request: Object) -> datetime:
    """When it may go: the earliest of all reasons."""
    status = request.get("status") or {}
    conditions = status.get("conditions") or []
    created = parse_rfc3339(metadata_of(request)["creationTimestamp"])
    moments = [
        _stamp_of(condition, created) + DECIDED_LIFE
        for kind in ("Approved", "Denied")
        if (condition := find_json_condition(conditions, kind)) is not None
    ]
    if not moments or find_json_condition(conditions, "Failed") is not None:
        moments.append(created + PENDING_LIFE)
    if (end := _end_of(status.get("certificate") or "")) is not None:
        moments.append(end)
    return min(moments)


def _stamp_of(condition: Object, created: datetime) -> datetime:
    stamp = condition.get("lastUpdateTime") or condition.get("lastTransitionTime")
    return parse_rfc3339(stamp) if stamp else created


def _end_of(certificate: str) -> datetime | None:
    try:
        return x509.load_pem_x509_certificate(base64.b64decode(certificate)).not_valid_after_utc
    except ValueError:
        return None  # none yet, or nothing that could end
