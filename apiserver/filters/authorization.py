"""May they: every request is put to the authorizer before it is known whether the thing exists.

In: an authenticated request. Out: the same request, or 403 in the stock words.
"""

from typing import Any

from typing_extensions import override

from apiserver.rbac import Authorizer
from apiserver.request_info import Answer, Handler, Request, RequestInfo, UserInfo
from karmada.api.errors import Forbidden, InternalError


def with_authorization(handler: Handler, authorizer: Authorizer) -> Handler:
    async def answer(request: Request) -> Answer:
        if request.user is None:
            raise InternalError("no user on request")  # the authentication filter must run first
        decision = await authorizer.allowed(request.user, request.info)
        if not decision.allowed:
            raise forbidden(request.user, request.info, decision.reason)
        request.allowed_because = decision.reason
        return await handler(request)

    return answer


class PathForbidden(Forbidden):
    """The refusal of a non-resource path; its Status carries empty details."""

    @override
    def to_status(self) -> dict[str, Any]:
        status = super().to_status()
        code = status.pop("code")
        return {**status, "details": {}, "code": code}


def forbidden(user: UserInfo, info: RequestInfo, reason: str = "") -> Forbidden:
    """The 403 of a request nobody allowed."""
    suffix = f": {reason}" if reason else ""
    if not info.is_resource:
        return PathForbidden(f'forbidden: User "{user.name}" cannot {info.verb} path "{info.path}"{suffix}')
    text = denial(user.name, info) + suffix
    qualified = f"{info.resource}.{info.group}" if info.group else info.resource
    name = f' "{info.name}"' if info.name else ""
    details: dict[str, Any] = {"name": info.name} if info.name else {}
    if info.group:
        details["group"] = info.group
    details["kind"] = info.resource
    return Forbidden(f"{qualified}{name} is forbidden: {text}", details=details)


def denial(user: str, info: RequestInfo) -> str:
    """`User "alice" cannot list resource "pods" in API group "" in the namespace "t1"`."""
    resource = f"{info.resource}/{info.subresource}" if info.subresource else info.resource
    where = f'in the namespace "{info.namespace}"' if info.namespace else "at the cluster scope"
    return f'User "{user}" cannot {info.verb} resource "{resource}" in API group "{info.group}" {where}'
