"""JSON pointers and the three JSON patch operations that overriders use. Pure.

Works in place on plain JSON that the caller owns. Raises PatchFailed with the path in its message; what was
changed before that stays changed, so the caller throws the document away.
"""

from typing import Any

from karmada.api.objects import private_copy


class PatchFailed(Exception):
    """A path that does not lead anywhere, or not where the operation needs it to."""


def tokens_of(pointer: str) -> list[str]:
    """The unescaped steps of an RFC 6901 pointer; "" is the whole document."""
    if not pointer:
        return []
    if not pointer.startswith("/"):
        raise PatchFailed(f'"{pointer}" is not a JSON pointer')
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer[1:].split("/")]


def value_at(document: Any, tokens: list[str], pointer: str) -> Any:
    """What the steps lead to."""
    for token in tokens:
        document = _step(document, token, pointer)
    return document


def set_at(document: Any, tokens: list[str], pointer: str, value: Any) -> None:
    """Replace what the steps lead to, which must exist."""
    parent = value_at(document, tokens[:-1], pointer)
    _step(parent, tokens[-1], pointer)
    if isinstance(parent, list):
        parent[_index(parent, tokens[-1], pointer)] = value
    else:
        parent[tokens[-1]] = value


def apply_operation(document: Any, operator: str, pointer: str, value: Any) -> Any:
    """The document after one operation: add, replace or remove."""
    tokens = tokens_of(pointer)
    if not tokens:
        if operator == "remove":
            raise PatchFailed("the whole document cannot be removed")
        return _own(value)
    match operator:
        case "add":
            _add(value_at(document, tokens[:-1], pointer), tokens[-1], pointer, _own(value))
        case "replace":
            set_at(document, tokens, pointer, _own(value))
        case "remove":
            parent = value_at(document, tokens[:-1], pointer)
            _step(parent, tokens[-1], pointer)
            if isinstance(parent, list):
                del parent[_index(parent, tokens[-1], pointer)]
            else:
                del parent[tokens[-1]]
        case _:
            raise PatchFailed(f'unexpected operation "{operator}" at "{pointer}"')
    return document


def _own(value: Any) -> Any:
    """A copy, so that the policy's own value is not changed by a later operation."""
    return private_copy({"": value})[""] if isinstance(value, dict | list) else value


def _add(parent: Any, token: str, pointer: str, value: Any) -> None:
    if isinstance(parent, dict):
        parent[token] = value
    elif isinstance(parent, list):
        parent.insert(len(parent) if token == "-" else _index(parent, token, pointer, room=1), value)
    else:
        raise PatchFailed(f'"{pointer}" does not lead into an object or a list')


def _step(document: Any, token: str, pointer: str) -> Any:
    if isinstance(document, dict):
        if token not in document:
            raise PatchFailed(f'"{pointer}": there is no "{token}"')
        return document[token]
    if isinstance(document, list):
        return document[_index(document, token, pointer)]
    raise PatchFailed(f'"{pointer}" does not lead into an object or a list')


def _index(items: list[Any], token: str, pointer: str, *, room: int = 0) -> int:
    """A list index; negative ones count from the end. room: how far past the last item it may be."""
    if not token.removeprefix("-").isdecimal() or not token.isascii():
        raise PatchFailed(f'"{pointer}": "{token}" is not a list index')
    index = int(token)
    size = len(items) + room
    if not -size <= index < size:
        raise PatchFailed(f'"{pointer}": index {index} is out of range')
    return index + size if index < 0 else index
