"""Secrets of type kubernetes.io/service-account-token: filled when they are made.

In: a Secret that names a ServiceAccount. Out: its token, the CA and the namespace as data, if that account
exists. So nothing has to wait for a controller; the controllers fill Secrets whose account comes later.
"""

import base64
from typing import Any, Final, Protocol

from typing_extensions import override

from apiserver.admission.chain import Plugin
from apiserver.admission.context import AdmissionContext
from karmada.api.objects import Object, annotations_of, name_of, namespace_of, uid_of

SECRET_TYPE: Final = "kubernetes.io/service-account-token"
NAME_ANNOTATION: Final = "kubernetes.io/service-account.name"
UID_ANNOTATION: Final = "kubernetes.io/service-account.uid"
ISSUER: Final = "kubernetes/serviceaccount"
USER_PREFIX: Final = "system:serviceaccount"


class Signer(Protocol):
    def sign(self, claims: dict[str, Any]) -> str: ...


class ServiceAccountTokenSecrets(Plugin):
    """Signs with the key that this server's authentication trusts."""

    name = "ServiceAccountTokenSecrets"

    def __init__(self, signer: Signer, *, ca: bytes) -> None:
        self._signer = signer
        self._ca = base64.b64encode(ca).decode()

    @override
    async def mutate(self, obj: Object, context: AdmissionContext) -> Object | None:
        if not _is_empty_token_secret(obj, context):
            return None
        name = annotations_of(obj)[NAME_ANNOTATION]
        account = await context.reader.get_live("", "serviceaccounts", context.namespace, name)
        annotations = annotations_of(obj)
        if account is None or annotations.get(UID_ANNOTATION, uid_of(account)) != uid_of(account):
            return None
        token = self._signer.sign(claims_of(obj, account))
        obj["metadata"]["annotations"] = {**annotations, UID_ANNOTATION: uid_of(account)}
        obj["data"] = {
            "ca.crt": self._ca,
            "namespace": _encoded(context.namespace),
            **(obj.get("data") or {}),
            "token": _encoded(token),
        }
        return obj

    @override
    async def validate(self, obj: Object | None, context: AdmissionContext) -> None:
        return None


def claims_of(secret: Object, account: Object) -> dict[str, str]:
    """What the token says; it never expires, and is good while the Secret and the account exist."""
    namespace, name = namespace_of(account), name_of(account)
    return {
        "iss": ISSUER,
        "sub": f"{USER_PREFIX}:{namespace}:{name}",
        f"{ISSUER}/namespace": namespace,
        f"{ISSUER}/secret.name": name_of(secret),
        f"{ISSUER}/service-account.name": name,
        f"{ISSUER}/service-account.uid": uid_of(account),
    }


def _is_empty_token_secret(obj: Object, context: AdmissionContext) -> bool:
    resource = context.resource
    return (
        resource.resource == "secrets"
        and resource.group == ""
        and context.operation in ("CREATE", "UPDATE")
        and obj.get("type") == SECRET_TYPE
        and bool(annotations_of(obj).get(NAME_ANNOTATION))
        and not (obj.get("data") or {}).get("token")
        and not obj["metadata"].get("deletionTimestamp")
    )


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
