"""Bodies to objects: media type, kind, version, duplicate and unknown fields.

In: a request body and the kind it must hold. Out: a private object in its kind's shape, with its kind and
version filled in. Field validation happens here: Strict refuses, Warn adds Warning headers.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from apiserver.handlers.options import FieldValidation
from apiserver.merge.refusals import json_word
from apiserver.request_info import Request
from apiserver.resources.definition import ResourceDefinition, Resources
from apiserver.schema.structural import Schema
from karmada.api import codec
from karmada.api.errors import BadRequest, FieldError, UnsupportedMediaType, invalid
from karmada.api.gvk import GroupVersionKind
from karmada.api.objects import Object

JSON: Final = "application/json"
YAML: Final = "application/yaml"
PROTOBUF: Final = "application/vnd.kubernetes.protobuf"
BUILTIN_TYPES: Final = (JSON, YAML, PROTOBUF)
CUSTOM_TYPES: Final = (JSON, YAML)
MAX_STRICT_ERRORS: Final = 100
MAX_SHOWN_BODY: Final = 30


@dataclass(frozen=True, slots=True)
class Decoded:
    obj: Object
    duplicates: list[str] = field(default_factory=list)
    """Complaints about keys that were given twice, ready to be shown."""
    checked: bool = True
    """False for protobuf, which has no unknown fields to speak of."""
    body: bytes = b""
    """The JSON that duplicates are in."""

    def in_order(self, unknown: list[str]) -> list[str]:
        """All complaints as a reader of the body meets them; those it does not meet come last."""
        complaints = [*self.duplicates, *unknown]
        wanted = set(complaints)
        told = (_duplicate(path) if again else _unknown(path) for path, again in _keys(self.body))
        met = [complaint for complaint in told if complaint in wanted]
        return list(dict.fromkeys([*met, *complaints]))


def media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower() or JSON


def unknown_format(accepted: Iterable[str]) -> UnsupportedMediaType:
    return UnsupportedMediaType(
        "the body of the request was in an unknown format - accepted media types include: "
        + ", ".join(accepted)
    )


def decode_body(body: bytes, content_type: str, *, kind: str, accepted: tuple[str, ...]) -> Decoded:
    """The object in body, whatever kind it says. Raises BadRequest, UnsupportedMediaType."""
    type_ = media_type(content_type)
    if type_ not in accepted:
        raise unknown_format(accepted)
    if type_ == PROTOBUF:
        return Decoded(codec.decode_protobuf(body), checked=False)
    try:
        if type_ == YAML:
            obj, duplicates = strict_yaml(body)
        else:
            obj = orjson.loads(body)
            duplicates = duplicate_fields(body, obj) if isinstance(obj, dict) else []
    except ValueError as error:
        raise BadRequest(_unrecognized(kind, f"json parse error: {error}", body)) from error
    if not isinstance(obj, dict):
        raise BadRequest(_unrecognized(kind, "json parse error: not an object", body))
    if problem := kind_problem(obj):
        raise BadRequest(_unrecognized(kind, f"json parse error: {problem}", body))
    return Decoded(obj, duplicates, body=body)


def kind_problem(obj: Object) -> str:
    """Why obj cannot say which kind and version it has; "" when it can, or leaves them out."""
    for name in ("apiVersion", "kind"):
        value = obj.get(name)
        if value is not None and not isinstance(value, str):
            return f"json: cannot unmarshal {json_word(value)} into Go struct field .{name} of type string"
    return ""


def strict_yaml(body: bytes) -> tuple[Any, list[str]]:
    """The value of a YAML body, and the complaint about its keys that were given twice: one for all of them.

    Raises ValueError.
    """
    lines: list[str] = []
    value = codec.loads_yaml(body, duplicates=lines)
    return value, ["\n  ".join(("yaml: unmarshal errors:", *lines))] if lines else []


def _unrecognized(kind: str, problem: str, body: bytes) -> str:
    text = body.decode(errors="replace")
    if not text:
        shown = "<empty>"
    elif not text.isprintable():
        shown = body.hex()
    else:
        shown = text
    if len(shown) > MAX_SHOWN_BODY:
        shown = shown[:MAX_SHOWN_BODY] + " ..."
    return (
        f"the object provided is unrecognized (must be of type {kind}): couldn't get version/kind; "
        f"{problem} ({shown})"
    )


# -- kind and version ---------------------------------------------------------------------------------------


def settle_kind(
    obj: Object, definition: ResourceDefinition, gvk: GroupVersionKind, resources: Resources
) -> Object:
    """obj with gvk's kind and version: filled in, converted from another version, or refused.

    gvk is the definition's own, or that of a subresource's body.
    """
    version, kind = obj.get("apiVersion") or "", obj.get("kind") or ""
    if not definition.served.custom and not (version and kind):
        return {**obj, "apiVersion": version or gvk.api_version, "kind": kind or gvk.kind}
    if version == gvk.api_version and kind == gvk.kind:
        return obj
    if definition.served.custom:
        if version != gvk.api_version:
            raise BadRequest(
                f"the API version in the data ({version}) does not match the expected API version "
                f"({gvk.api_version})"
            )
        raise invalid(
            gvk.group,
            gvk.kind,
            _name_in(obj),
            [FieldError("FieldValueInvalid", "kind", f'Invalid value: "{kind}": must be {gvk.kind}')],
        )
    return _from_other_version(obj, definition, gvk, resources)


def _name_in(obj: Object) -> str:
    """Of an object that is not in shape yet."""
    metadata = obj.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return name if isinstance(name, str) else ""


def _from_other_version(
    obj: Object, definition: ResourceDefinition, gvk: GroupVersionKind, resources: Resources
) -> Object:
    given = GroupVersionKind.of(obj)
    other = resources.by_kind(given)
    if other is None:
        raise BadRequest(
            f'{given.kind} in version "{given.version}" cannot be handled as a {gvk.kind}: no kind '
            f'"{given.kind}" is '
            f'registered for version "{given.api_version}" in scheme "pkg/api/legacyscheme/scheme.go:30"'
        )
    if other.collection != definition.collection or given.kind != gvk.kind:
        raise BadRequest(
            f'{given.kind} in version "{given.version}" cannot be handled as a {gvk.kind}: converting '
            f"({given.version}.{given.kind}) to ({gvk.group.partition('.')[0] or 'core'}.{gvk.kind}): "
            "unknown conversion"
        )
    raise BadRequest(
        f"the API version in the data ({given.api_version}) does not match the expected API version "
        f"({gvk.api_version})"
    )


# -- field validation ---------------------------------------------------------------------------------------


def shape(
    decoded: Decoded, obj: Object, schema: Schema, validation: FieldValidation, request: Request, kind: str
) -> Object:
    """obj pruned and canonical, in place. Raises BadRequest where types are wrong, or fields unknown and
    validation Strict."""
    complaints = decoded.duplicates
    unknown = schema.prune(obj)
    if unknown:
        complaints = decoded.in_order(unknown) if complaints else unknown
    if complaints and decoded.checked and validation != "Ignore":
        complaints = list(dict.fromkeys(complaints))[:MAX_STRICT_ERRORS]
        if validation == "Strict":
            version = str(obj.get("apiVersion") or "").rpartition("/")[2]
            raise BadRequest(
                f'{kind} in version "{version}" cannot be handled as a {kind}: strict decoding error: '
                + ", ".join(complaints)
            )
        request.warnings.extend(complaints)
    return obj


def duplicate_fields(body: bytes, obj: Any) -> list[str]:
    """Complaints about keys given twice in one object.

    A body with duplicates has more keys than its object; only when the counts differ is it parsed a second
    time, slowly. Text that looks like a key only costs that second look.
    """
    if body.count(b'":') == _count_keys(obj):
        return []
    return [_duplicate(path) for path, again in _keys(body) if again]


def _duplicate(path: str) -> str:
    return f'duplicate field "{path}"'


def _unknown(path: str) -> str:
    return f'unknown field "{path}"'


class _Seen(list[tuple[str, Any]]):
    """An object as its pairs."""


def _keys(body: bytes) -> Iterator[tuple[str, bool]]:
    """The path of every key in document order, and whether its object had it before."""

    def pairs(items: list[tuple[str, Any]]) -> _Seen:
        return _Seen(items)

    try:
        yield from _walk(json.loads(body, object_pairs_hook=pairs), ())
    except (ValueError, RecursionError):
        return


def _walk(value: Any, steps: tuple[str, ...]) -> Iterator[tuple[str, bool]]:
    if isinstance(value, _Seen):
        known: set[str] = set()
        for key, item in value:
            yield _path((*steps, key)), key in known
            known.add(key)
            yield from _walk(item, (*steps, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _walk(item, (*steps, f"[{index}]"))


def _count_keys(value: Any) -> int:
    total, pending = 0, [value]
    while pending:
        current = pending.pop()
        if type(current) is dict:
            total += len(current)
            pending.extend(item for item in current.values() if type(item) is dict or type(item) is list)
        else:
            pending.extend(item for item in current if type(item) is dict or type(item) is list)
    return total


def _path(steps: tuple[str, ...]) -> str:
    text = ""
    for step in steps:
        text += step if step.startswith("[") or not text else f".{step}"
    return text
