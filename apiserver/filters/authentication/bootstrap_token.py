"""Bootstrap tokens `abcdef.0123456789abcdef`: what a joining cluster holds before it has a certificate.

In: the bearer token and the Secret kube-system/bootstrap-token-<id>, asked for through a lookup. Out: the
user system:bootstrap:<id>. A token that is expired, not meant for authentication or wrong is refused.
"""

import re
from collections.abc import Sequence
from datetime import datetime

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
from karmada.api.bootstrap_tokens import (
    AUTHENTICATION,
    BOOTSTRAPPERS_GROUP,
    NAMESPACE,
    TOKEN,
    secret_name,
    token_in,
)
from karmada.api.objects import Object
from karmada.runtime.clock import SYSTEM_CLOCK, Clock

_GROUP = re.compile(r"^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$")


class BootstrapTokens(TokenSource):
    def __init__(self, lookup: Lookup, *, audiences: Sequence[str], clock: Clock = SYSTEM_CLOCK) -> None:
        self.lookup = lookup
        self.audiences = audiences
        self.clock = clock

    @override
    async def authenticate_token(self, token: str, audiences: Sequence[str]) -> TokenIdentity | None:
        match = TOKEN.fullmatch(token)
        if match is None:
            return None
        secret = await self.lookup("secrets", NAMESPACE, secret_name(match[1]))
        user = user_of(secret, token_secret=match[2], now=self.clock.now()) if secret else None
        if user is None:
            raise InvalidToken
        return TokenIdentity(authenticated(user), common_audiences(self.audiences, audiences))


def user_of(secret: Object, *, token_secret: str, now: datetime) -> UserInfo | None:
    """The user a bootstrap token secret stands for, None when it does not accept this token now."""
    token = token_in(secret)
    if token is None or not same_secret(token_secret, token.secret):
        return None
    if not token.usable(AUTHENTICATION, now=now) or any(_GROUP.match(one) is None for one in token.groups):
        return None
    return UserInfo(f"system:bootstrap:{token.id}", (BOOTSTRAPPERS_GROUP, *dict.fromkeys(token.groups)))
