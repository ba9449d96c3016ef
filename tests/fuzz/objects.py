"""Objects as the server's own OpenAPI documents describe them, and what becomes of them when one does damage.

In: documents of /openapi/v3, a source of chance. Out: JSON values. The smallest choice of everything is a
small valid object, so a failing example shrinks to one wound in it.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from hypothesis import strategies as st
from typing_extensions import override

MAX_DEPTH: Final = 6
TEXTS: Final = (
    "a",
    "x-y.z",
    "10%",
    "1Gi",
    "2026-01-01T00:00:00Z",
    "IfNotPresent",
    "TCP",
    "",
    "8080",
    "é\u0000",
)

ODD_TEXTS: Final = st.sampled_from(
    [
        "",
        " ",
        "\u0000",
        "é" * 64,
        "a" * 300,
        "*",
        "/",
        "..",
        "-1",
        "1e999",
        "{}",
        "null",
        "%s",
        "\U0001d54a",
        "\ufeff",
        "10Ei",
        "1970-13-01T00:00:00Z",
        "https://",
        "$(x)",
        "{{.x}}",
        "a/b/c",
        "true",
        "0x1f",
        "(",
        "[a-",
        "self.x",
    ]
)
ODD_NUMBERS: Final = st.sampled_from(
    [0, -1, 1, 65536, 2**31, -(2**31) - 1, 2**53, 2**63 - 1, 2**64 - 1, -(2**63), 0.5, -0.0, 1e300, 5e-324]
)
SCALARS: Final = st.none() | st.booleans() | ODD_NUMBERS | ODD_TEXTS | st.text(max_size=8)
JSON: Final = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(ODD_TEXTS | st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)


class Kind:
    """One kind and how it is reached, at the path of its collection. No dataclass: that would show all."""

    def __init__(
        self, path: str, kind: str, api_version: str, schema: dict[str, Any], schemas: dict[str, Any]
    ) -> None:
        self.path = path
        self.kind = kind
        self.api_version = api_version
        self._schema = schema
        self._schemas = schemas

    @override
    def __repr__(self) -> str:
        return f"{self.api_version} {self.kind}"

    def sample(self, seed: int, name: str) -> dict[str, Any]:
        """An object of it: bare for 0, else with a part of its fields filled in as the schema says."""
        chance = Random(seed)
        obj = _value(self._schema, self._schemas, chance, MAX_DEPTH) if seed else {}
        obj = obj if isinstance(obj, dict) else {}
        obj.pop("status", None)
        return {**obj, "apiVersion": self.api_version, "kind": self.kind, "metadata": {"name": name}}


def _value(schema: dict[str, Any], schemas: dict[str, Any], chance: Random, depth: int) -> Any:
    while target := _target(schema):
        schema = schemas[target]
    if "enum" in schema:
        return chance.choice(schema["enum"])
    make: Callable[[], Any] = {
        "string": lambda: chance.choice(TEXTS),
        "integer": lambda: chance.choice((0, 1, 2, 80)),
        "number": lambda: chance.choice((0, 1, 0.5)),
        "boolean": lambda: chance.random() < 0.5,
        "array": lambda: _array(schema, schemas, chance, depth),
    }.get(schema.get("type", "object"), lambda: _object(schema, schemas, chance, depth))
    return make()


def _target(schema: dict[str, Any]) -> str:
    for part in (schema, *schema.get("allOf", ())):
        if "$ref" in part:
            return str(part["$ref"]).rpartition("/")[2]
    return ""


def _array(schema: dict[str, Any], schemas: dict[str, Any], chance: Random, depth: int) -> list[Any]:
    if depth <= 0:
        return []
    items = schema.get("items", {})
    return [_value(items, schemas, chance, depth - 1) for _ in range(chance.choice((1, 1, 2)))]


def _object(schema: dict[str, Any], schemas: dict[str, Any], chance: Random, depth: int) -> dict[str, Any]:
    filled: dict[str, Any] = {}
    required = schema.get("required", ())
    for name, inner in schema.get("properties", {}).items():
        if name in required or (depth > 0 and chance.random() < 0.4):
            filled[name] = _value(inner, schemas, chance, depth - 1)
    if isinstance(more := schema.get("additionalProperties"), dict) and depth > 0:
        filled["k"] = _value(more, schemas, chance, depth - 1)
    return filled


@dataclass(frozen=True, slots=True)
class Wound:
    """Replace, remove or double what is at a place; places are counted through, so that any number is one."""

    place: int
    how: str
    value: Any


WOUNDS: Final = st.lists(
    st.builds(Wound, st.integers(0, 400), st.sampled_from(["replace", "remove", "insert"]), JSON), max_size=3
)


def wounded(obj: dict[str, Any], wounds: list[Wound]) -> dict[str, Any]:
    """obj, changed in place."""
    for wound in wounds:
        places = list(_places(obj))
        holder, key = places[wound.place % len(places)]
        if wound.how == "replace":
            holder[key] = deepcopy(wound.value)
        elif wound.how == "remove":
            del holder[key]
        elif isinstance(holder, list):
            holder.insert(key, deepcopy(holder[key]))
        else:
            holder[str(wound.value)[:8]] = deepcopy(holder[key])
        if not obj:
            return obj
    return obj


def _places(value: Any) -> Any:
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from _places(value[key])
