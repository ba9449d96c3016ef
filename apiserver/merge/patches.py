"""Patches: JSON patch, merge patch and strategic merge patch applied to a copy of an object. Pure.

In: the stored object in the version of the request, and the decoded patch; neither is changed, the result
shares nothing with them. Out: the patched object, not yet pruned, defaulted or validated. strategic.py holds
the third kind; refusals.py the words of what goes wrong.
"""

from collections.abc import Sequence
from typing import Any, Final

import orjson

from apiserver.merge.refusals import (
    PatchDoesNotApply,
    not_a_list_of_operations,
    not_a_merge_patch,
    too_many_operations,
)
from apiserver.merge.strategic import strategic_merge_patch
from karmada.api.errors import RequestEntityTooLarge
from karmada.api.objects import Object, private_copy

__all__ = ["json_patch", "merge_patch", "strategic_merge_patch", "unknown_operation_members"]

MAX_OPERATIONS: Final = 10_000
MAX_COPIED_BYTES: Final = 3 * 1024 * 1024
"""What copy operations of one patch may add; a patch that copies its own copies would grow without end."""

_MEMBERS: Final = frozenset(("op", "path", "from", "value"))


def merge_patch(obj: Object, patch: Any) -> Object:
    """RFC 7396: null deletes, objects merge, everything else replaces. Raises BadRequest unless patch is an
    object.
    """
    if not isinstance(patch, dict):
        raise not_a_merge_patch(patch)
    merged = private_copy(obj)
    _merge(merged, private_copy(patch))
    return merged


def _merge(target: Object, patch: Object) -> None:
    for name, value in patch.items():
        if value is None:
            target.pop(name, None)
        elif isinstance(value, dict):
            below = target.get(name)
            if not isinstance(below, dict):
                below = target[name] = {}
            _merge(below, value)
        else:
            target[name] = value


def json_patch(obj: Object, operations: Any) -> Any:
    """RFC 6902, with negative list indices. All operations apply, or PatchDoesNotApply is raised."""
    if not isinstance(operations, list) or not all(isinstance(item, dict) for item in operations):
        raise not_a_list_of_operations(_culprit(operations))
    if len(operations) > MAX_OPERATIONS:
        raise too_many_operations(len(operations), allowed=MAX_OPERATIONS)
    document = _Document(private_copy(obj))
    for operation in operations:
        document.apply(operation)
    return document.root


def _culprit(operations: Any) -> Any:
    if isinstance(operations, list):
        return next(item for item in operations if not isinstance(item, dict))
    return operations


def unknown_operation_members(operations: Sequence[Any]) -> list[str]:
    """Warning texts for members of operations that RFC 6902 does not know."""
    return [
        f'json patch unknown field "[{index}].{name}"'
        for index, operation in enumerate(operations)
        if isinstance(operation, dict)
        for name in operation
        if name not in _MEMBERS
    ]


class _Document:
    """A document that operations change in place."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self._copied_bytes = 0

    def apply(self, operation: Object) -> None:
        path = _text(operation, "path")
        value = operation.get("value")
        match operation.get("op"):
            case "add":
                self._add(path, _fresh(value))
            case "remove":
                self._remove(path)
            case "replace":
                self._replace(path, _fresh(value))
            case "test":
                self._test(path, value)
            case "move":
                source = _text(operation, "from")
                if path.startswith(source + "/"):
                    raise PatchDoesNotApply
                self._add(path, self._remove(source))
            case "copy":
                self._add(path, self._copy(_text(operation, "from")))
            case _:
                raise PatchDoesNotApply

    def _copy(self, source: str) -> Any:
        encoded = orjson.dumps(self._get(source))
        self._copied_bytes += len(encoded)
        if self._copied_bytes > MAX_COPIED_BYTES:
            raise RequestEntityTooLarge(
                "Unable to complete the copy, the accumulated size increase of copy is "
                f"{self._copied_bytes}, exceeding the limit {MAX_COPIED_BYTES}"
            )
        return orjson.loads(encoded)

    def _get(self, path: str) -> Any:
        if not path:
            return self.root
        parent, name = self._parent(path)
        return _member(parent, name)

    def _parent(self, path: str) -> tuple[Any, str]:
        """The container that holds what path points at, and the last part of the path."""
        if not path.startswith("/"):
            raise PatchDoesNotApply
        *above, name = [part.replace("~1", "/").replace("~0", "~") for part in path[1:].split("/")]
        parent = self.root
        for part in above:
            parent = _member(parent, part)
        return parent, name

    def _add(self, path: str, value: Any) -> None:
        parent, name = self._parent(path)
        if isinstance(parent, dict):
            parent[name] = value
        elif isinstance(parent, list):
            parent.insert(len(parent) if name == "-" else _index(name, len(parent) + 1), value)
        else:
            raise PatchDoesNotApply

    def _remove(self, path: str) -> Any:
        parent, name = self._parent(path)
        removed = _member(parent, name)
        del parent[name if isinstance(parent, dict) else _index(name, len(parent))]
        return removed

    def _replace(self, path: str, value: Any) -> None:
        if not path:
            self.root = value
            return
        parent, name = self._parent(path)
        _member(parent, name)
        parent[name if isinstance(parent, dict) else _index(name, len(parent))] = value

    def _test(self, path: str, value: Any) -> None:
        parent, name = (self.root, None) if not path else self._parent(path)
        if name is None:
            found = parent
        elif isinstance(parent, dict):
            # A member that is not there counts as null.
            found = parent.get(name)
        else:
            found = _member(parent, name)
        if not _same_json(found, value):
            raise PatchDoesNotApply


def _text(operation: Object, member: str) -> str:
    value = operation.get(member)
    if not isinstance(value, str):
        raise PatchDoesNotApply
    return value


def _fresh(value: Any) -> Any:
    return orjson.loads(orjson.dumps(value)) if isinstance(value, dict | list) else value


def _member(parent: Any, name: str) -> Any:
    if isinstance(parent, dict) and name in parent:
        return parent[name]
    if isinstance(parent, list):
        return parent[_index(name, len(parent))]
    raise PatchDoesNotApply


def _index(name: str, size: int) -> int:
    """A list index below size; negative ones count from the end."""
    if not name.removeprefix("-").isdecimal():
        raise PatchDoesNotApply
    index = int(name)
    if not -size <= index < size:
        raise PatchDoesNotApply
    return index if index >= 0 else index + size


def _same_json(left: Any, right: Any) -> bool:
    """Equality of JSON values; unlike Python's, true is not 1."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same_json(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same_json, left, right))
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)
