"""Rules of Service, in the stock words. Pure."""

from collections.abc import Sequence
from typing import Any, Final

from apiserver.admission.broken_rules import (
    duplicate,
    each_invalid,
    invalid_value,
    not_supported,
    required,
)
from apiserver.admission.context import AdmissionContext
from apiserver.admission.ingress_rules import is_ip, port_errors, port_name_errors
from apiserver.resources.metadata import label_errors
from karmada.api.errors import FieldError
from karmada.api.objects import Object
from karmada.api.validation import dns_label_errors, dns_subdomain_errors

TYPES: Final = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
PROTOCOLS: Final = ("SCTP", "TCP", "UDP")
MAX_AFFINITY_SECONDS: Final = 86_400
NONE: Final = "None"


def judge_service(service: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    spec = service["spec"]
    kind, headless = spec.get("type") or "", spec.get("clusterIP") == NONE
    errors: list[FieldError] = []
    ports: Sequence[Object] = spec.get("ports") or ()
    if not ports and not headless and kind != "ExternalName":
        errors.append(required("spec.ports"))
    errors += _ports_errors(ports, headless=headless)
    if selector := spec.get("selector"):
        errors += label_errors(selector, "spec.selector")
    errors += _type_errors(spec, kind, headless=headless)
    errors += _affinity_errors(spec)
    for index, ip in enumerate(spec.get("externalIPs") or ()):
        errors += _ip_errors(ip, f"spec.externalIPs[{index}]")
    return errors if old is None else errors + _address_change(spec, old["spec"])


def _type_errors(spec: Object, kind: str, *, headless: bool) -> list[FieldError]:
    errors: list[FieldError] = []
    if kind not in TYPES:
        errors.append(not_supported("spec.type", kind, TYPES))
    if kind == "ExternalName":
        name = spec.get("externalName") or ""
        if not name:
            errors.append(required("spec.externalName"))
        else:
            errors += each_invalid("spec.externalName", name, dns_subdomain_errors(name.removesuffix(".")))
        if spec.get("clusterIPs"):
            text = "may not be set when `type` is 'ExternalName'"
            errors.append(FieldError("FieldValueForbidden", "spec.clusterIPs", f"Forbidden: {text}"))
        return errors
    if headless and kind in ("NodePort", "LoadBalancer"):
        text = f"may not be set to 'None' for {kind} services"
        errors.append(invalid_value("spec.clusterIPs[0]", NONE, text))
    for index, ip in enumerate(spec.get("clusterIPs") or ()):
        if ip != NONE:
            errors += _ip_errors(ip, f"spec.clusterIPs[{index}]")
    return errors


def _ip_errors(ip: str, path: str) -> list[FieldError]:
    if is_ip(ip):
        return []
    return [invalid_value(path, ip, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")]


def _ports_errors(ports: Sequence[Object], *, headless: bool) -> list[FieldError]:
    errors: list[FieldError] = []
    names: set[str] = set()
    places: set[Any] = set()
    node_ports: set[Any] = set()
    for index, port in enumerate(ports):
        path = f"spec.ports[{index}]"
        errors += _port_errors(port, path, needs_name=len(ports) > 1)
        if name := port.get("name"):
            if name in names:
                errors.append(duplicate(f"{path}.name", name))
            names.add(name)
        place = port.get("protocol"), port.get("port")
        if place in places:
            shown = {"name": "", "protocol": place[0], "port": place[1], "targetPort": 0}
            errors.append(duplicate(path, {part: value for part, value in shown.items() if value}))
        places.add(place)
        if number := port.get("nodePort"):
            if (place[0], number) in node_ports:
                errors.append(duplicate(f"{path}.nodePort", number))
            node_ports.add((place[0], number))
    return errors


def _port_errors(port: Object, path: str, *, needs_name: bool) -> list[FieldError]:
    errors: list[FieldError] = []
    name = port.get("name") or ""
    if name:
        errors += each_invalid(f"{path}.name", name, dns_label_errors(name))
    elif needs_name:
        errors.append(required(f"{path}.name"))
    errors += port_errors(port.get("port") or 0, f"{path}.port")
    if (protocol := port.get("protocol") or "") not in PROTOCOLS:
        errors.append(not_supported(f"{path}.protocol", protocol, PROTOCOLS))
    target = port.get("targetPort")
    if isinstance(target, str):
        errors += each_invalid(f"{path}.targetPort", target, port_name_errors(target))
    else:
        errors += port_errors(target or 0, f"{path}.targetPort")
    return errors


def _affinity_errors(spec: Object) -> list[FieldError]:
    config = (spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}
    seconds = config.get("timeoutSeconds")
    if seconds is None or 0 < seconds <= MAX_AFFINITY_SECONDS:
        return []
    text = f"must be greater than 0 and less than {MAX_AFFINITY_SECONDS}"
    return [invalid_value("spec.sessionAffinityConfig.clientIP.timeoutSeconds", seconds, text)]


def _address_change(spec: Object, old: Object) -> list[FieldError]:
    """An address stays, except to and from ExternalName."""
    if "ExternalName" in (spec.get("type"), old.get("type")):
        return []
    before, after = old.get("clusterIPs") or [], spec.get("clusterIPs") or []
    if before and after and before[0] != after[0]:
        return [invalid_value("spec.clusterIPs[0]", after, "may not change once set")]
    if spec.get("clusterIP") != (after[0] if after else None) and after:
        return [invalid_value("spec.clusterIPs", after, "first value must match `clusterIP`")]
    return []
