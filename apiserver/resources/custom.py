"""CustomResourceDefinitions as definitions: what a CRD makes the server serve, its defaults and its
conditions. Pure.

In: CRD objects. Out: ResourceDefinitions per served version, and the status a CRD should have. app/crds.py
follows the stored CRDs and acts.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from apiserver.resources.builtin import text_of
from apiserver.resources.definition import RemoteConversion, ResourceDefinition, ScalePaths
from apiserver.resources.strategy import custom_strategy
from apiserver.schema.custom import custom_schema
from apiserver.schema.structural_rules import structural_errors
from karmada.api.gvk import GroupVersionKind, GroupVersionResource
from karmada.api.objects import Object, is_deleting
from karmada.api.scheme import CUSTOM_VERBS, STATUS_VERBS, Column, ServedResource, ServedSubresource

GROUP: Final = "apiextensions.k8s.io"
RESOURCE: Final = "customresourcedefinitions"
CLEANUP: Final = "customresourcecleanup.apiextensions.k8s.io"
_NAME_COLUMN: Final = Column("Name", format="name", json_path=".metadata.name", cell=".metadata.name")
_AGE_COLUMN: Final = Column("Age", type="date", json_path=".metadata.creationTimestamp")
_SCALE_KIND: Final = GroupVersionKind("autoscaling", "v1", "Scale")
_TERMINATING: Final = "create not allowed while custom resource definition is terminating"
_NAME_CONFLICTS: Final[tuple[tuple[str, str], ...]] = (
    ("plural", "PluralConflict"),
    ("singular", "SingularConflict"),
    ("kind", "KindConflict"),
    ("listKind", "ListKindConflict"),
)


# -- definitions --------------------------------------------------------------------------------------------


def is_established(crd: Object) -> bool:
    return _has_condition(crd, "Established")


def _has_condition(crd: Object, type_: str) -> bool:
    conditions = (crd.get("status") or {}).get("conditions") or []
    return any(item.get("type") == type_ and item.get("status") == "True" for item in conditions)


def definitions_of(
    crd: Object, *, since: int = 0, remote: RemoteConversion | None = None
) -> list[ResourceDefinition]:
    """One definition per served version; none until it is established. since: when schemas changed."""
    if not is_established(crd):
        return []
    return [
        _definition(crd, version, since, remote)
        for version in crd["spec"]["versions"]
        if version.get("served")
    ]


def webhook_of(crd: Object) -> Mapping[str, Any] | None:
    """spec.conversion.webhook of a CRD whose versions a webhook converts."""
    conversion = crd["spec"].get("conversion") or {}
    return (conversion.get("webhook") or {}) if conversion.get("strategy") == "Webhook" else None


def _definition(
    crd: Object, version: Object, since: int, remote: RemoteConversion | None
) -> ResourceDefinition:
    served = served_resource(crd, version)
    subresources = version.get("subresources") or {}
    scale = subresources.get("scale")
    return ResourceDefinition(
        served=served,
        schema=custom_schema((version.get("schema") or {}).get("openAPIV3Schema")),
        strategy=custom_strategy(has_status="status" in subresources),
        origin="custom",
        remote=remote,
        scale=_scale_paths(scale) if scale else None,
        deprecation=_deprecation(version, served),
        paused=_TERMINATING if is_deleting(crd) else "",
        since=since,
        field_values=_field_values(served.field_labels),
    )


def served_resource(crd: Object, version: Object) -> ServedResource:
    spec = crd["spec"]
    names = (crd.get("status") or {}).get("acceptedNames") or spec["names"]
    group, name = spec["group"], version["name"]
    gvr = GroupVersionResource(group, name, spec["names"]["plural"])
    kind = names.get("kind") or spec["names"]["kind"]
    return ServedResource(
        gvr=gvr,
        kind=kind,
        list_kind=names.get("listKind") or f"{kind}List",
        singular=names.get("singular") or kind.lower(),
        namespaced=spec["scope"] == "Namespaced",
        verbs=CUSTOM_VERBS,
        schema=".".join([*reversed(group.split(".")), name, kind]),
        storage=gvr._replace(version=storage_version(crd)),
        short_names=tuple(names.get("shortNames") or ()),
        categories=tuple(names.get("categories") or ()),
        subresources=_subresources(version, GroupVersionKind(group, name, kind)),
        field_labels=tuple(item["jsonPath"].lstrip(".") for item in version.get("selectableFields") or ()),
        generation=True,
        columns=_columns(version),
        custom=True,
    )


def storage_version(crd: Object) -> str:
    versions = crd["spec"]["versions"]
    return str(next((version["name"] for version in versions if version.get("storage")), versions[0]["name"]))


def _subresources(version: Object, gvk: GroupVersionKind) -> tuple[ServedSubresource, ...]:
    declared = version.get("subresources") or {}
    found = []
    if "status" in declared:
        found.append(ServedSubresource("status", gvk, STATUS_VERBS))
    if declared.get("scale"):
        found.append(ServedSubresource("scale", _SCALE_KIND, STATUS_VERBS))
    return tuple(found)


def _columns(version: Object) -> tuple[Column, ...]:
    declared = version.get("additionalPrinterColumns") or ()
    if not declared:
        return (_NAME_COLUMN, _AGE_COLUMN)
    return (
        _NAME_COLUMN,
        *(
            Column(
                item["name"],
                type=item.get("type") or "string",
                format=item.get("format") or "",
                priority=item.get("priority") or 0,
                json_path=item["jsonPath"],
                description=item.get("description")
                or f"Custom resource definition column (in JSONPath format): {item['jsonPath']}",
            )
            for item in declared
        ),
    )


def _scale_paths(scale: Object) -> ScalePaths:
    def steps(path: str) -> tuple[str, ...]:
        return tuple(part for part in path.split(".") if part)

    return ScalePaths(
        steps(scale["specReplicasPath"]),
        steps(scale["statusReplicasPath"]),
        steps(scale.get("labelSelectorPath") or ""),
    )


def _deprecation(version: Object, served: ServedResource) -> str:
    if not version.get("deprecated"):
        return ""
    return version.get("deprecationWarning") or f"{served.gvr.api_version} {served.kind} is deprecated"


def _field_values(labels: tuple[str, ...]) -> Callable[[Object], Mapping[str, str]] | None:
    if not labels:
        return None

    def read(obj: Object) -> Mapping[str, str]:
        return {label: text_of(_at(obj, label.split("."))) for label in labels}

    return read


def _at(obj: Any, steps: Iterable[str]) -> Any:
    for step in steps:
        obj = obj.get(step) if isinstance(obj, dict) else None
    return obj


# -- defaults -----------------------------------------------------------------------------------------------


def default_definition(crd: Object) -> None:
    """What the server fills into a CRD, in place."""
    spec = crd.get("spec") or {}
    names = spec.get("names") or {}
    kind = names.get("kind") or ""
    if kind and not names.get("singular"):
        names["singular"] = kind.lower()
    if kind and not names.get("listKind"):
        names["listKind"] = f"{kind}List"
    conversion = spec.get("conversion")
    if not conversion:
        spec["conversion"] = {"strategy": "None"}
    else:
        service = ((conversion.get("webhook") or {}).get("clientConfig") or {}).get("service")
        if service and not service.get("port"):
            service["port"] = 443


def prepare_definition(crd: Object, old: Object | None) -> None:
    """status.storedVersions follows the storage version, in place."""
    versions = (crd.get("spec") or {}).get("versions") or []
    storage = next((version.get("name") for version in versions if version.get("storage")), None)
    if storage is None:
        return
    status = crd.get("status") or {}
    stored = list(status.get("storedVersions") or ())
    if old is None:
        stored = [storage]
    elif storage not in stored:
        stored.append(storage)
    crd["status"] = {**status, "storedVersions": stored}


# -- names and conditions -----------------------------------------------------------------------------------


def desired_status(crd: Object, others: Iterable[Object], *, now: str) -> Object:
    """The status of crd beside the other CRDs of its group: accepted names and conditions."""
    status = dict(crd.get("status") or {})
    wanted = crd["spec"]["names"]
    accepted, reason, message = _accept(wanted, status.get("acceptedNames") or {}, others)
    status["acceptedNames"] = accepted
    conditions = list(status.get("conditions") or ())
    if reason:
        conditions = _with(conditions, "NamesAccepted", "False", reason, message, now)
        if not _has_condition(crd, "Established"):
            conditions = _with(
                conditions, "Established", "False", "NotAccepted", "not all names are accepted", now
            )
    else:
        conditions = _with(conditions, "NamesAccepted", "True", "NoConflicts", "no conflicts found", now)
        if not _has_condition(crd, "Established"):
            text = "the initial names have been accepted"
            conditions = _with(conditions, "Established", "True", "InitialNamesAccepted", text, now)
    status["conditions"] = _with_violations(crd, conditions, now)
    return status


def _with_violations(crd: Object, conditions: list[Object], now: str) -> list[Object]:
    """NonStructuralSchema is only there for what was stored before such schemas were refused."""
    known = any(item.get("type") == "NonStructuralSchema" for item in conditions)
    if _has_condition(crd, "Established") and not known:
        return conditions
    errors = [error for schema, path in version_schemas(crd) for error in structural_errors(schema, path)]
    others = [item for item in conditions if item.get("type") != "NonStructuralSchema"]
    if not errors:
        return others
    told = [f"{error.field}: {error.message}" for error in errors]
    message = told[0] if len(told) == 1 else f"[{', '.join(told)}]"
    return _with(conditions, "NonStructuralSchema", "True", "Violations", message, now)


def version_schemas(crd: Object) -> list[tuple[Object, str]]:
    """The schemas of all versions with their paths; one, under the path of old, where all are the same."""
    found = [
        ((version.get("schema") or {}).get("openAPIV3Schema") or {}, index)
        for index, version in enumerate((crd.get("spec") or {}).get("versions") or ())
    ]
    if found and all(schema == found[0][0] for schema, _ in found):
        return [(found[0][0], "spec.validation.openAPIV3Schema")] if found[0][0] else []
    return [(schema, f"spec.versions[{index}].schema.openAPIV3Schema") for schema, index in found if schema]


def _accept(wanted: Object, accepted: Object, others: Iterable[Object]) -> tuple[Object, str, str]:
    """(accepted names, reason, message); reason is "" when every name is free."""
    taken_kinds: set[str] = set()
    taken_resources: set[str] = set()
    for other in others:
        names = (other.get("status") or {}).get("acceptedNames") or {}
        taken_kinds |= {names.get("kind") or "", names.get("listKind") or ""}
        taken_resources |= {
            names.get("plural") or "",
            names.get("singular") or "",
            *(names.get("shortNames") or ()),
        }
    result: Object = {"plural": accepted.get("plural") or "", "kind": accepted.get("kind") or ""}
    reason = message = ""
    for field, conflict in _NAME_CONFLICTS:
        name = wanted.get(field) or ""
        taken = taken_kinds if field in ("kind", "listKind") else taken_resources
        if name and name in taken:
            reason, message = conflict, f'"{name}" is already in use'
        elif name:
            result[field] = name
    short_names = wanted.get("shortNames") or []
    clash = next((name for name in short_names if name in taken_resources), "")
    if clash:
        reason, message = "ShortNamesConflict", f'"{clash}" is already in use'
    elif short_names:
        result["shortNames"] = short_names
    if wanted.get("categories"):
        result["categories"] = wanted["categories"]
    ordered = {field: result[field] for field in _ACCEPTED_ORDER if field in result}
    return ordered, reason, message


_ACCEPTED_ORDER: Final[tuple[str, ...]] = (
    "plural",
    "singular",
    "shortNames",
    "kind",
    "listKind",
    "categories",
)


def with_terminating(crd: Object, status: str, reason: str, message: str, *, now: str) -> Object:
    current = crd.get("status") or {}
    conditions = _with(list(current.get("conditions") or ()), "Terminating", status, reason, message, now)
    return {**crd, "status": {**current, "conditions": conditions}}


def _with(
    conditions: list[Object], type_: str, status: str, reason: str, message: str, now: str
) -> list[Object]:
    """conditions with one set; its transition time moves only with its status."""
    found = next((item for item in conditions if item.get("type") == type_), None)
    moved = found is None or found.get("status") != status
    time = now if moved or found is None else found.get("lastTransitionTime")
    new = {"type": type_, "status": status, "lastTransitionTime": time, "reason": reason, "message": message}
    if found is None:
        return [*conditions, new]
    return [new if item is found else item for item in conditions]
