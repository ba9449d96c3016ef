"""The built-in Kubernetes resources as definitions, from the catalogue in karmada.api."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from apiserver.resources.conversion import BUILTIN_CONVERSIONS
from apiserver.resources.definition import ResourceDefinition, ScalePaths
from apiserver.resources.strategy import builtin_strategy
from apiserver.schema.builtin import builtin_schema
from karmada.api.objects import Object
from karmada.api.scheme import ServedResource, builtin_resources

_SCALE: Final = ScalePaths(("spec", "replicas"), ("status", "replicas"), ("spec", "selector"))
_DEPRECATIONS: Final = {
    ("", "endpoints"): "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
    ("", "componentstatuses"): "v1 ComponentStatus is deprecated in v1.19+",
}


def builtin_definitions() -> list[ResourceDefinition]:
    return [_definition(served) for served in builtin_resources()]


def _definition(served: ServedResource) -> ResourceDefinition:
    group, resource = served.gvr.group, served.gvr.resource
    names = {subresource.name for subresource in served.subresources}
    return ResourceDefinition(
        served=served,
        schema=builtin_schema(served.schema),
        strategy=builtin_strategy(
            group, resource, has_status="status" in names, keeps_generation=served.generation
        ),
        origin="builtin",
        conversion=BUILTIN_CONVERSIONS.get((group, served.gvr.version, resource)),
        scale=_SCALE if "scale" in names else None,
        deprecation=_DEPRECATIONS.get((group, resource), ""),
        field_values=_field_values(served),
    )


def _first_of(items: Any) -> Object:
    return items[0] if items else {}


# -- what field selectors compare ---------------------------------------------------------------------------

_SPECIAL: Final[Mapping[str, Callable[[Object], Any]]] = {
    "source": lambda obj: (obj.get("source") or {}).get("component") or obj.get("reportingComponent"),
    "status.successful": lambda obj: (obj.get("status") or {}).get("succeeded") or 0,
    "status.podIPs": lambda obj: _first_of((obj.get("status") or {}).get("podIPs")).get("ip"),
    "spec.unschedulable": lambda obj: bool((obj.get("spec") or {}).get("unschedulable")),
    "spec.hostNetwork": lambda obj: bool((obj.get("spec") or {}).get("hostNetwork")),
    "status.replicas": lambda obj: (obj.get("status") or {}).get("replicas") or 0,
}
_STORED_NAMES: Final = {"regarding": "involvedObject", "reportingController": "reportingComponent"}
"""Fields of events.k8s.io as the stored core Event calls them."""


def _field_values(served: ServedResource) -> Callable[[Object], Mapping[str, str]] | None:
    """A reader of the stored object's selectable fields as texts."""
    if not served.field_labels:
        return None
    readers = [(label, _SPECIAL.get(label) or _reader(label)) for label in served.field_labels]

    def read(obj: Object) -> Mapping[str, str]:
        return {label: text_of(reader(obj)) for label, reader in readers}

    return read


def _reader(label: str) -> Callable[[Object], Any]:
    first, *rest = label.split(".")
    steps = [_STORED_NAMES.get(first, first), *rest]

    def read(obj: Object) -> Any:
        value: Any = obj
        for step in steps:
            value = value.get(step) if isinstance(value, dict) else None
        return value

    return read


def text_of(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
