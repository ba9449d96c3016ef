"""What an object uses of ResourceQuotas, by the names quotas have for it; and which quotas it counts for.

In: objects, names of resources as in a quota's hard limits, scopes. Out: amounts. The API server charges by
these sums when something is written, the quota controller counts by them what there is. Pure.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from karmada.api.objects import Object
from karmada.api.pod_amounts import Amounts, container_amounts, pod_amounts, readable
from karmada.api.quantity import ZERO, Quantity

ONE: Final = Quantity.of(1)
PLAIN_COUNTS: Final = frozenset(
    {
        "configmaps",
        "persistentvolumeclaims",
        "pods",
        "replicationcontrollers",
        "resourcequotas",
        "secrets",
        "services",
    }
)
"""Core kinds that a quota counts without a count/ in front, too."""
ENDED: Final = ("Succeeded", "Failed")
CLASS_INFIX: Final = ".storageclass.storage.k8s.io/"
_PLAIN_COMPUTE: Final = ("cpu", "memory", "ephemeral-storage")
_MUST_BE_SAID: Final = ("cpu", "limits.cpu", "limits.memory", "memory", "requests.cpu", "requests.memory")
SCOPES_OF_PODS: Final = frozenset(
    {
        "BestEffort",
        "CrossNamespacePodAffinity",
        "NotBestEffort",
        "NotTerminating",
        "PriorityClass",
        "Terminating",
    }
)


# -- amounts ------------------------------------------------------------------------------------------------


def usage_of(group: str, resource: str, obj: Object) -> Amounts:
    """Everything obj uses, by every name a quota may have for it."""
    used: Amounts = {count_name(group, resource): ONE}
    if group:
        return used
    if resource == "pods":
        if not has_ended(obj):
            used["pods"] = ONE
            used |= _compute(pod_amounts(obj.get("spec") or {}, "requests"), "requests")
            used |= _compute(pod_amounts(obj.get("spec") or {}, "limits"), "limits")
        return used
    if resource in PLAIN_COUNTS:
        used[resource] = ONE
    if resource == "services":
        used |= _of_service(obj.get("spec") or {})
    elif resource == "persistentvolumeclaims":
        used |= _of_claim(obj.get("spec") or {})
    return used


def count_name(group: str, resource: str) -> str:
    return f"count/{resource}.{group}" if group else f"count/{resource}"


def has_ended(pod: Object) -> bool:
    return (pod.get("status") or {}).get("phase") in ENDED


def _compute(amounts: Amounts, side: str) -> Amounts:
    named: Amounts = {}
    for name, quantity in amounts.items():
        if name in _PLAIN_COMPUTE:
            named[f"{side}.{name}"] = quantity
            if side == "requests":
                named[name] = quantity
        elif side == "requests" and name.startswith("hugepages-"):
            named[name] = named[f"requests.{name}"] = quantity
        elif side == "requests" and "/" in name:
            named[f"requests.{name}"] = quantity
    return named


def _of_service(spec: Object) -> Amounts:
    kind, ports = spec.get("type"), spec.get("ports") or ()
    if kind == "NodePort":
        return {"services.nodeports": Quantity.of(len(ports))}
    if kind != "LoadBalancer":
        return {}
    if spec.get("allocateLoadBalancerNodePorts") is False:
        ports = [port for port in ports if port.get("nodePort")]
    return {"services.loadbalancers": ONE, "services.nodeports": Quantity.of(len(ports))}


def _of_claim(spec: Object) -> Amounts:
    used: Amounts = {}
    asked = readable((spec.get("resources") or {}).get("requests") or {}).get("storage")
    storage_class = spec.get("storageClassName") or ""
    if storage_class:
        used[f"{storage_class}{CLASS_INFIX}persistentvolumeclaims"] = ONE
    if asked is not None:
        used["requests.storage"] = asked
        if storage_class:
            used[f"{storage_class}{CLASS_INFIX}requests.storage"] = asked
    return used


def counted_resource(name: str) -> tuple[str, str]:
    """(plural, group) of what a name in a quota is about."""
    if name.startswith("count/"):
        resource, _, group = name.removeprefix("count/").partition(".")
        return resource, group
    if name.startswith("services."):
        return "services", ""
    if name == "requests.storage" or CLASS_INFIX in name:
        return "persistentvolumeclaims", ""
    if name in PLAIN_COUNTS:
        return name, ""
    return "pods", ""


def concerns(name: str, group: str, resource: str) -> bool:
    return counted_resource(name) == (resource, group)


def unsaid(names: Iterable[str], pod: Object) -> dict[str, list[str]]:
    """Resources among names that every container must speak about, and those containers that do not."""
    wanted = [name for name in _MUST_BE_SAID if name in set(names)]
    missing: dict[str, set[str]] = {}
    spec = pod.get("spec") or {}
    for part in ("containers", "initContainers"):
        for container in spec.get(part) or ():
            said = _compute(container_amounts(container, "requests"), "requests")
            said |= _compute(container_amounts(container, "limits"), "limits")
            for name in wanted:
                if name not in said:
                    missing.setdefault(name, set()).add(container.get("name") or "")
    return {name: sorted(missing[name]) for name in sorted(missing)}


# -- scopes -------------------------------------------------------------------------------------------------


def scopes_of(quota: Object) -> Iterator[Mapping[str, Any]]:
    """Both ways to name scopes, as match expressions."""
    spec = quota.get("spec") or {}
    for scope in spec.get("scopes") or ():
        yield {"scopeName": scope, "operator": "Exists"}
    yield from (spec.get("scopeSelector") or {}).get("matchExpressions") or ()


def in_scope(quota: Object, group: str, resource: str, obj: Object) -> bool:
    """Whether obj counts for a quota with these scopes. Only pods and claims have any."""
    return all(_is_in(scope, group, resource, obj) for scope in scopes_of(quota))


def _is_in(scope: Mapping[str, Any], group: str, resource: str, obj: Object) -> bool:
    name, spec = scope.get("scopeName"), obj.get("spec") or {}
    if (group, resource, name) == ("", "persistentvolumeclaims", "VolumeAttributesClass"):
        return _selects(scope, spec.get("volumeAttributesClassName") or "")
    if (group, resource) != ("", "pods"):
        return False
    match name:
        case "Terminating":
            return spec.get("activeDeadlineSeconds") is not None
        case "NotTerminating":
            return spec.get("activeDeadlineSeconds") is None
        case "BestEffort":
            return is_best_effort(obj)
        case "NotBestEffort":
            return not is_best_effort(obj)
        case "PriorityClass":
            return _selects(scope, spec.get("priorityClassName") or "")
        case "CrossNamespacePodAffinity":
            return _looks_into_other_namespaces(spec)
    return False


def _selects(scope: Mapping[str, Any], value: str) -> bool:
    values: Sequence[str] = scope.get("values") or ()
    match scope.get("operator"):
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "DoesNotExist":
            return not value
    return bool(value)


def is_best_effort(pod: Object) -> bool:
    """No container asks for cpu or memory, or is bounded in it."""
    spec = pod.get("spec") or {}
    for part in ("containers", "initContainers"):
        for container in spec.get(part) or ():
            for amounts in (container_amounts(container, "requests"), container_amounts(container, "limits")):
                if any(amounts.get(name, ZERO) > ZERO for name in ("cpu", "memory")):
                    return False
    return True


def _looks_into_other_namespaces(spec: Object) -> bool:
    affinity = spec.get("affinity") or {}
    for name in ("podAffinity", "podAntiAffinity"):
        part = affinity.get(name) or {}
        terms = list(part.get("requiredDuringSchedulingIgnoredDuringExecution") or ())
        weighted = part.get("preferredDuringSchedulingIgnoredDuringExecution") or ()
        terms += [each.get("podAffinityTerm") or {} for each in weighted]
        if any(term.get("namespaces") or term.get("namespaceSelector") is not None for term in terms):
            return True
    return False
