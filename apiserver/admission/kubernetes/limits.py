"""LimitRange and ResourceQuota as objects: defaults and rules. Their effect on other kinds is elsewhere."""

from collections.abc import Mapping
from typing import Any, Final

from apiserver.admission.broken_rules import immutable, invalid_value
from apiserver.admission.context import AdmissionContext, Rules
from apiserver.admission.judging import of_main_resource
from apiserver.admission.resource_names import quota_name_errors, quota_value_errors
from karmada.api.errors import FieldError
from karmada.api.objects import Object
from karmada.api.quantity import Quantity, QuantityError

_COMPUTE_SCOPES: Final = frozenset({"BestEffort", "NotBestEffort", "Terminating", "NotTerminating"})


def _default_range(obj: Object, context: AdmissionContext) -> None:
    """Per container, what is not said follows: the default from the maximum, the request from the default,
    else from the minimum."""
    for item in obj["spec"].get("limits") or ():
        if item.get("type") != "Container":
            continue
        default = {**(item.get("max") or {}), **(item.get("default") or {})}
        request = {**(item.get("min") or {}), **default, **(item.get("defaultRequest") or {})}
        if default:
            item["default"] = default
        if request:
            item["defaultRequest"] = request


def _judge_range(obj: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, item in enumerate(obj["spec"].get("limits") or ()):
        errors += _item_errors(item, f"spec.limits[{index}]")
    return errors


_ORDER: Final = (
    ("min", "max"),
    ("min", "defaultRequest"),
    ("min", "default"),
    ("defaultRequest", "max"),
    ("defaultRequest", "default"),
    ("default", "max"),
)
_WORDS: Final = {"min": "min", "max": "max", "default": "default", "defaultRequest": "default request"}


def _item_errors(item: Object, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for low, high in _ORDER:
        smaller, larger = item.get(low) or {}, item.get(high) or {}
        for name in smaller.keys() & larger.keys():
            if _quantity(smaller[name]) > _quantity(larger[name]):
                text = (
                    f"{_WORDS[low]} value {smaller[name]} is greater than {_WORDS[high]} value {larger[name]}"
                )
                errors.append(invalid_value(f"{path}.{low}[{name}]", smaller[name], text))
    return errors


def _judge_quota(obj: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    spec = obj["spec"]
    hard: Mapping[str, Any] = spec.get("hard") or {}
    errors: list[FieldError] = []
    for name, value in hard.items():
        where = f"spec.hard[{name}]"
        errors += _hard_name_errors(name, where) + quota_value_errors(name, value, where)
    scopes = spec.get("scopes") or []
    if _COMPUTE_SCOPES & set(scopes) and any(not _is_of_pods(name) for name in hard):
        text = "unsupported scope applied to resource"
        errors.append(invalid_value("spec.scopes", scopes, text))
    for first, second in (("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating")):
        if first in scopes and second in scopes:
            errors.append(invalid_value("spec.scopes", scopes, "conflicting scopes"))
    if old is not None and scopes != (old["spec"].get("scopes") or []):
        errors.append(immutable("spec.scopes", scopes))
    return errors


def _hard_name_errors(name: str, path: str) -> list[FieldError]:
    return [] if name.startswith("count/") else quota_name_errors(name, path)[:1]


def _is_of_pods(name: str) -> bool:
    bare = name.removeprefix("requests.").removeprefix("limits.")
    return bare in ("pods", "cpu", "memory", "ephemeral-storage") or name == "count/pods"


def _quantity(value: Any) -> Quantity:
    try:
        return Quantity.parse(value)
    except QuantityError:
        return Quantity.of(0)  # decoding says so


LIMIT_RANGE_RULES: Final = Rules(default=_default_range, validate=_judge_range)
QUOTA_RULES: Final = Rules(validate=of_main_resource(_judge_quota))
