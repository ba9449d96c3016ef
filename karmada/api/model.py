"""Model: the base of every Karmada kind and of the parts it is made of; field: how a part is declared.

Frozen; snake case here, camel case on the wire; fields that were not given are not written back, fields
this version does not know are kept. So read -> model_copy(update=...) -> write changes what was meant and
nothing else.

A declaration has two sides. The Python side is lenient: every field has a default, so that whatever a
server hands out can be read. The schema side is strict and lives in the field's metadata, from which
apiserver/schema/models.py makes the structural schema:

    priority: Int32 | None = field("Policy priority, higher wins.", schema_default=0)
    kind: str = field("Kind of the target.", default="", required=True)
    clusters: list[TargetCluster] = field("Scheduling result.", factory=list)

schema_facts(info) gives a field's schema side: OpenAPI keys (`default`, `enum`, `minimum`,
`x-kubernetes-list-type`, ...) plus `required: True`, which belongs to the object the field is in. Int32,
Int64, Time, Bytes and QuantityText carry their facts as annotations wherever they appear, also as items of
a list or values of a map; facts_of(annotation) reads them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Self, TypeAlias, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo

M = TypeVar("M", bound="Model")


class Model(BaseModel):
    """A frozen part of an object. Lists and maps inside must not be changed in place."""

    model_config = ConfigDict(
        frozen=True, extra="allow", alias_generator=to_camel, populate_by_name=True, defer_build=True
    )

    @classmethod
    def from_json(cls, obj: Any) -> Self:
        """Plain JSON as a model. null is the same as absent, as it is for Go readers. Raises
        ValidationError."""
        try:
            model = cls.model_validate(obj)
        except ValidationError:
            model = cls.model_validate(_without_nulls(obj))
        _share_bookkeeping(model)
        return model

    def to_json(self) -> dict[str, Any]:
        """Plain JSON with wire names, only the fields that were set; None removes a field."""
        return self.model_dump(by_alias=True, exclude_unset=True, exclude_none=True)


_FIELDS_SET: dict[frozenset[str], set[str]] = {}
_NO_EXTRA: dict[str, Any] = {}
_PLAIN = frozenset({str, int, bool, float, type(None)})
_set_fields_set = BaseModel.__dict__["__pydantic_fields_set__"].__set__
_set_extra = BaseModel.__dict__["__pydantic_extra__"].__set__


def _share_bookkeeping(model: Model) -> None:
    """One set for all models that were given the same fields, one dict for all without unknown ones.

    pydantic makes both for each instance, about 1 KB: two thirds of what a cache of Works weighs. Models are
    frozen and model_copy copies both, so nobody can tell.
    """
    given = model.__pydantic_fields_set__
    values = model.__dict__
    for name in given:
        value = values.get(name)  # None for a field this version does not know
        kind = type(value)
        if kind in _PLAIN or not value:  # asking pydantic what is a Model takes longer than all the rest
            continue
        if kind is list or kind is dict:
            for item in value if kind is list else value.values():
                if type(item) in _PLAIN or not isinstance(item, Model):
                    break
                _share_bookkeeping(item)
        elif isinstance(value, Model):
            _share_bookkeeping(value)
    _set_fields_set(model, _FIELDS_SET.setdefault(frozenset(given), given))
    if not model.__pydantic_extra__:
        _set_extra(model, _NO_EXTRA)


@dataclass(frozen=True, slots=True, eq=False)
class SchemaFacts:
    """Schema keys that travel with a type, as `Annotated[int, SchemaFacts(...)]`."""

    keys: Mapping[str, Any]


Int32: TypeAlias = Annotated[int, SchemaFacts({"format": "int32"})]
Int64: TypeAlias = Annotated[int, SchemaFacts({"format": "int64"})]
Time: TypeAlias = Annotated[str, SchemaFacts({"format": "date-time"})]
"""RFC 3339 in UTC with seconds."""
Bytes: TypeAlias = Annotated[str, SchemaFacts({"format": "byte"})]
"""Base64."""

_NUMBER = r"(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))"
QUANTITY_PATTERN = rf"^(\+|-)?{_NUMBER}(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?{_NUMBER}))?$"
QuantityText: TypeAlias = Annotated[
    str | int,
    SchemaFacts(
        {
            "anyOf": [{"type": "integer"}, {"type": "string"}],
            "pattern": QUANTITY_PATTERN,
            "x-kubernetes-int-or-string": True,
        }
    ),
]
"""A quantity as it was written; karmada.api.quantity makes it a number."""
IntOrString: TypeAlias = Annotated[
    int | str,
    SchemaFacts({"anyOf": [{"type": "integer"}, {"type": "string"}], "x-kubernetes-int-or-string": True}),
]
ResourceList: TypeAlias = dict[str, QuantityText]

_UNSET: Any = object()


def field(
    description: str = "",
    *,
    default: Any = None,
    factory: Callable[[], Any] | None = None,
    alias: str = "",
    required: bool = False,
    schema_default: Any = _UNSET,
    enum: tuple[str, ...] = (),
    items_enum: tuple[str, ...] = (),
    minimum: int | None = None,
    maximum: int | None = None,
    min_length: int | None = None,
    max_length: int | None = None,
    min_items: int | None = None,
    max_items: int | None = None,
    pattern: str = "",
    list_type: str = "",
    list_map_keys: tuple[str, ...] = (),
    map_type: str = "",
    preserve_unknown: bool = False,
    items_preserve_unknown: bool = False,
    nullable: bool = False,
    schema_type: str = "",
) -> Any:
    """One field of a Model.

    default and factory are what Python reads when the field is absent; everything else is the schema side,
    and schema_default is what the API server writes into an object that lacks the field. alias is only
    needed where the wire name is not the camel case of the attribute (proxyURL). schema_type names the
    Kubernetes type that describes a field kept as plain JSON (`io.k8s.api.core.v1.Affinity`).
    """
    bounds = {
        "minimum": minimum,
        "maximum": maximum,
        "minLength": min_length,
        "maxLength": max_length,
        "minItems": min_items,
        "maxItems": max_items,
    }
    marks = {
        "required": required,
        "enum": list(enum),
        "pattern": pattern,
        "nullable": nullable,
        "items": _items(items_enum, preserve_unknown=items_preserve_unknown),
        "x-kubernetes-list-type": list_type,
        "x-kubernetes-list-map-keys": list(list_map_keys),
        "x-kubernetes-map-type": map_type,
        "x-kubernetes-preserve-unknown-fields": preserve_unknown,
        "x-schema-type": schema_type,
    }
    facts: dict[str, Any] = {key: value for key, value in bounds.items() if value is not None}
    facts |= {key: value for key, value in marks.items() if value}
    if schema_default is not _UNSET:
        facts["default"] = schema_default
    options: dict[str, Any] = {"description": description or None, "json_schema_extra": facts or None}
    if alias:
        options["alias"] = alias
    if factory is not None:
        return Field(default_factory=factory, **options)
    return Field(default=default, **options)


def _items(enum: tuple[str, ...], *, preserve_unknown: bool) -> dict[str, Any]:
    """The schema side of a list's items."""
    facts: dict[str, Any] = {"enum": list(enum)} if enum else {}
    return facts | {"x-kubernetes-preserve-unknown-fields": True} if preserve_unknown else facts


def empty(model: type[M]) -> Callable[[], M]:
    """A factory of one shared, frozen, empty model: for parts that are never absent in Go."""

    @cache
    def shared() -> M:
        return model()

    return shared


def schema_facts(info: FieldInfo) -> dict[str, Any]:
    """The schema side of a field: what field() was given, over what its type carries. A fresh dict."""
    declared = info.json_schema_extra
    assert declared is None or isinstance(declared, dict)
    carried = {
        key: value
        for item in info.metadata
        if isinstance(item, SchemaFacts)
        for key, value in item.keys.items()
    }
    return {**carried, **facts_of(info.annotation), **(declared or {})}


def model_facts(model: type[Model]) -> dict[str, Any]:
    """What the whole object carries: `x-kubernetes-map-type`, `x-kubernetes-validations`."""
    declared = model.model_config.get("json_schema_extra")
    return dict(declared) if isinstance(declared, dict) else {}


def facts_of(annotation: Any) -> dict[str, Any]:
    """What an annotation carries itself (`Int32`, `Int32 | None`, a Model), not what its items carry."""
    if isinstance(annotation, type) and issubclass(annotation, Model):
        return model_facts(annotation)
    if get_origin(annotation) is Annotated:
        return {
            key: value
            for item in get_args(annotation)[1:]
            if isinstance(item, SchemaFacts)
            for key, value in item.keys.items()
        }
    options = [option for option in get_args(annotation) if option is not type(None)]
    is_union = get_origin(annotation) not in (list, dict, tuple)
    return facts_of(options[0]) if is_union and len(options) == 1 else {}


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value
