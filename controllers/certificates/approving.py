"""CertificateSigningRequest key: an agent's request is approved when whoever sent it may ask for that.

In: requests for the signer of client certificates. Out: the Approved condition. requests.py recognizes them;
the right is asked for with a SubjectAccessReview. Next: the stock signing controller issues the certificate.
"""

import logging
from typing import Any, Final

from controllers.certificates.requests import SIGNER, Recognizer, Unreadable, is_decided, recognizers
from karmada.api.errors import Invalid, NotFound
from karmada.api.groups.kubernetes import CERTIFICATE_SIGNING_REQUESTS, SUBJECT_ACCESS_REVIEWS
from karmada.api.gvk import ObjectKey
from karmada.api.objects import Object, is_deleting
from karmada.api.wellknown import AUTO_APPROVED_REASON
from karmada.client.client import Client
from karmada.client.informer import Change, Informer
from karmada.runtime.clock import Clock, rfc3339
from karmada.runtime.controller import LOW_PRIORITY, Requeue, WorkQueue

log = logging.getLogger(__name__)

GROUP: Final = "certificates.k8s.io"


class AgentApprovingController:
    """Keys are CertificateSigningRequests."""

    name = "agent-csr-approving-controller"

    def __init__(self, *, requests: Informer[Object], client: Client, clock: Clock) -> None:
        self._requests = requests
        self._client = client
        self._clock = clock

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        def changed(change: Change[Object]) -> None:
            new = change.new
            if new is not None and (new.get("spec") or {}).get("signerName") == SIGNER:
                queue.add(change.key, priority=LOW_PRIORITY if change.initial else 0)

        self._requests.add_handler(changed, name=self.name)

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        request = self._requests.cache.get(key)
        if request is None or is_deleting(request) or is_decided(request):
            return None
        try:
            found = recognizers(request)
        except Unreadable as error:
            log.warning(
                "certificate request is not readable", extra={"request": key.name, "error": str(error)}
            )
            return None
        for recognizer in found:
            if await self._is_allowed(request, recognizer):
                await self._approve(key, request, recognizer)
                return None
        if found:
            log.warning("an agent's certificate request is not allowed", extra={"request": key.name})
        return None

    async def _is_allowed(self, request: Object, recognizer: Recognizer) -> bool:
        spec = request["spec"]
        identity = {
            name: spec[source]
            for name, source in {
                "user": "username",
                "uid": "uid",
                "groups": "groups",
                "extra": "extra",
            }.items()
            if spec.get(source)
        }
        attributes = {
            "group": GROUP,
            "resource": "certificatesigningrequests",
            "verb": "create",
            "version": "*",
            "subresource": recognizer.subresource,
        }
        review = {
            "apiVersion": SUBJECT_ACCESS_REVIEWS.api_version,
            "kind": SUBJECT_ACCESS_REVIEWS.kind,
            "spec": {**identity, "resourceAttributes": attributes},
        }
        answer = await self._client.create(SUBJECT_ACCESS_REVIEWS, review)
        return bool((answer.get("status") or {}).get("allowed"))

    async def _approve(self, key: ObjectKey, request: Object, recognizer: Recognizer) -> None:
        now = rfc3339(self._clock.now())

        def change(live: Object) -> Object:
            return live if is_decided(live) else approved(live, recognizer.message, now=now)

        resource = CERTIFICATE_SIGNING_REQUESTS
        try:
            await self._client.update(resource, key, change, cached=request, subresource="approval")
        except NotFound:
            return
        except Invalid:
            log.warning("approval was refused", extra={"request": key.name})
            raise
        log.info("approved an agent's certificate request", extra={"request": key.name})


def approved(request: Object, message: str, *, now: str) -> Object:
    """request with the Approved condition."""
    status: dict[str, Any] = dict(request.get("status") or {})
    condition = {
        "type": "Approved",
        "status": "True",
        "reason": AUTO_APPROVED_REASON,
        "message": message,
        "lastUpdateTime": now,
        "lastTransitionTime": now,
    }
    status["conditions"] = [*(status.get("conditions") or ()), condition]
    return {**request, "status": status}
