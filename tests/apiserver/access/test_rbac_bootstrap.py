"""The roles and bindings a control plane starts with."""

import pytest

from apiserver.rbac import Attributes, RuleIndex, bootstrap_objects, check_role_write, reconciled
from apiserver.request_info import UserInfo
from karmada.api.errors import Forbidden
from karmada.api.objects import Object, with_annotations
from tests.apiserver.access.test_rbac_index import role, rule

AUTHENTICATED = ("system:authenticated",)


@pytest.fixture(scope="module")
def index() -> RuleIndex:
    built = RuleIndex()
    for obj in bootstrap_objects():
        built.apply(obj["kind"], None, obj)
    return built


def named(kind: str, name: str) -> Object:
    return next(obj for obj in bootstrap_objects() if obj["kind"] == kind and obj["metadata"]["name"] == name)


@pytest.mark.parametrize(
    ("who", "asked", "allowed"),
    [
        pytest.param(
            UserInfo("system:anonymous", ("system:unauthenticated",)),
            Attributes("get", path="/healthz"),
            True,
            id="anyone-health",
        ),
        pytest.param(
            UserInfo("system:anonymous", ("system:unauthenticated",)),
            Attributes("get", path="/api"),
            False,
            id="anonymous-no-discovery",
        ),
        pytest.param(
            UserInfo("alice", AUTHENTICATED), Attributes("get", path="/apis/apps"), True, id="users-discovery"
        ),
        pytest.param(
            UserInfo("alice", AUTHENTICATED),
            Attributes("create", "authorization.k8s.io", "selfsubjectaccessreviews"),
            True,
            id="users-ask-about-themselves",
        ),
        pytest.param(
            UserInfo("alice", AUTHENTICATED),
            Attributes("list", "", "secrets", "t1"),
            False,
            id="users-no-secrets",
        ),
        pytest.param(
            UserInfo("system:karmada:controller-manager"),
            Attributes("create", "any.io", "things", "t1"),
            True,
            id="controller-manager-any-template",
        ),
        pytest.param(
            UserInfo("system:karmada:scheduler"),
            Attributes("patch", "work.karmada.io", "resourcebindings", "t1", "b"),
            True,
            id="scheduler-bindings",
        ),
        pytest.param(
            UserInfo("system:karmada:scheduler"),
            Attributes("get", "", "secrets", "t1", "s"),
            False,
            id="scheduler-no-secrets",
        ),
    ],
)
def test_out_of_the_box(index: RuleIndex, who: UserInfo, asked: Attributes, allowed: bool) -> None:
    assert index.decide(who, asked).allowed is allowed


@pytest.mark.parametrize(
    ("role", "asked", "allowed"),
    [
        pytest.param(
            "view", Attributes("list", "policy.karmada.io", "propagationpolicies", "t1"), True, id="view"
        ),
        pytest.param("view", Attributes("get", "", "secrets", "t1", "s"), False, id="view-no-secrets"),
        pytest.param(
            "edit", Attributes("create", "policy.karmada.io", "overridepolicies", "t1"), True, id="edit"
        ),
        pytest.param(
            "edit",
            Attributes("create", "rbac.authorization.k8s.io", "rolebindings", "t1"),
            False,
            id="edit-no-rbac",
        ),
        pytest.param(
            "admin",
            Attributes("create", "rbac.authorization.k8s.io", "rolebindings", "t1"),
            True,
            id="admin-rbac",
        ),
        pytest.param("admin", Attributes("create", "apps", "deployments", "t1"), True, id="admin-edits"),
        pytest.param(
            "admin", Attributes("get", "cluster.karmada.io", "clusters/proxy"), False, id="admin-no-members"
        ),
    ],
)
def test_user_facing_roles_are_filled_before_any_controller_runs(
    index: RuleIndex, role: str, asked: Attributes, allowed: bool
) -> None:
    granted = {
        "kind": "RoleBinding",
        "metadata": {"name": f"test-{role}", "namespace": "t1"},
        "roleRef": {"kind": "ClusterRole", "name": role},
        "subjects": [{"kind": "User", "name": f"{role}-user"}],
    }
    index.apply("RoleBinding", None, granted)
    assert index.decide(UserInfo(f"{role}-user"), asked).allowed is allowed


AGENT_RULES = [
    rule("get delete", "cluster.karmada.io", "clusters", "m1"),
    rule("create list watch", "cluster.karmada.io", "clusters"),
    rule("update", "cluster.karmada.io", "clusters/status", "m1"),
    rule(
        "get list watch",
        "config.karmada.io",
        "resourceinterpretercustomizations resourceinterpreterwebhookconfigurations",
    ),
    rule("get", "core", "namespaces"),
    rule("get create update", "coordination.k8s.io", "leases"),
    rule("get create", "certificates.k8s.io", "certificatesigningrequests"),
    rule("list watch", "core", "services"),
    rule("create patch update", "core", "events"),
    rule("get patch", "core", "secrets", "m1", "m1-impersonator"),
    rule("create", "core", "secrets"),
    rule("get create list watch update delete", "work.karmada.io", "works"),
    rule("patch update", "work.karmada.io", "works/status"),
]


def test_a_registering_member_can_make_its_agents_roles_and_no_others(index: RuleIndex) -> None:
    generator = UserInfo("system:karmada:agent:rbac-generator", ("system:karmada:agents",))
    check_role_write(index, generator, role("system:karmada:m1:agent", *AGENT_RULES), None)
    with pytest.raises(Forbidden):
        check_role_write(index, generator, role("root", rule("*", "*", "*")), None)


def test_a_plain_cluster_has_no_karmada_roles() -> None:
    names = {obj["metadata"]["name"] for obj in bootstrap_objects(karmada=False)}
    assert "cluster-admin" in names
    assert not any("karmada" in name for name in names)


def test_every_bootstrap_binding_finds_its_role() -> None:
    roles = {
        (obj["kind"], obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
        for obj in bootstrap_objects()
    }
    bindings = [obj for obj in bootstrap_objects() if obj["kind"].endswith("Binding")]
    for obj in bindings:
        kind = obj["roleRef"]["kind"]
        namespace = obj["metadata"].get("namespace", "") if kind == "Role" else ""
        assert (kind, namespace, obj["roleRef"]["name"]) in roles


def test_what_was_removed_is_put_back_and_what_was_added_stays() -> None:
    wanted = named("ClusterRole", "system:basic-user")
    extra = {"apiGroups": ["x.io"], "resources": ["foos"], "verbs": ["get"]}
    existing = {**wanted, "rules": [*wanted["rules"][1:], extra]}
    result = reconciled(existing, wanted)
    assert result is not None
    assert result["rules"] == [*wanted["rules"][1:], extra, wanted["rules"][0]]


@pytest.mark.parametrize(
    "existing",
    [
        pytest.param(named("ClusterRole", "view"), id="unchanged"),
        pytest.param(
            with_annotations(
                {**named("ClusterRole", "view"), "rules": []},
                {"rbac.authorization.kubernetes.io/autoupdate": "false"},
            ),
            id="auto-update-off",
        ),
    ],
)
def test_nothing_is_written_when(existing: Object) -> None:
    assert reconciled(existing, named("ClusterRole", "view")) is None
