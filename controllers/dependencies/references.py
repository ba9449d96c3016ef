"""Which objects a binding says its template depends on: the record in its annotation. Pure.

In: references from the interpreter, bindings, objects that changed. Out: the annotation's text, index keys,
whether a changed object is meant. controller.py keeps the record and looks bindings up by it.
"""

from collections.abc import Sequence
from typing import Any, Final

import orjson

from karmada.api.groups.config import DependentObjectReference
from karmada.api.groups.work import ObjectReference, ResourceBinding
from karmada.api.objects import Object, labels_of, metadata_of, name_of, namespace_of
from karmada.api.selectors import InvalidSelector, from_label_selector
from karmada.api.wellknown import DEPENDENCIES_ANNOTATION

ANY_NAME: Final = "*"


def dependency_key(api_version: str, kind: str, namespace: str, name: str) -> str:
    """What bindings are indexed by; with ANY_NAME those that select by label."""
    return f"{api_version}/{kind}/{namespace}/{name}"


def key_of(obj: Object) -> str:
    return dependency_key(obj["apiVersion"], obj["kind"], namespace_of(obj), name_of(obj))


def key_of_reference(reference: ObjectReference) -> str:
    return dependency_key(reference.api_version, reference.kind, reference.namespace, reference.name)


def key_of_dependency(dependency: DependentObjectReference) -> str:
    return dependency_key(
        dependency.api_version, dependency.kind, dependency.namespace, dependency.name or ANY_NAME
    )


def record_of(dependencies: Sequence[DependentObjectReference]) -> str:
    """The text of the annotation."""
    return orjson.dumps([_plain(dependency) for dependency in dependencies]).decode()


def recorded(binding: ResourceBinding) -> list[DependentObjectReference]:
    """What the annotation of a binding says; nothing if it cannot be read."""
    text = binding.metadata.annotations.get(DEPENDENCIES_ANNOTATION)
    if not text:
        return []
    try:
        items = orjson.loads(text)
        return [DependentObjectReference.from_json(item) for item in items]
    except (ValueError, TypeError):  # pydantic's ValidationError is a ValueError
        return []


def says_the_same(
    record: Sequence[DependentObjectReference], as_: Sequence[DependentObjectReference]
) -> bool:
    """Whether both name the same objects, in whatever order."""
    return _sorted(record) == _sorted(as_)


def dependency_keys(binding: ResourceBinding) -> list[str]:
    """Index keys of everything a binding recorded."""
    return [key_of_dependency(dependency) for dependency in recorded(binding)]


def selects(dependency: DependentObjectReference, obj: Object) -> bool:
    """Whether a dependency by label means obj, which is of its kind and in its namespace."""
    if dependency.name or dependency.label_selector is None:
        return False
    try:
        return from_label_selector(dependency.label_selector).matches(labels_of(obj))
    except InvalidSelector:
        return False


def selected_by(binding: ResourceBinding, *versions: Object | None) -> bool:
    """Whether the labels of one of the versions of an object are what a binding recorded."""
    known = [obj for obj in versions if obj is not None]
    return any(
        key_of_dependency(dependency) == _any_name(obj) and selects(dependency, obj)
        for dependency in recorded(binding)
        for obj in known
    )


def lookup_keys(obj: Object) -> tuple[str, str]:
    """The index keys under which a binding that depends on obj can be found: by name, by label."""
    return key_of(obj), _any_name(obj)


def same_content(old: Object, new: Object) -> bool:
    """Whether two versions differ at most in status, managed fields and resource version."""
    return _content(old) == _content(new)


def _any_name(obj: Object) -> str:
    return dependency_key(obj["apiVersion"], obj["kind"], namespace_of(obj), ANY_NAME)


def _content(obj: Object) -> dict[str, Any]:
    content = {name: value for name, value in obj.items() if name not in ("status", "metadata")}
    bookkeeping = ("managedFields", "resourceVersion")
    content["metadata"] = {name: value for name, value in metadata_of(obj).items() if name not in bookkeeping}
    return content


def _plain(dependency: DependentObjectReference) -> dict[str, Any]:
    """As Karmada writes it: in this order, without what is empty."""
    plain: dict[str, Any] = {"apiVersion": dependency.api_version, "kind": dependency.kind}
    if dependency.namespace:
        plain["namespace"] = dependency.namespace
    if dependency.name:
        plain["name"] = dependency.name
    if dependency.label_selector is not None:
        plain["labelSelector"] = dependency.label_selector.to_json()
    return plain


def _sorted(dependencies: Sequence[DependentObjectReference]) -> list[bytes]:
    return sorted(
        orjson.dumps(_plain(dependency), option=orjson.OPT_SORT_KEYS) for dependency in dependencies
    )
