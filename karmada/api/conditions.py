"""Conditions in a status: find, replace, compare. Pure; the time comes from the caller.

The with_ functions return the list they were given when nothing changed, so that equal means no write.
"""

from collections.abc import Iterable

from karmada.api.groups.meta import Condition
from karmada.api.objects import Object


def find_condition(conditions: Iterable[Condition], type_: str) -> Condition | None:
    """The first condition of this type."""
    return next((condition for condition in conditions if condition.type == type_), None)


def is_condition_true(conditions: Iterable[Condition], type_: str) -> bool:
    return (found := find_condition(conditions, type_)) is not None and found.status == "True"


def is_condition_false(conditions: Iterable[Condition], type_: str) -> bool:
    """Present and False; an absent condition is neither true nor false."""
    return (found := find_condition(conditions, type_)) is not None and found.status == "False"


def with_condition(
    conditions: list[Condition],
    *,
    type: str,
    status: str,
    reason: str,
    message: str,
    now: str,
    observed_generation: int | None = None,
) -> list[Condition]:
    """conditions with one set in place, or appended. now is RFC 3339.

    lastTransitionTime moves only when status changes. Without observed_generation the field is kept as it is.
    """
    found = find_condition(conditions, type)
    if found is None:
        return [*conditions, _condition(type, status, reason, message, now, observed_generation)]
    changes: dict[str, object] = {}
    if found.status != status:
        changes |= {"status": status, "last_transition_time": now}
    if found.reason != reason:
        changes["reason"] = reason
    if found.message != message:
        changes["message"] = message
    if observed_generation is not None and found.observed_generation != observed_generation:
        changes["observed_generation"] = observed_generation
    if not changes:
        return conditions
    changed = found.model_copy(update=changes)
    return [changed if condition is found else condition for condition in conditions]


def without_condition(conditions: list[Condition], type_: str) -> list[Condition]:
    kept = [condition for condition in conditions if condition.type != type_]
    return conditions if len(kept) == len(conditions) else kept


def _condition(
    type_: str, status: str, reason: str, message: str, now: str, observed_generation: int | None
) -> Condition:
    fields: dict[str, object] = {
        "type": type_,
        "status": status,
        "reason": reason,
        "message": message,
        "last_transition_time": now,
    }
    if observed_generation is not None:
        fields["observed_generation"] = observed_generation
    return Condition.model_validate(fields)


def find_json_condition(conditions: Iterable[Object], type_: str) -> Object | None:
    """find_condition for the plain JSON conditions of built-in kinds and members."""
    return next((condition for condition in conditions if condition.get("type") == type_), None)


def with_json_condition(conditions: list[Object], condition: Object, *, now: str) -> list[Object]:
    """with_condition for plain JSON: condition needs type and status; its other fields replace old ones."""
    found = find_json_condition(conditions, condition["type"])
    if found is None:
        return [*conditions, {"lastTransitionTime": now, **condition}]
    merged = {**found, **condition}
    if found.get("status") != condition["status"]:
        merged["lastTransitionTime"] = condition.get("lastTransitionTime", now)
    elif "lastTransitionTime" in found:
        merged["lastTransitionTime"] = found["lastTransitionTime"]
    if merged == found:
        return conditions
    return [merged if item is found else item for item in conditions]
