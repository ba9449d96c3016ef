"""Field errors in the stock words."""

import pytest

from apiserver.admission.broken_rules import (
    aggregate,
    duplicate,
    each_invalid,
    forbidden,
    immutable,
    invalid_value,
    not_found,
    not_negative,
    not_supported,
    required,
    shown,
    too_long,
    too_many,
    type_invalid,
)
from karmada.api.errors import FieldError

TABLE = [
    pytest.param(
        invalid_value("a.b", "x", "no"), "FieldValueInvalid", 'Invalid value: "x": no', id="invalid"
    ),
    pytest.param(
        type_invalid("a", 3, "no"), "FieldValueTypeInvalid", "Invalid value: 3: no", id="type-invalid"
    ),
    pytest.param(required("a"), "FieldValueRequired", "Required value", id="required"),
    pytest.param(required("a", "b"), "FieldValueRequired", "Required value: b", id="required-and-why"),
    pytest.param(
        not_supported("a", "c", ("x", "y")),
        "FieldValueNotSupported",
        'Unsupported value: "c": supported values: "x", "y"',
        id="not-supported",
    ),
    pytest.param(duplicate("a", 7), "FieldValueDuplicate", "Duplicate value: 7", id="duplicate"),
    pytest.param(forbidden("a", "no"), "FieldValueForbidden", "Forbidden: no", id="forbidden"),
    pytest.param(not_found("a", "zz"), "FieldValueNotFound", 'Not found: "zz"', id="not-found"),
    pytest.param(
        too_long("a", 5), "FieldValueTooLong", "Too long: may not be more than 5 bytes", id="too-long"
    ),
    pytest.param(
        too_many("a", 7, 5), "FieldValueTooMany", "Too many: 7: must have at most 5 items", id="too-many"
    ),
    pytest.param(
        immutable("a", {"b": 1}),
        "FieldValueInvalid",
        'Invalid value: {"b":1}: field is immutable',
        id="fixed",
    ),
]


@pytest.mark.parametrize(("error", "kind", "message"), TABLE)
def test_a_broken_rule_has_the_stock_type_and_words(error: FieldError, kind: str, message: str) -> None:
    assert (error.type, error.message) == (kind, message)


def test_values_are_shown_as_compact_json_and_nothing_as_null() -> None:
    assert [shown(value) for value in (None, True, 1, "ä", ["a", {"b": None}])] == [
        "null",
        "true",
        "1",
        '"ä"',
        '["a",{"b":null}]',
    ]


def test_only_negative_numbers_are_refused_as_negative() -> None:
    assert not_negative("a", None) == not_negative("a", 0) == []
    assert not_negative("a", -1)[0].message == "Invalid value: -1: must be greater than or equal to 0"


def test_several_errors_become_one_text_without_repetitions() -> None:
    one, two = each_invalid("a", "x", ["p", "q"])
    assert aggregate([one]) == 'a: Invalid value: "x": p'
    assert aggregate([one, two, one]) == '[a: Invalid value: "x": p, a: Invalid value: "x": q]'
