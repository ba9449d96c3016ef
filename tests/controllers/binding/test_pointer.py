"""The three JSON patch operations of overriders."""

from typing import Any

import pytest

from controllers.binding.pointer import PatchFailed, apply_operation


@pytest.mark.parametrize(
    ("document", "operator", "path", "value", "expected"),
    [
        pytest.param({"a": 1}, "add", "/b", 2, {"a": 1, "b": 2}, id="add-member"),
        pytest.param({"a": 1}, "add", "/a", 2, {"a": 2}, id="add-replaces-a-member"),
        pytest.param({"a": [1, 3]}, "add", "/a/1", 2, {"a": [1, 2, 3]}, id="add-inserts"),
        pytest.param({"a": [1]}, "add", "/a/-", 2, {"a": [1, 2]}, id="add-appends"),
        pytest.param({"a": [1]}, "add", "/a/1", 2, {"a": [1, 2]}, id="add-at-the-end"),
        pytest.param({"a": [1, 2]}, "replace", "/a/-1", 9, {"a": [1, 9]}, id="negative-index-from-the-end"),
        pytest.param({"a": 1}, "replace", "/a", None, {"a": None}, id="replace-with-null"),
        pytest.param({"a": [1, 2]}, "remove", "/a/0", None, {"a": [2]}, id="remove-item"),
        pytest.param({"a": 1, "b": 2}, "remove", "/a", None, {"b": 2}, id="remove-member"),
        pytest.param({"x/y": {"~": 1}}, "replace", "/x~1y/~0", 2, {"x/y": {"~": 2}}, id="escapes"),
        pytest.param({"a": 1}, "replace", "", {"b": 2}, {"b": 2}, id="whole-document"),
        pytest.param({"": 1}, "replace", "/", 2, {"": 2}, id="empty-key"),
    ],
)
def test_an_operation_changes_the_document(
    document: Any, operator: str, path: str, value: Any, expected: Any
) -> None:
    assert apply_operation(document, operator, path, value) == expected


@pytest.mark.parametrize(
    ("operator", "path"),
    [
        pytest.param("replace", "/missing", id="replace-nothing"),
        pytest.param("remove", "/missing", id="remove-nothing"),
        pytest.param("add", "/missing/deep", id="add-below-nothing"),
        pytest.param("add", "/text/deep", id="add-below-a-string"),
        pytest.param("replace", "/list/7", id="index-out-of-range"),
        pytest.param("add", "/list/3", id="insert-past-the-end"),
        pytest.param("replace", "/list/-3", id="negative-index-out-of-range"),
        pytest.param("replace", "/list/x", id="index-that-is-no-number"),
        pytest.param("replace", "/list/-", id="dash-is-only-for-add"),
        pytest.param("replace", "list", id="no-leading-slash"),
        pytest.param("remove", "", id="remove-everything"),
        pytest.param("move", "/text", id="other-operation"),
    ],
)
def test_a_path_that_leads_nowhere_fails(operator: str, path: str) -> None:
    with pytest.raises(PatchFailed):
        apply_operation({"text": "t", "list": [1, 2]}, operator, path, 1)


def test_a_value_is_not_shared_with_the_policy() -> None:
    value: dict[str, Any] = {"x": 1}
    document = apply_operation({}, "add", "/a", value)
    apply_operation(document, "replace", "/a/x", 2)
    assert value == {"x": 1}
