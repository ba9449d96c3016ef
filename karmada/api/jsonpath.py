"""JSONPath as Kubernetes writes it: `.spec.ports[0].name`, `.status.conditions[?(@.type=="Ready")].status`.

In: a path, compiled once and remembered. Out: every value it finds in an object, in order. Supports names
(with `\\.` escapes), quoted names, `*`, indexes, slices, unions, recursive descent and filters.
"""

import operator
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any, Final, TypeAlias

import orjson

Step: TypeAlias = Callable[[Any], Iterable[Any]]

_NAME: Final = re.compile(r"(?:\\.|[^.\[\]\\])+")
_INTEGER: Final = re.compile(r"^-?\d+$")
_SLICE: Final = re.compile(r"^(-?\d*):(-?\d*)(?::(-?\d*))?$")
_COMPARISON: Final = re.compile(r"^(.*?)\s*(==|!=|<=|>=|<|>)\s*(.*)$", re.DOTALL)
_OPERATORS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Path:
    """A compiled path."""

    __slots__ = ("steps", "text")

    def __init__(self, text: str, steps: tuple[Step, ...]) -> None:
        self.text = text
        self.steps = steps

    def find(self, value: Any) -> list[Any]:
        """Every value the path leads to; none for one that does not exist."""
        found = [value]
        for step in self.steps:
            found = [inner for outer in found for inner in step(outer)]
            if not found:
                break
        return found

    def first(self, value: Any) -> Any:
        """The first value, None without one."""
        found = self.find(value)
        return found[0] if found else None


@lru_cache(maxsize=4096)
def compile_path(text: str) -> Path:
    """text with or without braces. Raises ValueError for what is no path."""
    inner = text.strip()
    if inner.startswith("{") and inner.endswith("}"):
        inner = inner[1:-1].strip()
    return Path(text, tuple(_parse(inner.removeprefix("$"), text)))


def _parse(rest: str, text: str) -> Iterator[Step]:
    while rest:
        if rest.startswith(".."):
            yield _descend
            rest = rest[2:]
            if rest and not rest.startswith("["):
                rest = "." + rest
        elif rest.startswith("."):
            match = _NAME.match(rest, 1)
            if match is None and rest[1:2] != "[":
                if rest == ".":
                    return
                raise ValueError(f"invalid JSONPath {text!r}")
            if match is not None:
                name = re.sub(r"\\(.)", r"\1", match[0])
                yield _every if name == "*" else _named(name)
            rest = rest[match.end() if match else 1 :]
        elif rest.startswith("["):
            end = _closing(rest, text)
            yield _bracket(rest[1:end].strip(), text)
            rest = rest[end + 1 :]
        else:
            rest = "." + rest


def _closing(rest: str, text: str) -> int:
    """Where the bracket that opens rest closes, quotes and nested brackets respected."""
    depth, quote = 0, ""
    for position, character in enumerate(rest):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character == "[":
            depth += 1
        elif character == "]":
            depth -= 1
            if depth == 0:
                return position
    raise ValueError(f"unterminated bracket in JSONPath {text!r}")


def _bracket(content: str, text: str) -> Step:
    if content == "*":
        return _every
    if content.startswith("?(") and content.endswith(")"):
        return _filter(content[2:-1].strip())
    parts = [part.strip() for part in re.split(r",(?=(?:[^'\"]|'[^']*'|\"[^\"]*\")*$)", content)]
    steps = [_one(part, text) for part in parts]
    return steps[0] if len(steps) == 1 else _union(steps)


def _one(part: str, text: str) -> Step:
    if part[:1] in "'\"" and part[:1] == part[-1:] and len(part) > 1:
        return _named(part[1:-1])
    if _INTEGER.match(part):
        return _indexed(int(part))
    if (match := _SLICE.match(part)) is not None:
        bounds = [int(bound) if bound else None for bound in match.groups(default="")]
        return _sliced(slice(*bounds))
    raise ValueError(f"invalid JSONPath {text!r}")


def _named(name: str) -> Step:
    def step(value: Any) -> Iterable[Any]:
        return (value[name],) if isinstance(value, dict) and name in value else ()

    return step


def _indexed(index: int) -> Step:
    def step(value: Any) -> Iterable[Any]:
        return (value[index],) if isinstance(value, list) and -len(value) <= index < len(value) else ()

    return step


def _sliced(bounds: slice) -> Step:
    return lambda value: value[bounds] if isinstance(value, list) else ()


def _union(steps: list[Step]) -> Step:
    return lambda value: [inner for step in steps for inner in step(value)]


def _every(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else ()


def _descend(value: Any) -> Iterator[Any]:
    yield value
    for inner in _every(value):
        yield from _descend(inner)


def _filter(condition: str) -> Step:
    match = _COMPARISON.match(condition)
    if match is None:
        exists = _operand(condition)
        return lambda value: [item for item in _every(value) if exists(item)]
    left, right, compare = _operand(match[1]), _operand(match[3]), _OPERATORS[match[2]]

    def holds(item: Any) -> bool:
        lefts, rights = left(item), right(item)
        return bool(lefts and rights) and _compared(compare, lefts[0], rights[0])

    return lambda value: [item for item in _every(value) if holds(item)]


def _operand(text: str) -> Callable[[Any], list[Any]]:
    text = text.strip()
    if text.startswith("@"):
        path = Path(text, tuple(_parse(text[1:], text)))
        return path.find
    literal = text[1:-1] if text[:1] in ("'", '"') and text[:1] == text[-1:] else _literal(text)
    return lambda _: [literal]


def _literal(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _compared(compare: Callable[[Any, Any], Any], left: Any, right: Any) -> bool:
    if isinstance(left, bool) != isinstance(right, bool):
        return False
    try:
        return bool(compare(left, right))
    except TypeError:
        return False
