"""Kubelets' requests for client certificates are approved where RBAC lets the requester have them.

In: CertificateSigningRequests of the signer kube-apiserver-client-kubelet. Out: the condition Approved on
those a SubjectAccessReview speaks for. certificate_signing.py signs what is approved.
"""

from dataclasses import dataclass
from typing import Final

from controllers.kube.certificate_issuing import (
    KUBELET_CLIENT,
    Refused,
    broken_rule,
    common_name,
    read_request,
)
from controllers.kube.certificate_signing import wanted_by
from karmada.api.conditions import find_json_condition
from karmada.api.errors import NotFound
from karmada.api.groups.kubernetes import CERTIFICATE_SIGNING_REQUESTS, SUBJECT_ACCESS_REVIEWS
from karmada.api.gvk import ObjectKey
from karmada.api.objects import Object, is_deleting, uid_of
from karmada.client.client import Client
from karmada.client.informer import Change, Informer
from karmada.runtime.clock import Clock, rfc3339
from karmada.runtime.controller import LOW_PRIORITY, Requeue, WorkQueue

APPROVED_REASON: Final = "AutoApproved"
ASK_AGAIN_SECONDS: Final = 60.0
"""Rights may be given later; nobody tells us."""


@dataclass(frozen=True, slots=True)
class Recognized:
    """A right that lets the requester have it, and the words of the approval."""

    subresource: str
    message: str


_SELF: Final = Recognized(
    "selfnodeclient", "Auto approving self kubelet client certificate after SubjectAccessReview."
)
_FIRST: Final = Recognized(
    "nodeclient", "Auto approving kubelet client certificate after SubjectAccessReview."
)


class CertificateApprovalController:
    """Keys are CertificateSigningRequests."""

    name = "certificatesigningrequest-approving"

    def __init__(self, *, requests: Informer[Object], client: Client, clock: Clock) -> None:
        self._requests = requests
        self._client = client
        self._clock = clock

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        def changed(change: Change[Object]) -> None:
            if change.new is not None and is_undecided(change.new):
                queue.add(change.key, priority=LOW_PRIORITY if change.initial else 0)

        self._requests.add_handler(changed, name=self.name)

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        request = self._requests.cache.get(key)
        if request is None or not is_undecided(request):
            return None
        rights = recognized(request)
        for right in rights:
            if await self._may(request, right):
                await self._approve(key, request, right)
                return None
        return Requeue(after=ASK_AGAIN_SECONDS) if rights else None

    async def _may(self, request: Object, right: Recognized) -> bool:
        spec = request["spec"]
        asked = {
            "verb": "create",
            "group": "certificates.k8s.io",
            "version": "*",
            "resource": "certificatesigningrequests",
            "subresource": right.subresource,
        }
        who = {"user": spec.get("username") or ""}
        who |= {part: spec[part] for part in ("uid", "groups", "extra") if spec.get(part)}
        review: Object = {
            "apiVersion": SUBJECT_ACCESS_REVIEWS.api_version,
            "kind": SUBJECT_ACCESS_REVIEWS.kind,
            "spec": {**who, "resourceAttributes": asked},
        }
        answer = await self._client.create(SUBJECT_ACCESS_REVIEWS, review)
        return (answer.get("status") or {}).get("allowed") is True

    async def _approve(self, key: ObjectKey, request: Object, right: Recognized) -> None:
        stamp = rfc3339(self._clock.now())
        approved = {
            "type": "Approved",
            "status": "True",
            "reason": APPROVED_REASON,
            "message": right.message,
            "lastUpdateTime": stamp,
            "lastTransitionTime": stamp,
        }

        def change(live: Object) -> Object:
            if uid_of(live) != uid_of(request) or not is_undecided(live):
                return live
            status = live.get("status") or {}
            return {**live, "status": {**status, "conditions": [*(status.get("conditions") or ()), approved]}}

        try:
            await self._client.update(
                CERTIFICATE_SIGNING_REQUESTS, key, change, cached=request, subresource="approval"
            )
        except NotFound:
            return


def is_undecided(request: Object) -> bool:
    """A kubelet's request nobody has approved or denied."""
    conditions = (request.get("status") or {}).get("conditions") or ()
    return (
        request["spec"].get("signerName") == KUBELET_CLIENT
        and not is_deleting(request)
        and find_json_condition(conditions, "Approved") is None
        and find_json_condition(conditions, "Denied") is None
    )


def recognized(request: Object) -> list[Recognized]:
    """The rights that would do, first the one for a node that renews its own certificate."""
    try:
        wanted = wanted_by(request)
        parsed = read_request(wanted.request)
        if broken_rule(KUBELET_CLIENT, parsed, wanted.usages):
            return []
    except Refused:
        return []
    is_self = request["spec"].get("username") == common_name(parsed)
    return [_SELF, _FIRST] if is_self else [_FIRST]
