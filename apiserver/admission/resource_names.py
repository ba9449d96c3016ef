"""Names and amounts of resources as quotas take them. Pure; ResourceQuota and FederatedResourceQuota ask."""

from typing import Any, Final

from apiserver.admission.broken_rules import each_invalid, invalid_value
from karmada.api.errors import FieldError
from karmada.api.quantity import Quantity, QuantityError
from karmada.api.validation import qualified_name_errors

COUNTED: Final = frozenset(
    {
        "pods",
        "resourcequotas",
        "services",
        "replicationcontrollers",
        "secrets",
        "configmaps",
        "persistentvolumeclaims",
        "services.nodeports",
        "services.loadbalancers",
    }
)
_COMPUTE: Final = frozenset({"cpu", "memory", "ephemeral-storage"})
QUOTA: Final = (
    COUNTED
    | _COMPUTE
    | {f"requests.{name}" for name in _COMPUTE}
    | {f"limits.{name}" for name in _COMPUTE}
    | {"requests.storage"}
)
STANDARD: Final = QUOTA | {"storage"}
_HUGE_PAGES: Final = ("hugepages-", "requests.hugepages-")


def is_huge_pages(name: str) -> bool:
    return name.startswith(_HUGE_PAGES)


def is_extended(name: str) -> bool:
    """A resource somebody else defined: example.com/gpu."""
    prefix, slash, _ = name.partition("/")
    if not slash or prefix == "kubernetes.io" or prefix.endswith(".kubernetes.io"):
        return False
    return not name.startswith("requests.") and not qualified_name_errors(f"requests.{name}")


def is_integral(name: str) -> bool:
    return name in COUNTED or is_extended(name)


def quota_name_errors(name: str, path: str) -> list[FieldError]:
    errors = each_invalid(path, name, qualified_name_errors(name))
    if errors or "/" in name or is_huge_pages(name):
        return errors
    if name not in STANDARD:
        errors.append(invalid_value(path, name, "must be a standard resource type or fully qualified"))
    if name not in QUOTA:
        errors.append(invalid_value(path, name, "must be a standard resource for quota"))
    return errors


def quota_value_errors(name: str, value: Any, path: str) -> list[FieldError]:
    try:
        quantity = Quantity.parse(value)
    except QuantityError:
        return []  # decoding and the schema say so
    errors: list[FieldError] = []
    if quantity < Quantity.of(0):
        errors.append(invalid_value(path, str(quantity), "must be greater than or equal to 0"))
    if is_integral(name) and not quantity.is_integer:
        errors.append(invalid_value(path, str(quantity), "must be an integer"))
    return errors
