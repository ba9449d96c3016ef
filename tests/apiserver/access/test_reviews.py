"""Questions about rights and identity."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from apiserver.handlers.reviews import Reviews
from apiserver.rbac import RbacAuthorizer
from apiserver.request_info import UserInfo
from karmada.api.errors import BadRequest, Invalid
from karmada.api.objects import Object
from karmada.runtime.clock import ManualClock
from tests.apiserver.access.test_rbac_index import binding, index_of, role, rule, user
from tests.apiserver.filters import ALICE, request

INDEX = index_of(
    role("reader", rule("get list", "core", "pods"), {"verbs": ["get"], "nonResourceURLs": ["/healthz"]}),
    role("writer", rule("create", "apps", "deployments"), namespace="t1"),
    binding("reader", "reader", user("alice")),
    binding("writer", "writer", user("alice"), namespace="t1", role_kind="Role"),
)
ALLOWED = 'RBAC: allowed by ClusterRoleBinding "reader" of ClusterRole "reader" to User "alice"'
PODS = {"verb": "list", "resource": "pods", "namespace": "t1"}
SECRETS = {"verb": "list", "resource": "secrets", "namespace": "t1"}


async def review_token(token: str, audiences: Sequence[str]) -> tuple[UserInfo | None, tuple[str, ...], str]:
    if token == "good":
        return UserInfo("bob", ("ops",), uid="7", extra={"k": ("v",)}), tuple(audiences), ""
    return None, (), "invalid bearer token"


REVIEWS = Reviews(
    RbacAuthorizer(INDEX), INDEX, review_token, ("api",), ManualClock(datetime(2026, 5, 1, tzinfo=UTC))
)
AUTHORIZATION = "/apis/authorization.k8s.io/v1"
AUTHENTICATION = "/apis/authentication.k8s.io/v1"


async def ask(path: str, kind: str, spec: Object | None) -> Object:
    asked = request("POST", path)
    assert Reviews.handles(asked.info)
    obj: Object = {"kind": kind, "apiVersion": path.removeprefix("/apis/").rpartition("/")[0]}
    return await REVIEWS.create(asked, obj if spec is None else {**obj, "spec": spec})


async def self_access(spec: Object) -> Any:
    answer = await ask(f"{AUTHORIZATION}/selfsubjectaccessreviews", "SelfSubjectAccessReview", spec)
    assert answer["spec"] == spec
    return answer["status"]


@pytest.mark.parametrize(
    ("spec", "status"),
    [
        pytest.param(
            {"resourceAttributes": PODS},
            {
                "allowed": True,
                "reason": ALLOWED,
            },
            id="allowed",
        ),
        pytest.param({"resourceAttributes": SECRETS}, {"allowed": False}, id="not-allowed"),
        pytest.param(
            {"nonResourceAttributes": {"path": "/metrics", "verb": "get"}}, {"allowed": False}, id="path"
        ),
    ],
)
async def test_may_i(spec: Object, status: Object) -> None:
    assert await self_access(spec) == status


async def test_may_somebody_else() -> None:
    path = f"{AUTHORIZATION}/subjectaccessreviews"
    answer = await ask(path, "SubjectAccessReview", {"user": "bob", "resourceAttributes": PODS})
    assert answer["status"] == {"allowed": False}
    masters = {"groups": ["system:masters"], "resourceAttributes": SECRETS}
    assert (await ask(path, "SubjectAccessReview", masters))["status"] == {"allowed": True}


@pytest.mark.parametrize(
    ("resource", "spec", "message"),
    [
        pytest.param(
            "selfsubjectaccessreviews",
            {},
            "spec.resourceAttributes: Invalid value: null: "
            "exactly one of nonResourceAttributes or resourceAttributes must be specified",
            id="no-attributes",
        ),
        pytest.param(
            "subjectaccessreviews",
            {"resourceAttributes": PODS},
            'spec.user: Invalid value: "": at least one of user or group must be specified',
            id="no-subject",
        ),
        pytest.param(
            "namespaces/t1/localsubjectaccessreviews",
            {"user": "bob", "resourceAttributes": {**PODS, "namespace": "t2"}},
            'spec.resourceAttributes.namespace: Invalid value: "t2": must match metadata.namespace',
            id="another-namespace",
        ),
    ],
)
async def test_an_unclear_question_is_invalid(resource: str, spec: Object, message: str) -> None:
    with pytest.raises(Invalid) as refused:
        await ask(f"{AUTHORIZATION}/{resource}", "AccessReview", spec)
    assert refused.value.message == f'.authorization.k8s.io "" is invalid: {message}'


async def test_what_may_i_do_in_a_namespace() -> None:
    path = f"{AUTHORIZATION}/selfsubjectrulesreviews"
    answer = await ask(path, "SelfSubjectRulesReview", {"namespace": "t1"})
    assert answer["spec"] == {}
    assert answer["status"] == {
        "resourceRules": [
            {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods"]},
            {"verbs": ["create"], "apiGroups": ["apps"], "resources": ["deployments"]},
        ],
        "nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": ["/healthz"]}],
        "incomplete": False,
    }
    with pytest.raises(BadRequest, match=r"^no namespace on request$"):
        await ask(path, "SelfSubjectRulesReview", {})


async def test_who_am_i() -> None:
    answer = await ask(f"{AUTHENTICATION}/selfsubjectreviews", "SelfSubjectReview", None)
    assert answer["metadata"] == {"creationTimestamp": "2026-05-01T00:00:00Z"}
    assert answer["status"] == {"userInfo": {"username": "alice", "groups": list(ALICE.groups)}}


async def test_who_is_the_bearer_of_a_token() -> None:
    path = f"{AUTHENTICATION}/tokenreviews"
    answer = await ask(path, "TokenReview", {"token": "good"})
    assert answer["status"] == {
        "authenticated": True,
        "user": {"username": "bob", "uid": "7", "groups": ["ops"], "extra": {"k": ["v"]}},
        "audiences": ["api"],
    }
    answer = await ask(path, "TokenReview", {"token": "bad"})
    assert answer["status"] == {"user": {}, "error": "invalid bearer token"}
    with pytest.raises(BadRequest, match=r"^token is required for TokenReview in authentication$"):
        await ask(path, "TokenReview", {})
