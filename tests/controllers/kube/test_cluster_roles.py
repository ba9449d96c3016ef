"""Aggregated ClusterRoles have the rules of the roles they select."""

import pytest

from controllers.kube.cluster_roles import aggregated_rules
from karmada.api.groups.kubernetes import CLUSTER_ROLES
from karmada.api.objects import Object
from tests.controllers.cluster.live import eventually
from tests.controllers.kube.stock import stock_plane

READ_PODS = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}
READ_NODES = {"apiGroups": [""], "resources": ["nodes"], "verbs": ["get"]}
SELECTS_MINE = {"clusterRoleSelectors": [{"matchLabels": {"to": "mine"}}]}


def role(name: str, *rules: Object, **labels: str) -> Object:
    return {"metadata": {"name": name, "labels": labels}, "rules": list(rules)}


MINE: Object = {**role("mine", to="mine"), "aggregationRule": SELECTS_MINE}


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        pytest.param(
            [role("b", READ_PODS, to="mine"), role("a", READ_NODES, to="mine")],
            [READ_NODES, READ_PODS],
            id="in-the-order-of-names",
        ),
        pytest.param(
            [role("a", READ_PODS, to="mine"), role("b", READ_PODS, to="mine")],
            [READ_PODS],
            id="each-rule-once",
        ),
        pytest.param([role("a", READ_PODS, to="yours")], [], id="not-selected"),
        pytest.param([{**MINE, "rules": [READ_PODS]}], [], id="not-its-own"),
    ],
)
def test_the_rules_are_those_of_the_selected_roles(roles: list[Object], expected: list[Object]) -> None:
    assert aggregated_rules(MINE, roles) == expected


async def test_rules_follow_the_selected_roles_and_edits_are_undone() -> None:
    async with stock_plane() as plane:
        await plane.create(CLUSTER_ROLES, MINE)
        await plane.create(CLUSTER_ROLES, role("part", READ_PODS, to="mine"))
        key = CLUSTER_ROLES.key("", "mine")

        async def has_rules(*rules: Object) -> bool:
            return bool((await plane.client.get(CLUSTER_ROLES, key)).get("rules") == list(rules))

        await eventually(lambda: has_rules(READ_PODS), "the rules are collected")
        await plane.client.patch(CLUSTER_ROLES, key, {"rules": [READ_NODES]})
        await eventually(lambda: has_rules(READ_PODS), "the edit is undone")
        await plane.client.patch(CLUSTER_ROLES, CLUSTER_ROLES.key("", "part"), {"rules": [READ_NODES]})
        await eventually(lambda: has_rules(READ_NODES), "the change arrives")
