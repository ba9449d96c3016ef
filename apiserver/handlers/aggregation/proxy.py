"""Requests for a registered group version go to the server that registered it, as from the front proxy.

In: requests that were authenticated and authorized here. Out: the other server's answer; 503 where it is not
there. The user is told in X-Remote-* headers, which the other server believes for our client certificate.
"""

from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

from apiserver.handlers.aggregation.availability import ApiServices
from apiserver.handlers.aggregation.registrations import Registration
from apiserver.handlers.connect import Forwarder, Target
from apiserver.request_info import Answer, Request, RequestInfo, Response, UserInfo

_TOKEN_CHARACTERS: Final = "!#$&'*+^`|~"
"""Besides letters, digits and -._ : what a header's name may hold. `%` itself is written as %25."""


class RemoteApis:
    """What the dispatcher asks first."""

    def __init__(self, *, services: ApiServices, forwarder: Forwarder) -> None:
        self._services = services
        self._forwarder = forwarder

    def of(self, info: RequestInfo) -> Registration | None:
        return self._services.registrations.of(info)

    async def handle(self, request: Request, registration: Registration) -> Answer:
        assert request.user is not None
        if not self._services.is_available(registration.name):
            return _unavailable()
        access = self._services.access_to(registration)
        if access is None:
            return _unavailable()
        headers = tuple(remote_headers(request.user))
        return await self._forwarder.forward(request, Target(access, request.info.path, headers))


def remote_headers(user: UserInfo) -> Iterator[tuple[str, str]]:
    """Who asks, for a server that trusts us."""
    yield "X-Remote-User", user.name
    if user.uid:
        yield "X-Remote-Uid", user.uid
    for group in user.groups:
        yield "X-Remote-Group", group
    for key, values in user.extra.items():
        for value in values:
            yield f"X-Remote-Extra-{quote(key, safe=_TOKEN_CHARACTERS)}", value


def _unavailable() -> Response:
    headers = {"X-Content-Type-Options": "nosniff"}
    return Response(503, b"service unavailable\n", "text/plain; charset=utf-8", headers)
