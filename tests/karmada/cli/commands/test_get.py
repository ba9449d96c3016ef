"""Tables of several clusters become one."""

from typing import Any

import pytest

from karmada.api.gvk import GroupVersionResource
from karmada.cli.commands.get import KARMADA, Answer, adopted, merged_table, resource_path
from karmada.client.mapper import DiscoveredResource

MANAGED = {"karmada.io/managed": "true"}
COLUMNS = [{"name": "Name"}, {"name": "Ready"}, {"name": "Node", "priority": 1}]


def answer(cluster: str, *names: str, labels: dict[str, str] | None = None) -> Answer:
    rows = [
        {
            "cells": [name, "1/1", "node1"],
            "object": {"metadata": {"name": name, "namespace": "shop", "labels": labels or {}}},
        }
        for name in names
    ]
    return Answer(cluster, {"kind": "Table", "columnDefinitions": COLUMNS, "rows": rows})


NGINX = [answer(KARMADA, "nginx"), answer("member1", "nginx", labels=MANAGED), answer("member2", "nginx")]


@pytest.mark.parametrize(
    ("flags", "header", "rows"),
    [
        pytest.param(
            {},
            ["Name", "CLUSTER", "Ready", "ADOPTION"],
            [
                ["nginx", "Karmada", "1/1", "-"],
                ["nginx", "member1", "1/1", "Y"],
                ["nginx", "member2", "1/1", "N"],
            ],
            id="cluster-behind-the-name-adoption-last",
        ),
        pytest.param(
            {"pods": True},
            ["Name", "CLUSTER", "Ready"],
            [["nginx", "Karmada", "1/1"], ["nginx", "member1", "1/1"], ["nginx", "member2", "1/1"]],
            id="pods-show-no-adoption",
        ),
        pytest.param(
            {"pods": True, "wide": True},
            ["Name", "CLUSTER", "Ready", "Node", "ADOPTION"],
            [
                ["nginx", "Karmada", "1/1", "node1", "-"],
                ["nginx", "member1", "1/1", "node1", "Y"],
                ["nginx", "member2", "1/1", "node1", "N"],
            ],
            id="wide-shows-everything",
        ),
        pytest.param(
            {"namespaces": True, "pods": True},
            ["NAMESPACE", "Name", "CLUSTER", "Ready"],
            [
                ["shop", "nginx", "Karmada", "1/1"],
                ["shop", "nginx", "member1", "1/1"],
                ["shop", "nginx", "member2", "1/1"],
            ],
            id="all-namespaces-come-first",
        ),
    ],
)
def test_answers_become_one_table(flags: dict[str, Any], header: list[str], rows: list[list[str]]) -> None:
    chosen = {"wide": False, "pods": False, "namespaces": False, **flags}
    assert merged_table(NGINX, **chosen) == (header, rows)


def test_a_cluster_that_has_nothing_does_not_give_the_columns() -> None:
    empty = Answer("member1", {"kind": "Table", "columnDefinitions": [], "rows": None})
    header, rows = merged_table([empty, answer("member2", "a")], wide=False, pods=True, namespaces=False)
    assert header == ["Name", "CLUSTER", "Ready"]
    assert rows == [["a", "member2", "1/1"]]


@pytest.mark.parametrize(
    ("cluster", "labels", "expected"),
    [
        (KARMADA, MANAGED, "-"),
        ("member1", MANAGED, "Y"),
        ("member1", {}, "N"),
        ("member1", {"karmada.io/managed": "no"}, "N"),
    ],
)
def test_only_objects_with_the_label_are_adopted(cluster: str, labels: dict[str, str], expected: str) -> None:
    assert adopted(cluster, {"metadata": {"labels": labels}}) == expected


@pytest.mark.parametrize(
    ("group", "namespaced", "namespace", "expected"),
    [
        pytest.param("", True, "shop", "/api/v1/namespaces/shop/things", id="core"),
        pytest.param("apps", True, "shop", "/apis/apps/v1/namespaces/shop/things", id="a-group"),
        pytest.param("apps", True, "", "/apis/apps/v1/things", id="all-namespaces"),
        pytest.param("apps", False, "shop", "/apis/apps/v1/things", id="cluster-scoped"),
    ],
)
def test_a_resource_has_a_path(group: str, namespaced: bool, namespace: str, expected: str) -> None:
    gvr = GroupVersionResource(group, "v1", "things")
    resource = DiscoveredResource(gvr, "Thing", "thing", namespaced, ("list",))
    assert resource_path(resource, namespace) == expected
