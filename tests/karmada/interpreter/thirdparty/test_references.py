"""Dependencies by name."""

import pytest

from karmada.interpreter.thirdparty.references import at, of_templates, referred, text_at

OBJ = {"metadata": {"namespace": "shop"}}


def test_references_are_sorted_each_once_and_have_names() -> None:
    pairs = [("Secret", "b"), ("ConfigMap", "z"), ("Secret", ""), ("Secret", "a"), ("Secret", "b")]
    found = referred(OBJ, pairs)
    assert [(each.kind, each.name, each.namespace, each.api_version) for each in found] == [
        ("ConfigMap", "z", "shop", "v1"),
        ("Secret", "a", "shop", "v1"),
        ("Secret", "b", "shop", "v1"),
    ]


def test_templates_that_are_not_there_need_nothing() -> None:
    pod = {"spec": {"serviceAccountName": "runner"}}
    assert [each.name for each in of_templates(OBJ, [None, {}, pod, pod])] == ["runner"]


def test_paths_end_where_a_field_is_missing() -> None:
    value = {"a": {"b": {"c": "x"}}}
    assert at(value, "a", "b", "c") == "x"
    assert at(value, "a", "x", "c") is None
    assert text_at(None, "a") == ""
    with pytest.raises(TypeError):
        text_at(value, "a", "b")
