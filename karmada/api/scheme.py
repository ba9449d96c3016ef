"""The catalogue of everything we serve: ServedResource, built from the fact tables and the Karmada models.

In: data/*.json for built-in kinds, karmada_kinds.py for ours. Out: frozen values that discovery, the resource
registry, schemas, table output and OpenAPI read. Kinds of CRDs are added by the API server, in the same form.
"""

from functools import cache

from karmada.api.facts import column_facts, resource_facts
from karmada.api.gvk import GroupVersionKind, GroupVersionResource, split_api_version
from karmada.api.served import (
    CUSTOM_VERBS,
    STATUS_VERBS,
    TYPED_VERBS,
    Column,
    ServedResource,
    ServedSubresource,
)

__all__ = [
    "CUSTOM_VERBS",
    "STATUS_VERBS",
    "TYPED_VERBS",
    "Column",
    "ServedResource",
    "ServedSubresource",
    "all_resources",
    "builtin_resources",
    "karmada_resources",
    "resources_by_kind",
]


@cache
def builtin_resources() -> tuple[ServedResource, ...]:
    """The built-in Kubernetes resources: the GA versions that are on by default."""
    return tuple(_builtin(entry) for entry in resource_facts())


@cache
def karmada_resources() -> tuple[ServedResource, ...]:
    """The resources of the Karmada control plane, those of multicluster.x-k8s.io included."""
    from karmada.api.karmada_kinds import control_plane_resources

    return control_plane_resources()


@cache
def all_resources() -> dict[GroupVersionResource, ServedResource]:
    return {served.gvr: served for served in (*builtin_resources(), *karmada_resources())}


@cache
def resources_by_kind() -> dict[GroupVersionKind, ServedResource]:
    return {served.gvk: served for served in all_resources().values()}


def _builtin(entry: dict[str, object]) -> ServedResource:
    group, version, kind = str(entry["group"]), str(entry["version"]), str(entry["kind"])
    gvr = GroupVersionResource(group, version, str(entry["plural"]))
    storage = split_api_version(str(entry["storage"])) if "storage" in entry else (group, version)
    return ServedResource(
        gvr=gvr,
        kind=kind,
        list_kind=str(entry.get("listKind", "")),
        singular=str(entry["singular"]),
        namespaced=bool(entry["namespaced"]),
        verbs=_texts(entry["verbs"]),
        schema=str(entry["schema"]),
        storage=GroupVersionResource(*storage, gvr.resource),
        short_names=_texts(entry.get("shortNames")),
        categories=_texts(entry.get("categories")),
        subresources=_subresources(entry.get("subresources"), group, version),
        field_labels=_texts(entry.get("fieldLabels")),
        create_on_update=bool(entry.get("createOnUpdate")),
        unconditional_update=bool(entry.get("unconditionalUpdate")),
        delete_returns_object=bool(entry.get("deleteReturnsObject")),
        generation=bool(entry.get("generation")),
        columns=_columns(group, kind),
    )


def _texts(value: object) -> tuple[str, ...]:
    return tuple(value) if isinstance(value, list) else ()


def _subresources(entries: object, group: str, version: str) -> tuple[ServedSubresource, ...]:
    if not isinstance(entries, dict):
        return ()
    return tuple(
        ServedSubresource(
            name,
            GroupVersionKind(
                *(split_api_version(entry["groupVersion"]) if "groupVersion" in entry else (group, version)),
                entry["kind"],
            ),
            tuple(entry["verbs"]),
        )
        for name, entry in entries.items()
    )


def _columns(group: str, kind: str) -> tuple[Column, ...]:
    """Events of both groups print alike; kinds without a table (reviews) have none."""
    facts = column_facts()
    found = facts.get((group, kind)) or (facts[("", kind)] if group == "events.k8s.io" else [])
    return tuple(Column(**column) for column in found)
