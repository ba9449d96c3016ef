"""The static types of CEL expressions: what the compiler knows of a value before it is there.

Types are compared by content. Object types name their fields; opaque ones only themselves. match() is the
one relation between types: whether a value of one may stand where the other is asked for.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from typing_extensions import override

Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Type:
    """kind: bool int uint double string bytes null list map dyn error type object opaque param timestamp
    duration."""

    kind: str
    params: "tuple[Type, ...]" = ()
    name: str = ""
    fields: "Mapping[str, Field]" = field(
        default_factory=lambda: MappingProxyType({}), compare=False, hash=False
    )
    open_fields: bool = field(default=False, compare=False)
    """Any field may be asked for; its type is dyn."""
    list_type: str = field(default="", compare=False)
    """`set` or `map`: order does not count in ==, and + merges."""
    list_keys: tuple[str, ...] = field(default=(), compare=False)
    max_size: int | None = field(default=None, compare=False)
    """Bound of the length of a text, list or map, where a schema gives one."""

    @override
    def __str__(self) -> str:
        if self.kind in ("list", "map", "type") and self.params:
            return f"{self.kind}({', '.join(map(str, self.params))})"
        if self.kind == "opaque" and self.params:
            return f"{self.name}({', '.join(map(str, self.params))})"
        return self.name or self.kind


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an object type: its name in the data, its type, and how data becomes a CEL value."""

    raw: str
    type: Type
    convert: Convert | None = None


BOOL: Final = Type("bool")
INT: Final = Type("int")
UINT: Final = Type("uint")
DOUBLE: Final = Type("double")
STRING: Final = Type("string")
BYTES: Final = Type("bytes")
NULL: Final = Type("null")
DYN: Final = Type("dyn")
ERROR: Final = Type("error", name="!error!")
TIMESTAMP: Final = Type("timestamp")
DURATION: Final = Type("duration")
A: Final = Type("param", name="A")
B: Final = Type("param", name="B")
TYPE: Final = Type("type")
NUMERIC: Final = frozenset(("int", "uint", "double"))


def list_of(item: Type) -> Type:
    return Type("list", (item,))


def map_of(key: Type, value: Type) -> Type:
    return Type("map", (key, value))


def opaque(name: str, *params: Type) -> Type:
    return Type("opaque", params, name)


def optional_of(value: Type) -> Type:
    return Type("opaque", (value,), "optional_type")


def is_optional(type_: Type) -> bool:
    return type_.kind == "opaque" and type_.name == "optional_type"


def object_of(name: str, fields: Mapping[str, Field], *, open_fields: bool = False) -> Type:
    return Type("object", (), name, fields, open_fields)


Bindings = dict[str, Type]


def match(wanted: Type, given: Type, bindings: Bindings) -> bool:
    """Whether a value of type given may stand for wanted; parameters of wanted are bound on the way."""
    if wanted.kind == "param":
        return _bind(wanted.name, given, bindings)
    if given.kind in ("dyn", "error") or wanted.kind == "dyn":
        return True
    if wanted.kind == "null" or given.kind == "null":
        other = given if wanted.kind == "null" else wanted
        return other.kind in ("null", "object", "timestamp", "duration", "opaque")
    if wanted.kind != given.kind or wanted.name != given.name:
        return False
    if wanted.kind == "type":
        return True
    return len(wanted.params) == len(given.params) and all(
        match(w, g, bindings) for w, g in zip(wanted.params, given.params, strict=True)
    )


def _bind(name: str, given: Type, bindings: Bindings) -> bool:
    known = bindings.get(name)
    if known is None or known.kind == "error":
        bindings[name] = given
        return True
    if match(known, given, {}):
        # The wider of the two: dyn holds anything, null may become any object.
        if known.kind == "null" or (_has_dyn(given) and not _has_dyn(known)):
            bindings[name] = given
        return True
    return False


def _has_dyn(type_: Type) -> bool:
    return type_.kind == "dyn" or any(_has_dyn(param) for param in type_.params)


def resolved(type_: Type, bindings: Bindings) -> Type:
    """type_ with its parameters replaced; dyn for those that nothing bound."""
    if type_.kind == "param":
        return bindings.get(type_.name, DYN)
    if not type_.params:
        return type_
    return Type(
        type_.kind,
        tuple(resolved(param, bindings) for param in type_.params),
        type_.name,
        list_type=type_.list_type,
        list_keys=type_.list_keys,
    )


def is_fixed(type_: Type) -> bool:
    """Whether values of it are of one run-time kind, known now."""
    return type_.kind not in ("dyn", "error", "param", "null")
