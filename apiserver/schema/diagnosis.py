"""Diagnosis of a built-in kind's JSON that did not decode cleanly: where, and in which words.

Only reached when typed.py met something odd, so it may be slow: it walks the untouched input in document
order, collects unknown fields with their paths, and words the first value that a type cannot hold.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from apiserver.schema.node import Node
from apiserver.schema.typed import INTEGER_RANGES, Mismatch, TypedCompiler

MAX_UNKNOWN: Final = 100
"""Unknown fields reported of one object, as kube-apiserver limits them."""

_JSON_WORDS: Final[dict[type, str]] = {
    str: "string",
    bool: "bool",
    int: "number",
    float: "number",
    list: "array",
    dict: "object",
    type(None): "null",
}

_KINDS: Final[dict[type, str]] = {
    str: "string",
    bool: "bool",
    int: "int64",
    float: "float64",
    list: "slice",
    dict: "map",
}


@dataclass(slots=True)
class Diagnosis:
    """problem is "" when every value fits. unknown holds paths such as `spec.containers[0].imag`.

    restore_problem is the same in the words for plain values, as a merged patch holds them.
    """

    unknown: list[str] = field(default_factory=list)
    problem: str = ""
    restore_problem: str = ""


def diagnose(node: Node, obj: Any) -> Diagnosis:
    found = Diagnosis()
    _walk(node, obj, _Place("", "", ""), found)
    return found


@dataclass(frozen=True, slots=True)
class _Place:
    """path with indices for unknown fields; fields without, and the struct that holds the last, for type
    problems.
    """

    path: str
    fields: str
    struct: str

    def field(self, name: str, struct: str) -> "_Place":
        return _Place(
            f"{self.path}.{name}" if self.path else name,
            f"{self.fields}.{name}" if self.fields else name,
            struct,
        )

    def within(self, suffix: str) -> "_Place":
        return _Place(self.path + suffix, self.fields, self.struct)


def _walk(node: Node, value: Any, place: _Place, found: Diagnosis) -> None:
    if value is None or found.problem:
        return
    if node.codec:
        _walk_codec(node, value, place, found)
    elif node.type == "object":
        _walk_object(node, value, place, found)
    elif node.type == "array":
        _walk_list(node, value, place, found)
    else:
        _check(node, value, place, found)


def _walk_object(node: Node, value: Any, place: _Place, found: Diagnosis) -> None:
    if not isinstance(value, dict):
        _note(found, node, value, _unfit(node, value, place))
        return
    if node.additional is not None:
        for key, item in value.items():
            _walk(node.additional, item, place.within(f".{key}"), found)
        return
    struct = node.go_type.rpartition(".")[2]
    for name, item in value.items():
        child = node.properties.get(name)
        if child is not None:
            _walk(child, item, place.field(name, struct), found)
        elif len(found.unknown) < MAX_UNKNOWN:
            found.unknown.append(place.field(name, struct).path)


def _walk_list(node: Node, value: Any, place: _Place, found: Diagnosis) -> None:
    if not isinstance(value, list):
        _note(found, node, value, _unfit(node, value, place))
        return
    items = node.items or Node()
    for index, item in enumerate(value):
        _walk(items, item, place.within(f"[{index}]"), found)


def _walk_codec(node: Node, value: Any, place: _Place, found: Diagnosis) -> None:
    if not node.codec.startswith("schema-or-"):
        _check(node, value, place, found)
        return
    plain = Node(type="object", properties=node.properties, go_type=node.go_type)
    if isinstance(value, list) and node.codec == "schema-or-array":
        for index, item in enumerate(value):
            _walk(plain, item, place.within(f"[{index}]"), found)
    elif isinstance(value, dict):
        _walk(plain, value, place, found)
    else:
        _check(node, value, place, found)


def _check(node: Node, value: Any, place: _Place, found: Diagnosis) -> None:
    try:
        TypedCompiler().converter(node)(value, [])
    except Mismatch as error:
        _note(found, node, value, error.problem or _unfit(node, value, place))


def _note(found: Diagnosis, node: Node, value: Any, problem: str) -> None:
    found.problem = problem
    found.restore_problem = problem if node.codec else _unrestorable(node, value)


def _unrestorable(node: Node, value: Any) -> str:
    kind = _KINDS[type(value)]
    if node.additional is not None:
        return f"cannot restore map from {kind}"
    if node.type == "object":
        return f"cannot restore struct from: {kind}"
    if node.type == "array":
        return f"cannot restore slice from {kind}"
    target = go_type_text(node)
    if kind == "float64" or (kind == "int64" and target == "string"):
        return f"cannot convert {kind} to {target}"
    return f"unrecognized type: {target}"


def _unfit(node: Node, value: Any, place: _Place) -> str:
    word = _JSON_WORDS[type(value)]
    special = _SPECIAL.get(node.codec or node.go_type)
    if special is not None and (text := special(value)):
        return text
    if node.go_type in INTEGER_RANGES and word == "number":
        word = f"number {value}"
    where = f"Go struct field {place.struct}.{place.fields}" if place.fields else "Go value"
    return f"json: cannot unmarshal {word} into {where} of type {go_type_text(node)}"


def go_type_text(node: Node) -> str:
    """How the static type of a place is written: `int32`, `[]v1.Container`, `map[string]string`."""
    if node.codec == "list":
        return "[]string"
    if node.type == "array" and node.items is not None:
        return "[]" + go_type_text(node.items)
    if node.additional is not None:
        return "map[string]" + go_type_text(node.additional)
    package, _, name = node.go_type.rpartition(".")
    if package:
        return f"{package.rpartition('.')[2]}.{name}"
    return {"double": "float64", "bytes": "[]uint8"}.get(node.go_type, node.go_type)


def _time_problem(value: Any) -> str:
    if not isinstance(value, str):
        return f"json: cannot unmarshal {_JSON_WORDS[type(value)]} into Go value of type string"
    return f'parsing time "{value}" as "2006-01-02T15:04:05Z07:00": cannot parse "{value}" as "2006"'


def _microtime_problem(value: Any) -> str:
    if not isinstance(value, str):
        return f"json: cannot unmarshal {_JSON_WORDS[type(value)]} into Go value of type string"
    return f'parsing time "{value}" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "{value}" as "2006"'


def _duration_problem(value: Any) -> str:
    if not isinstance(value, str):
        return f"json: cannot unmarshal {_JSON_WORDS[type(value)]} into Go value of type string"
    return f'time: invalid duration "{value}"'


def _int_or_string_problem(value: Any) -> str:
    word = _JSON_WORDS[type(value)]
    if word == "number":
        word = f"number {value}"
    return f"json: cannot unmarshal {word} into Go value of type int32"


def _bytes_problem(value: Any) -> str:
    """Base64 trouble says at which byte; "" leaves a wrong JSON type to the usual words."""
    if not isinstance(value, str):
        return ""
    return f"illegal base64 data at input byte {_first_bad_base64_byte(value)}"


_BASE64: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")


def _first_bad_base64_byte(text: str) -> int:
    count = 0
    for index, char in enumerate(text):
        if char in "\r\n":
            continue
        if char not in _BASE64:
            is_padding = char == "=" and count % 4 >= 2
            rest = text[index:].replace("\r", "").replace("\n", "")
            if not is_padding:
                return index
            wanted = "=" * (4 - count % 4)
            return index + 1 if rest.startswith(wanted) else index + (len(rest) if rest == "=" else 1)
        count += 1
    return len(text.replace("\r", "").replace("\n", "")) // 4 * 4 if count % 4 == 1 else len(text)


_SPECIAL: Final = {
    "time": _time_problem,
    "microtime": _microtime_problem,
    "duration": _duration_problem,
    "intorstring": _int_or_string_problem,
    "bytes": _bytes_problem,
}
