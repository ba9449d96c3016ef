"""JSON pointers and the JSON patch operations that overriders use, by the jsonpatch library. Pure.

Works in place on plain JSON that the caller owns. Raises PatchFailed with the path in its message; what was
changed before that stays changed, so the caller throws the document away.
"""

from typing import Any

from jsonpatch import JsonPatch, JsonPatchException
from jsonpointer import JsonPointer, JsonPointerException

from karmada.api.objects import private_copy


class PatchFailed(Exception):
    """A path that does not lead anywhere, or not where the operation needs it to."""


def value_at(document: Any, pointer: str) -> Any:
    """What the pointer leads to; "" is the whole document."""
    try:
        return JsonPointer(counted(document, pointer)).resolve(document)
    except JsonPointerException as error:
        raise PatchFailed(f'"{pointer}": {error}') from error


def apply_operation(document: Any, operator: str, pointer: str, value: Any) -> Any:
    """The document after one operation: add, replace or remove."""
    if operator not in ("add", "replace", "remove"):
        raise PatchFailed(f'unexpected operation "{operator}" at "{pointer}"')
    if operator == "remove" and not pointer:
        raise PatchFailed("the whole document cannot be removed")
    # The policy's own value must not be changed by a later operation.
    owned = private_copy({"": value})[""] if isinstance(value, dict | list) else value
    operation = {"op": operator, "path": counted(document, pointer), "value": owned}
    try:
        return JsonPatch([operation]).apply(document, in_place=True)
    except (JsonPatchException, JsonPointerException, TypeError) as error:
        raise PatchFailed(f'"{pointer}": {error}') from error


def counted(document: Any, pointer: str) -> str:
    """pointer with negative list indices, which count from the end, made plain ones."""
    if "/-" not in pointer:
        return pointer
    steps = []
    for step in pointer.split("/")[1:]:
        plain = step
        if isinstance(document, list) and step[1:].isdecimal() and step.startswith("-"):
            plain = str(len(document) + int(step))
        steps.append(plain)
        document = _step(document, plain)
    return "/" + "/".join(steps)


def _step(document: Any, token: str) -> Any:
    """One step of a pointer; None where it leads nowhere, which the operation itself will say."""
    if isinstance(document, dict):
        return document.get(token.replace("~1", "/").replace("~0", "~"))
    if isinstance(document, list) and token.isdecimal() and int(token) < len(document):
        return document[int(token)]
    return None
