"""Tables of facts about the built-in Kubernetes kinds, loaded from data/ when first asked for.

types.json: every message: JSON name -> [number, type, cardinality, facts]. resources.json: what is served.
columns.json: table columns. codec_protobuf.py, scheme.py and the API server's schemas read them; nobody
changes them.
"""

from functools import cache
from importlib.resources import files
from typing import Any, Final

import orjson

OBJECT_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
LIST_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta"
STATUS: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.Status"
QUANTITY: Final = "io.k8s.apimachinery.pkg.api.resource.Quantity"


@cache
def type_facts() -> dict[str, dict[str, Any]]:
    """Type name (`io.k8s.api.apps.v1.Deployment`) -> fields, codec, typemeta and OpenAPI keys."""
    return _load("types.json")  # type: ignore[no-any-return]


@cache
def resource_facts() -> list[dict[str, Any]]:
    """The served built-in resources, in no order."""
    return _load("resources.json")  # type: ignore[no-any-return]


@cache
def column_facts() -> dict[tuple[str, str], list[dict[str, Any]]]:
    """(group, kind) -> table columns."""
    return {(entry["group"], entry["kind"]): entry["columns"] for entry in _load("columns.json")}


@cache
def type_names() -> dict[tuple[str, str, str], str]:
    """(group, version, kind) -> type name, for every kind that has a message."""
    names: dict[tuple[str, str, str], str] = {}
    for name, entry in type_facts().items():
        if entry.get("typemeta"):
            names[_gvk_of(name)] = name
        for group, version, kind in entry.get("gvk", ()):
            names[group, version, kind] = name
    return names


def type_name(group: str, version: str, kind: str) -> str | None:
    """The type of a kind; kinds that exist in every group version (DeleteOptions) are found in each."""
    names = type_names()
    return names.get((group, version, kind)) or names.get(("*", "*", kind))


_GROUPS: Final = {
    "core": "",
    "admission": "admission.k8s.io",
    "admissionregistration": "admissionregistration.k8s.io",
    "apidiscovery": "apidiscovery.k8s.io",
    "apiextensions": "apiextensions.k8s.io",
    "apiregistration": "apiregistration.k8s.io",
    "authentication": "authentication.k8s.io",
    "authorization": "authorization.k8s.io",
    "certificates": "certificates.k8s.io",
    "coordination": "coordination.k8s.io",
    "discovery": "discovery.k8s.io",
    "events": "events.k8s.io",
    "flowcontrol": "flowcontrol.apiserver.k8s.io",
    "meta": "meta.k8s.io",
    "networking": "networking.k8s.io",
    "node": "node.k8s.io",
    "rbac": "rbac.authorization.k8s.io",
    "resource": "resource.k8s.io",
    "scheduling": "scheduling.k8s.io",
    "storage": "storage.k8s.io",
    "storagemigration": "storagemigration.k8s.io",
}


def _gvk_of(name: str) -> tuple[str, str, str]:
    """What a type name says: `io.k8s.api.rbac.v1.Role` -> ("rbac.authorization.k8s.io", "v1", "Role")."""
    package, version, kind = name.rsplit(".", 2)
    group = package.rsplit(".", 1)[-1]
    return _GROUPS.get(group, group), version, kind


def _load(name: str) -> Any:
    return orjson.loads((files("karmada.api") / "data" / name).read_bytes())
