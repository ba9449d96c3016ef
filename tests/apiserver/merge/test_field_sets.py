"""Sets of field paths."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apiserver.merge.field_sets import (
    difference,
    intersection,
    paths,
    union,
    with_named_fields,
    without_fields,
)
from apiserver.schema.builtin import type_node

KEYS = st.sampled_from(["f:a", "f:b", 'k:{"name":"x"}', 'v:"s"'])


def tries(depth: int) -> st.SearchStrategy[dict[str, Any]]:
    if depth == 0:
        return st.just({})
    node = st.dictionaries(KEYS, tries(depth - 1), max_size=2)
    return st.builds(
        lambda below, own: {**({".": {}} if own and below else {}), **below}, node, st.booleans()
    )


SETS = st.dictionaries(KEYS, tries(2), max_size=3)


def members(fields: dict[str, Any]) -> set[str]:
    return set(paths(fields))


@given(SETS, SETS)
def test_set_operations_are_those_of_sets(left: dict[str, Any], right: dict[str, Any]) -> None:
    assert members(union(left, right)) == members(left) | members(right)
    assert members(difference(left, right)) == members(left) - members(right)
    assert members(intersection(left, right)) == members(left) & members(right)


@given(SETS, SETS)
def test_set_operations_leave_no_empty_branches(left: dict[str, Any], right: dict[str, Any]) -> None:
    for result in (difference(left, right), intersection(left, right)):
        assert bool(result) == bool(members(result))


def test_paths_read_as_in_conflicts() -> None:
    fields: dict[str, Any] = {
        "f:spec": {"f:ports": {'k:{"port":80,"protocol":"TCP"}': {".": {}, "f:name": {}}}, "f:replicas": {}},
        "f:metadata": {"f:finalizers": {'v:"a/b"': {}}},
    }
    assert list(paths(fields)) == [
        '.metadata.finalizers[="a/b"]',
        ".spec.replicas",
        '.spec.ports[port=80,protocol="TCP"]',
        '.spec.ports[port=80,protocol="TCP"].name',
    ]


def test_named_fields_on_the_way_become_members_but_map_keys_do_not() -> None:
    node = type_node("io.k8s.api.core.v1.ConfigMap")
    fields: dict[str, Any] = {"f:metadata": {"f:labels": {"f:a": {}}}}
    assert members(with_named_fields(node, fields)) == {".metadata", ".metadata.labels", ".metadata.labels.a"}


@pytest.mark.parametrize("names", [frozenset({"status"}), frozenset({"status", "other"})])
def test_top_level_fields_can_be_left_out(names: frozenset[str]) -> None:
    assert without_fields({"f:status": {"f:a": {}}, "f:spec": {}}, names) == {"f:spec": {}}
