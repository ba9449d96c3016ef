"""Applying: a live object merged with an applied one, and the removal of what is no longer applied. Pure.

In: a node, plain objects, field sets. Neighbours: managed_fields.py decides what is removed and who
conflicts; applied_check.py has refused bodies that do not fit the node before anything is merged here.
"""

from typing import Any

from apiserver.merge.field_sets import SELF, FieldSet, difference, intersection, union, with_named_fields
from apiserver.merge.ownership import element_key, held_set, ownership_of
from apiserver.schema.node import ANYTHING, MISSING, Node
from karmada.api.objects import Object


def merged(node: Node, live: Object, applied: Object) -> Object:
    """live with everything applied says; lists by element, in live's order where applied does not say
    another.
    """
    result = dict(live)
    for name, value in applied.items():
        before = live.get(name, MISSING)
        result[name] = value if before is MISSING else _merged_value(node.child(name), before, value)
    return result


def _merged_value(node: Node, before: Any, value: Any) -> Any:
    kind = ownership_of(node, value if value is not None else before)
    if kind == "map" and isinstance(before, dict | None) and isinstance(value, dict | None):
        if before or value:
            return merged(node, before or {}, value or {})
        return value
    if kind in ("keyed", "set") and isinstance(before, list | None) and isinstance(value, list | None):
        if before or value:
            return _merged_list(node, before or [], value or [])
        return value
    return value


def _merged_list(node: Node, live: list[Any], applied: list[Any]) -> list[Any]:
    live_keys = [element_key(node, item) or f"#{index}" for index, item in enumerate(live)]
    keys = [element_key(node, item) or f"+{index}" for index, item in enumerate(applied)]
    by_key = dict(zip(keys, applied, strict=True))
    live_by_key: dict[str, Any] = {}
    for key, item in zip(live_keys, live, strict=True):
        # Duplicates in the live list are not merged into; the applied element stands alone.
        live_by_key[key] = MISSING if key in live_by_key else item
    items = node.items or ANYTHING

    def element(key: str) -> Any:
        before = live_by_key.get(key, MISSING)
        return by_key[key] if before is MISSING else _merged_value(items, before, by_key[key])

    result: list[Any] = []
    for source, key, index in _interleaved(live_keys, keys):
        result.append(live[index] if source == "live" else element(key))
    return result


def _interleaved(live: list[str], applied: list[str]) -> list[tuple[str, str, int]]:
    """(where from, key, index) of each element of the result. Shared elements follow the applied order."""
    in_live, in_applied = set(live), set(applied)
    shared = [key for key in applied if key in in_live]
    done: set[str] = set()
    result: list[tuple[str, str, int]] = []
    left = right = 0
    while left < len(live) or right < len(applied):
        if left < len(live):
            key = live[left]
            if right < len(applied) and key != applied[right] and key in in_applied:
                # Shared, but not the one whose turn it is: it comes when the applied list reaches it.
                if shared and shared[0] != key:
                    left += 1
                    continue
            elif key not in in_applied:
                result.append(("live", key, left))
                left += 1
                continue
            if key in done or (right < len(applied) and key == applied[right]):
                left += 1
        if right < len(applied):
            key = applied[right]
            result.append(("applied", key, right))
            done.add(key)
            if shared and shared[0] == key:
                shared.pop(0)
            right += 1
    return result


def without_abandoned(node: Node, obj: Object, *, last: FieldSet, owned: FieldSet) -> Object:
    """obj without what the applier had in last and nobody owns now. owned: every manager's set, the new one
    too.

    A list element goes whole unless somebody owns the element itself; a field in it does not hold it.
    """
    pruned = remove(node, obj, with_named_fields(node, last))
    held = with_named_fields(node, held_set(node, obj))
    left = with_named_fields(node, held_set(node, pruned))
    pruned = remove(node, obj, difference(held, union(left, with_named_fields(node, owned))))
    left = with_named_fields(node, held_set(node, pruned))
    return remove(node, obj, intersection(difference(held, left), with_named_fields(node, last)))


def remove(node: Node, obj: Object, doomed: FieldSet) -> Object:
    """obj without the members of doomed."""
    return _removed_map(node, obj, doomed) if doomed else obj


def _removed_map(node: Node, value: Object, doomed: FieldSet) -> Object:
    result: Object = {}
    for name, item in value.items():
        below = doomed.get(f"f:{name}")
        if below is None:
            result[name] = item
        elif below and SELF not in below:
            result[name] = _removed_value(node.child(name), item, below)
    return result


def _removed_value(node: Node, value: Any, doomed: FieldSet) -> Any:
    """value without the members of doomed; None when nothing is left of a container that is still owned."""
    kind = ownership_of(node, value)
    kept: Any
    if kind == "map" and isinstance(value, dict):
        kept = _removed_map(node, value, doomed)
    elif kind in ("keyed", "set") and isinstance(value, list):
        kept = _removed_list(node, value, doomed)
    else:
        return value
    return kept or None


def _removed_list(node: Node, values: list[Any], doomed: FieldSet) -> list[Any]:
    kept: list[Any] = []
    for value in values:
        below = doomed.get(element_key(node, value) or "")
        if below is None:
            kept.append(value)
        elif below and SELF not in below:
            left = _removed_value(node.items or ANYTHING, value, below)
            if left is not None:
                kept.append(left)
    return kept
