"""Who may approve and who may sign a CertificateSigningRequest: verbs `approve` and `sign` on its signer.

In: the rules of every kind and the authorizer. Out: the same rules, those of CertificateSigningRequests with
the check in front of their own refusals.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from apiserver.admission.context import AdmissionContext, Rules
from apiserver.rbac import Authorizer
from apiserver.request_info import RequestInfo, UserInfo
from karmada.api.objects import Object

_KIND: Final = ("certificates.k8s.io", "certificatesigningrequests")
_VERBS: Final = {"approval": "approve", "status": "sign"}


def with_signer_checks(
    rules: Mapping[tuple[str, str], Rules], authorizer: Authorizer
) -> dict[tuple[str, str], Rules]:
    own = rules.get(_KIND, Rules())
    return {**rules, _KIND: replace(own, refuse=_refusing(authorizer, own.refuse))}


def _refusing(
    authorizer: Authorizer,
    then: Callable[[Object, Object | None, AdmissionContext], Awaitable[None]] | None,
) -> Callable[[Object, Object | None, AdmissionContext], Awaitable[None]]:
    async def refuse(new: Object, old: Object | None, context: AdmissionContext) -> None:
        verb = _VERBS.get(context.subresource)
        if verb is not None and old is not None and _outcome(new) != _outcome(old):
            signer = old["spec"].get("signerName") or ""
            if not await may(authorizer, context.user, verb, signer):
                raise context.forbidden(f'user not permitted to {verb} requests with signerName "{signer}"')
        if then is not None:
            await then(new, old, context)

    return refuse


async def may(authorizer: Authorizer, user: UserInfo, verb: str, signer: str) -> bool:
    """The signer itself, or every signer of its domain."""
    for name in _names(signer):
        info = RequestInfo(
            path="", verb=verb, is_resource=True, group=_KIND[0], version="*", resource="signers", name=name
        )
        if (await authorizer.allowed(user, info)).allowed:
            return True
    return False


def _names(signer: str) -> Iterator[str]:
    yield signer
    yield f"{signer.partition('/')[0]}/*"


def _outcome(request: Object) -> tuple[object, object]:
    status = request.get("status") or {}
    return status.get("conditions") or [], status.get("certificate")
