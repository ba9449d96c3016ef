"""Words and paths of broken rules."""

from typing import Any

import pytest

from apiserver.schema.bounds import Problem, compiled_pattern, path_text, type_word


def test_a_path_reads_as_in_kubernetes() -> None:
    assert path_text(["spec", "ports", 0, "name"]) == "spec.ports[0].name"


def test_a_problem_at_the_root_has_a_nil_path() -> None:
    assert Problem("FieldValueInvalid", "Invalid value: 1").field_error().field == "<nil>"


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (None, "null"),
        ({}, "object"),
        ([], "array"),
        ("", "string"),
        (True, "boolean"),
        (1, "integer"),
        (1.5, "number"),
    ],
)
def test_json_types_have_their_own_words(value: Any, word: str) -> None:
    assert type_word(value) == word


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        pytest.param("^a$", "a", True, id="plain"),
        pytest.param("^a$", "a\n", False, id="dollar-does-not-skip-a-newline"),
        pytest.param(r"^a\$", "a$", True, id="escaped-dollar"),
        pytest.param("b", "abc", True, id="not-anchored"),
    ],
)
def test_patterns_mean_what_they_mean_in_go(pattern: str, text: str, matches: bool) -> None:
    compiled = compiled_pattern(pattern)
    assert compiled is not None
    assert (compiled.search(text) is not None) is matches


def test_a_pattern_that_is_not_understood_checks_nothing() -> None:
    assert compiled_pattern("(") is None
