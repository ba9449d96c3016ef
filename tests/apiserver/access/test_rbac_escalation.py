"""Nobody grants what they do not have."""

import pytest

from apiserver.rbac import PolicyRule, RuleIndex, check_binding_write, check_role_write
from apiserver.rbac.escalation import missing_rules, rule_text
from apiserver.request_info import UserInfo
from karmada.api.errors import Forbidden, NotFound
from karmada.api.objects import Object
from tests.apiserver.access.test_rbac_index import binding, group, index_of, role, rule, user

ALICE = UserInfo("alice", ("devs", "system:authenticated"))
PODS = rule("get list", "core", "pods")


def holding(*rules: Object) -> RuleIndex:
    return index_of(role("held", *rules), binding("held", "held", user("alice")))


def test_granting_more_than_held_lists_what_is_missing() -> None:
    wanted = role("r2", rule("get list", "core apps", "pods"), namespace="t1")
    with pytest.raises(Forbidden) as refused:
        check_role_write(holding(rule("get", "core", "pods")), ALICE, wanted, None)
    assert refused.value.message == (
        'roles.rbac.authorization.k8s.io "r2" is forbidden: '
        'user "alice" (groups=["devs" "system:authenticated"]) '
        "is attempting to grant RBAC permissions not currently held:\n"
        '{APIGroups:[""], Resources:["pods"], Verbs:["list"]}\n'
        '{APIGroups:["apps"], Resources:["pods"], Verbs:["get" "list"]}'
    )


@pytest.mark.parametrize(
    "index",
    [
        pytest.param(holding(PODS), id="holds-the-same-rule"),
        pytest.param(holding(rule("*", "*", "*")), id="holds-everything"),
        pytest.param(
            holding(rule("escalate", "rbac.authorization.k8s.io", "clusterroles")),
            id="holds-the-verb-escalate",
        ),
    ],
)
def test_a_role_may_be_written_by_who(index: RuleIndex) -> None:
    check_role_write(index, ALICE, role("r2", PODS), None)


def test_masters_may_write_any_role() -> None:
    check_role_write(
        RuleIndex(), UserInfo("root", ("system:masters",)), role("r2", rule("*", "*", "*")), None
    )


def test_a_write_that_changes_no_rule_is_not_checked() -> None:
    check_role_write(RuleIndex(), ALICE, role("r2", PODS), role("r2", PODS))


def test_aggregation_needs_every_permission() -> None:
    wanted = {**role("r2"), "aggregationRule": {"clusterRoleSelectors": []}}
    with pytest.raises(Forbidden, match=r'\{NonResourceURLs:\["\*"\], Verbs:\["\*"\]\}'):
        check_role_write(holding(PODS), ALICE, wanted, None)


def test_binding_a_role_needs_its_rules_or_the_verb_bind() -> None:
    wanted = binding("b", "target", group("devs"), namespace="t1")
    target = role("target", PODS)
    with pytest.raises(Forbidden, match="not currently held"):
        check_binding_write(index_of(target), ALICE, wanted, None)
    binder = rule("bind", "rbac.authorization.k8s.io", "clusterroles", "target")
    index = index_of(target, role("binder", binder), binding("binder", "binder", user("alice")))
    check_binding_write(index, ALICE, wanted, None)


def test_binding_a_role_that_is_not_there_is_not_found() -> None:
    with pytest.raises(NotFound) as refused:
        check_binding_write(RuleIndex(), ALICE, binding("b", "nope", group("devs"), namespace="t1"), None)
    assert refused.value.message == 'rolebindings.rbac.authorization.k8s.io "nope" not found'


@pytest.mark.parametrize(
    ("held", "wanted", "missing"),
    [
        pytest.param(
            rule("get", "core", "pods"),
            rule("get", "core", "pods", "a"),
            [],
            id="unnamed-covers-named",
        ),
        pytest.param(
            rule("get", "core", "pods", "a"),
            rule("get", "core", "pods"),
            ['{APIGroups:[""], Resources:["pods"], Verbs:["get"]}'],
            id="named-does-not-cover-unnamed",
        ),
        pytest.param(
            rule("get", "core", "pods", "a"),
            rule("get", "core", "pods", "a", "b"),
            ['{APIGroups:[""], Resources:["pods"], ResourceNames:["b"], Verbs:["get"]}'],
            id="each-name-on-its-own",
        ),
        pytest.param(
            rule("update", "apps", "*/scale"), rule("update", "apps", "deployments/scale"), [], id="star-sub"
        ),
        pytest.param(
            {"verbs": ["get"], "nonResourceURLs": ["/logs/*"]},
            {"verbs": ["get"], "nonResourceURLs": ["/logs/a", "/metrics"]},
            ['{NonResourceURLs:["/metrics"], Verbs:["get"]}'],
            id="paths-by-prefix",
        ),
    ],
)
def test_missing_rules_are_what_no_held_rule_covers(held: Object, wanted: Object, missing: list[str]) -> None:
    found = missing_rules([PolicyRule.of(held)], [PolicyRule.of(wanted)])
    assert [rule_text(one) for one in found] == missing
