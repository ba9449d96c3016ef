"""Who asks: the Authenticator protocol, one module per proof, and the filter that tries them in order.

In: a Request with headers and the verified peer certificate. Out: request.user is set, or 401. A
credential that is present but wrong fails the request even where anonymous requests are welcome.
"""

import base64
import binascii
import hmac
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol, TypeAlias

from typing_extensions import override

from apiserver.request_info import Answer, Handler, Request, UserInfo
from karmada.api.errors import Unauthorized
from karmada.api.objects import Object

Lookup: TypeAlias = Callable[[str, str, str], Awaitable[Object | None]]
"""A core object by plural resource, namespace and name; None when there is none."""

ALL_AUTHENTICATED: Final = "system:authenticated"
ALL_UNAUTHENTICATED: Final = "system:unauthenticated"
ANONYMOUS: Final = UserInfo("system:anonymous", (ALL_UNAUTHENTICATED,))

PUBLIC_PATHS: Final = frozenset(
    {
        "/healthz",
        "/livez",
        "/readyz",
        "/version",
        "/version/",
        # Where a joining cluster finds the control plane's CA before it trusts anything; RBAC still decides.
        "/api/v1/namespaces/kube-public/configmaps/cluster-info",
    }
)
"""Paths an anonymous request may reach when anonymous requests are off elsewhere."""

_WEBSOCKET_BEARER: Final = "base64url.bearer.authorization.k8s.io."


class Authenticator(Protocol):
    """One kind of proof."""

    async def authenticate(self, request: Request) -> UserInfo | None:
        """The user, or None when this kind of credential is not there. Raises Unauthorized when it is bad."""
        ...


class InvalidToken(Exception):
    """A token that its source knows and refuses; the text is what a TokenReview says."""

    def __init__(self, text: str = "invalid bearer token") -> None:
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class TokenIdentity:
    """Who a token stands for. audiences are those of the asked ones that it is good for."""

    user: UserInfo
    audiences: tuple[str, ...]


class TokenSource(Protocol):
    """One kind of bearer token."""

    async def authenticate_token(self, token: str, audiences: Sequence[str]) -> TokenIdentity | None:
        """The identity, or None for a token of another kind. Raises InvalidToken when it is bad."""
        ...


class BearerAuthenticator(Authenticator):
    """Bearer tokens: the first source that accepts the token decides; audiences are the API server's own."""

    def __init__(self, sources: Sequence[TokenSource], *, audiences: Sequence[str]) -> None:
        self.sources = sources
        self.audiences = tuple(audiences)

    @override
    async def authenticate(self, request: Request) -> UserInfo | None:
        if (token := bearer_token(request)) is None:
            return None
        try:
            return (await self.review(token, self.audiences)).user
        except InvalidToken as error:
            raise Unauthorized("Unauthorized") from error

    async def review(self, token: str, audiences: Sequence[str]) -> TokenIdentity:
        """Who token is for these audiences (none given: the API server's). Raises InvalidToken."""
        refusal = InvalidToken()
        for source in self.sources:
            try:
                identity = await source.authenticate_token(token, audiences or self.audiences)
            except InvalidToken as error:
                refusal = error  # issuers of the same name exist: another source may still know it
                continue
            if identity is not None:
                return replace(identity, user=authenticated(identity.user))
        raise refusal


def common_audiences(offered: Sequence[str], wanted: Sequence[str]) -> tuple[str, ...]:
    """The wanted audiences that are offered. Raises InvalidToken when there is none."""
    common = tuple(audience for audience in wanted if audience in offered)
    if wanted and not common:
        raise InvalidToken(
            f"token audiences {_go_list(offered)} is invalid for the target audiences {_go_list(wanted)}"
        )
    return common


def _go_list(values: Sequence[str]) -> str:
    return "[" + " ".join(f'"{value}"' for value in values) + "]"


def with_authentication(
    handler: Handler,
    authenticators: Sequence[Authenticator],
    *,
    anonymous: bool,
    public_paths: Collection[str] = PUBLIC_PATHS,
) -> Handler:
    """handler behind the authenticators, first match wins.

    anonymous lets requests without a credential in as system:anonymous; otherwise only to public_paths.
    """

    async def answer(request: Request) -> Answer:
        request.user = await _authenticate(request, authenticators)
        if request.user is None:
            if has_credential(request) or not (anonymous or request.info.path in public_paths):
                raise Unauthorized("Unauthorized")
            request.user = ANONYMOUS
        return await handler(request)

    return answer


def has_credential(request: Request) -> bool:
    """A credential that nobody vouches for is not the same as none."""
    return request.peer_certificate is not None or bearer_token(request) is not None


async def _authenticate(request: Request, authenticators: Sequence[Authenticator]) -> UserInfo | None:
    for authenticator in authenticators:
        if (user := await authenticator.authenticate(request)) is not None:
            return authenticated(user)
    return None


def authenticated(user: UserInfo) -> UserInfo:
    """user in group system:authenticated, last."""
    if ALL_AUTHENTICATED in user.groups:
        return user
    return replace(user, groups=(*user.groups, ALL_AUTHENTICATED))


def bearer_token(request: Request) -> str | None:
    """From the Authorization header or a WebSocket subprotocol; None without one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    for protocol in request.headers.get("sec-websocket-protocol", "").split(","):
        encoded = protocol.strip()
        if encoded.startswith(_WEBSOCKET_BEARER):
            encoded = encoded.removeprefix(_WEBSOCKET_BEARER)
            try:
                return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
            except (binascii.Error, UnicodeDecodeError) as error:
                raise Unauthorized("Unauthorized") from error
    return None


def same_secret(given: str, expected: str) -> bool:
    """Equal, in time that does not tell where they differ."""
    return hmac.compare_digest(given.encode(), expected.encode())
