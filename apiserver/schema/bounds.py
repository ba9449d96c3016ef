"""Bounds of single values (enum, minimum, lengths, pattern, sizes) and the words for each broken rule."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, TypeAlias

import orjson

from apiserver.schema.node import Limits, Node
from karmada.api.errors import FieldError

Step: TypeAlias = str | int


class MapKey(str):
    """A key of a map: a path shows it in brackets."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """A broken rule below some value. With a tail the message names the path: head + path + tail."""

    type: str
    head: str
    tail: str | None = None
    steps: list[Step] = field(default_factory=list)

    def under(self, step: Step) -> "Problem":
        return replace(self, steps=[step, *self.steps])

    def field_error(self) -> FieldError:
        path = path_text(self.steps)
        message = self.head if self.tail is None else f"{self.head}{path}{self.tail}"
        return FieldError(self.type, path or "<nil>", message)


Check: TypeAlias = Callable[[Any], list[Problem] | None]


def path_text(steps: Iterable[Step]) -> str:
    """`spec.ports[0].name`."""
    parts = [f"[{step}]" if isinstance(step, int | MapKey) else f".{step}" for step in steps]
    return "".join(parts).removeprefix(".")


def plain_text(value: Any, *, sort: bool = False) -> str:
    """A value inside a message: compact JSON."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS if sort else None, default=str).decode()


def type_word(value: Any) -> str:
    if value is None:
        return "null"
    words = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}
    return words[type(value)]


def type_problem(value: Any, wanted: str) -> Problem:
    word = type_word(value)
    tail = f' in body must be of type {wanted}: "{word}"'
    return Problem("FieldValueTypeInvalid", f'Invalid value: "{word}": ', tail=tail)


def enum_check(allowed: tuple[Any, ...]) -> Check:
    listed = ", ".join(plain_text(item) for item in allowed)

    def check(value: Any) -> list[Problem] | None:
        if value in allowed:
            return None
        text = f"Unsupported value: {plain_text(value)}: supported values: {listed}"
        return [Problem("FieldValueNotSupported", text)]

    return check


def bound_checks(node: Node) -> list[Check]:
    limits = node.limits
    if limits is None:
        return []
    checks: list[Check] = []
    if (limits.minimum, limits.maximum, limits.multiple_of) != (None, None, None):
        checks.append(_number_check(limits))
    if (limits.min_length, limits.max_length) != (None, None):
        checks.append(_length_check(limits))
    if limits.pattern:
        checks.append(_pattern_check(limits.pattern))
    if (limits.min_items, limits.max_items) != (None, None):
        checks.append(_size_check(list, limits.min_items, limits.max_items, "items"))
    if (limits.min_properties, limits.max_properties) != (None, None):
        checks.append(_size_check(dict, limits.min_properties, limits.max_properties, "properties"))
    return checks


def _invalid(value: Any, tail: str) -> list[Problem]:
    return [Problem("FieldValueInvalid", f"Invalid value: {plain_text(value)}: ", tail=f" in body {tail}")]


def _number_check(limits: Limits) -> Check:
    low, high = limits.minimum, limits.maximum
    too_low = "should be greater than" + ("" if limits.exclusive_minimum else " or equal to")
    too_high = "should be less than" + ("" if limits.exclusive_maximum else " or equal to")
    step = limits.multiple_of

    def check(value: Any) -> list[Problem] | None:
        if type(value) not in (int, float):
            return None
        if low is not None and (value < low or (limits.exclusive_minimum and value == low)):
            return _invalid(value, f"{too_low} {_number_text(low)}")
        if high is not None and (value > high or (limits.exclusive_maximum and value == high)):
            return _invalid(value, f"{too_high} {_number_text(high)}")
        if step is not None and value % step:
            return _invalid(value, f"should be a multiple of {_number_text(step)}")
        return None

    return check


def _number_text(number: float) -> str:
    return str(int(number)) if number == int(number) else str(number)


def _length_check(limits: Limits) -> Check:
    shortest, longest = limits.min_length, limits.max_length

    def check(value: Any) -> list[Problem] | None:
        if type(value) is not str:
            return None
        if longest is not None and len(value) > longest:
            return [Problem("FieldValueTooLong", f"Too long: may not be more than {longest} bytes")]
        if shortest is not None and len(value) < shortest:
            return _invalid(value, f"should be at least {shortest} chars long")
        return None

    return check


def _pattern_check(pattern: str) -> Check:
    found = compiled_pattern(pattern)

    def check(value: Any) -> list[Problem] | None:
        if type(value) is not str or found is None or found.search(value):
            return None
        return _invalid(value, f"should match '{pattern}'")

    return check


@lru_cache(maxsize=512)
def compiled_pattern(pattern: str) -> re.Pattern[str] | None:
    r"""pattern with RE2's end anchor, which never matches before a last newline; None if not understood."""
    adapted = re.sub(r"\\z$", r"\\Z", re.sub(r"(?<!\\)((?:\\\\)*)\$$", r"\1\\Z", pattern))
    try:
        return re.compile(adapted)
    except re.error:
        return None


def _size_check(
    container: type[list[Any]] | type[dict[str, Any]], fewest: int | None, most: int | None, word: str
) -> Check:
    def check(value: Any) -> list[Problem] | None:
        if not isinstance(value, container):
            return None
        if most is not None and len(value) > most:
            text = f"Too many: {len(value)}: must have at most {most} items"
            return [Problem("FieldValueTooMany", text)]
        if fewest is not None and len(value) < fewest:
            return _invalid(len(value), f"should have at least {fewest} {word}")
        return None

    return check
