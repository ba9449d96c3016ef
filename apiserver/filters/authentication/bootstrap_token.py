"""Bootstrap tokens `abcdef.0123456789abcdef`: what a joining cluster holds before it has a certificate.

In: the bearer token and the Secret kube-system/bootstrap-token-<id>, asked for through a lookup. Out: the
user system:bootstrap:<id>. A token that is expired, not meant for authentication or wrong is refused.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

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
from apiserver.request_info import UserInfo
from karmada.api.objects import Object, is_deleting
from karmada.runtime.clock import SYSTEM_CLOCK, Clock, parse_rfc3339

SECRET_TYPE: Final = "bootstrap.kubernetes.io/token"
BOOTSTRAPPERS: Final = "system:bootstrappers"
_TOKEN = re.compile(r"^([a-z0-9]{6})\.([a-z0-9]{16})$")
_GROUP = re.compile(r"^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$")


class BootstrapTokens(TokenSource):
    def __init__(self, lookup: Lookup, *, audiences: Sequence[str], clock: Clock = SYSTEM_CLOCK) -> None:
        self.lookup = lookup
        self.audiences = audiences
        self.clock = clock

    @override
    async def authenticate_token(self, token: str, audiences: Sequence[str]) -> TokenIdentity | None:
        match = _TOKEN.match(token)
        if match is None:
            return None
        secret = await self.lookup("secrets", "kube-system", f"bootstrap-token-{match[1]}")
        now = self.clock.now()
        user = user_of(secret, token_id=match[1], token_secret=match[2], now=now) if secret else None
        if user is None:
            raise InvalidToken
        return TokenIdentity(authenticated(user), common_audiences(self.audiences, audiences))


def user_of(secret: Object, *, token_id: str, token_secret: str, now: datetime) -> UserInfo | None:
    """The user a bootstrap token secret stands for, None when it does not accept this token now."""
    data = secret_data(secret)
    usable = (
        secret.get("type") == SECRET_TYPE
        and not is_deleting(secret)
        and data.get("token-id") == token_id
        and same_secret(token_secret, data.get("token-secret", ""))
        and data.get("usage-bootstrap-authentication") == "true"
        and not is_expired(data, now=now)
    )
    if not usable:
        return None
    extra = [group for group in data.get("auth-extra-groups", "").split(",") if group]
    if any(_GROUP.match(group) is None for group in extra):
        return None
    return UserInfo(f"system:bootstrap:{token_id}", (BOOTSTRAPPERS, *dict.fromkeys(extra)))


def is_expired(data: dict[str, str], *, now: datetime) -> bool:
    """True also for an expiration that cannot be read; False when there is none."""
    expiration = data.get("expiration", "")
    if not expiration:
        return False
    try:
        return parse_rfc3339(expiration) <= now
    except ValueError:
        return True


def secret_data(secret: Object) -> dict[str, str]:
    """The text entries of a Secret's data; what is no base64 text is left out."""
    texts: dict[str, str] = {}
    for key, value in (secret.get("data") or {}).items():
        try:
            texts[key] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue
    return texts
