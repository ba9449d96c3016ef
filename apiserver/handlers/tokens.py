"""Tokens of service accounts: `serviceaccounts/{name}/token`, and what others verify such tokens with.

In: a TokenRequest for an account. Out: the same with a signed token, bound to the account and perhaps to a
pod, secret or node. Nothing is stored: the token is good as long as what it is bound to exists.
"""

import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol, TypeAlias

import orjson

from apiserver.request_info import Request, Response
from karmada.api.errors import BadRequest, Conflict, FieldError, NotFound, invalid
from karmada.api.objects import Object, name_of, namespace_of, uid_of
from karmada.runtime.clock import SYSTEM_CLOCK, Clock, rfc3339

GROUP: Final = "authentication.k8s.io"
DEFAULT_SECONDS: Final = 3600
MINIMUM_SECONDS: Final = 600
MAXIMUM_SECONDS: Final = 1 << 32
PROJECTED_SECONDS: Final = 3607
"""What projected volumes ask for; made EXTENDED_SECONDS for clients that never read their token again."""
EXTENDED_SECONDS: Final = 365 * 24 * 3600
CONFIGURATION_PATH: Final = "/.well-known/openid-configuration"
JWKS_PATH: Final = "/openid/v1/jwks"

Lookup: TypeAlias = Callable[[str, str, str], Awaitable[Object | None]]
"""A core object by plural resource, namespace and name; None when there is none."""

_BINDABLE: Final = {"Pod": "pods", "Secret": "secrets", "Node": "nodes"}


class Signer(Protocol):
    def sign(self, claims: dict[str, Any]) -> str: ...

    def jwks(self) -> dict[str, Any]: ...

    def algorithms(self) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class TokenOptions:
    """What service account tokens look like."""

    issuer: str
    """--service-account-issuer"""
    max_expiration_seconds: int = 0
    """--service-account-max-token-expiration: longer requests are cut to this; 0 for no limit."""
    extend_expiration: bool = True
    """--service-account-extend-token-expiration: projected tokens live a year and warn after an hour."""


@dataclass(frozen=True, slots=True)
class Tokens:
    signer: Signer
    lookup: Lookup
    options: TokenOptions
    clock: Clock = SYSTEM_CLOCK

    async def create(self, request: Request, obj: Object) -> Object:
        """The answered TokenRequest. Raises NotFound, Invalid, BadRequest, Conflict."""
        namespace, name = request.info.namespace, request.info.name
        account = await self.lookup("serviceaccounts", namespace, name)
        if account is None:
            raise _not_found("serviceaccounts", name)
        spec = defaulted(obj.get("spec") or {}, self.options)
        bound = await self._bound(spec.get("boundObjectRef"), account)
        now = self.clock.now()
        claims = claims_of(account, spec, bound, self.options, now=now, token_id=str(uuid.uuid4()))
        expires = now + timedelta(seconds=spec["expirationSeconds"])
        return {
            "kind": "TokenRequest",
            "apiVersion": f"{GROUP}/v1",
            "metadata": {"name": name, "namespace": namespace, "creationTimestamp": rfc3339(now)},
            "spec": spec,
            "status": {"token": self.signer.sign(claims), "expirationTimestamp": rfc3339(expires)},
        }

    async def _bound(self, reference: Object | None, account: Object) -> dict[str, Object]:
        """What else the token is bound to, by kind in lower case."""
        if not reference:
            return {}
        kind, name = reference.get("kind") or "", reference.get("name") or ""
        if kind not in _BINDABLE or reference.get("apiVersion") not in ("v1", "", None):
            raise BadRequest(
                f"cannot bind token to object of type {reference.get('apiVersion')}, Kind={kind}"
            )
        namespace = "" if kind == "Node" else namespace_of(account)
        found = await self.lookup(_BINDABLE[kind], namespace, name)
        if found is None:
            raise _not_found(_BINDABLE[kind], name)
        check_bound(reference, found, account)
        bound = {kind.lower(): found}
        node_name = (found.get("spec") or {}).get("nodeName") if kind == "Pod" else None
        if node_name and (node := await self.lookup("nodes", "", node_name)) is not None:
            bound["node"] = node
        return bound


def defaulted(spec: Object, options: TokenOptions) -> Object:
    """spec with audiences and expiration filled in. Raises Invalid for a duration out of range."""
    seconds = spec.get("expirationSeconds")
    seconds = DEFAULT_SECONDS if seconds is None else seconds
    if seconds < MINIMUM_SECONDS:
        raise _bad_duration(seconds, "may not specify a duration less than 10 minutes")
    if seconds > MAXIMUM_SECONDS:
        raise _bad_duration(seconds, "may not specify a duration larger than 2^32 seconds")
    if options.max_expiration_seconds:
        seconds = min(seconds, options.max_expiration_seconds)
    return {
        "audiences": spec.get("audiences") or [options.issuer],
        "expirationSeconds": seconds,
        "boundObjectRef": spec.get("boundObjectRef"),
    }


def check_bound(reference: Object, found: Object, account: Object) -> None:
    """Raises Conflict for another object of that name, BadRequest for another account's pod."""
    wanted = reference.get("uid")
    if wanted and wanted != uid_of(found):
        kind, name = reference.get("kind"), reference.get("name")
        raise Conflict(
            f'Operation cannot be fulfilled on {kind} "{name}": the UID in the bound object reference '
            f"({wanted}) does not match the UID in record. "
            "The object might have been deleted and then recreated",
            details={"name": name, "kind": kind},
        )
    spec = found.get("spec") or {}
    if reference.get("kind") == "Pod" and (spec.get("serviceAccountName") or "default") != name_of(account):
        raise BadRequest(
            f'cannot bind token for serviceaccount "{name_of(account)}" '
            "to pod running with different serviceaccount name."
        )


def claims_of(
    account: Object,
    spec: Object,
    bound: Mapping[str, Object],
    options: TokenOptions,
    *,
    now: datetime,
    token_id: str,
) -> dict[str, Any]:
    """The claims of a token. Pure. spec is defaulted."""
    issued = int(now.timestamp())
    private: dict[str, Any] = {"namespace": namespace_of(account)}
    private |= {part: _reference(obj) for part, obj in bound.items()}
    private["serviceaccount"] = _reference(account)
    seconds = spec["expirationSeconds"]
    if options.extend_expiration and seconds == PROJECTED_SECONDS and "pod" in bound:
        private["warnafter"] = issued + seconds
        seconds = EXTENDED_SECONDS
    return {
        "aud": spec["audiences"],
        "exp": issued + seconds,
        "iat": issued,
        "iss": options.issuer,
        "jti": token_id,
        "kubernetes.io": private,
        "nbf": issued,
        "sub": f"system:serviceaccount:{namespace_of(account)}:{name_of(account)}",
    }


def openid_configuration(signer: Signer, issuer: str, jwks_uri: str) -> Response:
    """The document at CONFIGURATION_PATH."""
    return _public(
        {
            "issuer": issuer,
            "jwks_uri": jwks_uri,
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": signer.algorithms(),
        },
        "application/json",
    )


def jwks(signer: Signer) -> Response:
    """The document at JWKS_PATH."""
    return _public(signer.jwks(), "application/jwk-set+json")


def _public(document: dict[str, Any], content_type: str) -> Response:
    headers = {"Cache-Control": "public, max-age=3600"}
    return Response(200, orjson.dumps(document), content_type, headers)


def _reference(obj: Object) -> dict[str, str]:
    return {"name": name_of(obj), "uid": uid_of(obj)}


def _not_found(resource: str, name: str) -> NotFound:
    return NotFound(f'{resource} "{name}" not found', details={"name": name, "kind": resource})


def _bad_duration(seconds: int, text: str) -> Exception:
    errors: Sequence[FieldError] = [
        FieldError("FieldValueInvalid", "spec.expirationSeconds", f"Invalid value: {seconds}: {text}")
    ]
    return invalid(GROUP, "TokenRequest", "", errors)
