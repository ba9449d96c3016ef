"""Counts as users write them, and what pods need."""

from typing import Any

import pytest

from karmada.api.groups.work import ReplicaRequirements
from karmada.api.objects import Object
from karmada.interpreter.errors import InterpreterError
from karmada.interpreter.thirdparty.components import (
    claimed,
    component_of,
    count,
    replicas_in,
    revised_in,
    with_largest,
)
from tests.karmada.interpreter.thirdparty.samples import POD, POD_NEEDS


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(None, 9, id="absent-is-the-default"),
        pytest.param("", 9, id="empty-too"),
        pytest.param("few", 9, id="and-what-cannot-be-read"),
        pytest.param(0, 0, id="zero-is-a-number"),
        pytest.param("3", 3, id="a-number-as-text"),
        pytest.param(2.7, 2, id="fractions-are-cut"),
    ],
)
def test_counts(value: Any, expected: int) -> None:
    assert count(value, 9) == expected


@pytest.mark.parametrize("value", [True, 2**31, {"a": 1}])
def test_no_number_of_replicas(value: Any) -> None:
    with pytest.raises(InterpreterError):
        count(value, 9)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param({"replicas": 3}, 3, id="stated"),
        pytest.param({"replicas": 0}, 0, id="none-wanted"),
        pytest.param({}, 1, id="one-where-nothing-is-said"),
        pytest.param(None, 1, id="no-spec"),
    ],
)
def test_replicas_in_a_field(spec: Object | None, expected: int) -> None:
    assert replicas_in("replicas")({"spec": spec}) == (expected, None)


def test_a_field_is_set_also_where_there_was_none() -> None:
    obj = {"kind": "CloneSet", "spec": {"a": 1}}
    assert revised_in("replicas")(obj, 4) == {"kind": "CloneSet", "spec": {"a": 1, "replicas": 4}}
    assert revised_in("replicas")({}, 4) == {"spec": {"replicas": 4}}
    assert obj == {"kind": "CloneSet", "spec": {"a": 1}}


def test_components_carry_what_their_pods_need() -> None:
    assert component_of("main", 2, POD).to_json() == {
        "name": "main",
        "replicas": 2,
        "replicaRequirements": POD_NEEDS,
    }
    assert component_of("main", 2, None).to_json() == {"name": "main", "replicas": 2}


def test_resources_stated_elsewhere_go_with_the_nodes_of_the_pods() -> None:
    pods = {"nodeSelector": {"disk": "fast"}, "priorityClassName": "high"}
    assert claimed(pods, {"cpu": "1"}) == {
        "nodeClaim": {"nodeSelector": {"disk": "fast"}},
        "priorityClassName": "high",
        "resourceRequest": {"cpu": "1"},
    }
    assert claimed(None, {}) == {}


def test_the_largest_stands_for_all() -> None:
    requests = [{"cpu": "900m", "memory": "1Gi"}, {"cpu": "1", "gpu": "1"}, {"memory": "1000Mi"}, {}]
    found = with_largest(
        ReplicaRequirements.from_json({"resourceRequest": {"cpu": "1m", "disk/x": "3"}}), requests
    )
    assert found is not None
    assert found.resource_request == {"cpu": "1", "memory": "1Gi", "disk/x": "3"}
    assert with_largest(None, [{}]) is None
