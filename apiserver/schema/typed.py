"""Typed decoding: plain JSON of a built-in kind into the shape the kind is stored and written in.

One pass does what decoding into a static type and encoding it again does: unknown fields and nulls fall away,
JSON types are checked, scalars become canonical, fields come in declaration order, and fields that are always
written appear (`status: {}`). The pass tracks no paths; when it meets anything odd, diagnosis.py walks the
input again and says where.
"""

import binascii
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, TypeAlias

from apiserver.schema.node import Node
from karmada.api.quantity import Quantity

Odd: TypeAlias = list[bool]
"""Grows when a value held more than its type knows."""
Convert: TypeAlias = Callable[[Any, Odd], Any]
_Field: TypeAlias = tuple[str, type | None, Convert | None, bool, Callable[[], Any] | None]


class Mismatch(Exception):
    """A JSON value that the type cannot hold. problem is the text when the value says it all itself."""

    def __init__(self, problem: str = "") -> None:
        super().__init__(problem)
        self.problem = problem


INTEGER_RANGES: Final = {
    "int32": (-(2**31), 2**31 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "uint32": (0, 2**32 - 1),
    "uint64": (0, 2**64 - 1),
}
_SECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_MICROS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:[.,](\d+))?(Z|[+-]\d\d:\d\d)", re.ASCII)
_DURATION = re.compile(r"[+-]?(?:0|(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+")
_SCALARS: Final[dict[str, type]] = {"string": str, "boolean": bool}
QUANTITY_PROBLEM: Final = (
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
)


class TypedCompiler:
    """Makes converters, one per struct type however often it occurs, so that recursive types end."""

    def __init__(self) -> None:
        self._structs: dict[int, Convert] = {}
        self._kept: list[Any] = []

    def converter(self, node: Node) -> Convert:
        if node.codec:
            return self._codec(node)
        if node.type == "object":
            return self._struct(node) if node.additional is None else self._map(node.additional)
        if node.type == "array":
            return self._list(node.items or Node())
        return _scalar(node)

    def _struct(self, node: Node) -> Convert:
        known = self._structs.get(id(node.properties))
        if known is None:
            plan: list[_Field] = []
            known = self._structs[id(node.properties)] = _struct_converter(plan)
            self._kept.append(node.properties)
            plan.extend(self._field(name, child) for name, child in node.properties.items())
        return known

    def _field(self, name: str, node: Node) -> _Field:
        fast = _SCALARS.get(node.type) if node.go_type in ("string", "bool") and not node.codec else None
        convert = None if fast else self.converter(node)
        is_struct = _is_struct(node)
        droppable = node.omit == "empty" and not node.pointer and not is_struct
        return name, fast, convert, droppable, self._when_absent(node, is_struct=is_struct)

    def _when_absent(self, node: Node, *, is_struct: bool) -> Callable[[], Any] | None:
        if node.omit == "zero" or (node.omit == "empty" and (node.pointer or not is_struct)):
            return None
        if node.pointer:
            return _ZEROS[""]
        if is_struct:
            convert = self.converter(node)
            return lambda: convert({}, [])
        return _ZEROS.get(node.codec or node.go_type if node.type not in ("array", "object") else "")

    def _map(self, values: Node) -> Convert:
        if values.go_type == "string" and not values.codec:
            return _string_map
        convert = self.converter(values)
        if values.codec == "quantity":
            convert = _resource_amount

        def convert_map(value: Any, odd: Odd) -> Any:
            if type(value) is not dict:
                raise Mismatch
            return {key: convert(item, odd) for key, item in value.items()}

        return convert_map

    def _list(self, items: Node) -> Convert:
        if items.go_type == "string" and not items.codec:
            return _string_list
        convert = self.converter(items)
        is_struct = _is_struct(items)

        def convert_list(value: Any, odd: Odd) -> Any:
            if type(value) is not list:
                raise Mismatch
            return [convert({} if item is None and is_struct else item, odd) for item in value]

        return convert_list

    def _codec(self, node: Node) -> Convert:
        plain = _CODECS.get(node.codec)
        if plain is not None:
            return plain
        schema = self._struct(node)
        if node.codec == "schema-or-array":
            return lambda value, odd: (
                [schema(item, odd) for item in value] if type(value) is list else schema(value, odd)
            )
        if node.codec == "schema-or-bool":
            return lambda value, odd: value if type(value) is bool else schema(value, odd)
        return lambda value, odd: _string_list(value, odd) if type(value) is list else schema(value, odd)


@lru_cache(maxsize=1024)
def converter_of(node: Node) -> Convert:
    """The converter of a built-in type, compiled once."""
    return TypedCompiler().converter(node)


def _is_struct(node: Node) -> bool:
    return node.type == "object" and node.additional is None and not node.codec


def _struct_converter(plan: list[_Field]) -> Convert:
    def convert_struct(value: Any, odd: Odd) -> Any:
        if type(value) is not dict:
            raise Mismatch
        get = value.get
        shaped = {}
        seen = 0
        for name, fast, convert, droppable, absent in plan:
            item = get(name)
            if item is None:
                if absent is not None:
                    shaped[name] = absent()
                continue
            seen += 1
            if convert is not None:
                item = convert(item, odd)
            elif type(item) is not fast:
                raise Mismatch
            if droppable and not item:
                continue
            shaped[name] = item
        if seen != len(value):
            odd.append(True)
        return shaped

    return convert_struct


def _scalar(node: Node) -> Convert:
    if node.go_type in INTEGER_RANGES:
        low, high = INTEGER_RANGES[node.go_type]

        def convert_integer(value: Any, _odd: Odd) -> Any:
            if type(value) is not int or not low <= value <= high:
                raise Mismatch
            return value

        return convert_integer
    return _CODECS[node.go_type]


def _string(value: Any, _odd: Odd) -> Any:
    if type(value) is not str:
        raise Mismatch
    return value


def _boolean(value: Any, _odd: Odd) -> Any:
    if type(value) is not bool:
        raise Mismatch
    return value


def _number(value: Any, _odd: Odd) -> Any:
    if type(value) not in (int, float):
        raise Mismatch
    return value


def _bytes(value: Any, _odd: Odd) -> Any:
    if value is None:
        return None
    if type(value) is not str:
        raise Mismatch
    text = value.replace("\n", "").replace("\r", "")
    try:
        binascii.a2b_base64(text, strict_mode=True)
    except (binascii.Error, ValueError):
        raise Mismatch from None
    return text


def _string_map(value: Any, _odd: Odd) -> Any:
    if type(value) is not dict:
        raise Mismatch
    for item in value.values():
        if type(item) is not str:
            if item is None:
                return _string_map({key: text or "" for key, text in value.items()}, _odd)
            raise Mismatch
    return value


def _string_list(value: Any, _odd: Odd) -> Any:
    if type(value) is not list:
        raise Mismatch
    for item in value:
        if type(item) is not str:
            if item is None:
                return _string_list([text or "" for text in value], _odd)
            raise Mismatch
    return value


def _quantity(value: Any, _odd: Odd) -> Any:
    return _canonical_quantity(str(value)) if type(value) in (str, int, float) else _refuse_quantity()


def _resource_amount(value: Any, _odd: Odd) -> Any:
    return _milli_quantity(str(value)) if type(value) in (str, int, float) else _refuse_quantity()


def _refuse_quantity() -> Any:
    raise Mismatch(QUANTITY_PROBLEM)


@lru_cache(maxsize=4096)
def _canonical_quantity(text: str) -> str:
    try:
        return str(Quantity.parse(text))
    except ValueError:
        raise Mismatch(QUANTITY_PROBLEM) from None


@lru_cache(maxsize=4096)
def _milli_quantity(text: str) -> str:
    """Amounts of resources are kept to the thousandth, rounded up."""
    try:
        return str(Quantity.parse(text).rounded_to_milli())
    except ValueError:
        raise Mismatch(QUANTITY_PROBLEM) from None


def _int_or_string(value: Any, _odd: Odd) -> Any:
    if type(value) is str or (type(value) is int and -(2**31) <= value < 2**31):
        return value
    raise Mismatch


def _time(value: Any, _odd: Odd) -> Any:
    if type(value) is not str:
        raise Mismatch
    return value if _SECONDS.fullmatch(value) and _is_moment(value) else _rewritten_time(value, micros=False)


def _microtime(value: Any, _odd: Odd) -> Any:
    if type(value) is not str:
        raise Mismatch
    return value if _MICROS.fullmatch(value) and _is_moment(value) else _rewritten_time(value, micros=True)


@lru_cache(maxsize=1024)
def _is_moment(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _rewritten_time(text: str, *, micros: bool) -> str | None:
    """text in UTC with seconds or microseconds; what is finer is cut off. Empty text is no time."""
    if not text:
        return None
    found = _RFC3339.fullmatch(text)
    if found is None:
        raise Mismatch
    fraction = (found[2] or "")[:6].ljust(6, "0")
    try:
        moment = datetime.fromisoformat(f"{found[1]}.{fraction}{found[3]}").astimezone(UTC)
    except (ValueError, OverflowError):
        raise Mismatch from None
    form = "%Y-%m-%dT%H:%M:%S.%fZ" if micros else "%Y-%m-%dT%H:%M:%SZ"
    return moment.strftime(form).rjust(27 if micros else 20, "0")


def _duration(value: Any, _odd: Odd) -> Any:
    if type(value) is not str or not _DURATION.fullmatch(value):
        raise Mismatch
    return value


def _anything(value: Any, _odd: Odd) -> Any:
    return value


_CODECS: Final[dict[str, Convert]] = {
    "string": _string,
    "bool": _boolean,
    "double": _number,
    "bytes": _bytes,
    "quantity": _quantity,
    "intorstring": _int_or_string,
    "time": _time,
    "microtime": _microtime,
    "duration": _duration,
    "list": _string_list,
    "rawjson": _anything,
    "rawext": _anything,
    "unknown": _anything,
}
_ZEROS: Final[dict[str, Callable[[], Any]]] = {
    "": lambda: None,
    "string": lambda: "",
    "bool": lambda: False,
    "int32": lambda: 0,
    "int64": lambda: 0,
    "uint32": lambda: 0,
    "uint64": lambda: 0,
    "double": lambda: 0,
    "bytes": lambda: None,
    "quantity": lambda: "0",
    "intorstring": lambda: 0,
    "time": lambda: None,
    "microtime": lambda: None,
    "duration": lambda: "0s",
    "list": lambda: None,
    "rawjson": lambda: None,
    "rawext": lambda: None,
}
