"""The entries of metadata.managedFields: one manager's field set each, how they are read, bounded and
ordered. Pure.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from apiserver.merge.field_sets import FieldSet, union
from karmada.api.objects import Object

APPLY: Final = "Apply"
UPDATE: Final = "Update"
MAX_UPDATE_ENTRIES: Final = 10
"""More than this many updaters: the oldest are put together."""
ANCIENT: Final = "ancient-changes"
UNKNOWN_MANAGER: Final = "unknown"


@dataclass(frozen=True, slots=True)
class Entry:
    """Who last set which fields, and how."""

    manager: str
    operation: str
    api_version: str
    fields: FieldSet
    time: str = ""
    subresource: str = ""

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """An applier stays one entry whatever version it applies in."""
        version = "" if self.operation == APPLY else self.api_version
        return self.manager, self.operation, version, self.subresource

    @property
    def identity_text(self) -> str:
        """What conflicts are sorted by."""
        manager, operation, version, subresource = self.identity
        named = {
            "manager": manager,
            "operation": operation,
            "apiVersion": version,
            "subresource": subresource,
        }
        return orjson.dumps({name: value for name, value in named.items() if value}).decode()

    @property
    def described(self) -> str:
        """How a conflict names the other manager."""
        text = f'"{self.manager}"'
        if self.subresource:
            text += f' with subresource "{self.subresource}"'
        return f"{text} using {self.api_version}" if self.operation == UPDATE else text

    def with_fields(self, fields: FieldSet) -> "Entry":
        return self if fields is self.fields else replace(self, fields=fields)

    def to_json(self) -> Object:
        encoded: Object = {
            "manager": self.manager,
            "operation": self.operation,
            "apiVersion": self.api_version,
        }
        if self.time:
            encoded["time"] = self.time
        encoded["fieldsType"] = "FieldsV1"
        encoded["fieldsV1"] = self.fields
        if self.subresource:
            encoded["subresource"] = self.subresource
        return encoded


def read_entries(managed: Any) -> list[Entry] | None:
    """The entries of a managedFields list; None when one of them makes no sense."""
    entries: dict[tuple[str, str, str, str], Entry] = {}
    for given in managed or ():
        if not isinstance(given, dict) or given.get("operation") not in (APPLY, UPDATE):
            return None
        if not given.get("apiVersion") or given.get("fieldsType") != "FieldsV1":
            return None
        fields = given.get("fieldsV1") or {}
        if not isinstance(fields, dict):
            return None
        entry = Entry(
            manager=given.get("manager") or "",
            operation=given["operation"],
            api_version=given["apiVersion"],
            fields=fields,
            time=given.get("time") or "",
            subresource=given.get("subresource") or "",
        )
        entries[entry.identity] = entry
    return list(entries.values())


def is_reset(managed: Any) -> bool:
    """`[]` and `[{}]` ask to forget who owns what; absent and null do not."""
    return isinstance(managed, list) and (not managed or managed == [{}])


def write_entries(entries: Iterable[Entry]) -> list[Object]:
    """The list to store: bounded, empty sets dropped, in the stock order."""
    kept = _bounded([entry for entry in entries if entry.fields])
    return [entry.to_json() for entry in sorted(kept, key=_place)]


def _place(entry: Entry) -> tuple[str, str, str, str, str]:
    return entry.operation, entry.time, entry.manager, entry.api_version, entry.subresource


def _bounded(entries: list[Entry]) -> list[Entry]:
    """Updaters beyond the bound become one entry per version, oldest first."""
    updaters = [entry for entry in entries if entry.operation == UPDATE]
    excess = len(updaters) - MAX_UPDATE_ENTRIES
    if excess <= 0:
        return entries
    kept = {entry.identity: entry for entry in entries}
    first_of: dict[str, Entry] = {}
    for entry in sorted(updaters, key=lambda entry: (entry.time, entry.identity_text)):
        if excess <= 0:
            break
        first = first_of.setdefault(entry.api_version, entry)
        if first is entry:
            continue
        bucket = Entry(ANCIENT, UPDATE, entry.api_version, {})
        gathered = kept.get(bucket.identity)
        if gathered is None:
            gathered = replace(bucket, fields=first.fields)
            del kept[first.identity]
        if entry.identity != bucket.identity:
            del kept[entry.identity]
        fields = union(entry.fields, gathered.fields)
        kept[bucket.identity] = replace(bucket, fields=fields, time=entry.time)
        excess -= 1
    return list(kept.values())
