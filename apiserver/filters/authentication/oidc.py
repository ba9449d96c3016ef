"""OpenID Connect: tokens of issuers outside, whose keys are fetched from where the issuer says they are.

In: bearer tokens. Out: the user the claims name. Discovery document and keys are fetched when the first token
comes, and again when a token names a key that is not known (keys rotate), at most every REFETCH_SECONDS. An
issuer that hangs holds up its own tokens alone.
"""

import asyncio
import hashlib
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import aiohttp
import orjson
from typing_extensions import override

from apiserver.filters.authentication import InvalidToken, TokenIdentity, TokenSource
from apiserver.filters.authentication.certificate import CREDENTIAL_ID_EXTRA
from apiserver.filters.authentication.jwt import Claims, MalformedToken, read_unverified
from apiserver.filters.authentication.key_sets import KeySet, key_set
from apiserver.filters.authentication.oidc_settings import EMAIL, Issuer
from apiserver.filters.authentication.service_account import check_times
from apiserver.request_info import UserInfo
from karmada.client.kubeconfig import Access
from karmada.client.tls import ssl_context
from karmada.runtime.clock import Clock

log = logging.getLogger(__name__)

CONFIGURATION: Final = "/.well-known/openid-configuration"
FETCH_SECONDS: Final = 10.0
REFETCH_SECONDS: Final = 10.0
MAX_DOCUMENT_BYTES: Final = 1 << 20
TOKENS_REMEMBERED: Final = 10_000


class OidcTokens(TokenSource):
    """One issuer. close() ends its connections."""

    def __init__(self, issuer: Issuer, *, clock: Clock) -> None:
        self._issuer = issuer
        self._clock = clock
        self._keys: KeySet | None = None
        self._fetched = -REFETCH_SECONDS
        self._fetching = asyncio.Lock()
        self._session: aiohttp.ClientSession | None = None
        self._verified: dict[bytes, Claims] = {}

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    @override
    async def authenticate_token(self, token: str, audiences: Sequence[str]) -> TokenIdentity | None:
        claims = await self._claims(token)
        if claims is None:
            return None
        check_times(claims, now=self._clock.now())
        return TokenIdentity(user_of(claims, self._issuer), tuple(audiences))

    async def _claims(self, token: str) -> Claims | None:
        """The claims of a token of this issuer, None for another's. Raises InvalidToken."""
        digest = hashlib.sha256(token.encode()).digest()
        if (known := self._verified.get(digest)) is not None:
            return known
        try:
            header, claims = read_unverified(token)
            if claims.get("iss") != self._issuer.url:
                return None
            keys = await self._keys_for(str(header.get("kid") or ""))
            genuine = keys.verify(token, self._issuer.algorithms)
        except MalformedToken:
            return None
        if not genuine:
            raise InvalidToken
        if len(self._verified) >= TOKENS_REMEMBERED:
            self._verified.clear()
        self._verified[digest] = claims
        return claims

    async def _keys_for(self, key_id: str) -> KeySet:
        """Keys that hold key_id, fetched anew if they do not. Raises InvalidToken without any."""
        keys = self._keys
        if keys is None or (key_id and not keys.knows(key_id)):
            async with self._fetching:
                if self._keys is keys and self._clock.monotonic() - self._fetched >= REFETCH_SECONDS:
                    await self._fetch()
        if self._keys is None:
            raise InvalidToken
        return self._keys

    async def _fetch(self) -> None:
        self._fetched = self._clock.monotonic()
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                url = self._issuer.discovery_url or self._issuer.url.rstrip("/") + CONFIGURATION
                document = orjson.loads(await self._get(url))
                if not isinstance(document, dict) or document.get("issuer") != self._issuer.url:
                    raise ValueError(f"{url} is not the configuration of {self._issuer.url}")
                found = key_set(await self._get(str(document.get("jwks_uri") or "")))
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            where = {"issuer": self._issuer.url, "error": str(error) or type(error).__name__}
            log.warning("keys of the issuer not fetched", extra=where)
            return
        self._keys = found
        self._verified.clear()  # a key that was taken back signs nothing any more

    async def _get(self, url: str) -> bytes:
        if not url.startswith("https://"):
            raise ValueError(f"{url or 'the URL of the keys'} does not start with https://")
        if self._session is None:
            context = ssl_context(Access(self._issuer.url, ca_data=self._issuer.ca or None))
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=context or True), cookie_jar=aiohttp.DummyCookieJar()
            )
        async with self._session.get(url) as answer:
            if answer.status != 200:
                raise ValueError(f"{url} answers {answer.status}")
            body = await answer.content.read(MAX_DOCUMENT_BYTES + 1)
            while len(body) <= MAX_DOCUMENT_BYTES and not answer.content.at_eof():
                body += await answer.content.read(MAX_DOCUMENT_BYTES + 1 - len(body))
            if len(body) > MAX_DOCUMENT_BYTES:
                raise ValueError(f"{url} is larger than {MAX_DOCUMENT_BYTES} bytes")
            return body


def user_of(claims: Claims, issuer: Issuer) -> UserInfo:
    """The user that verified claims name. Raises InvalidToken when they are not good enough. Pure."""
    offered = claims.get("aud")
    meant_for = offered if isinstance(offered, list) else [offered]
    if not any(audience in meant_for for audience in issuer.audiences):
        raise InvalidToken
    for name, value in issuer.required:
        if claims.get(name) != value:
            raise InvalidToken
    username: Any = claims.get(issuer.username.claim)
    if not isinstance(username, str) or not username:
        raise InvalidToken
    if issuer.username.claim == EMAIL and claims.get("email_verified", True) is not True:
        raise InvalidToken
    user = UserInfo(issuer.username.prefix + username, _groups(claims, issuer), _uid(claims, issuer))
    token_id = claims.get("jti")
    return replace(user, extra={CREDENTIAL_ID_EXTRA: (f"JTI={token_id}",)}) if token_id else user


def _groups(claims: Claims, issuer: Issuer) -> tuple[str, ...]:
    found: Any = claims.get(issuer.groups.claim) if issuer.groups.claim else None
    if found is None:
        return ()
    listed = [found] if isinstance(found, str) else found
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        raise InvalidToken
    return tuple(issuer.groups.prefix + one for one in listed)


def _uid(claims: Claims, issuer: Issuer) -> str:
    if not issuer.uid_claim:
        return ""
    found = claims.get(issuer.uid_claim)
    if not isinstance(found, str):
        raise InvalidToken
    return found
