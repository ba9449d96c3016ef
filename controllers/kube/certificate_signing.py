"""Approved CertificateSigningRequests of the stock signers get their certificate.

In: CertificateSigningRequests, the CA's files. Out: status.certificate, or the condition Failed.
certificate_issuing.py decides and signs; who may approve is a question of RBAC.
"""

import asyncio
import base64
import binascii
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from controllers.kube.certificate_issuing import SIGNERS, Authority, Refused, Wanted, issued
from karmada.api.conditions import find_json_condition
from karmada.api.errors import InternalError, NotFound
from karmada.api.groups.kubernetes import CERTIFICATE_SIGNING_REQUESTS
from karmada.api.gvk import ObjectKey
from karmada.api.objects import Object, is_deleting, uid_of
from karmada.client.client import Client
from karmada.client.informer import Change, Informer
from karmada.runtime.clock import Clock, rfc3339
from karmada.runtime.controller import LOW_PRIORITY, Requeue, WorkQueue
from karmada.runtime.observe import StartError

FAILED_REASON: Final = "SignerValidationFailure"


@dataclass(frozen=True, slots=True)
class SigningOptions:
    """With what certificates are signed."""

    certificate_file: str = ""
    """--cluster-signing-cert-file: CA certificate that signs approved CertificateSigningRequests; without it
    nothing is signed."""

    key_file: str = ""
    """--cluster-signing-key-file: key of that CA."""

    duration_seconds: float = 365 * 86400.0
    """--cluster-signing-duration: longest life of a signed certificate."""

    def check(self) -> None:
        """Raises StartError."""
        if bool(self.certificate_file) != bool(self.key_file):
            raise StartError("--cluster-signing-cert-file and --cluster-signing-key-file go together")

    def load(self) -> Authority:
        """Read anew each time: a CA may be replaced while we run. Raises OSError, ValueError."""
        return Authority.load(Path(self.certificate_file).read_bytes(), Path(self.key_file).read_bytes())


class CertificateSigningController:
    """Keys are CertificateSigningRequests."""

    name = "certificatesigningrequest-signing"

    def __init__(
        self, *, requests: Informer[Object], client: Client, options: SigningOptions, clock: Clock
    ) -> None:
        self._requests = requests
        self._client = client
        self._options = options
        self._clock = clock

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        def changed(change: Change[Object]) -> None:
            if change.new is not None and is_to_be_signed(change.new):
                queue.add(change.key, priority=LOW_PRIORITY if change.initial else 0)

        self._requests.add_handler(changed, name=self.name)

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        request = self._requests.cache.get(key)
        if request is None or not is_to_be_signed(request):
            return None
        try:
            authority = await asyncio.to_thread(self._options.load)
        except (OSError, ValueError) as error:
            raise InternalError(f"{self._options.certificate_file} cannot sign: {error}") from error
        status = self._outcome(request, authority)

        def change(live: Object) -> Object:
            if uid_of(live) != uid_of(request) or not is_to_be_signed(live):
                return live
            before = live.get("status") or {}
            conditions = [*(before.get("conditions") or ()), *status.get("conditions", ())]
            return {**live, "status": {**before, **status, "conditions": conditions}}

        try:
            await self._client.update_status(CERTIFICATE_SIGNING_REQUESTS, key, change, cached=request)
        except NotFound:
            return None
        return None

    def _outcome(self, request: Object, authority: Authority) -> Object:
        """The part of the status to add."""
        now = self._clock.now()
        longest = timedelta(seconds=self._options.duration_seconds)
        try:
            certificate = issued(wanted_by(request), authority, now=now, longest=longest)
        except Refused as error:
            stamp = rfc3339(now)
            failed = {
                "type": "Failed",
                "status": "True",
                "reason": FAILED_REASON,
                "message": str(error),
                "lastUpdateTime": stamp,
                "lastTransitionTime": stamp,
            }
            return {"conditions": [failed]}
        return {"certificate": base64.b64encode(certificate).decode()}


def is_to_be_signed(request: Object) -> bool:
    """Approved, ours, and nothing came of it yet."""
    status = request.get("status") or {}
    conditions = status.get("conditions") or ()
    return (
        request["spec"].get("signerName") in SIGNERS
        and not is_deleting(request)
        and not status.get("certificate")
        and find_json_condition(conditions, "Approved") is not None
        and find_json_condition(conditions, "Denied") is None
        and find_json_condition(conditions, "Failed") is None
    )


def wanted_by(request: Object) -> Wanted:
    """Raises Refused."""
    spec = request["spec"]
    try:
        pem = base64.b64decode(spec.get("request") or "")
    except (binascii.Error, ValueError) as error:
        raise Refused(f"unable to parse csr: {error}") from error
    seconds = spec.get("expirationSeconds")
    lifetime = timedelta(seconds=seconds) if seconds else None
    return Wanted(spec["signerName"], pem, tuple(spec.get("usages") or ()), lifetime)
