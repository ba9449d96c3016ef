"""Authorizer: who is asked whether a request may go on, alone or one after the other.

In: a user and what the request asks for. Out: a Decision. RuleIndex answers for RBAC at once; others (a
webhook, another API server) take their time, so every question is awaited.
"""

from collections.abc import Sequence
from typing import Protocol

from typing_extensions import override

from apiserver.rbac.index import MASTERS, Decision, RuleIndex
from apiserver.request_info import RequestInfo, UserInfo


class Authorizer(Protocol):
    async def allowed(self, user: UserInfo, info: RequestInfo) -> Decision:
        """Never raises for a question that cannot be answered: that is no opinion, with an error."""
        ...


class AlwaysAllow(Authorizer):
    """No authorization at all, for --authorization-mode=AlwaysAllow."""

    @override
    async def allowed(self, user: UserInfo, info: RequestInfo) -> Decision:
        return Decision(allowed=True)


class AlwaysDeny(Authorizer):
    """Nobody, administrators aside."""

    @override
    async def allowed(self, user: UserInfo, info: RequestInfo) -> Decision:
        return Decision(allowed=MASTERS in user.groups, reason="Everything is forbidden.")


class RbacAuthorizer(Authorizer):
    def __init__(self, rules: RuleIndex) -> None:
        self.rules = rules

    @override
    async def allowed(self, user: UserInfo, info: RequestInfo) -> Decision:
        return self.rules.allowed(user, info)


class Union(Authorizer):
    """The first that allows or denies decides; with no opinion from anybody it is no."""

    def __init__(self, members: Sequence[Authorizer]) -> None:
        self.members = tuple(members)

    @override
    async def allowed(self, user: UserInfo, info: RequestInfo) -> Decision:
        reasons: list[str] = []
        errors: list[str] = []
        for member in self.members:
            decision = await member.allowed(user, info)
            if decision.allowed or decision.denied:
                return decision
            reasons += [decision.reason] if decision.reason else []
            errors += [decision.error] if decision.error else []
        return Decision(allowed=False, reason="\n".join(reasons), error="; ".join(errors))
