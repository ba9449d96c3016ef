"""YAML as kubectl reads and writes it: YAML 1.1 scalars of Go's library, text keys, documents, no surprises.

LibYAML parses, the scalars are resolved here: Go's rules differ from PyYAML's (no sexagesimal numbers, octal
with 0o, dates stay text). Aliases share one object and are limited, so that a small text cannot grow without
bound.
"""

import json
import math
import re
from collections.abc import Iterator
from typing import Any, Final

import orjson
import yaml
from typing_extensions import override

from karmada.api.errors import DecodeError

_Loader: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Dumper: Final[Any] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

MAX_NODES: Final = 4_000_000
"""Values that one text may stand for, aliases counted as often as they are used."""

_WORDS: Final[dict[str, Any]] = {
    **{word: True for plain in ("y", "yes", "on", "true") for word in (plain, plain.title(), plain.upper())},
    **{
        word: False for plain in ("n", "no", "off", "false") for word in (plain, plain.title(), plain.upper())
    },
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **{sign + word: math.inf for sign in ("", "+") for word in (".inf", ".Inf", ".INF")},
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_INTEGER: Final = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_BASE_60: Final = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
_TIMESTAMP: Final = re.compile(
    r"\d{4}-\d{1,2}-\d{1,2}"
    r"(?:[Tt]\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d+)?(?:Z|[-+]\d\d:\d\d)| \d{1,2}:\d{1,2}:\d{1,2}(?:\.\d+)?)?"
)
_STR: Final = "tag:yaml.org,2002:str"
_MERGE: Final = "<<"
_LARGEST_PLAIN: Final = 1e21


class _NodeLoader(_Loader):  # type: ignore[misc]
    """Composes nodes only; plain scalars keep an empty tag and are resolved when they are read."""

    def descend_resolver(self, current_node: Any, current_index: Any) -> None:
        """Paths have no meaning here."""

    def ascend_resolver(self) -> None:
        """Paths have no meaning here."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> str:
        return "" if kind is yaml.ScalarNode and implicit[0] else _STR


def load_all(text: bytes | str, *, duplicates: list[str] | None = None) -> Iterator[Any]:
    """Each document as plain JSON, None for an empty one. Raises DecodeError while iterating."""
    try:
        content = text.decode() if isinstance(text, bytes) else text
    except UnicodeDecodeError as error:
        raise DecodeError(f"error converting YAML to JSON: yaml: {error}") from error
    if content.lstrip()[:1] == "{":
        documents = _load_json(content)
        if documents is not None:
            yield from documents
            return
    try:
        loader = _NodeLoader(content)
        try:
            while loader.check_node():
                yield _Reader(duplicates).read(loader.get_node())
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        raise DecodeError(f"error converting YAML to JSON: yaml: {_explained(error)}") from error


def _load_json(content: str) -> list[Any] | None:
    """JSON documents one after the other, `---` between them or not; None when it may be YAML instead."""
    try:
        return [orjson.loads(content)]
    except orjson.JSONDecodeError:
        decoder, position = json.JSONDecoder(), 0
    documents: list[Any] = []
    while position < len(content):
        try:
            document, position = decoder.raw_decode(content, position)
        except (json.JSONDecodeError, RecursionError):
            return None
        documents.append(document)
        while position < len(content) and (
            content[position].isspace() or content.startswith("---", position)
        ):
            position += 3 if content.startswith("---", position) else 1
    return documents


def _explained(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    return f"line {mark.line + 1}: {problem}" if mark else problem


class _Reader:
    """Nodes of one document to plain JSON."""

    def __init__(self, duplicates: list[str] | None) -> None:
        self._duplicates = duplicates
        self._known: dict[int, tuple[Any, int]] = {}
        self._open: set[int] = set()

    def read(self, node: Any) -> Any:
        try:
            return self._value(node)[0]
        except RecursionError as error:
            raise DecodeError("error converting YAML to JSON: yaml: document is nested too deeply") from error

    def _value(self, node: Any) -> tuple[Any, int]:
        """A node's value and how many values it holds."""
        if isinstance(node, yaml.ScalarNode):
            return _scalar(node), 1
        identity = id(node)
        known = self._known.get(identity)
        if known is not None:
            return known
        if identity in self._open:
            raise DecodeError("error converting YAML to JSON: yaml: anchor value contains itself")
        self._open.add(identity)
        found = self._mapping(node) if isinstance(node, yaml.MappingNode) else self._sequence(node)
        self._open.discard(identity)
        self._known[identity] = found
        return found

    def _sequence(self, node: Any) -> tuple[list[Any], int]:
        values: list[Any] = []
        count = 1
        for item in node.value:
            value, size = self._value(item)
            values.append(value)
            count += size
        return values, _bounded(count)

    def _mapping(self, node: Any) -> tuple[dict[str, Any], int]:
        merged: dict[str, Any] = {}
        own: dict[str, Any] = {}
        count = 1
        for key_node, value_node in node.value:
            value, size = self._value(value_node)
            count += size + 1
            if isinstance(key_node, yaml.ScalarNode) and not key_node.tag and key_node.value == _MERGE:
                merged = {**_merged(value), **merged}
                continue
            key = _key(key_node)
            if key in own and self._duplicates is not None:
                line = key_node.start_mark.line + 1
                self._duplicates.append(f'line {line}: key "{key}" already set in map')
            own[key] = value
        return ({**merged, **own} if merged else own), _bounded(count)


def _bounded(count: int) -> int:
    if count > MAX_NODES:
        raise DecodeError("error converting YAML to JSON: yaml: document contains excessive aliasing")
    return count


def _merged(value: Any) -> dict[str, Any]:
    """What `<<: *anchor` or `<<: [*a, *b]` brings in; the first one that has a key wins."""
    parts = value if isinstance(value, list) else [value]
    merged: dict[str, Any] = {}
    for part in reversed(parts):
        if not isinstance(part, dict):
            raise DecodeError(
                "error converting YAML to JSON: yaml: map merge requires map or sequence of maps as the value"
            )
        merged |= part
    return merged


def _key(node: Any) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise DecodeError("error converting YAML to JSON: yaml: map keys must be scalars")
    value = _scalar(node)
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        raise DecodeError("error converting YAML to JSON: unsupported map key of type: null")
    return str(value)


def _scalar(node: Any) -> Any:
    if not node.tag:
        return resolve_plain(node.value)
    if node.tag == _STR or not node.tag.startswith("tag:yaml.org,2002:"):
        return node.value
    kind = node.tag.rpartition(":")[2]
    if kind in ("timestamp", "binary"):
        return node.value
    resolved = resolve_plain(node.value)
    return (
        float(resolved)
        if kind == "float" and isinstance(resolved, int) and resolved is not True
        else resolved
    )


def resolve_plain(text: str) -> Any:
    """What an unquoted scalar means."""
    if text in _WORDS:
        return _finite(_WORDS[text])
    if text[0] not in "+-.0123456789":
        return text
    digits = text.replace("_", "")
    if _INTEGER.fullmatch(digits):
        return _integer(digits)
    if _FLOAT.fullmatch(digits):
        return _number(float(digits))
    return text


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        raise DecodeError(f"error converting YAML to JSON: json: unsupported value: {value}")
    return value


def _integer(digits: str) -> int | float:
    sign = -1 if digits[0] == "-" else 1
    body = digits.lstrip("+-").lower()
    if body.startswith(("0x", "0b", "0o")):
        value = int(body, 0)
    elif body.startswith("0") and len(body) > 1:
        value = int(body, 8)
    elif len(body) > 20:
        return float(digits)
    else:
        value = int(body)
    return sign * value if -(2**63) <= sign * value < 2**64 else float(sign * value)


def _number(value: float) -> int | float:
    """JSON has one kind of number: 1.0 is written 1."""
    if math.isinf(value):
        return _finite(value)  # type: ignore[no-any-return]
    return int(value) if value.is_integer() and abs(value) < 2**63 else value


# Writing


class _PlainDumper(_Dumper):  # type: ignore[misc]
    """Block style, keys sorted, no anchors; text is quoted when unquoted it would mean something else."""

    @override
    def ignore_aliases(self, data: Any) -> bool:
        return True

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        if kind is yaml.ScalarNode and not implicit[0]:
            return _STR
        return super().resolve(kind, value, implicit) if kind is not yaml.ScalarNode else _tag_of(value)


def _tag_of(text: str) -> str:
    """The tag that Go's reader gives an unquoted scalar."""
    if text in _WORDS:
        value = _WORDS[text]
        kind = "null" if value is None else "bool" if isinstance(value, bool) else "float"
        return f"tag:yaml.org,2002:{kind}"
    if text[0] in "+-.0123456789":
        digits = text.replace("_", "")
        if _INTEGER.fullmatch(digits):
            return "tag:yaml.org,2002:int"
        if _FLOAT.fullmatch(digits):
            return "tag:yaml.org,2002:float"
    return _STR


def _represent_text(dumper: Any, text: str) -> Any:
    if "\n" in text:
        style: str | None = "|"
    elif _tag_of(text) != _STR or _TIMESTAMP.fullmatch(text) or _BASE_60.fullmatch(text) or text == _MERGE:
        style = '"'
    else:
        style = None
    return dumper.represent_scalar(_STR, text, style=style)


_PlainDumper.add_representer(str, _represent_text)


def dump(obj: Any) -> str:
    """obj as one YAML document with sorted keys."""
    text: str = yaml.dump(
        obj,
        Dumper=_PlainDumper,
        default_flow_style=False,
        allow_unicode=True,
        sort_keys=True,
        width=2**31 - 1,
    )
    return text
