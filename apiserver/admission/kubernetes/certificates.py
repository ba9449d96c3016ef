"""CertificateSigningRequest: who asks is what the server saw; what is asked must make sense.

Signing and approving are the controllers'. The approval conditions themselves are judged here.
"""

import base64
import binascii
from typing import Any, Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from apiserver.admission.broken_rules import duplicate, forbidden, invalid_value, not_supported, required
from apiserver.admission.context import AdmissionContext, Rules
from karmada.api.errors import FieldError
from karmada.api.objects import Object
from karmada.api.validation import dns_subdomain_errors

CLIENT_SIGNER: Final = "kubernetes.io/kube-apiserver-client"
MASTERS: Final = "system:masters"
BLOCK: Final = "CERTIFICATE REQUEST"
LEAST_SECONDS: Final = 600
SIGNER_FORM: Final = "must be a fully qualified domain and path of the form 'example.com/signer-name'"
_IDENTITY: Final = ("username", "uid", "groups", "extra")
_STATUSES: Final = {"Approved": ("True",), "Denied": ("True",), "Failed": ("True",)}


def _prepare(request: Object, old: Object | None, context: AdmissionContext) -> None:
    spec = request["spec"]
    if old is not None:
        request["spec"] = old["spec"]
        _stamp_conditions(request, old, context.now)
        return
    for name in _IDENTITY:
        spec.pop(name, None)
    user = context.user
    identity: Object = {
        "username": user.name,
        "uid": user.uid,
        "groups": list(user.groups),
        "extra": {name: list(values) for name, values in user.extra.items()},
    }
    spec |= {name: value for name, value in identity.items() if value}


def _stamp_conditions(request: Object, old: Object, now: str) -> None:
    """When each condition was written and when its status changed, where the client does not say."""
    conditions = (request.get("status") or {}).get("conditions") or ()
    known = {one.get("type"): one for one in (old.get("status") or {}).get("conditions") or ()}
    for condition in conditions:
        if not condition.get("lastUpdateTime"):
            condition["lastUpdateTime"] = now
        if not condition.get("lastTransitionTime"):
            before = known.get(condition.get("type")) or {}
            same = before.get("status") == condition.get("status")
            condition["lastTransitionTime"] = (same and before.get("lastTransitionTime")) or now


def _judge(request: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    if old is not None:
        errors = [*_condition_errors(request, old), *_kept_errors(request, old, context.subresource)]
        return [*errors, *_certificate_errors(request, old)]
    spec = request["spec"]
    _, problem = read_request(spec.get("request") or "")
    errors = [invalid_value("spec.request", spec.get("request"), problem)] if problem else []
    if not spec.get("usages"):
        errors.append(required("spec.usages"))
    signer = spec.get("signerName") or ""
    errors += _signer_errors(signer, "spec.signerName")
    seconds = spec.get("expirationSeconds")
    if seconds is not None and seconds < LEAST_SECONDS:
        text = f"may not specify a duration less than {LEAST_SECONDS} seconds (10 minutes)"
        errors.append(invalid_value("spec.expirationSeconds", seconds, text))
    return errors


def _signer_errors(signer: str, path: str) -> list[FieldError]:
    if not signer:
        return [required(path)]
    domain, slash, name = signer.partition("/")
    if not slash or not name or dns_subdomain_errors(domain) or "." not in domain:
        return [invalid_value(path, signer, SIGNER_FORM)]
    if any(dns_subdomain_errors(part) for part in name.split("/")):
        return [invalid_value(path, signer, SIGNER_FORM)]
    return []


def _condition_errors(request: Object, old: Object) -> list[FieldError]:
    """A decision is made once, and not both ways."""
    path = "status.conditions"
    conditions = (request.get("status") or {}).get("conditions") or ()
    errors: list[FieldError] = []
    known: set[Any] = set()
    for index, condition in enumerate(conditions):
        kind, status = condition.get("type") or "", condition.get("status") or ""
        where = f"{path}[{index}]"
        if not kind:
            errors.append(required(f"{where}.type"))
        if kind in _STATUSES and status not in _STATUSES[kind]:
            errors.append(not_supported(f"{where}.status", status, _STATUSES[kind]))
        if kind in known:
            errors.append(duplicate(f"{where}.type", kind))
        known.add(kind)
    if {"Approved", "Denied"} <= known:
        text = "Approved and Denied conditions are mutually exclusive"
        errors.append(
            invalid_value(path, [item for item in conditions if item.get("type") in _STATUSES], text)
        )
    return errors


def _kept_errors(request: Object, old: Object, subresource: str) -> list[FieldError]:
    """No decision is taken back; only /approval makes one."""

    def count(obj: Object, kind: str) -> int:
        conditions = (obj.get("status") or {}).get("conditions") or ()
        return sum(condition.get("type") == kind for condition in conditions)

    errors: list[FieldError] = []
    for kind in _STATUSES:
        if count(request, kind) < count(old, kind):
            text = f'updates may not remove a condition of type "{kind}"'
            errors.append(forbidden("status.conditions", text))
        elif kind != "Failed" and subresource != "approval" and count(request, kind) > count(old, kind):
            text = f'updates may not add a condition of type "{kind}"'
            errors.append(forbidden("status.conditions", text))
    return errors


def _certificate_errors(request: Object, old: Object) -> list[FieldError]:
    """A certificate is issued once, and is one."""
    certificate = (request.get("status") or {}).get("certificate") or ""
    before = (old.get("status") or {}).get("certificate") or ""
    if certificate == before:
        return []
    if before:
        return [forbidden("status.certificate", "updates may not modify existing certificate content")]
    try:
        x509.load_pem_x509_certificates(base64.b64decode(certificate))
    except ValueError:
        text = "must contain at least one CERTIFICATE PEM block, and nothing else"
        return [invalid_value("status.certificate", "<certificate data>", text)]
    return []


async def _refuse(request: Object, old: Object | None, context: AdmissionContext) -> None:
    """Nobody asks for the administrators' group here."""
    spec = request["spec"]
    if old is not None or spec.get("signerName") != CLIENT_SIGNER:
        return
    parsed, _ = read_request(spec.get("request") or "")
    groups = parsed.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME) if parsed is not None else ()
    if any(group.value == MASTERS for group in groups):
        raise context.forbidden(f"use of {CLIENT_SIGNER} signer with {MASTERS} group is not allowed")


def read_request(encoded: str) -> tuple[x509.CertificateSigningRequest | None, str]:
    """The request in base64 PEM, or why it is none."""
    try:
        pem = base64.b64decode(encoded)
    except binascii.Error as error:
        return None, str(error)
    if f"-----BEGIN {BLOCK}-----".encode() not in pem:
        return None, f"PEM block type must be {BLOCK}"
    try:
        return x509.load_pem_x509_csr(pem), ""
    except ValueError as error:
        return None, str(error)


RULES: Final = Rules(
    prepare=_prepare, validate=_judge, refuse=_refuse, subresources=frozenset({"approval", "status"})
)
