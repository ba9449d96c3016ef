"""Tests of what stands between a request and its handler."""

from collections.abc import Mapping

from multidict import MultiDict

from apiserver.request_info import Answer, Query, Request, RequestInfo, Response, UserInfo

ALICE = UserInfo("alice", ("devs", "system:authenticated"))


def request(
    method: str = "GET",
    path: str = "/api/v1/namespaces/t1/pods/p",
    *,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    user: UserInfo | None = ALICE,
    certificate: bytes | None = None,
    body: bytes = b"",
) -> Request:
    """A request as the HTTP side makes it."""
    asked = Query({name: [value] for name, value in (query or {}).items()})
    return Request(
        method=method,
        info=RequestInfo.parse(method, path, asked),
        query=asked,
        headers=MultiDict((name.lower(), value) for name, value in (headers or {}).items()),
        body=body,
        user=user,
        peer_certificate=certificate,
    )


class Reached:
    """A handler that keeps what it was asked."""

    def __init__(self, answer: Answer | Exception | None = None) -> None:
        self.answer = answer or Response(200, b"{}")
        self.requests: list[Request] = []

    async def __call__(self, asked: Request) -> Answer:
        self.requests.append(asked)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    @property
    def user(self) -> UserInfo:
        user = self.requests[-1].user
        assert user is not None
        return user


__all__ = ["ALICE", "Reached", "request"]
