"""The schemas of a CustomResourceDefinition: structural, with rules that compile, with selectable fields.

In: a CRD and its predecessor. Out: field errors. A schema that an update leaves as it is is not judged again.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from apiserver.admission.broken_rules import duplicate, invalid_value, required, too_many
from apiserver.resources.custom import version_schemas
from apiserver.schema.rule_errors import rule_errors
from apiserver.schema.structural_rules import structural_errors
from karmada.api.errors import FieldError
from karmada.api.objects import Object

MAX_SELECTABLE: Final = 8
_LEAVES: Final = ("string", "boolean", "integer")
_WRONG_LEAF: Final = (
    "must point to a field of type string, boolean or integer. Enum string fields and strings with formats "
    "are allowed."
)


def schema_errors(crd: Object, old: Object | None) -> list[FieldError]:
    known = [schema for schema, _ in version_schemas(old)] if old is not None else []
    errors: list[FieldError] = []
    for schema, path in version_schemas(crd):
        if schema not in known:
            errors += structural_errors(schema, path) or rule_errors(schema, path)
    return errors + _selectable_errors(crd)


def _selectable_errors(crd: Object) -> list[FieldError]:
    versions: list[Object] = (crd.get("spec") or {}).get("versions") or []
    listed = [version.get("selectableFields") or [] for version in versions]
    if listed and all(fields == listed[0] for fields in listed):
        return _fields_errors(versions[0], listed[0], "spec.selectableFields")
    return [
        error
        for index, version in enumerate(versions)
        for error in _fields_errors(version, listed[index], f"spec.versions[{index}].selectableFields")
    ]


def _fields_errors(version: Object, fields: list[Object], path: str) -> list[FieldError]:
    schema = (version.get("schema") or {}).get("openAPIV3Schema") or {}
    errors: list[FieldError] = []
    seen: set[str] = set()
    for index, field in enumerate(fields):
        where, given = f"{path}[{index}].jsonPath", field.get("jsonPath") or ""
        if not given:
            errors.append(required(where))
        elif given in seen:
            errors.append(duplicate(where, given))
        elif problem := _path_problem(schema, given):
            errors.append(invalid_value(where, given, problem))
        seen.add(given)
    if len(seen) > MAX_SELECTABLE:
        errors.append(too_many(path, len(fields), MAX_SELECTABLE))
    return errors


def _path_problem(schema: Mapping[str, Any], path: str) -> str:
    if not path.startswith("."):
        return f"is an invalid path: expected [ or . but got: {re.split(r'[.[]', path)[0]}"
    if "[" in path:
        return "is an invalid path: array notation is not allowed"
    steps = path[1:].split(".")
    current: Any = schema
    for step in steps:
        below = (current.get("properties") or {}).get(step)
        if below is None and isinstance(current.get("additionalProperties"), Mapping):
            below = current["additionalProperties"]
        if below is None or steps[0] == "metadata":
            return "is an invalid path: does not refer to a valid field"
        current = below
    return "" if current.get("type") in _LEAVES else _WRONG_LEAF
