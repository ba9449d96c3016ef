"""What the ResourceQuotas of a namespace leave room for. Pure.

In: quotas, a request with its priority class. Out: how many more replicas or sets they admit, UNLIMITED when
none of them says. Only quotas of CPU, memory and extended resources count, and of scopes only PriorityClass.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from karmada.api.objects import Object
from karmada.api.pod_requests import CPU, Amounts
from karmada.api.quantity import Quantity, QuantityError
from scheduler.snapshot import AssumedComponent, AssumedWorkload

UNLIMITED: Final = 2147483647
PRIORITY_CLASS: Final = "PriorityClass"
REQUESTS: Final = "requests."


def admitted_replicas(
    quotas: Iterable[Object], namespace: str, asked: AssumedComponent, assumed: Iterable[AssumedWorkload] = ()
) -> int:
    """Replicas that all quotas of the namespace admit."""
    return admitted_sets(quotas, namespace, (asked._replace(replicas=1),), assumed)


def admitted_sets(
    quotas: Iterable[Object],
    namespace: str,
    components: Sequence[AssumedComponent],
    assumed: Iterable[AssumedWorkload] = (),
) -> int:
    """Complete sets of components that all quotas of the namespace admit."""
    in_flight = [
        part for workload in assumed if workload.namespace == namespace for part in workload.components
    ]
    return min(
        (
            _admitted(quota, components, in_flight)
            for quota in quotas
            if (quota.get("metadata") or {}).get("namespace") == namespace
        ),
        default=UNLIMITED,
    )


def _admitted(
    quota: Object, components: Iterable[AssumedComponent], in_flight: Iterable[AssumedComponent]
) -> int:
    demand = _demand(part for part in components if _concerns(quota, part.priority_class))
    free = _free(quota)
    for name, amount in _demand(part for part in in_flight if _concerns(quota, part.priority_class)).items():
        if name in free:
            free[name] = max(0, free[name] - amount)
    return min(
        (free[name] // amount for name, amount in demand.items() if name in free and amount > 0),
        default=UNLIMITED,
    )


def _demand(components: Iterable[AssumedComponent]) -> Amounts:
    total: Amounts = {}
    for part in components:
        for name, amount in part.request.items():
            total[name] = total.get(name, 0) + part.replicas * _units(name, amount)
    return total


def _free(quota: Object) -> Amounts:
    """hard - used for what counts, under the names requests have; never below zero."""
    status = quota.get("status") or {}
    hard, used = status.get("hard") or {}, status.get("used") or {}
    free: Amounts = {}
    for name in sorted(hard):  # `requests.cpu` comes after `cpu`, and wins
        plain = name.removeprefix(REQUESTS)
        counts = plain in (CPU, "memory") or ("/" in plain and not plain.startswith("count/"))
        if not counts or name not in used:
            continue
        try:
            free[plain] = max(0, _units(plain, hard[name]) - _units(plain, used[name]))
        except QuantityError:
            continue
    return free


def _units(name: str, amount: Any) -> int:
    quantity = Quantity.parse(amount)
    return quantity.milli_value() if name == CPU else quantity.value()


def _concerns(quota: Object, priority_class: str) -> bool:
    """Without scopes a quota concerns everyone; otherwise whom any of its scopes selects."""
    spec = quota.get("spec") or {}
    selectors: list[Mapping[str, Any]] = [
        {"scopeName": scope, "operator": "Exists"} for scope in spec.get("scopes") or ()
    ]
    selectors += (spec.get("scopeSelector") or {}).get("matchExpressions") or ()
    return not selectors or any(_selects(selector, priority_class) for selector in selectors)


def _selects(selector: Mapping[str, Any], priority_class: str) -> bool:
    if selector.get("scopeName") != PRIORITY_CLASS:
        return False
    values = selector.get("values") or ()
    match selector.get("operator"):
        case "Exists":
            return priority_class != ""
        case "DoesNotExist":
            return priority_class == ""
        case "In":
            return priority_class != "" and priority_class in values
        case "NotIn":
            return priority_class not in values
        case _:
            return False
