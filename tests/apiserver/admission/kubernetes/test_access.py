"""Roles, their bindings, and Leases."""

from typing import Any

import pytest

from apiserver.admission.kubernetes.access import BINDING_RULES, LEASE_RULES, ROLE_RULES
from karmada.api.objects import Object, private_copy
from tests.apiserver.admission.contexts import admitted, judged

GROUP = "rbac.authorization.k8s.io"


def role(rule: Object, kind: str = "Role") -> Object:
    place = {"namespace": "shop"} if kind == "Role" else {}
    return {
        "apiVersion": f"{GROUP}/v1",
        "kind": kind,
        "metadata": {"name": "r", **place},
        "rules": [rule],
    }


ROLES = [
    pytest.param(
        role({"apiGroups": [""], "resources": ["pods"]}),
        ["rules[0].verbs: Required value: verbs must contain at least one value"],
        id="no-verbs",
    ),
    pytest.param(
        role({"verbs": ["get"]}),
        [
            "rules[0].apiGroups: Required value: resource rules must supply at least one api group",
            "rules[0].resources: Required value: resource rules must supply at least one resource",
        ],
        id="nothing",
    ),
    pytest.param(
        role({"verbs": ["get"], "nonResourceURLs": ["/healthz"]}),
        [
            'rules[0].nonResourceURLs: Invalid value: ["/healthz"]: namespaced rules cannot apply to '
            "non-resource URLs"
        ],
        id="paths-of-a-namespace",
    ),
    pytest.param(role({"verbs": ["get"], "nonResourceURLs": ["/healthz"]}, "ClusterRole"), [], id="paths"),
    pytest.param(role({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}), [], id="everything"),
]


@pytest.mark.parametrize(("given", "expected"), ROLES)
def test_broken_rules_of_roles_are_found(given: Object, expected: list[str]) -> None:
    assert judged(ROLE_RULES, given) == expected


def binding(kind: str = "RoleBinding", reference: Object | None = None, *subjects: Object) -> Object:
    place = {"namespace": "shop"} if kind == "RoleBinding" else {}
    given = {
        "apiVersion": f"{GROUP}/v1",
        "kind": kind,
        "metadata": {"name": "b", **place},
        "roleRef": reference or {"kind": "ClusterRole", "name": "view"},
        "subjects": list(subjects),
    }
    return admitted(BINDING_RULES, private_copy(given))


def test_groups_of_people_are_filled_in() -> None:
    users = [{"kind": "User", "name": "alice"}, {"kind": "ServiceAccount", "name": "robot"}]
    made = binding("RoleBinding", None, *users)
    assert made["roleRef"]["apiGroup"] == GROUP
    assert [subject.get("apiGroup") for subject in made["subjects"]] == [GROUP, None]
    assert judged(BINDING_RULES, made) == []


BINDINGS: list[Any] = [
    pytest.param(
        binding("RoleBinding", {"kind": "Foo", "name": "a"}),
        ['roleRef.kind: Unsupported value: "Foo": supported values: "Role", "ClusterRole"'],
        id="unknown-role",
    ),
    pytest.param(
        binding("ClusterRoleBinding", {"kind": "Role", "name": "a"}),
        ['roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"'],
        id="a-role-everywhere",
    ),
    pytest.param(
        binding("RoleBinding", None, {"kind": "Bar", "name": "a"}),
        ['subjects[0].kind: Unsupported value: "Bar": supported values: "ServiceAccount", "User", "Group"'],
        id="unknown-subject",
    ),
    pytest.param(
        binding("ClusterRoleBinding", None, {"kind": "ServiceAccount", "name": "a"}),
        ["subjects[0].namespace: Required value"],
        id="account-of-nowhere",
    ),
    pytest.param(
        binding("RoleBinding", {"kind": "Role", "name": "a/b"}),
        ["roleRef.name: Invalid value: \"a/b\": may not contain '/'"],
        id="no-path",
    ),
]


@pytest.mark.parametrize(("given", "expected"), BINDINGS)
def test_broken_rules_of_bindings_are_found(given: Object, expected: list[str]) -> None:
    assert judged(BINDING_RULES, given) == expected


def test_a_binding_stays_to_its_role() -> None:
    new = binding("RoleBinding", {"kind": "ClusterRole", "name": "admin"})
    (found,) = judged(BINDING_RULES, new, old=binding())
    assert found.startswith("roleRef: Invalid value: ")
    assert found.endswith(": cannot change roleRef")


def test_a_lease_lasts() -> None:
    lease = {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": "l", "namespace": "shop"},
        "spec": {"leaseDurationSeconds": 0, "leaseTransitions": -1},
    }
    assert judged(LEASE_RULES, lease) == [
        "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0",
        "spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0",
    ]
