"""Models: lenient reading, faithful writing, and the schema side of a field."""

from typing import Any

import pytest
from pydantic import ConfigDict, ValidationError

from karmada.api.model import (
    Int32,
    IntOrString,
    Model,
    QuantityText,
    Time,
    empty,
    facts_of,
    field,
    model_facts,
    schema_facts,
)


class Part(Model):
    """A part."""

    model_config = ConfigDict(json_schema_extra={"x-kubernetes-map-type": "atomic"})

    name: str = field("Name.", default="", required=True, min_length=1, max_length=5, pattern="^a")


class Thing(Model):
    """A thing."""

    proxy_url: str = field("URL.", default="", alias="proxyURL")
    grace_period_seconds: Int32 | None = field("Seconds.", schema_default=600, minimum=0)
    part: Part = field("One part.", factory=empty(Part))
    other: Part | None = field("Another part.")
    parts: list[Part] = field("Parts.", factory=list, list_type="map", list_map_keys=("name",), min_items=1)
    amounts: dict[str, QuantityText] = field("Amounts.", factory=dict)
    mode: str = field("Mode.", default="", enum=("A", "B"))
    modes: list[str] = field("Modes.", factory=list, items_enum=("A", "B"))
    content: Any = field("Anything.", preserve_unknown=True)
    at: Time | None = field("When.")
    share: IntOrString | None = field("Number or percentage.")


FULL: dict[str, Any] = {
    "proxyURL": "http://a",
    "gracePeriodSeconds": 0,
    "part": {"name": "a"},
    "parts": [{"name": "b", "unknown": {"kept": [1]}}],
    "amounts": {"cpu": "1", "pods": 3},
    "content": {"x": None},
    "share": "10%",
    "newField": True,
}


def test_what_was_read_is_written_back_and_nothing_else() -> None:
    assert Thing.from_json(FULL).to_json() == FULL
    assert Thing.from_json({}).to_json() == {}


def test_absent_fields_read_as_empty_or_none() -> None:
    thing = Thing.from_json({})
    assert (thing.parts, thing.amounts, thing.mode, thing.other, thing.grace_period_seconds) == (
        [],
        {},
        "",
        None,
        None,
    )
    assert thing.part.name == ""


def test_null_is_the_same_as_absent() -> None:
    thing = Thing.from_json({"parts": None, "amounts": None, "mode": None, "part": None, "content": [None]})
    assert thing == Thing.from_json({"content": [None]})


def test_a_change_touches_only_what_was_meant() -> None:
    thing = Thing.from_json(FULL)
    changed = thing.model_copy(update={"grace_period_seconds": 5, "share": None})
    assert changed.to_json() == {key: value for key, value in FULL.items() if key != "share"} | {
        "gracePeriodSeconds": 5
    }
    assert thing.to_json() == FULL


def test_a_model_cannot_be_changed_in_place() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Thing.from_json({}).mode = "A"  # type: ignore[misc]


def test_models_read_with_the_same_fields_share_their_bookkeeping_and_change_apart() -> None:
    one, two = Thing.from_json({"parts": [{"name": "a"}]}), Thing.from_json({"parts": [{"name": "b"}]})
    assert one.model_fields_set is two.model_fields_set
    assert one.parts[0].model_fields_set is two.parts[0].model_fields_set
    assert one.model_copy(update={"mode": "A"}).to_json() == {"parts": [{"name": "a"}], "mode": "A"}
    assert two.to_json() == {"parts": [{"name": "b"}]}


def test_a_wrong_type_is_an_error() -> None:
    with pytest.raises(ValidationError):
        Thing.from_json({"parts": "no list"})


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("proxy_url", {}),
        ("grace_period_seconds", {"format": "int32", "default": 600, "minimum": 0}),
        ("part", {"x-kubernetes-map-type": "atomic"}),
        ("other", {"x-kubernetes-map-type": "atomic"}),
        (
            "parts",
            {"minItems": 1, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
        ),
        ("mode", {"enum": ["A", "B"]}),
        ("modes", {"items": {"enum": ["A", "B"]}}),
        ("content", {"x-kubernetes-preserve-unknown-fields": True}),
        ("at", {"format": "date-time"}),
    ],
)
def test_the_schema_side_of_a_field_is_kept_apart(name: str, facts: dict[str, Any]) -> None:
    assert schema_facts(Thing.model_fields[name]) == facts


def test_required_and_bounds_are_part_of_the_schema_side() -> None:
    assert schema_facts(Part.model_fields["name"]) == {
        "required": True,
        "minLength": 1,
        "maxLength": 5,
        "pattern": "^a",
    }


def test_types_carry_their_facts_wherever_they_appear() -> None:
    assert facts_of(QuantityText)["x-kubernetes-int-or-string"] is True
    assert facts_of(list[QuantityText]) == {}
    assert schema_facts(Thing.model_fields["share"])["x-kubernetes-int-or-string"] is True
    assert model_facts(Thing) == {}


def test_facts_handed_out_may_be_changed() -> None:
    schema_facts(Part.model_fields["name"]).pop("required")
    assert schema_facts(Part.model_fields["name"])["required"]
