"""JSON to Lua and back, with the losses Lua imposes: no null, one kind of number, no empty list.

In: plain JSON and a Lua runtime, or what a script returned. Out: Lua values, plain JSON. Objects and lists
are both tables in Lua, so an empty one comes back as []; with_empties then decides by what the arguments
had at the same place. Bounded: a value that contains itself, or is far larger than an object, is refused.
"""

from collections.abc import Iterable
from typing import Any, Final

from lupa.lua51 import LuaRuntime, lua_type

from karmada.interpreter.errors import ScriptFailed

MAX_DEPTH: Final = 200
MAX_BYTES: Final = 16 * 2**20
"""Of a returned value, roughly: shared parts count as often as they appear."""
_NODE_BYTES: Final = 32
_ITEM: Final = "[]"
"""In a path, an item of a list, whatever its index. No field has that name."""

Path = tuple[str, ...]


def to_lua(runtime: LuaRuntime, value: Any) -> Any:
    """value as an argument for a script. value must not contain null: see without_nulls."""
    return runtime.table_from(value, recursive=True) if isinstance(value, dict | list) else value


def without_nulls(value: Any, depth: int = 0) -> Any:
    """value as Lua sees it: null is absent. Raises ScriptFailed when it is nested too deep for a script."""
    if depth > MAX_DEPTH:
        raise ScriptFailed(f"the object is nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, dict):
        return {key: without_nulls(item, depth + 1) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item, depth + 1) for item in value if item is not None]
    return value


def from_lua(value: Any) -> Any:
    """What a script handed out, as plain JSON; every empty table is []. Raises ScriptFailed."""
    try:
        return _Reader().read(value, 0)
    except UnicodeDecodeError as error:
        raise ScriptFailed("a returned string is not UTF-8") from error


class _Reader:
    """One conversion, and how much it may still produce."""

    def __init__(self) -> None:
        self._left = MAX_BYTES

    def read(self, value: Any, depth: int) -> Any:
        kind = type(value)
        self._spend(len(value) if kind is str else _NODE_BYTES)
        if value is None or kind is str or kind is int or kind is bool:
            return value
        if kind is float:
            if value - value != 0:  # neither infinite nor no number at all
                raise ScriptFailed(f"the number {value} has no form in JSON")
            return value
        if lua_type(value) == "table":
            return self._table(value, depth)
        raise ScriptFailed(f"a {lua_type(value) or 'value of that type'} cannot be part of an object")

    def _table(self, table: Any, depth: int) -> Any:
        if depth >= MAX_DEPTH:
            raise ScriptFailed(f"a table contains itself or is nested deeper than {MAX_DEPTH} levels")
        entries: dict[Any, Any] = {}
        for key, item in table.items():
            self._spend(_NODE_BYTES)
            entries[key] = item
        if all(type(key) is str for key in entries):
            if not entries:
                return []
            self._spend(sum(map(len, entries)))
            return {key: self.read(item, depth + 1) for key, item in entries.items()}
        if any(type(key) is not int for key in entries):
            raise ScriptFailed("a table has both names and numbers, or other values, as keys")
        if any(number not in entries for number in range(1, len(entries) + 1)):
            raise ScriptFailed("a list has holes, or does not begin at 1")
        return [self.read(entries[number], depth + 1) for number in range(1, len(entries) + 1)]

    def _spend(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise ScriptFailed(f"the returned value is larger than {MAX_BYTES // 2**20} MiB")


def with_empties(value: Any, references: Iterable[Any] = ()) -> Any:
    """value with each [] decided: {} or [] where a reference has an empty one at that path, else dropped.

    An item of a list is never dropped, since the others would move: it is {}.
    """
    if not _has_empties(value):
        return value
    objects: set[Path] = set()
    lists: set[Path] = set()
    for reference in references:
        _collect_empties(reference, (), objects, lists)
    return _decided(value, (), objects, lists)


def _has_empties(value: Any) -> bool:
    if isinstance(value, list):
        return not value or any(map(_has_empties, value))
    return isinstance(value, dict) and any(map(_has_empties, value.values()))


def _collect_empties(value: Any, path: Path, objects: set[Path], lists: set[Path]) -> None:
    if isinstance(value, dict):
        if not value:
            objects.add(path)
        for key, item in value.items():
            _collect_empties(item, (*path, key), objects, lists)
    elif isinstance(value, list):
        if not value:
            lists.add(path)
        for item in value:
            _collect_empties(item, (*path, _ITEM), objects, lists)


def _decided(value: Any, path: Path, objects: set[Path], lists: set[Path]) -> Any:
    if isinstance(value, list):
        return [
            _decided(item, (*path, _ITEM), objects, lists)
            if item != []
            else _empty((*path, _ITEM), objects, lists, otherwise={})
            for item in value
        ]
    if not isinstance(value, dict):
        return value
    kept: dict[str, Any] = {}
    for key, item in value.items():
        where = (*path, key)
        found = _empty(where, objects, lists) if item == [] else _decided(item, where, objects, lists)
        if found is not None:
            kept[key] = found
    return kept


def _empty(path: Path, objects: set[Path], lists: set[Path], otherwise: Any = None) -> Any:
    if path in objects:
        return {}
    return [] if path in lists else otherwise
