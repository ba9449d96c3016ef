"""Merging an applied object, and removing what is no longer applied."""

from typing import Any

import pytest

from apiserver.merge.applying import merged, remove, without_abandoned
from apiserver.schema.builtin import type_node
from tests.apiserver.schema.samples import DEPLOYMENT

NODE = type_node(DEPLOYMENT)


def pod(*names: str, **fields: Any) -> dict[str, Any]:
    return {"spec": {"template": {"spec": {"containers": [{"name": name} for name in names], **fields}}}}


def names_of(obj: dict[str, Any]) -> list[str]:
    return [item["name"] for item in obj["spec"]["template"]["spec"]["containers"]]


@pytest.mark.parametrize(
    ("live", "applied", "expected"),
    [
        pytest.param("ab", "b", "ab", id="live-elements-stay"),
        pytest.param("ab", "ba", "ba", id="shared-elements-follow-the-applied-order"),
        pytest.param("ab", "bc", "abc", id="new-at-the-end"),
        pytest.param("ab", "cb", "acb", id="new-before-what-it-preceded"),
        pytest.param("", "ab", "ab", id="all-new"),
        pytest.param("abc", "ca", "bca", id="an-unshared-element-keeps-its-place"),
    ],
)
def test_elements_are_merged_in_order(live: str, applied: str, expected: str) -> None:
    assert "".join(names_of(merged(NODE, pod(*live), pod(*applied)))) == expected


def test_atomic_values_are_replaced_and_maps_merged() -> None:
    live = {"metadata": {"labels": {"a": "1"}}, "spec": {"selector": {"matchLabels": {"a": "1"}}}}
    applied = {"metadata": {"labels": {"b": "2"}}, "spec": {"selector": {"matchLabels": {"b": "2"}}}}
    assert merged(NODE, live, applied) == {
        "metadata": {"labels": {"a": "1", "b": "2"}},
        "spec": {"selector": {"matchLabels": {"b": "2"}}},
    }


def test_removing_members_leaves_the_rest() -> None:
    doomed: dict[str, Any] = {
        "f:spec": {"f:template": {"f:spec": {"f:containers": {'k:{"name":"a"}': {".": {}, "f:name": {}}}}}}
    }
    assert names_of(remove(NODE, pod("a", "b"), doomed)) == ["b"]


def elements(**owned: list[str]) -> dict[str, Any]:
    """A set of fields of containers, `.` being the element itself."""
    found: dict[str, Any] = {}
    for name, keys in owned.items():
        found[f'k:{{"name":"{name}"}}'] = {key if key == "." else f"f:{key}": {} for key in keys}
    return {"f:spec": {"f:template": {"f:spec": {"f:containers": found}}}}


@pytest.mark.parametrize(
    ("owned", "expected"),
    [
        pytest.param(elements(b=[".", "name"]), ["b"], id="nobody-owns-anything-in-it"),
        pytest.param(elements(b=[".", "name"], a=["image"]), ["b"], id="a-field-in-it-does-not-hold-it"),
        pytest.param(elements(b=[".", "name"], a=[".", "name", "image"]), ["a", "b"], id="somebody-owns-it"),
    ],
)
def test_an_abandoned_element_goes_whole_or_not_at_all(owned: dict[str, Any], expected: list[str]) -> None:
    obj = {"spec": {"template": {"spec": {"containers": [{"name": "a", "image": "x"}, {"name": "b"}]}}}}
    assert names_of(without_abandoned(NODE, obj, last=elements(a=[".", "name"]), owned=owned)) == expected
