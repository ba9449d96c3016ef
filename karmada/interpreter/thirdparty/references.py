"""References by name: what the projects' objects depend on, as dependencies. Pure.

Shared by the projects' modules; pod specs are read by native/pod_references.py.
"""

from collections.abc import Iterable
from typing import Any

from karmada.api.groups.config import DependentObjectReference
from karmada.api.objects import Object, namespace_of
from karmada.interpreter.native.pod_references import pod_references

Dependencies = list[DependentObjectReference]


def referred(obj: Object, pairs: Iterable[tuple[str, str]]) -> Dependencies:
    """References in the namespace of obj for (kind, name) pairs, sorted; a pair without a name is none."""
    return [
        DependentObjectReference(api_version="v1", kind=kind, namespace=namespace_of(obj), name=name)
        for kind, name in sorted({pair for pair in pairs if pair[1]})
    ]


def of_templates(obj: Object, templates: Iterable[Object | None]) -> Dependencies:
    """What the pods of all these templates need."""
    specs = ((template or {}).get("spec") or {} for template in templates)
    return referred(obj, (pair for spec in specs for pair in pod_references(spec)))


def of_template(obj: Object) -> Dependencies:
    """What the pods of spec.template need."""
    return of_templates(obj, [at(obj, "spec", "template")])


def at(value: Any, *path: str) -> Any:
    """The value at a path of fields; None where one is missing."""
    for step in path:
        if value is None:
            return None
        value = value.get(step)
    return value


def text_at(value: Any, *path: str) -> str:
    found = at(value, *path) or ""
    if not isinstance(found, str):
        raise TypeError(f"{'.'.join(path)} is no text")
    return found
