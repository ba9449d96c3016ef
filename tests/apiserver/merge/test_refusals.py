"""The words of refused patches."""

from typing import Any

import pytest

from apiserver.merge.refusals import UnclassifiedError, go_text, quoted, undecodable_patch


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param({"b": [1, "x"], "a": None}, "map[a:<nil> b:[1 x]]", id="nested"),
        pytest.param(True, "true", id="boolean"),
        pytest.param(2.0, "2", id="whole-float"),
        pytest.param(1.5, "1.5", id="fraction"),
    ],
)
def test_values_print_as_in_go(value: Any, text: str) -> None:
    assert go_text(value) == text


def test_text_is_quoted_with_escapes() -> None:
    assert quoted('a"b\\\n') == '"a\\"b\\\\\\n"'


def test_an_undecodable_result_names_the_patch() -> None:
    error = undecodable_patch('{"a":1}', "why")
    assert error.message == ' "" is invalid: patch: Invalid value: "{\\"a\\":1}": why'
    assert [cause["field"] for cause in error.details["causes"]] == ["patch"]


def test_an_unclassified_error_has_no_reason() -> None:
    assert "reason" not in UnclassifiedError("x").to_status()
