"""Impersonation: a user who may, acts as somebody else from here on.

In: an authenticated request with Impersonate-* headers. Out: the request with the other user and without the
headers, or 403. Each part of the wanted identity is authorized for the real user. Runs inside audit, before
authorization.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from urllib.parse import unquote

from multidict import MultiDict

from apiserver.filters.authentication import ALL_AUTHENTICATED, ALL_UNAUTHENTICATED, ANONYMOUS
from apiserver.filters.authentication.request_header import header_values
from apiserver.filters.authentication.service_account import account_groups, split_account_name
from apiserver.filters.authorization import forbidden
from apiserver.rbac import Authorizer
from apiserver.request_info import Answer, Handler, Request, RequestInfo, UserInfo
from karmada.api.errors import BadRequest, InternalError

USER = "impersonate-user"
GROUP = "impersonate-group"
UID = "impersonate-uid"
EXTRA_PREFIX = "impersonate-extra-"
AUTHENTICATION_GROUP = "authentication.k8s.io"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The identity the headers ask for, as written."""

    name: str
    groups: tuple[str, ...]
    uid: str
    extra: Mapping[str, tuple[str, ...]]


def with_impersonation(handler: Handler, authorizer: Authorizer) -> Handler:
    """handler for the impersonated user, where one is asked for."""

    async def answer(request: Request) -> Answer:
        wanted = wanted_identity(request)
        if wanted is None:
            return await handler(request)
        if request.user is None:
            raise InternalError("no user on request")  # the authentication filter must run first
        await authorize(request.user, wanted, authorizer)
        request.user = resulting_user(wanted)
        request.headers = without_impersonation(request.headers)
        return await handler(request)

    return answer


def wanted_identity(request: Request) -> Wanted | None:
    """What the headers ask for, None without any. Raises BadRequest for parts without a user name."""
    headers = request.headers
    name = headers.get(USER, "")
    groups = tuple(header_values(request, GROUP))
    uid = headers.get(UID, "")
    extra = {
        unquote(header.removeprefix(EXTRA_PREFIX)).lower(): tuple(header_values(request, header))
        for header in headers
        if header.startswith(EXTRA_PREFIX)
    }
    if name:
        return Wanted(name, groups, uid, extra)
    if groups or uid or extra:
        raise BadRequest(
            f'requested &user.DefaultInfo{{Name:"", UID:"{uid}", Groups:{_go_strings(groups)}, '
            f"Extra:{_go_extra(extra)}}} without impersonating a user name"
        )
    return None


async def authorize(user: UserInfo, wanted: Wanted, authorizer: Authorizer) -> None:
    """Raises Forbidden for the first part user may not impersonate."""
    for info in impersonations(wanted):
        decision = await authorizer.allowed(user, info)
        if not decision.allowed:
            raise forbidden(user, info, decision.reason)


def impersonations(wanted: Wanted) -> Iterator[RequestInfo]:
    """What has to be allowed, one question per part."""
    ask = RequestInfo(path="", verb="impersonate", is_resource=True, version="v1")
    account = split_account_name(wanted.name)
    if account:
        yield replace(ask, resource="serviceaccounts", namespace=account[0], name=account[1])
    else:
        yield replace(ask, resource="users", name=wanted.name)
    for group in wanted.groups:
        yield replace(ask, resource="groups", name=group)
    for key, values in wanted.extra.items():
        for value in values:
            yield replace(ask, group=AUTHENTICATION_GROUP, resource="userextras", subresource=key, name=value)
    if wanted.uid:
        yield replace(ask, group=AUTHENTICATION_GROUP, resource="uids", name=wanted.uid)


def resulting_user(wanted: Wanted) -> UserInfo:
    """Nothing of the impersonated user's real groups is looked up."""
    groups = wanted.groups
    account = split_account_name(wanted.name)
    if not groups and account:
        groups = account_groups(account[0])
    if ALL_AUTHENTICATED not in groups and ALL_UNAUTHENTICATED not in groups:
        anonymous = wanted.name == ANONYMOUS.name
        groups = (*groups, ALL_UNAUTHENTICATED if anonymous else ALL_AUTHENTICATED)
    return UserInfo(wanted.name, groups, uid=wanted.uid, extra=wanted.extra)


def without_impersonation(headers: Mapping[str, str]) -> Mapping[str, str]:
    """The other headers, those that come several times included: an upgrade offers its protocols so."""
    kept = ((name, value) for name, value in headers.items() if not name.startswith("impersonate-"))
    return MultiDict(kept)


def _go_strings(values: tuple[str, ...]) -> str:
    return "[]string{" + ", ".join(f'"{value}"' for value in values) + "}" if values else "[]string(nil)"


def _go_extra(extra: Mapping[str, tuple[str, ...]]) -> str:
    entries = ", ".join(f'"{key}":{_go_strings(values)}' for key, values in sorted(extra.items()))
    return f"map[string][]string{{{entries}}}"
