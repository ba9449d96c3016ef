"""JSON patch and merge patch."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apiserver.merge.patches import json_patch, merge_patch, unknown_operation_members
from apiserver.merge.refusals import PatchDoesNotApply
from karmada.api.errors import BadRequest, RequestEntityTooLarge
from karmada.api.objects import private_copy

DOCUMENT: dict[str, Any] = {"a": {"b": 1}, "list": ["x", "y", "z"], "s/l": 1, "t~": 2, "n": None}


@pytest.mark.parametrize(
    ("operations", "change"),
    [
        pytest.param([], {}, id="nothing"),
        pytest.param([{"op": "add", "path": "/a/c", "value": 2}], {"a": {"b": 1, "c": 2}}, id="add-member"),
        pytest.param(
            [{"op": "add", "path": "/list/1", "value": "n"}], {"list": ["x", "n", "y", "z"]}, id="insert"
        ),
        pytest.param(
            [{"op": "add", "path": "/list/-", "value": "n"}], {"list": ["x", "y", "z", "n"]}, id="append"
        ),
        pytest.param(
            [{"op": "add", "path": "/list/-1", "value": "n"}],
            {"list": ["x", "y", "z", "n"]},
            id="add-at-minus-one",
        ),
        pytest.param([{"op": "remove", "path": "/list/-1"}], {"list": ["x", "y"]}, id="remove-from-the-end"),
        pytest.param(
            [{"op": "replace", "path": "/list/0", "value": 1}], {"list": [1, "y", "z"]}, id="replace-item"
        ),
        pytest.param([{"op": "replace", "path": "/s~1l", "value": 3}], {"s/l": 3}, id="escaped-slash"),
        pytest.param([{"op": "replace", "path": "/t~0", "value": 3}], {"t~": 3}, id="escaped-tilde"),
        pytest.param([{"op": "move", "from": "/a/b", "path": "/moved"}], {"a": {}, "moved": 1}, id="move"),
        pytest.param([{"op": "copy", "from": "/a", "path": "/copied"}], {"copied": {"b": 1}}, id="copy"),
        pytest.param([{"op": "test", "path": "/a", "value": {"b": 1}}], {}, id="test-holds"),
        pytest.param([{"op": "test", "path": "/missing", "value": None}], {}, id="missing-is-null"),
    ],
)
def test_operations_apply(operations: list[Any], change: dict[str, Any]) -> None:
    assert json_patch(DOCUMENT, operations) == {**DOCUMENT, **change}


@pytest.mark.parametrize(
    "operation",
    [
        pytest.param({"op": "add", "path": "/x/y", "value": 1}, id="missing-parent"),
        pytest.param({"op": "remove", "path": "/x"}, id="remove-missing"),
        pytest.param({"op": "replace", "path": "/x", "value": 1}, id="replace-missing"),
        pytest.param({"op": "add", "path": "/list/9", "value": 1}, id="beyond-the-end"),
        pytest.param({"op": "remove", "path": "/list/-4"}, id="before-the-start"),
        pytest.param({"op": "remove", "path": "/list/x"}, id="not-an-index"),
        pytest.param({"op": "test", "path": "/a/b", "value": 2}, id="test-fails"),
        pytest.param({"op": "test", "path": "/a/b", "value": True}, id="one-is-not-true"),
        pytest.param({"op": "move", "from": "/a", "path": "/a/b"}, id="into-itself"),
        pytest.param({"op": "frobnicate", "path": "/a"}, id="unknown-operation"),
        pytest.param({"op": "add", "value": 1}, id="no-path"),
    ],
)
def test_an_operation_that_does_not_fit_is_refused_without_a_reason(operation: dict[str, Any]) -> None:
    with pytest.raises(PatchDoesNotApply) as caught:
        json_patch(DOCUMENT, [operation])
    assert (caught.value.status_code, caught.value.reason) == (422, "Invalid")
    assert caught.value.message == "the server rejected our request due to an error in our request"


def test_neither_document_nor_patch_is_changed_or_shared() -> None:
    value: dict[str, Any] = {"deep": []}
    before = private_copy(DOCUMENT)
    patched = json_patch(
        DOCUMENT, [{"op": "add", "path": "/v", "value": value}, {"op": "copy", "from": "/v", "path": "/w"}]
    )
    patched["v"]["deep"].append(1)
    patched["a"]["b"] = 9
    assert (value, patched["w"]) == ({"deep": []}, {"deep": []})
    assert before == DOCUMENT


@pytest.mark.parametrize("body", [{}, "x", [1]], ids=["object", "text", "list-of-numbers"])
def test_a_json_patch_is_a_list_of_operations(body: Any) -> None:
    with pytest.raises(
        BadRequest, match=r"error decoding patch: json: cannot unmarshal .* \[\]handlers.jsonPatchOp"
    ):
        json_patch({}, body)


def test_too_many_operations_are_refused() -> None:
    operations = [{"op": "test", "path": "/x", "value": None}] * 10_001
    with pytest.raises(RequestEntityTooLarge, match="maximum operations in a JSON patch is 10000, got 10001"):
        json_patch({}, operations)


def test_copies_of_copies_are_bounded() -> None:
    operations = [{"op": "copy", "from": "/a", "path": "/a/x"} for _ in range(100)]
    with pytest.raises(RequestEntityTooLarge):
        json_patch({"a": {"text": "x" * 1000}}, operations)


def test_unknown_members_of_operations_are_told() -> None:
    assert unknown_operation_members([{"op": "add", "path": "/a", "foo": 1}]) == [
        'json patch unknown field "[0].foo"'
    ]


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        pytest.param({"a": None}, {"b": {"c": 1}}, id="null-deletes"),
        pytest.param({"b": {"d": 2}}, {"a": 1, "b": {"c": 1, "d": 2}}, id="objects-merge"),
        pytest.param({"b": [1]}, {"a": 1, "b": [1]}, id="lists-replace"),
        pytest.param(
            {"a": {"x": None, "y": 1}}, {"a": {"y": 1}, "b": {"c": 1}}, id="nulls-in-new-objects-vanish"
        ),
    ],
)
def test_merge_patch(patch: dict[str, Any], expected: dict[str, Any]) -> None:
    assert merge_patch({"a": 1, "b": {"c": 1}}, patch) == expected


def test_a_merge_patch_is_an_object() -> None:
    with pytest.raises(BadRequest) as caught:
        merge_patch({}, [])
    assert caught.value.message == (
        "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}"
    )


plain = st.recursive(
    st.integers(0, 3) | st.text("ab", max_size=2) | st.booleans(),
    lambda inner: st.dictionaries(st.sampled_from("abcd"), inner, max_size=3) | st.lists(inner, max_size=2),
    max_leaves=8,
)
objects = st.dictionaries(st.sampled_from("abcd"), plain, max_size=4)
patches = st.dictionaries(st.sampled_from("abcd"), plain | st.none(), max_size=4)


@given(objects, patches)
def test_a_merge_patch_applied_twice_changes_nothing_more(obj: dict[str, Any], patch: dict[str, Any]) -> None:
    once = merge_patch(obj, patch)
    assert merge_patch(once, patch) == once


@given(objects)
def test_an_empty_merge_patch_changes_nothing(obj: dict[str, Any]) -> None:
    assert merge_patch(obj, {}) == obj


@given(objects)
def test_a_merge_patch_on_nothing_is_the_object(obj: dict[str, Any]) -> None:
    assert merge_patch({}, obj) == obj
