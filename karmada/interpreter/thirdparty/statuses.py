"""Statuses of members as one: sums, last words, times, generations and conditions. Pure.

Shared by the projects' modules. In: items by cluster, or one object of a member. Out: values for a status.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from typing import Any, Final

from karmada.api.conditions import find_json_condition
from karmada.api.objects import Object, annotations_of, generation_of, metadata_of
from karmada.api.wellknown import TEMPLATE_GENERATION_ANNOTATION
from karmada.interpreter.native.aggregate import Items, Rule, reported

SINGLE_ITEM: Final = 1


def status_of(obj: Object) -> Object:
    status: Object = obj.get("status") or {}
    return status


def number(value: Any) -> int:
    """A count; None counts as 0. Raises TypeError and ValueError."""
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise TypeError(f"{value!r} is no number")
    return int(value)


def total(statuses: Iterable[Object], field: str) -> int:
    return sum(number(status.get(field)) for status in statuses)


def totals(statuses: Sequence[Object], fields: Iterable[str]) -> dict[str, int]:
    return {field: total(statuses, field) for field in fields}


def last(statuses: Iterable[Object], field: str, default: Any = None) -> Any:
    """What the last status that has the field says; an empty one is no word."""
    found = default
    for status in statuses:
        if status.get(field) not in (None, "", {}, []):
            found = status[field]
    return found


def times(statuses: Iterable[Object], field: str) -> list[str]:
    """RFC 3339 in UTC, so that order of text is order of time."""
    return [str(status[field]) for status in statuses if status.get(field)]


def earliest(statuses: Iterable[Object], field: str) -> str | None:
    return min(times(statuses, field), default=None)


def latest(statuses: Iterable[Object], field: str) -> str | None:
    return max(times(statuses, field), default=None)


def copied_when_single(rule: Rule) -> Rule:
    """A rule for several clusters: what a single one says is the status, and without any nothing changes."""

    def copied(template: Object, items: Items, now: str) -> Object | None:
        if not items:
            return None
        if len(items) == SINGLE_ITEM:
            return items[0].status or {}
        return rule(template, items, now)

    return copied


# --- generations ------------------------------------------------------------------------------------


def with_generations(obj: Object, status: Object) -> Object:
    """status with the generations that say how recent it is: the member's, and the template's if known."""
    reflected = {**status, "generation": metadata_of(obj).get("generation")}
    text = str(annotations_of(obj).get(TEMPLATE_GENERATION_ANNOTATION, ""))
    return {**reflected, "resourceTemplateGeneration": int(text)} if text.isdecimal() else reflected


def observed_generation(template: Object, items: Items) -> int:
    """The template's generation once every member has caught up with it; until then the old one."""
    generation = generation_of(template)
    caught_up = all(
        number(status.get("resourceTemplateGeneration")) == generation
        and number(status.get("generation")) == number(status.get("observedGeneration"))
        for status in (item.status or {} for item in items)
    )
    return generation if caught_up else number(status_of(template).get("observedGeneration"))


# --- conditions -------------------------------------------------------------------------------------


def conditions_of(status: Object) -> list[Object]:
    conditions: list[Object] = status.get("conditions") or []
    return conditions


def is_true(status: Object, type_: str) -> bool:
    return any(each.get("type") == type_ and each.get("status") == "True" for each in conditions_of(status))


def merged_conditions(items: Items) -> list[Object]:
    """Conditions of all clusters; those alike but for their message become one that says who says what."""
    merged: dict[tuple[Any, ...], Object] = {}
    for item in items:
        for condition in conditions_of(item.status or {}):
            text = f"{item.cluster_name}={condition.get('message') or ''}"
            key = tuple(condition.get(name) for name in ("type", "status", "reason"))
            found = merged.get(key)
            merged[key] = (
                {**condition, "message": text}
                if found is None
                else {**found, "message": f"{found['message']}, {text}"}
            )
    return list(merged.values())


def newest_conditions(items: Items, key: str, time_fields: Sequence[str]) -> list[Object]:
    """For each value of key the newest condition that has it, oldest first; time_fields in order."""
    newest: dict[Any, tuple[str, Object]] = {}
    for status in reported(items):
        for condition in conditions_of(status):
            when = next((str(condition[name]) for name in time_fields if condition.get(name)), "")
            found = newest.get(condition.get(key))
            if found is None or when > found[0]:
                newest[condition.get(key)] = when, condition
    ordered = sorted(newest.items(), key=lambda each: (each[1][0], str(each[0])))
    return [condition for _, (_, condition) in ordered]


def stamped(template: Object, condition: Object, now: str) -> Object:
    """condition with its times: those the template has already, as long as it says the same."""
    found = find_json_condition(conditions_of(status_of(template)), condition["type"]) or {}
    same = all(found.get(name) == value for name, value in condition.items())
    moved = found.get("lastTransitionTime") if found.get("status") == condition["status"] else None
    probed = found.get("lastProbeTime") if same else None
    return {**condition, "lastProbeTime": probed or now, "lastTransitionTime": moved or now}


# --- emptiness --------------------------------------------------------------------------------------


def without_zeros(value: Any) -> Any:
    """value without zeros, empty texts and what is empty after that, at any depth."""
    if isinstance(value, Mapping):
        kept = {name: without_zeros(each) for name, each in value.items()}
        return {name: each for name, each in kept.items() if not _says_nothing(each)}
    if isinstance(value, list):
        return [each for each in map(without_zeros, value) if not _says_nothing(each)]
    return value


def _says_nothing(value: Any) -> bool:
    return value is None or (not isinstance(value, bool) and value in (0, "", "0s", {}, []))
