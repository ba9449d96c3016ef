"""Service account tokens: signed JWTs of an account that must still exist (and its pod, secret or node too).

In: a bearer token, our keys, and a lookup of core objects. Out: the user system:serviceaccount:<ns>:<name>. A
signature is verified once per token; expiry and the bound objects are checked at every request.
"""

import base64
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from typing_extensions import override

from apiserver.filters.authentication import (
    InvalidToken,
    Lookup,
    TokenIdentity,
    TokenSource,
    authenticated,
    common_audiences,
    same_secret,
)
from apiserver.filters.authentication.certificate import CREDENTIAL_ID_EXTRA
from apiserver.filters.authentication.jwt import Claims, MalformedToken, TokenKeys, read_unverified
from apiserver.request_info import UserInfo
from karmada.api.objects import Object, metadata_of, uid_of
from karmada.runtime.clock import SYSTEM_CLOCK, Clock, parse_rfc3339

LEGACY_ISSUER: Final = "kubernetes/serviceaccount"
ACCOUNT_PREFIX: Final = "system:serviceaccount:"
TOKENS_REMEMBERED: Final = 10_000
DELETED_POD_LEEWAY = timedelta(seconds=60)

_BOUND_RESOURCES: Final = {"pod": "pods", "secret": "secrets", "node": "nodes"}


class ServiceAccountTokens(TokenSource):
    """Tokens of this control plane: its issuer or the legacy one. Others are left to other sources."""

    def __init__(
        self,
        keys: TokenKeys,
        lookup: Lookup,
        *,
        issuer: str,
        audiences: Sequence[str] = (),
        note_use: Callable[[Object], Awaitable[None]] | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """note_use hears of each Secret whose token was believed."""
        self.keys = keys
        self.note_use = note_use
        self.lookup = lookup
        self.issuer = issuer
        self.audiences = tuple(audiences) or (issuer,)
        self.clock = clock
        self._verified: dict[bytes, Claims] = {}

    @override
    async def authenticate_token(self, token: str, audiences: Sequence[str]) -> TokenIdentity | None:
        claims = self._claims(token)
        if claims is None:
            return None
        if claims["iss"] == LEGACY_ISSUER:
            return await self._legacy(token, claims, audiences)
        check_times(claims, now=self.clock.now())
        offered = claims.get("aud") or []
        good_for = common_audiences([offered] if isinstance(offered, str) else offered, audiences)
        await self._check_bindings(token, claims)
        return TokenIdentity(user_of_claims(claims), good_for)

    def _claims(self, token: str) -> Claims | None:
        """The claims of one of our tokens, None for another issuer's. Raises InvalidToken."""
        digest = hashlib.sha256(token.encode()).digest()
        if (known := self._verified.get(digest)) is not None:
            return known
        try:
            _, claims = read_unverified(token)
            if claims.get("iss") not in (self.issuer, LEGACY_ISSUER):
                return None
            genuine = self.keys.verify(token)
        except MalformedToken:
            return None
        if not genuine:
            raise InvalidToken
        if len(self._verified) >= TOKENS_REMEMBERED:
            self._verified.clear()
        self._verified[digest] = claims
        return claims

    async def _check_bindings(self, token: str, claims: Claims) -> None:
        private = claims.get("kubernetes.io") or {}
        namespace = private.get("namespace") or ""
        account = private.get("serviceaccount") or {}
        await self._must_exist("serviceaccounts", namespace, account)
        for part, resource in _BOUND_RESOURCES.items():
            if bound := private.get(part):
                found = await self._must_exist(resource, "" if part == "node" else namespace, bound)
                if part == "pod" and is_long_deleted(found, now=self.clock.now()):
                    raise InvalidToken
                if part == "secret" and same_secret(token, _token_in(found)):
                    await self._used(found)

    async def _must_exist(self, resource: str, namespace: str, reference: Object) -> Object:
        found = await self.lookup(resource, namespace, reference.get("name") or "")
        if found is None or uid_of(found) != reference.get("uid"):
            raise InvalidToken
        return found

    async def _legacy(self, token: str, claims: Claims, audiences: Sequence[str]) -> TokenIdentity:
        """A token that a Secret holds: good while that Secret and its account do."""
        namespace = claims.get(f"{LEGACY_ISSUER}/namespace") or ""
        account = {
            "name": claims.get(f"{LEGACY_ISSUER}/service-account.name"),
            "uid": claims.get(f"{LEGACY_ISSUER}/service-account.uid"),
        }
        secret = await self.lookup("secrets", namespace, claims.get(f"{LEGACY_ISSUER}/secret.name") or "")
        if secret is None or not same_secret(token, _token_in(secret)):
            raise InvalidToken
        await self._must_exist("serviceaccounts", namespace, account)
        user = account_user(namespace, account["name"] or "", account["uid"] or "")
        await self._used(secret)
        return TokenIdentity(authenticated(user), common_audiences(self.audiences, audiences))

    async def _used(self, secret: Object) -> None:
        if self.note_use is not None:
            await self.note_use(secret)


def account_user(
    namespace: str, name: str, uid: str, extra: dict[str, tuple[str, ...]] | None = None
) -> UserInfo:
    return UserInfo(
        f"{ACCOUNT_PREFIX}{namespace}:{name}", account_groups(namespace), uid=uid, extra=extra or {}
    )


def account_groups(namespace: str) -> tuple[str, ...]:
    return ("system:serviceaccounts", f"system:serviceaccounts:{namespace}")


def split_account_name(user: str) -> tuple[str, str] | None:
    """(namespace, name) of a service account's user name; None for any other user."""
    parts = user.removeprefix(ACCOUNT_PREFIX).split(":")
    if not user.startswith(ACCOUNT_PREFIX) or len(parts) != 2 or not all(parts):
        return None
    return parts[0], parts[1]


def user_of_claims(claims: Claims) -> UserInfo:
    """The user of a bound token whose signature was verified."""
    private = claims.get("kubernetes.io") or {}
    account = private.get("serviceaccount") or {}
    extra: dict[str, tuple[str, ...]] = {}
    if claims.get("jti"):
        extra[CREDENTIAL_ID_EXTRA] = (f"JTI={claims['jti']}",)
    for part in ("pod", "node"):
        if bound := private.get(part):
            extra[f"authentication.kubernetes.io/{part}-name"] = (str(bound.get("name") or ""),)
            extra[f"authentication.kubernetes.io/{part}-uid"] = (str(bound.get("uid") or ""),)
    user = account_user(
        private.get("namespace") or "", account.get("name") or "", account.get("uid") or "", extra
    )
    return authenticated(user)


def check_times(claims: Claims, *, now: datetime) -> None:
    """Raises InvalidToken before nbf and from exp on; no leeway."""
    moment = now.timestamp()
    expires, starts = claims.get("exp"), claims.get("nbf")
    if not isinstance(expires, int | float) or moment >= expires:
        raise InvalidToken
    if isinstance(starts, int | float) and moment < starts:
        raise InvalidToken


def is_long_deleted(pod: Object, *, now: datetime) -> bool:
    """deletionTimestamp already counts the grace period in."""
    deleted = metadata_of(pod).get("deletionTimestamp") or ""
    return bool(deleted) and now > parse_rfc3339(deleted) + DELETED_POD_LEEWAY


def _token_in(secret: Object) -> str:
    if secret.get("type") != "kubernetes.io/service-account-token":
        return ""
    encoded: Any = (secret.get("data") or {}).get("token") or ""
    return base64.b64decode(encoded).decode(errors="replace")
