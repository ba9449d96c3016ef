"""Tokens that another server knows: it is asked with a TokenReview.

In: bearer tokens no other source knew. Out: the user the other server names. It is a webhook
(--authentication-token-webhook-config-file) or a whole API server that this one stands behind
(--authentication-kubeconfig). Answers are kept a while; a server that hangs costs a request its time-out.
"""

import hashlib
import logging
from collections.abc import Sequence
from typing import Any, Final

import orjson
from typing_extensions import override

from apiserver.filters.authentication import InvalidToken, TokenIdentity, TokenSource
from apiserver.filters.remembered import Remembered
from apiserver.request_info import UserInfo
from karmada.api.errors import ApiError
from karmada.api.objects import Object
from karmada.client.client import Client
from karmada.runtime.clock import Clock

log = logging.getLogger(__name__)

TOKEN_REVIEWS: Final = "/apis/authentication.k8s.io/v1/tokenreviews"
TIMEOUT_SECONDS: Final = 10.0


class WebhookTokens(TokenSource):
    def __init__(
        self,
        client: Client,
        *,
        path: str,
        cache_seconds: float,
        version: str = "v1",
        tells_audiences: bool = True,
        clock: Clock,
    ) -> None:
        """path is where reviews are posted to, behind the client's server.

        tells_audiences False: a token is good here that is good there, as for servers behind another one.
        """
        self._tells_audiences = tells_audiences
        self._client = client
        self._path = path
        self._cache_seconds = cache_seconds
        self._version = version
        self._answers: Remembered[Object] = Remembered(clock)

    @override
    async def authenticate_token(self, token: str, audiences: Sequence[str]) -> TokenIdentity | None:
        wanted, audiences = audiences, audiences if self._tells_audiences else ()
        asked = (hashlib.sha256(token.encode()).digest(), tuple(audiences))
        try:
            status = await self._answers.get(asked, lambda: self._review(token, audiences))
        except (ApiError, ValueError) as error:
            log.warning("token not reviewed", extra={"error": str(error)})
            raise InvalidToken from error
        identity = identity_in(status, audiences)
        if identity is None or self._tells_audiences:
            return identity
        return TokenIdentity(identity.user, tuple(wanted))

    async def _review(self, token: str, audiences: Sequence[str]) -> tuple[Object, float]:
        spec: Object = {"token": token}
        if audiences:
            spec["audiences"] = list(audiences)
        review = {
            "kind": "TokenReview",
            "apiVersion": f"authentication.k8s.io/{self._version}",
            "metadata": {},
            "spec": spec,
        }
        answer = await self._client.request(
            "POST", self._path, body=orjson.dumps(review), timeout_seconds=TIMEOUT_SECONDS
        )
        found: Any = answer.json()
        status = found.get("status") if isinstance(found, dict) else None
        if not isinstance(status, dict):
            raise ValueError("the answer is no TokenReview")
        return status, self._cache_seconds


def identity_in(status: Object, audiences: Sequence[str]) -> TokenIdentity | None:
    """Who the review says it is; None when it knows nobody. Raises InvalidToken for another's audience."""
    user = status.get("user")
    if status.get("authenticated") is not True or not isinstance(user, dict) or not user.get("username"):
        return None
    # A server that knows nothing of audiences says none: then the token is taken as meant for us.
    offered = status.get("audiences") or list(audiences)
    common = tuple(audience for audience in audiences if audience in offered)
    if audiences and not common:
        raise InvalidToken
    extra = {
        str(key).lower(): tuple(str(value) for value in values or ())
        for key, values in (user.get("extra") or {}).items()
    }
    groups = tuple(str(group) for group in user.get("groups") or ())
    return TokenIdentity(UserInfo(str(user["username"]), groups, str(user.get("uid") or ""), extra), common)
