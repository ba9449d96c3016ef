"""Refusals in the stock words, and acting as somebody else."""

import pytest

from apiserver.filters.authorization import with_authorization
from apiserver.filters.impersonation import with_impersonation
from apiserver.rbac import RbacAuthorizer, RuleIndex
from apiserver.request_info import UserInfo
from karmada.api.errors import BadRequest, Forbidden
from tests.apiserver.access.test_rbac_index import binding, index_of, role, rule, user
from tests.apiserver.filters import ALICE, Reached, request

IMPERSONATOR = RbacAuthorizer(
    index_of(
        role(
            "impersonator",
            rule("impersonate", "core", "users", "bob"),
            rule("impersonate", "core", "groups", "ops"),
            rule("impersonate", "core", "serviceaccounts"),
            rule("impersonate", "authentication.k8s.io", "userextras/scopes", "view"),
            rule("impersonate", "authentication.k8s.io", "uids", "7"),
        ),
        binding("impersonator", "impersonator", user("alice")),
    )
)
NAMESPACED = "/api/v1/namespaces/t1"


@pytest.mark.parametrize(
    ("method", "path", "message", "details"),
    [
        pytest.param(
            "GET",
            f"{NAMESPACED}/pods",
            'pods is forbidden: User "alice" cannot list resource "pods" '
            'in API group "" in the namespace "t1"',
            {"kind": "pods"},
            id="namespaced-collection",
        ),
        pytest.param(
            "GET",
            "/apis/apps/v1/namespaces/t1/deployments/d1/scale",
            'deployments.apps "d1" is forbidden: User "alice" cannot get resource "deployments/scale" '
            'in API group "apps" in the namespace "t1"',
            {"name": "d1", "group": "apps", "kind": "deployments"},
            id="subresource",
        ),
        pytest.param(
            "DELETE",
            "/api/v1/nodes/n",
            'nodes "n" is forbidden: User "alice" cannot delete resource "nodes" '
            'in API group "" at the cluster scope',
            {"name": "n", "kind": "nodes"},
            id="cluster-scoped",
        ),
        pytest.param("GET", "/logs/x", 'forbidden: User "alice" cannot get path "/logs/x"', {}, id="path"),
    ],
)
async def test_a_refusal_says_who_may_not_do_what(
    method: str, path: str, message: str, details: dict[str, str]
) -> None:
    reached = Reached()
    with pytest.raises(Forbidden) as refused:
        await with_authorization(reached, RbacAuthorizer(RuleIndex()))(request(method, path))
    status = refused.value.to_status()
    assert status["message"] == message
    assert status["details"] == details
    assert list(status)[-1] == "code"
    assert reached.requests == []


async def test_who_may_gets_through() -> None:
    reached = Reached()
    index = index_of(role("r", rule("get", "core", "pods")), binding("b", "r", user("alice")))
    await with_authorization(reached, RbacAuthorizer(index))(request("GET", f"{NAMESPACED}/pods/p"))
    assert len(reached.requests) == 1


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param({"Impersonate-User": "bob"}, UserInfo("bob", ("system:authenticated",)), id="user"),
        pytest.param(
            {
                "Impersonate-User": "bob",
                "Impersonate-Group": "ops",
                "Impersonate-Uid": "7",
                "Impersonate-Extra-Scopes": "view",
            },
            UserInfo("bob", ("ops", "system:authenticated"), uid="7", extra={"scopes": ("view",)}),
            id="everything",
        ),
        pytest.param(
            {"Impersonate-User": "system:serviceaccount:ci:robot"},
            UserInfo(
                "system:serviceaccount:ci:robot",
                ("system:serviceaccounts", "system:serviceaccounts:ci", "system:authenticated"),
            ),
            id="service-account-gets-its-groups",
        ),
    ],
)
async def test_the_handler_sees_the_other_user(headers: dict[str, str], expected: UserInfo) -> None:
    reached = Reached()
    await with_impersonation(reached, IMPERSONATOR)(request(headers={**headers, "Accept": "x"}))
    assert reached.user == expected
    assert dict(reached.requests[0].headers) == {"accept": "x"}


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        pytest.param(
            {"Impersonate-User": "carol"},
            'users "carol" is forbidden: User "alice" cannot impersonate resource "users" '
            'in API group "" at the cluster scope',
            id="other-user",
        ),
        pytest.param(
            {"Impersonate-User": "bob", "Impersonate-Group": "system:masters"},
            'groups "system:masters" is forbidden: User "alice" cannot impersonate resource "groups" '
            'in API group "" at the cluster scope',
            id="other-group",
        ),
        pytest.param(
            {"Impersonate-User": "bob", "Impersonate-Extra-Scopes": "admin"},
            'userextras.authentication.k8s.io "admin" is forbidden: User "alice" cannot impersonate resource '
            '"userextras/scopes" in API group "authentication.k8s.io" at the cluster scope',
            id="other-extra",
        ),
    ],
)
async def test_each_part_must_be_allowed(headers: dict[str, str], message: str) -> None:
    reached = Reached()
    with pytest.raises(Forbidden) as refused:
        await with_impersonation(reached, IMPERSONATOR)(request(headers=headers))
    assert refused.value.message == message
    assert reached.requests == []


async def test_parts_without_a_user_are_a_bad_request() -> None:
    with pytest.raises(BadRequest, match="without impersonating a user name"):
        await with_impersonation(Reached(), IMPERSONATOR)(request(headers={"Impersonate-Group": "ops"}))


async def test_without_the_headers_nothing_changes() -> None:
    reached = Reached()
    await with_impersonation(reached, RbacAuthorizer(RuleIndex()))(request())
    assert reached.user is ALICE
