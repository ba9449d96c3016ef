"""Tables of several clusters become one."""

from typing import Any

import pytest

from karmada.cli.merged_tables import KARMADA, Answer, Shape, adopted, merged_table

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
            {"adoption": False},
            ["Name", "CLUSTER", "Ready"],
            [["nginx", "Karmada", "1/1"], ["nginx", "member1", "1/1"], ["nginx", "member2", "1/1"]],
            id="pods-show-no-adoption",
        ),
        pytest.param(
            {"wide": True},
            ["Name", "CLUSTER", "Ready", "Node", "ADOPTION"],
            [
                ["nginx", "Karmada", "1/1", "node1", "-"],
                ["nginx", "member1", "1/1", "node1", "Y"],
                ["nginx", "member2", "1/1", "node1", "N"],
            ],
            id="wide-shows-everything",
        ),
        pytest.param(
            {"namespaces": True, "adoption": False},
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
    assert merged_table(NGINX, Shape(**flags)) == (header, rows)


def test_a_cluster_that_has_nothing_does_not_give_the_columns() -> None:
    empty = Answer("member1", {"kind": "Table", "columnDefinitions": [], "rows": None})
    header, rows = merged_table([empty, answer("member2", "a")], Shape(adoption=False))
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
