"""Quantities are exact and spelled as Kubernetes spells them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from karmada.api.quantity import (
    ZERO,
    Quantity,
    QuantityError,
    canonical,
    format_resources,
    is_quantity,
    parse_resources,
    sum_resources,
)

q = Quantity.parse
SUFFIXES = [
    "",
    "n",
    "u",
    "m",
    "k",
    "M",
    "G",
    "T",
    "P",
    "E",
    "Ki",
    "Mi",
    "Gi",
    "Ti",
    "Pi",
    "Ei",
    "e3",
    "E-3",
    "e0",
]
quantities = st.builds(
    lambda sign, whole, fraction, suffix: f"{sign}{whole}{fraction}{suffix}",
    st.sampled_from(["", "-", "+"]),
    st.integers(0, 10**19).map(str),
    st.sampled_from(["", ".5", ".25", ".001", ".0000000001", "."]),
    st.sampled_from(SUFFIXES),
)


@pytest.mark.parametrize(
    ("written", "returned"),
    [
        ("1000", "1k"),
        ("1000m", "1"),
        ("0.5", "500m"),
        (".5", "500m"),
        ("1500", "1500"),
        ("3000000", "3M"),
        ("123456789", "123456789"),
        ("1048576", "1048576"),
        ("1.25k", "1250"),
        ("5e-1", "500e-3"),
        ("1024Mi", "1Gi"),
        ("1500Mi", "1500Mi"),
        ("1.5Gi", "1536Mi"),
        ("1024Ki", "1Mi"),
        ("1024Gi", "1Ti"),
        ("1e3", "1e3"),
        ("0", "0"),
        ("0Gi", "0"),
        ("0.5Ki", "512"),
        ("-1.5", "-1500m"),
        ("0.0000000001", "1n"),
        ("9223372036854775808Ki", "9223372036854775807"),
        ("1.500", "1.500"),
        ("1E3", "1E3"),
        ("100000000000000000000", "100E"),
        ("1000E", "1000E"),
    ],
)
def test_text_comes_back_in_canonical_spelling(written: str, returned: str) -> None:
    assert str(q(written)) == returned
    assert canonical(written) == returned


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "a",
        "1x",
        "1i",
        "1.1.1",
        "e3",
        "1e",
        "1Kii",
        "1m3",
        "--1",
        "1e1001",
        "+",
        "-",
        ".",
        "1 Gi",
        "9" * 600,
    ],
)
def test_what_is_no_quantity_is_refused(text: str) -> None:
    assert not is_quantity(text)
    with pytest.raises(QuantityError):
        q(text)


def test_defaulting_rounds_up_to_thousandths() -> None:
    assert str(q("1.0001").rounded_to_milli()) == "1001m"
    assert str(q("0.0001").rounded_to_milli()) == "1m"
    assert q("250m").rounded_to_milli() is q("250m")


@pytest.mark.parametrize(
    ("text", "value", "milli"),
    [
        ("1", 1, 1000),
        ("1500m", 2, 1500),
        ("-1500m", -2, -1500),
        ("1u", 1, 1),
        ("1Ki", 1024, 1024000),
        ("0", 0, 0),
    ],
)
def test_whole_numbers_round_away_from_zero(text: str, value: int, milli: int) -> None:
    assert (q(text).value(), q(text).milli_value()) == (value, milli)


def test_sums_keep_the_family_of_their_first_part() -> None:
    assert str(q("1Gi") + q("1G")) == "2073741824"
    assert str(q("512Mi") + q("512Mi")) == "1Gi"
    assert str(ZERO + q("1Gi")) == "1Gi"
    assert str(q("100m") * 10) == "1"
    assert str(q("1") - q("250m")) == "750m"


def test_amounts_compare_whatever_their_spelling() -> None:
    assert q("1Gi") == q("1024Mi")
    assert hash(q("1")) == hash(q("1000m"))
    assert q("1Gi") > q("1G") >= q("1000M")
    assert not q("0")
    assert q("1") != 1


def test_json_numbers_are_read_too() -> None:
    assert q(2) == q("2")
    assert q(1.5) == q("1500m")


def test_resource_lists_add_up_per_resource() -> None:
    total = sum_resources([parse_resources({"cpu": "500m", "memory": "1Gi"}), parse_resources({"cpu": 1})])
    assert format_resources(total) == {"cpu": "1500m", "memory": "1Gi"}
    assert parse_resources(None) == {}


@given(quantities)
def test_canonical_spelling_means_the_same_amount(text: str) -> None:
    amount = q(text)
    assert q(str(amount)) == amount
    assert str(q(str(amount))) == str(amount)


@given(quantities, quantities)
def test_addition_and_subtraction_are_exact(first: str, second: str) -> None:
    a, b = q(first), q(second)
    assert (a + b) - b == a
    assert a + b == b + a
    assert a + (-a) == ZERO
    assert (a < b) == (b - a > ZERO)


@given(st.text(max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    assert is_quantity(text) in (True, False)
