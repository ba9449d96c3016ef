"""Managed fields: who owns which field after a write, and server-side apply, which is decided by that. Pure.

In: the stored object and the new or applied one, both in the version of the request. Out: the managedFields
list, or the object that an apply makes. Sets: field_sets.py; objects to sets: ownership.py; entries:
entries.py.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any, Final

import orjson

from apiserver.merge.applied_check import check_applied
from apiserver.merge.applying import merged, without_abandoned
from apiserver.merge.entries import (
    APPLY,
    UNKNOWN_MANAGER,
    UPDATE,
    Entry,
    is_reset,
    read_entries,
    write_entries,
)
from apiserver.merge.field_sets import FieldSet, difference, intersection, paths, union, without_fields
from apiserver.merge.ownership import applied_set, compare, held_set, zero_object
from apiserver.schema.node import Node
from apiserver.schema.typed import Mismatch, converter_of
from karmada.api.errors import BadRequest, Conflict
from karmada.api.gvk import GroupVersionKind
from karmada.api.objects import Object, metadata_of, private_copy, uid_of

BEFORE_FIRST_APPLY: Final = "before-first-apply"
LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
_CLIENT_SIDE_APPLIER: Final = "kubectl"
"""Only this manager takes over fields from its own client-side past."""


def managed_after_write(
    node: Node,
    *,
    old: Object | None,
    new: Object,
    manager: str,
    api_version: str,
    subresource: str = "",
    operation: str = UPDATE,
    time: str,
    ignored: Collection[str] | None = None,
    served_versions: Collection[str] | None = None,
) -> list[Object]:
    """metadata.managedFields of new after a create, update or non-apply patch. Neither object is changed.

    old is None, or has no uid, on create. ignored names the top-level fields this write cannot change (status
    on a write to the main resource); by default what the subresource says. Entries in versions outside
    served_versions are dropped. Where nothing changed the entries are those of old, timestamps included.
    """
    given = metadata_of(new).get("managedFields")
    stored = metadata_of(old).get("managedFields") if old else None
    is_create = old is None or not uid_of(old)
    if not subresource and not is_create and is_reset(given):
        return []
    entries = _current_entries(given, stored, subresource)
    if not entries and not is_create:
        return []
    if served_versions is not None:
        entries = [entry for entry in entries if entry.api_version in served_versions]
    skipped = _ignored(node, subresource) if ignored is None else frozenset(ignored)
    changed, removed = compare(node, old or zero_object(node), new, ignored=skipped)
    if not changed and not removed:
        return write_entries(entries)
    writer = Entry(manager or UNKNOWN_MANAGER, operation, api_version, changed, time, subresource)
    return write_entries(_after_update(entries, writer, removed))


def _current_entries(given: Any, stored: Any, subresource: str) -> list[Entry]:
    """A client may rewrite the list, but not through a subresource, and not with nonsense."""
    own = read_entries(given) if not subresource else None
    return own or read_entries(stored) or []


def _ignored(node: Node, subresource: str) -> frozenset[str]:
    if subresource == "status":
        return frozenset(("spec",))
    return frozenset(("status",)) if not subresource and "status" in node.properties else frozenset()


def _after_update(entries: Sequence[Entry], writer: Entry, removed: FieldSet) -> list[Entry]:
    """What changed now belongs to the writer alone, what is gone to nobody."""
    changed = writer.fields
    after: list[Entry] = []
    for entry in entries:
        left = entry.fields
        if changed and intersection(left, changed):
            left = difference(left, changed)
        left = difference(left, removed)
        if entry.identity == writer.identity and changed:
            writer = writer.with_fields(union(left, writer.fields))
        else:
            after.append(entry.with_fields(left))
    return [*after, writer] if changed else after


def server_side_apply(
    node: Node,
    *,
    live: Object | None,
    applied: Object,
    manager: str,
    force: bool,
    api_version: str,
    subresource: str = "",
    time: str,
    ignored: Collection[str] | None = None,
) -> Object:
    """The object after applying, managedFields included; not yet pruned, defaulted or validated. A private
    copy.

    live is None when the object does not exist. Raises Conflict with a cause per contested field, BadRequest
    and UnclassifiedError for bodies that cannot be applied.
    """
    _check_body(applied, api_version)
    check_applied(node, applied)
    entry = Entry(manager or UNKNOWN_MANAGER, APPLY, api_version, {}, time, subresource)
    skipped = _ignored(node, subresource) if ignored is None else frozenset(ignored)
    apply = _Apply(node, live, applied, entry, skipped)
    contested = [] if force else apply.conflicts()
    if contested and manager == _CLIENT_SIDE_APPLIER:
        contested = _still_contested(contested, apply.inherited())
    if contested:
        raise _conflict(contested)
    return apply.outcome()


def _check_body(applied: Object, api_version: str) -> None:
    given = GroupVersionKind.of(applied)
    if (
        not given.kind
        or not given.version
        or given.group != GroupVersionKind.of({"apiVersion": api_version}).group
    ):
        raise BadRequest(f"invalid object type: {given}")
    if given.api_version != api_version:
        raise BadRequest(
            "Incorrect version specified in apply patch. "
            f"Specified patch version: {given.api_version}, expected: {api_version}"
        )
    if metadata_of(applied).get("managedFields") is not None:
        raise BadRequest("metadata.managedFields must be nil")


class _Apply:
    """One application: merged once, then asked for conflicts and for the outcome."""

    def __init__(
        self, node: Node, live: Object | None, applied: Object, entry: Entry, ignored: frozenset[str]
    ) -> None:
        self._node = node
        self._applied = applied
        self._live = _without_managed_fields(live or {})
        self._ignored = ignored
        self._entry = entry.with_fields(without_fields(applied_set(node, applied), ignored))
        self._entries = self._recorded(live)
        self._last = next((known for known in self._entries if known.identity == entry.identity), None)
        self._others = [known for known in self._entries if known is not self._last]
        self._result = self._merged()
        self._changed, self._removed = compare(node, self._live, self._result, ignored=ignored)

    def _recorded(self, live: Object | None) -> list[Entry]:
        """The entries of live; an object nobody was recorded for belongs to an unnamed updater so far."""
        if live is None:
            return []
        entries = read_entries(metadata_of(live).get("managedFields"))
        if entries:
            return entries
        held, _ = compare(self._node, zero_object(self._node), self._live, ignored=self._ignored)
        return [Entry(BEFORE_FIRST_APPLY, UPDATE, self._entry.api_version, held, self._entry.time)]

    def _merged(self) -> Object:
        result = merged(self._node, self._live, self._applied)
        if self._last is None or not self._last.fields:
            return result
        # Name and namespace are nobody's, but an applier that gives them keeps them.
        owned = without_fields(held_set(self._node, self._applied), self._ignored)
        for entry in self._others:
            owned = union(owned, entry.fields)
        return without_abandoned(self._node, result, last=self._last.fields, owned=owned)

    def conflicts(self) -> list[tuple[Entry, str]]:
        """(other owner, path) of every field whose value this application would change under its owner."""
        contested = [(entry, intersection(entry.fields, self._changed)) for entry in self._others]
        contested.sort(key=lambda item: item[0].identity_text)
        return [(entry, path) for entry, fields in contested for path in paths(fields)]

    def inherited(self) -> frozenset[str]:
        """Paths that client-side apply set, by its annotation, and that still have the value it gave them."""
        annotation = (metadata_of(self._live).get("annotations") or {}).get(LAST_APPLIED)
        try:
            last = orjson.loads(annotation or "")
        except ValueError:
            return frozenset()
        if not isinstance(last, dict) or last.get("apiVersion") != self._entry.api_version:
            return frozenset()
        changed, removed = compare(self._node, last, self._live)
        held = difference(difference(applied_set(self._node, last), changed), removed)
        return frozenset(paths(held))

    def outcome(self) -> Object:
        result = private_copy(self._result)
        is_same = self._is_unchanged()
        entries = [
            entry.with_fields(difference(difference(entry.fields, self._changed), self._removed))
            for entry in self._others
        ]
        time = (self._last.time if self._last else "") if is_same else self._entry.time
        own = replace(self._entry, time=time)
        managed = write_entries([*entries, own])
        metadata = result.setdefault("metadata", {})
        metadata["managedFields"] = orjson.loads(orjson.dumps(managed))
        self._sync_annotation(metadata)
        return result

    def _is_unchanged(self) -> bool:
        """Also when only the spelling of a value differs, such as 1000m for 1."""
        if self._result == self._live:
            return True
        if not self._node.go_type or not self._live:
            return False
        try:
            return bool(converter_of(self._node)(self._result, []) == self._live)
        except Mismatch:
            return False

    def _sync_annotation(self, metadata: Object) -> None:
        """Old kubectl versions must find what was applied last, whichever way it was applied."""
        annotations = metadata.get("annotations") or {}
        if self._entry.manager != _CLIENT_SIDE_APPLIER or LAST_APPLIED not in annotations:
            return
        applied = private_copy(self._applied)
        own = metadata_of(applied).get("annotations") or {}
        own.pop(LAST_APPLIED, None)
        metadata_of(applied).setdefault("annotations", {})
        annotations[LAST_APPLIED] = orjson.dumps(applied, option=orjson.OPT_SORT_KEYS).decode() + "\n"


def _without_managed_fields(obj: Object) -> Object:
    metadata = metadata_of(obj)
    if "managedFields" not in metadata:
        return obj
    kept = {name: value for name, value in metadata.items() if name != "managedFields"}
    return {**obj, "metadata": kept}


def _still_contested(contested: list[tuple[Entry, str]], allowed: frozenset[str]) -> list[tuple[Entry, str]]:
    return [(entry, path) for entry, path in contested if path not in allowed]


def _conflict(contested: list[tuple[Entry, str]]) -> Conflict:
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {entry.described}", "field": path}
        for entry, path in contested
    ]
    if len(contested) == 1:
        entry, path = contested[0]
        return Conflict(
            f"Apply failed with 1 conflict: conflict with {entry.described}: {path}",
            details={"causes": causes},
        )
    lines: list[str] = []
    for identity in dict.fromkeys(entry.identity for entry, _ in contested):
        mine = [(other, path) for other, path in contested if other.identity == identity]
        lines.append(f"conflicts with {mine[0][0].described}:")
        lines.extend(f"- {path}" for _, path in mine)
    text = "\n".join(lines)
    return Conflict(f"Apply failed with {len(contested)} conflicts: {text}", details={"causes": causes})
