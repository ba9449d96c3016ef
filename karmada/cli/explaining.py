"""The fields of a kind, as kubectl explain lays them out. Pure.

In: an OpenAPI v3 document of a group version, the kind, a path such as ("spec", "replicas"). Out: lines. What
the schema refers to is looked up; maps and lists are named by what they hold.
"""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from karmada.api.gvk import GroupVersionKind
from karmada.api.objects import Object
from karmada.cli.scope import CommandError

WIDTH = 76
MAX_CHOICES = 4


@dataclass(frozen=True, slots=True)
class Field:
    """A place in a schema: its resolved schema, how its type reads, what is said about it."""

    schema: Object
    type: str
    description: str


class Schemas:
    """The schemas of one document."""

    def __init__(self, document: Object) -> None:
        self._schemas: dict[str, Object] = (document.get("components") or {}).get("schemas") or {}

    def root(self, gvk: GroupVersionKind) -> Object:
        """Raises CommandError when the document does not describe the kind."""
        for schema in self._schemas.values():
            for found in schema.get("x-kubernetes-group-version-kind") or ():
                if (found.get("group") or "", found.get("version"), found.get("kind")) == tuple(gvk):
                    return schema
        raise CommandError(f"couldn't find resource for {gvk}: the server describes no such kind")

    def field(self, schema: Object) -> Field:
        """What a property schema means, references resolved."""
        resolved, _ = self._resolved(schema)
        description = schema.get("description") or resolved.get("description") or ""
        return Field(resolved, self._type(schema), str(description))

    def whole_description(self, schema: Object) -> str:
        """What is said of the property, then of its type, and of what it holds."""
        resolved, _ = self._resolved(schema)
        texts = [schema.get("description"), resolved.get("description")]
        if "items" in resolved:
            items = resolved["items"]
            texts += [items.get("description"), self._resolved(items)[0].get("description")]
        return "\n".join(dict.fromkeys(str(text) for text in texts if text))

    def inner(self, field: Field) -> Object:
        """The schema whose properties come next: of a list's items, of a map's values."""
        schema = field.schema
        while True:
            if "items" in schema:
                schema = self._resolved(schema["items"])[0]
            elif isinstance(schema.get("additionalProperties"), dict) and "properties" not in schema:
                schema = self._resolved(schema["additionalProperties"])[0]
            else:
                return schema

    def _resolved(self, schema: Object) -> tuple[Object, str]:
        seen: set[str] = set()
        while True:
            reference = schema.get("$ref") or next(
                (part["$ref"] for part in schema.get("allOf") or () if "$ref" in part), ""
            )
            if not reference or reference in seen:
                return schema, next(iter(seen), "") and sorted(seen)[-1]
            seen.add(reference)
            schema = self._schemas.get(reference.rpartition("/")[2]) or {}

    def _type(self, schema: Object) -> str:
        resolved, reference = self._resolved(schema)
        if "items" in resolved:
            return f"[]{self._type(resolved['items'])}"
        if isinstance(resolved.get("additionalProperties"), dict) and "properties" not in resolved:
            return f"map[string]{self._type(resolved['additionalProperties'])}"
        if reference and resolved.get("type", "object") == "object":
            return reference.rpartition(".")[2]
        kind = resolved.get("type")
        if kind is None and (resolved.get("oneOf") or resolved.get("x-kubernetes-int-or-string")):
            return "IntOrString" if reference or resolved.get("x-kubernetes-int-or-string") else "Object"
        if kind is None or kind == "object":
            return "Object"
        return str(kind)


def explained(
    schemas: Schemas, gvk: GroupVersionKind, path: Sequence[str], *, recursive: bool
) -> Iterator[str]:
    """Raises CommandError for a field that does not exist."""
    root = schemas.root(gvk)
    if gvk.group:
        yield f"GROUP:      {gvk.group}"
    yield f"KIND:       {gvk.kind}"
    yield f"VERSION:    {gvk.version}"
    place = Field(root, gvk.kind, str(root.get("description") or ""))
    for name in path:
        properties = schemas.inner(place).get("properties") or {}
        if name not in properties:
            yield ""
            raise CommandError(f'field "{name}" does not exist')
        place = schemas.field(properties[name])
        place = replace(place, description=schemas.whole_description(properties[name]))
    yield ""
    if path:
        yield f"FIELD: {path[-1]} <{place.type}>"
        if values := place.schema.get("enum"):
            yield "ENUM:"
            yield from (f"    {value}" for value in values)
        else:
            yield ""
    inner = schemas.inner(place)
    if path:
        yield ""
    yield "DESCRIPTION:"
    yield from _wrapped(place.description or "<empty>", 4)
    yield "    "
    if inner.get("properties"):
        yield "FIELDS:"
        lines = _tree(schemas, inner, 1, ()) if recursive else _fields(schemas, inner)
        yield from lines
    yield ""


def _fields(schemas: Schemas, schema: Object) -> Iterator[str]:
    required = schema.get("required") or ()
    for name, each in sorted((schema.get("properties") or {}).items()):
        field = schemas.field(each)
        yield f"  {name}\t<{field.type}>{' -required-' if name in required else ''}"
        yield from ("  " + line for line in _choices(field.schema))
        yield from _wrapped(field.description or "<no description>", 4)
        yield ""


def _tree(schemas: Schemas, schema: Object, level: int, above: tuple[int, ...]) -> Iterator[str]:
    required = schema.get("required") or ()
    for name, each in sorted((schema.get("properties") or {}).items()):
        field = schemas.field(each)
        yield f"{'  ' * level}{name}\t<{field.type}>{' -required-' if name in required else ''}"
        yield from ("  " * level + line for line in _choices(field.schema))
        inner = schemas.inner(field)
        if inner.get("properties") and id(inner) not in above:
            yield from _tree(schemas, inner, level + 1, (*above, id(inner)))


def _choices(schema: Object) -> Iterator[str]:
    values = sorted(str(value) or '""' for value in schema.get("enum") or ())
    if values:
        more = ", ...." if len(values) > MAX_CHOICES else ""
        yield f"enum: {', '.join(values[:MAX_CHOICES])}{more}"


def _wrapped(text: str, indent: int) -> Iterator[str]:
    lead = " " * indent
    for paragraph in text.split("\n"):
        if not paragraph.strip():
            yield lead.rstrip()
            continue
        for line in textwrap.wrap(
            paragraph, WIDTH, break_long_words=False, break_on_hyphens=False, drop_whitespace=True
        ):
            yield lead + line
