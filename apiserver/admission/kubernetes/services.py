"""Service: defaults, its cluster address and node ports, and what may not change.

Addresses and node ports are taken from what the cache shows as free; two servers that choose the same at
the same moment are told apart by nothing yet, as one server is what this is for.
"""

import ipaddress
import random
from collections.abc import Iterable
from typing import Any, Final

from apiserver.admission.context import AdmissionContext, Rules
from apiserver.resources.metadata import invalid_value
from karmada.api.errors import FieldError
from karmada.api.objects import Object, uid_of

SERVICE_RANGE: Final = ipaddress.ip_network("10.96.0.0/16")
STATIC_ADDRESSES: Final = 256
"""At the bottom of the range, left for addresses that users choose."""
NODE_PORTS: Final = range(30000, 32768)
AFFINITY_SECONDS: Final = 10800
TYPES: Final = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
WITH_NODE_PORTS: Final = ("NodePort", "LoadBalancer")
TRIES: Final = 1000


def _default(service: Object, context: AdmissionContext) -> None:
    spec = service.setdefault("spec", {})
    kind = spec.setdefault("type", "ClusterIP")
    if spec.setdefault("sessionAffinity", "None") == "ClientIP":
        config = spec.setdefault("sessionAffinityConfig", {})
        config.setdefault("clientIP", {}).setdefault("timeoutSeconds", AFFINITY_SECONDS)
    for port in _ports(spec):
        port.setdefault("protocol", "TCP")
        if port.get("targetPort") in (None, 0, "") and port.get("port"):
            port["targetPort"] = port["port"]
    if kind != "ExternalName":
        spec.setdefault("internalTrafficPolicy", "Cluster")
    if kind in WITH_NODE_PORTS or spec.get("externalIPs"):
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if kind == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)


def _prepare(service: Object, old: Object | None, context: AdmissionContext) -> None:
    spec = service.get("spec") or {}
    before = (old or {}).get("spec") or {}
    if old is None:
        service["status"] = {"loadBalancer": {}}
    if spec.get("type") == "ExternalName":
        for name in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
            spec.pop(name, None)
        return
    if spec.get("type") == before.get("type"):
        _keep(spec, before)
    others = [each for each in context.reader.list("", "services") if uid_of(each) != uid_of(service)]
    _address(spec, others)
    if spec.get("type") in WITH_NODE_PORTS and spec.get("allocateLoadBalancerNodePorts", True):
        _number_ports(spec, others)
    elif before.get("type") in WITH_NODE_PORTS:
        for port in _ports(spec):
            port.pop("nodePort", None)


def _keep(spec: Object, before: Object) -> None:
    """A write that does not mention what was allocated keeps it; so kubectl replace works."""
    for name in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "healthCheckNodePort"):
        if not spec.get(name) and before.get(name):
            spec[name] = before[name]
    known = {(port.get("port"), port.get("protocol")): port.get("nodePort") for port in _ports(before)}
    for port in _ports(spec):
        number = known.get((port.get("port"), port.get("protocol")))
        if not port.get("nodePort") and number:
            port["nodePort"] = number


def _address(spec: Object, others: list[Object]) -> None:
    if not spec.get("clusterIP") and spec.get("clusterIPs"):
        spec["clusterIP"] = spec["clusterIPs"][0]
    if not spec.get("clusterIP"):
        spec["clusterIP"] = free_address(taken_addresses(others))
    spec["clusterIPs"] = spec.get("clusterIPs") or [spec["clusterIP"]]
    headless_without_selector = spec["clusterIP"] == "None" and not spec.get("selector")
    spec.setdefault("ipFamilyPolicy", "RequireDualStack" if headless_without_selector else "SingleStack")
    families = ["IPv4", "IPv6"] if spec["ipFamilyPolicy"] == "RequireDualStack" else ["IPv4"]
    spec.setdefault("ipFamilies", families)


def taken_addresses(services: Iterable[Object]) -> set[str]:
    return {address for each in services for address in (each.get("spec") or {}).get("clusterIPs") or ()}


def free_address(taken: set[str]) -> str:
    """A random address above the static part; below it when that is full."""
    size = SERVICE_RANGE.num_addresses
    for _ in range(TRIES):
        address = str(SERVICE_RANGE[random.randrange(STATIC_ADDRESSES, size - 1)])
        if address not in taken:
            return address
    return next(str(address) for address in SERVICE_RANGE.hosts() if str(address) not in taken)


def _number_ports(spec: Object, others: list[Object]) -> None:
    taken = {
        port["nodePort"] for each in others for port in _ports(each.get("spec") or {}) if port.get("nodePort")
    }
    same: dict[Any, int] = {}
    for port in _ports(spec):
        if not port.get("nodePort"):
            port["nodePort"] = same.get(port.get("port")) or free_node_port(taken)
        taken.add(port["nodePort"])
        same[port.get("port")] = port["nodePort"]


def free_node_port(taken: set[int]) -> int:
    free = [number for number in NODE_PORTS if number not in taken]
    return random.choice(free) if free else 0


def _validate(service: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    if context.subresource:
        return []
    spec = service.get("spec") or {}
    kind = spec.get("type")
    if kind not in TYPES:
        supported = ", ".join(f'"{each}"' for each in TYPES)
        text = f'Unsupported value: "{kind}": supported values: {supported}'
        return [FieldError("FieldValueNotSupported", "spec.type", text)]
    errors = _port_errors(spec)
    if kind == "ExternalName":
        if not spec.get("externalName"):
            errors.append(FieldError("FieldValueRequired", "spec.externalName", "Required value"))
        return errors
    return errors + _allocation_errors(service, old, context)


def _port_errors(spec: Object) -> list[FieldError]:
    ports = list(_ports(spec))
    errors: list[FieldError] = []
    if not ports and spec.get("clusterIP") != "None" and spec.get("type") != "ExternalName":
        errors.append(FieldError("FieldValueRequired", "spec.ports", "Required value"))
    for index, port in enumerate(ports):
        if len(ports) > 1 and not port.get("name"):
            errors.append(FieldError("FieldValueRequired", f"spec.ports[{index}].name", "Required value"))
        number = port.get("port")
        if isinstance(number, int) and not 1 <= number <= 65535:
            text = "must be between 1 and 65535, inclusive"
            errors.append(invalid_value(f"spec.ports[{index}].port", number, text))
    return errors


def _allocation_errors(service: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    spec, before = service["spec"], (old or {}).get("spec") or {}
    address, previous = spec.get("clusterIP"), before.get("clusterIP")
    if previous and before.get("type") != "ExternalName":
        if address != previous:
            return [invalid_value("spec.clusterIPs[0]", spec.get("clusterIPs"), "may not change once set")]
        return []
    if address in (None, "", "None"):
        return []
    others = [each for each in context.reader.list("", "services") if uid_of(each) != uid_of(service)]
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        text = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
        return [invalid_value("spec.clusterIPs[0]", address, text)]
    reason = ""
    if parsed not in SERVICE_RANGE:
        reason = "the provided network does not match the current range"
    elif address in taken_addresses(others):
        reason = "provided IP is already allocated"
    if not reason:
        return []
    return [invalid_value("spec.clusterIPs", [address], f"failed to allocate IP {address}: {reason}")]


def _ports(spec: Object) -> Iterable[Object]:
    return (port for port in spec.get("ports") or () if isinstance(port, dict))


RULES: Final = {("", "services"): Rules(default=_default, prepare=_prepare, validate=_validate)}
