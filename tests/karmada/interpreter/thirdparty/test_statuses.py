"""Sums, last words, times, generations and conditions of several members."""

from typing import Any

import pytest

from karmada.api.objects import Object
from karmada.api.wellknown import TEMPLATE_GENERATION_ANNOTATION
from karmada.interpreter.native.aggregate import Items
from karmada.interpreter.thirdparty.statuses import (
    copied_when_single,
    earliest,
    is_true,
    last,
    latest,
    merged_conditions,
    newest_conditions,
    number,
    observed_generation,
    stamped,
    totals,
    with_generations,
    without_zeros,
)
from tests.karmada.interpreter.thirdparty.samples import EARLY, LATER, condition, items

NOW = "2026-03-02T00:00:00Z"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(None, 0, id="absent-is-none"),
        pytest.param(3, 3, id="integer"),
        pytest.param(2.9, 2, id="fractions-are-cut"),
    ],
)
def test_counts(value: Any, expected: int) -> None:
    assert number(value) == expected


@pytest.mark.parametrize("value", ["3", True, [], float("nan"), float("inf")])
def test_what_is_no_count_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        number(value)


def test_totals_count_absent_fields_as_zero() -> None:
    assert totals([{"a": 1}, {"a": 2, "b": 5}, {}], ["a", "b", "c"]) == {"a": 3, "b": 5, "c": 0}


@pytest.mark.parametrize("empty", [None, "", {}, []])
def test_an_empty_value_is_no_word(empty: Any) -> None:
    assert last([{"url": "one"}, {"url": empty}, {}], "url") == "one"


@pytest.mark.parametrize("zero", [0, False])
def test_zero_and_false_are_words(zero: Any) -> None:
    assert last([{"ready": 1}, {"ready": zero}], "ready") is zero


def test_times_of_members_that_have_none_do_not_count() -> None:
    statuses = [{}, {"at": LATER}, {"at": EARLY}, {"at": ""}]
    assert (earliest(statuses, "at"), latest(statuses, "at")) == (EARLY, LATER)
    assert (earliest([{}], "at"), latest([], "at")) == (None, None)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        pytest.param(items(), None, id="nothing-changes-without-members"),
        pytest.param(items({"a": 1}), {"a": 1}, id="one-is-copied"),
        pytest.param(items(None), {}, id="one-without-status-is-empty"),
        pytest.param(items({"a": 1}, None), {"rule": 2}, id="two-are-a-matter-of-the-rule"),
    ],
)
def test_a_single_member_is_copied(said: Items, expected: Object | None) -> None:
    rule = copied_when_single(lambda template, told, now: {"rule": len(told)})
    assert rule({}, said, NOW) == expected


# --- generations ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        pytest.param("7", {"generation": 3, "resourceTemplateGeneration": 7}, id="number"),
        pytest.param("seven", {"generation": 3}, id="no-number-is-left-out"),
        pytest.param("", {"generation": 3}, id="absent"),
    ],
)
def test_a_status_says_how_recent_it_is(annotation: str, expected: Object) -> None:
    annotations = {TEMPLATE_GENERATION_ANNOTATION: annotation}
    assert with_generations({"metadata": {"generation": 3, "annotations": annotations}}, {}) == expected


def recent(template: int = 5, generation: int = 2, observed: int = 2) -> Object:
    return {
        "resourceTemplateGeneration": template,
        "generation": generation,
        "observedGeneration": observed,
    }


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        pytest.param(items(recent(), recent()), 5, id="all-caught-up"),
        pytest.param(items(recent(), recent(template=4)), 1, id="one-has-an-older-template"),
        pytest.param(items(recent(), recent(observed=1)), 1, id="one-has-not-acted"),
        pytest.param(items(recent(template=6)), 1, id="a-newer-template-than-ours-is-not-ours"),
        pytest.param(items(recent(), None), 1, id="one-says-nothing"),
        pytest.param(items(), 5, id="nobody-to-wait-for"),
    ],
)
def test_the_template_is_observed_when_every_member_caught_up(said: Items, expected: int) -> None:
    template = {"metadata": {"generation": 5}, "status": {"observedGeneration": 1}}
    assert observed_generation(template, said) == expected


# --- conditions -------------------------------------------------------------------------------------


def test_conditions_alike_become_one_that_says_who_says_what() -> None:
    same = condition("Ready", reason="Done", message="yes", lastTransitionTime=EARLY)
    told = items(
        {"conditions": [same]},
        {"conditions": [condition("Ready", "False", reason="Done", message="no")]},
        {"conditions": [{**same, "message": "too", "lastTransitionTime": LATER}, condition("Stalled")]},
    )
    assert merged_conditions(told) == [
        {**same, "message": "member1=yes, member3=too"},
        condition("Ready", "False", reason="Done", message="member2=no"),
        condition("Stalled", message="member3="),
    ]


def test_of_each_type_the_newest_condition_is_shown_oldest_first() -> None:
    started, ended = condition("Running", at=EARLY), condition("Succeeded", at=LATER)
    told = items({"conditions": [ended, condition("Running", "False", at="")]}, {"conditions": [started]})
    assert newest_conditions(told, "type", ["at"]) == [started, ended]


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        pytest.param(None, (NOW, NOW), id="new"),
        pytest.param({"message": "a"}, (EARLY, EARLY), id="the-same-keeps-both-times"),
        pytest.param({"message": "b"}, (NOW, EARLY), id="another-message-is-no-transition"),
        pytest.param({"message": "a", "status": "False"}, (NOW, NOW), id="another-status-is-one"),
    ],
)
def test_times_move_when_something_moves(before: Object | None, expected: tuple[str, str]) -> None:
    times = {"lastProbeTime": EARLY, "lastTransitionTime": EARLY}
    conditions = [] if before is None else [{**condition("Failed"), **times, **before}]
    found = stamped({"status": {"conditions": conditions}}, condition("Failed", message="a"), NOW)
    assert (found["lastProbeTime"], found["lastTransitionTime"]) == expected


def test_only_true_conditions_are_true() -> None:
    status = {"conditions": [condition("Ready"), condition("Failed", "False")]}
    assert [is_true(status, each) for each in ("Ready", "Failed", "Other")] == [True, False, False]


def test_zeros_are_left_out_at_any_depth_but_not_false() -> None:
    value = {"a": 0, "b": {"c": "", "d": {"e": []}}, "f": [0, {"g": 1, "h": "0s"}], "i": False}
    assert without_zeros(value) == {"f": [{"g": 1}], "i": False}
