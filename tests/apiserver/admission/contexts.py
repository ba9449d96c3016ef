"""Contexts of made-up requests, and objects in the shape a server has them in when admission sees them."""

from collections.abc import Iterable, Sequence
from typing import Any

from typing_extensions import override

from apiserver.admission.context import AdmissionContext, Operation, Reader, Rules
from apiserver.request_info import UserInfo
from apiserver.schema.builtin import builtin_schema
from karmada.api.errors import FieldError
from karmada.api.gvk import GroupVersionKind, GroupVersionResource, split_api_version
from karmada.api.objects import Object, name_of, namespace_of, private_copy
from karmada.api.scheme import resources_by_kind

NOW = "2026-08-01T10:00:00Z"


class Objects(Reader):
    """A control plane that holds these objects."""

    def __init__(self, objects: Iterable[Object] = ()) -> None:
        self.objects = list(objects)

    @override
    def get(self, group: str, resource: str, namespace: str, name: str) -> Object | None:
        found = (obj for obj in self.list(group, resource, namespace) if name_of(obj) == name)
        return next(found, None)

    @override
    def list(self, group: str, resource: str, namespace: str = "") -> "list[Object]":
        return [
            private_copy(obj)
            for obj in self.objects
            if (resource_of(obj).group, resource_of(obj).resource) == (group, resource)
            and namespace in ("", namespace_of(obj))
        ]

    @override
    async def get_live(self, group: str, resource: str, namespace: str, name: str) -> Object | None:
        return self.get(group, resource, namespace, name)


def gvk_of(obj: Object) -> GroupVersionKind:
    group, version = split_api_version(obj["apiVersion"])
    return GroupVersionKind(group, version, obj["kind"])


def resource_of(obj: Object) -> GroupVersionResource:
    return resources_by_kind()[gvk_of(obj)].gvr


def context_of(
    obj: Object,
    *,
    operation: Operation = "CREATE",
    old: Object | None = None,
    existing: Iterable[Object] = (),
    subresource: str = "",
    user: UserInfo | None = None,
    dry_run: bool = False,
) -> AdmissionContext:
    """The context of a request that writes obj."""
    return AdmissionContext(
        operation="UPDATE" if old is not None and operation == "CREATE" else operation,
        resource=resource_of(obj),
        kind=gvk_of(obj),
        namespace=namespace_of(obj),
        name=name_of(obj),
        user=user or UserInfo("somebody"),
        reader=Objects(existing),
        now=NOW,
        subresource=subresource,
        old=old,
        dry_run=dry_run,
    )


def shaped(obj: Object) -> Object:
    """obj as a built-in kind is decoded."""
    copied = private_copy(obj)
    schema = builtin_schema(resources_by_kind()[gvk_of(obj)].schema)
    schema.prune(copied)
    schema.default(copied)
    return copied


def admitted(rules: Rules, obj: Object, *, old: Object | None = None, **options: Any) -> Object:
    """obj after the defaults and the preparation of its kind. It is changed."""
    context = context_of(obj, old=old, **options)
    if rules.default is not None:
        rules.default(obj, context)
    if rules.prepare is not None:
        rules.prepare(obj, old, context)
    return obj


def judged(rules: Rules, obj: Object, *, old: Object | None = None, **options: Any) -> list[str]:
    """The broken rules of obj as `field: message`."""
    assert rules.validate is not None
    return texts(rules.validate(obj, old, context_of(obj, old=old, **options)))


async def refused(rules: Rules, obj: Object, *, old: Object | None = None, **options: Any) -> None:
    assert rules.refuse is not None
    await rules.refuse(obj, old, context_of(obj, old=old, **options))


def texts(errors: Sequence[FieldError]) -> list[str]:
    return [f"{error.field}: {error.message}" for error in errors]
