"""Node: one place in a kind's schema, the tree that every part of the schema engine reads.

Made by builtin.py (fact tables), models.py and custom.py (OpenAPI schemas); compiled into closures by
pruning.py, defaulting.py, validation.py and typed.py; walked as data by merge/. Nodes are frozen once a tree
is built, except that the properties of a recursive type are filled in after the node that refers to them
exists.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from typing_extensions import override


class _Missing:
    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    @override
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
"""Not there at all, where None would mean an explicit null."""

_NOTHING: Final[Mapping[str, "Node"]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds a value must keep. None is no bound."""

    minimum: float | None = None
    maximum: float | None = None
    exclusive_minimum: bool = False
    exclusive_maximum: bool = False
    multiple_of: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str = ""
    min_items: int | None = None
    max_items: int | None = None
    min_properties: int | None = None
    max_properties: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """What may stand at one place of an object. eq=False: trees may be recursive, identity is enough."""

    type: str = ""
    """object, array, string, integer, number, boolean; "" for anything."""
    format: str = ""
    properties: Mapping[str, "Node"] = field(default_factory=lambda: _NOTHING)
    additional: "Node | None" = None
    """Values of a map."""
    items: "Node | None" = None
    required: tuple[str, ...] = ()
    default: Any = MISSING
    enum: tuple[Any, ...] = ()
    nullable: bool = False
    limits: Limits | None = None
    all_of: tuple["Node", ...] = ()
    any_of: tuple["Node", ...] = ()
    one_of: tuple["Node", ...] = ()
    negated: "Node | None" = None
    rules: tuple[Mapping[str, Any], ...] = ()
    """x-kubernetes-validations, in order."""

    preserve_unknown: bool = False
    embedded_resource: bool = False
    int_or_string: bool = False

    list_type: str = ""
    """map, set, atomic; "" is atomic."""
    list_map_keys: tuple[str, ...] = ()
    map_type: str = ""
    """atomic, granular; "" is granular."""
    patch_strategies: tuple[str, ...] = ()
    patch_merge_key: str = ""

    go_type: str = ""
    """Built-in kinds only: int32, bytes, ... or the name of the type that the fields come from."""
    codec: str = ""
    """Built-in kinds only: how a type that is not a plain object of its fields is written (time, quantity,
    ...).
    """
    pointer: bool = False
    """Built-in kinds only: absent and zero differ."""
    omit: str = ""
    """Built-in kinds only: `empty`, `zero`; "" is always written."""

    ownership: str = field(init=False, default="")
    """How field ownership is tracked here: leaf, map, keyed (list by keys), set, any (by the value found)."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "ownership", self._ownership())

    def _ownership(self) -> str:
        if self.int_or_string or self.codec in _LEAF_CODECS:
            return "leaf"
        if self.type == "object":
            return "leaf" if self.map_type == "atomic" else "map"
        if self.type == "array":
            return {"map": "keyed", "set": "set"}.get(self.list_type, "leaf")
        if self.type:
            return "leaf"
        return "map" if self.properties else "any"

    def child(self, name: str) -> "Node":
        """The node of a property or map value; ANYTHING below what the schema does not describe."""
        return self.properties.get(name) or self.additional or ANYTHING


_LEAF_CODECS: Final = frozenset(("time", "microtime", "duration", "quantity", "intorstring", "list"))
"""Codecs of values that are one unit, whatever JSON they are written as."""

ANYTHING: Final = Node(preserve_unknown=True)
