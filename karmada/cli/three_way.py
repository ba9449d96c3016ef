"""The patch that `apply` sends: from what was applied last, what is wanted now, and what is there. Pure.

In: three plain objects, and the schema node of a built-in kind. Out: a strategic merge patch (built-in kinds)
or a JSON merge patch (others). What was applied before and is wanted no more is deleted; what others added
stays. Lists with a merge key are patched element by element, with `$setElementOrder` where order matters.
"""

from collections.abc import Sequence
from typing import Any

from apiserver.schema.node import Node
from karmada.api.objects import Object

DIRECTIVE = "$patch"
RETAIN_KEYS = "$retainKeys"
ORDER = "$setElementOrder"
DELETE_SCALARS = "$deleteFromPrimitiveList"


def three_way_strategic(original: Object, wanted: Object, live: Object, node: Node) -> Object:
    """{} when nothing is to change."""
    changes = _Diff(additions=True, deletions=False).of_maps(live, wanted, node)
    removals = _Diff(additions=False, deletions=True).of_maps(original, wanted, node)
    return _united(_without_vain_removals(removals, live, node), changes, node)


def three_way_merge(original: Object, wanted: Object, live: Object) -> Object:
    """For kinds without strategic merge: lists are replaced as a whole."""
    patch = _merge_changes(live, wanted)
    return _with_removals(patch, _merge_removals(original, wanted), live)


# --- JSON merge patch -----------------------------------------------------------------------------


def _merge_changes(live: Object, wanted: Object) -> Object:
    patch: Object = {}
    for key, value in wanted.items():
        present = live.get(key)
        if isinstance(value, dict) and isinstance(present, dict):
            if below := _merge_changes(present, value):
                patch[key] = below
        elif key not in live or present != value:
            patch[key] = value
    return patch


def _merge_removals(original: Object, wanted: Object) -> Object:
    patch: Object = {}
    for key, value in original.items():
        if key not in wanted:
            patch[key] = None
        elif (
            isinstance(value, dict)
            and isinstance(wanted[key], dict)
            and (below := _merge_removals(value, wanted[key]))
        ):
            patch[key] = below
    return patch


def _with_removals(patch: Object, removals: Object, live: Object) -> Object:
    """removals laid under patch, without those of what is not there anyway."""
    for key, value in removals.items():
        if key not in live:
            continue
        if value is None:
            patch.setdefault(key, None)
        elif isinstance(live[key], dict):
            below = patch.get(key)
            merged = _with_removals(below if isinstance(below, dict) else {}, value, live[key])
            if merged:
                patch[key] = merged
    return patch


# --- strategic merge patch ------------------------------------------------------------------------


class _Diff:
    """Differences of one direction: what wanted adds or changes, or what it lacks."""

    def __init__(self, *, additions: bool, deletions: bool) -> None:
        self._additions = additions
        self._deletions = deletions

    def of_maps(self, before: Object, wanted: Object, node: Node) -> Object:
        patch: Object = {}
        for key, value in wanted.items():
            if key in before:
                self._member(patch, key, before[key], value, node.child(key))
            elif self._additions:
                patch[key] = value
        if self._deletions:
            patch |= {key: None for key in before if key not in wanted}
        return patch

    def _member(self, patch: Object, key: str, before: Any, value: Any, child: Node) -> None:
        if isinstance(before, dict) and isinstance(value, dict):
            self._map(patch, key, before, value, child)
        elif isinstance(before, list) and isinstance(value, list):
            self._list(patch, key, before, value, child)
        elif self._additions and before != value:
            patch[key] = value

    def _map(self, patch: Object, key: str, before: Object, value: Object, child: Node) -> None:
        if "replace" in child.patch_strategies or child.map_type == "atomic":
            if self._additions and before != value:
                patch[key] = value
            return
        below = self.of_maps(before, value, child)
        if below and "retainKeys" in child.patch_strategies and self._additions:
            below[RETAIN_KEYS] = sorted(name for name, item in value.items() if item is not None)
        if below:
            patch[key] = below

    def _list(self, patch: Object, key: str, before: list[Any], value: list[Any], child: Node) -> None:
        if "merge" not in child.patch_strategies:
            if self._additions and before != value:
                patch[key] = value
            return
        if not child.patch_merge_key:
            self._scalars(patch, key, before, value)
            return
        merge_key = child.patch_merge_key
        if not all(isinstance(item, dict) and merge_key in item for item in (*before, *value)):
            if self._additions and before != value:
                patch[key] = value
            return
        items = self._elements(before, value, child)
        wanted_order = [item[merge_key] for item in value]
        if items or (self._additions and not _same_order(before, wanted_order, merge_key)):
            patch[f"{ORDER}/{key}"] = [{merge_key: name} for name in wanted_order]
        if items:
            patch[key] = items

    def _elements(self, before: list[Object], value: list[Object], child: Node) -> list[Object]:
        merge_key = child.patch_merge_key
        known = {item[merge_key]: item for item in before}
        items: list[Object] = []
        for item in value:
            name = item[merge_key]
            if name in known:
                below = self.of_maps(known[name], item, child.items or Node())
                if below:
                    items.append({**below, merge_key: name})
            elif self._additions:
                items.append(item)
        if self._deletions:
            kept = {item[merge_key] for item in value}
            items += [{DIRECTIVE: "delete", merge_key: name} for name in known if name not in kept]
        return items

    def _scalars(self, patch: Object, key: str, before: list[Any], value: list[Any]) -> None:
        if self._additions and (added := [item for item in value if item not in before]):
            patch[key] = added
            patch[f"{ORDER}/{key}"] = value
        if self._deletions and (gone := [item for item in before if item not in value]):
            patch[f"{DELETE_SCALARS}/{key}"] = gone
            patch[f"{ORDER}/{key}"] = value


def _same_order(before: Sequence[Object], wanted: Sequence[Any], merge_key: str) -> bool:
    """Whether the elements that are wanted stand in this order already; those of others do not matter."""
    return [item[merge_key] for item in before if item[merge_key] in wanted] == list(wanted)


def _without_vain_removals(removals: Object, live: Any, node: Node) -> Object:
    """removals without what live does not have, so that nothing is sent for nothing."""
    kept: Object = {}
    for key, value in removals.items():
        if isinstance(live, dict) and key in live:
            kept |= _vital(removals, key, value, live[key], node.child(key))
        elif key.startswith(DELETE_SCALARS):
            name = key.partition("/")[2]
            there = [item for item in value if item in ((live or {}).get(name) or ())]
            kept |= {key: there, f"{ORDER}/{name}": removals[f"{ORDER}/{name}"]} if there else {}
    return kept


def _vital(removals: Object, key: str, value: Any, present: Any, child: Node) -> Object:
    if value is None:
        return {key: None}
    if isinstance(value, list) and isinstance(present, list):
        items = _vital_elements(value, present, child)
        return {key: items, f"{ORDER}/{key}": removals[f"{ORDER}/{key}"]} if items else {}
    below = _without_vain_removals(value, present, child) if isinstance(value, dict) else {}
    return {key: below} if below else {}


def _vital_elements(items: list[Object], live: list[Any], child: Node) -> list[Object]:
    merge_key = child.patch_merge_key
    present = {item[merge_key]: item for item in live if isinstance(item, dict) and merge_key in item}
    kept = []
    for item in items:
        found = present.get(item[merge_key])
        if found is None:
            continue
        if item.get(DIRECTIVE) == "delete":
            kept.append(item)
            continue
        below = _without_vain_removals(
            {key: value for key, value in item.items() if key != merge_key}, found, child.items or Node()
        )
        if below:
            kept.append({**below, merge_key: item[merge_key]})
    return kept


def _united(removals: Object, changes: Object, node: Node) -> Object:
    """Both patches as one; where both speak, changes win."""
    united = dict(removals)
    for key, value in changes.items():
        mine = united.get(key)
        child = node.child(key)
        if isinstance(mine, dict) and isinstance(value, dict):
            united[key] = _united(mine, value, child)
        elif isinstance(mine, list) and isinstance(value, list) and child.patch_merge_key:
            united[key] = _united_elements(mine, value, child)
        else:
            united[key] = value
    return united


def _united_elements(removals: list[Object], changes: list[Object], child: Node) -> list[Object]:
    merge_key = child.patch_merge_key
    mine = {item[merge_key]: item for item in removals}
    ordered = []
    for item in changes:
        other = mine.pop(item[merge_key], None)
        ordered.append(_united(other, item, child.items or Node()) if other is not None else item)
    return [*ordered, *mine.values()]
