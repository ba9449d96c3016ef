"""What roles and bindings allow, and to whom."""

import pytest

from apiserver.rbac import Attributes, RuleIndex
from apiserver.request_info import RequestInfo, UserInfo
from karmada.api.objects import Object

ALICE = UserInfo("alice", ("devs", "system:authenticated"))
BOB = UserInfo("bob", ("system:authenticated",))
ROBOT = UserInfo("system:serviceaccount:ci:robot", ("system:serviceaccounts", "system:serviceaccounts:ci"))
MASTER = UserInfo("root", ("system:masters",))


def role(name: str, *rules: Object, namespace: str = "") -> Object:
    metadata = {"name": name, "namespace": namespace} if namespace else {"name": name}
    return {"kind": "Role" if namespace else "ClusterRole", "metadata": metadata, "rules": list(rules)}


def binding(
    name: str, role_name: str, *subjects: Object, namespace: str = "", role_kind: str = "ClusterRole"
) -> Object:
    metadata = {"name": name, "namespace": namespace} if namespace else {"name": name}
    return {
        "kind": "RoleBinding" if namespace else "ClusterRoleBinding",
        "metadata": metadata,
        "roleRef": {"kind": role_kind, "name": role_name},
        "subjects": list(subjects),
    }


def user(name: str) -> Object:
    return {"kind": "User", "name": name}


def group(name: str) -> Object:
    return {"kind": "Group", "name": name}


def rule(verbs: str, groups: str, resources: str, *names: str) -> Object:
    return {
        "verbs": verbs.split(),
        "apiGroups": ["" if one == "core" else one for one in groups.split()],
        "resources": resources.split(),
        "resourceNames": list(names),
    }


def index_of(*objects: Object) -> RuleIndex:
    index = RuleIndex()
    for obj in objects:
        index.apply(obj["kind"], None, obj)
    return index


INDEX = index_of(
    role("reader", rule("get list watch", "core", "pods pods/log")),
    role("scaler", rule("update patch", "apps", "*/scale")),
    role("one-secret", rule("get update", "core", "secrets", "only-this")),
    role("everything", rule("*", "*", "*")),
    role("health", {"verbs": ["get"], "nonResourceURLs": ["/healthz", "/logs/*"]}),
    role("local", rule("create", "core", "pods"), namespace="t1"),
    binding("readers", "reader", group("devs")),
    binding("scalers", "scaler", user("alice")),
    binding("secret", "one-secret", user("alice")),
    binding("health", "health", user("alice")),
    binding("local", "local", user("alice"), namespace="t1", role_kind="Role"),
    binding("robots", "everything", {"kind": "ServiceAccount", "name": "robot"}, namespace="ci"),
    binding("dangling", "gone", user("bob")),
)


@pytest.mark.parametrize(
    ("who", "asked", "allowed"),
    [
        pytest.param(
            ALICE,
            Attributes("get", "", "pods", "t1", "p"),
            True,
            id="cluster-binding-reaches-every-namespace",
        ),
        pytest.param(
            ALICE, Attributes("list", "", "pods"), True, id="cluster-binding-reaches-all-namespaces"
        ),
        pytest.param(ALICE, Attributes("get", "", "pods/log", "t1", "p"), True, id="named-subresource"),
        pytest.param(
            ALICE,
            Attributes("get", "", "pods/exec", "t1", "p"),
            False,
            id="resource-does-not-cover-subresource",
        ),
        pytest.param(ALICE, Attributes("delete", "", "pods", "t1", "p"), False, id="other-verb"),
        pytest.param(ALICE, Attributes("get", "metrics.k8s.io", "pods", "t1", "p"), False, id="other-group"),
        pytest.param(
            ALICE,
            Attributes("patch", "apps", "deployments/scale", "t1", "d"),
            True,
            id="any-resource-one-subresource",
        ),
        pytest.param(
            ALICE,
            Attributes("patch", "apps", "deployments", "t1", "d"),
            False,
            id="star-sub-is-not-the-resource",
        ),
        pytest.param(ALICE, Attributes("get", "", "secrets", "t1", "only-this"), True, id="listed-name"),
        pytest.param(ALICE, Attributes("get", "", "secrets", "t1", "another"), False, id="other-name"),
        pytest.param(
            ALICE, Attributes("get", "", "secrets", "t1"), False, id="names-never-match-collections"
        ),
        pytest.param(ALICE, Attributes("create", "", "pods", "t1"), True, id="role-in-its-namespace"),
        pytest.param(ALICE, Attributes("create", "", "pods", "t2"), False, id="role-in-another-namespace"),
        pytest.param(ALICE, Attributes("create", "", "pods"), False, id="role-not-for-all-namespaces"),
        pytest.param(ALICE, Attributes("get", path="/healthz"), True, id="exact-path"),
        pytest.param(ALICE, Attributes("get", path="/logs/a/b"), True, id="path-prefix"),
        pytest.param(ALICE, Attributes("get", path="/metrics"), False, id="other-path"),
        pytest.param(
            ROBOT,
            Attributes("delete", "x.io", "foos", "ci", "f"),
            True,
            id="service-account-of-the-bindings-namespace",
        ),
        pytest.param(
            ROBOT,
            Attributes("delete", "x.io", "foos", "other", "f"),
            False,
            id="role-binding-stays-in-its-namespace",
        ),
        pytest.param(BOB, Attributes("get", "", "pods", "t1", "p"), False, id="user-without-bindings"),
        pytest.param(MASTER, Attributes("anything", "any", "thing"), True, id="masters-may-everything"),
    ],
)
def test_a_rule_allows_exactly_what_it_says(who: UserInfo, asked: Attributes, allowed: bool) -> None:
    assert INDEX.decide(who, asked).allowed is allowed


def test_the_reason_names_the_binding_the_role_and_the_subject() -> None:
    cluster = INDEX.decide(ALICE, Attributes("list", "", "pods", "t1"))
    assert (
        cluster.reason
        == 'RBAC: allowed by ClusterRoleBinding "readers" of ClusterRole "reader" to Group "devs"'
    )
    local = INDEX.decide(ALICE, Attributes("create", "", "pods", "t1"))
    assert local.reason == 'RBAC: allowed by RoleBinding "local/t1" of Role "local" to User "alice"'


def test_a_missing_role_is_skipped_and_reported() -> None:
    decision = INDEX.decide(BOB, Attributes("list", "", "pods"))
    assert decision.error == 'clusterrole.rbac.authorization.k8s.io "gone" not found'


def test_subresources_of_a_request_are_part_of_the_resource() -> None:
    info = RequestInfo(
        path="/api/v1/namespaces/t1/pods/p/log",
        verb="get",
        is_resource=True,
        version="v1",
        resource="pods",
        subresource="log",
        namespace="t1",
        name="p",
    )
    assert INDEX.allowed(ALICE, info).allowed


def test_changes_take_effect_at_once() -> None:
    reader = role("reader", rule("get", "core", "pods"))
    bound = binding("readers", "reader", user("bob"))
    index = index_of(reader, bound)
    asked = Attributes("get", "", "pods", "t1", "p")
    assert index.decide(BOB, asked).allowed
    index.apply("ClusterRole", reader, role("reader", rule("list", "core", "pods")))
    assert not index.decide(BOB, asked).allowed
    index.apply("ClusterRole", None, reader)
    index.apply("ClusterRoleBinding", bound, binding("readers", "reader", user("carol")))
    assert not index.decide(BOB, asked).allowed
    assert index.decide(UserInfo("carol"), asked).allowed
    index.apply("ClusterRoleBinding", bound, None)
    assert not index.decide(UserInfo("carol"), asked).allowed


def test_wildcards_in_a_question_need_wildcards_in_the_rule() -> None:
    index = index_of(role("all", rule("*", "*", "*")), binding("all", "all", user("bob")))
    assert index.decide(BOB, Attributes("*", "*", "*")).allowed
    assert not INDEX.decide(ALICE, Attributes("*", "*", "*")).allowed
