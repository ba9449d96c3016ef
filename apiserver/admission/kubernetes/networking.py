"""Ingress, IngressClass, NetworkPolicy, Endpoints, EndpointSlice: defaults and rules."""

import ipaddress
from collections.abc import Sequence
from typing import Any, Final

from apiserver.admission.broken_rules import immutable, invalid_value, not_supported, required, too_many
from apiserver.admission.context import AdmissionContext, Rules
from apiserver.admission.ingress_rules import ingress_spec_errors, is_ip
from apiserver.admission.judging import of_main_resource
from apiserver.admission.kubernetes.claims import default_class
from apiserver.admission.kubernetes.pod_rules import selector_errors
from karmada.api.errors import FieldError
from karmada.api.objects import Object, annotations_of

GROUP: Final = "networking.k8s.io"
DEFAULT_CLASS: Final = "ingressclass.kubernetes.io/is-default-class"
LEGACY_CLASS: Final = "kubernetes.io/ingress.class"
ADDRESS_TYPES: Final = ("FQDN", "IPv4", "IPv6")
MAX_ADDRESSES: Final = 100
MAX_ENDPOINTS: Final = 1000


# -- Ingress ------------------------------------------------------------------------------------------------


def _prepare_ingress(ingress: Object, old: Object | None, context: AdmissionContext) -> None:
    """A new ingress without a class gets the default one: of several, the newest."""
    if old is not None:
        return
    spec = ingress["spec"]
    if spec.get("ingressClassName") is not None or LEGACY_CLASS in annotations_of(ingress):
        return
    if name := default_class(context.reader.list(GROUP, "ingressclasses"), DEFAULT_CLASS):
        spec["ingressClassName"] = name


def _judge_ingress(ingress: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    return ingress_spec_errors(ingress["spec"])


def _default_class(obj: Object, context: AdmissionContext) -> None:
    if (parameters := (obj.get("spec") or {}).get("parameters")) is not None:
        parameters.setdefault("scope", "Cluster")


def _judge_class(obj: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    controller = (obj.get("spec") or {}).get("controller") or ""
    if not controller:
        return [required("spec.controller")]
    if old is not None and controller != (old.get("spec") or {}).get("controller"):
        return [immutable("spec.controller", controller)]
    return []


# -- NetworkPolicy ------------------------------------------------------------------------------------------


def _default_policy(policy: Object, context: AdmissionContext) -> None:
    spec = policy["spec"]
    for direction in ("ingress", "egress"):
        for rule in spec.get(direction) or ():
            for port in rule.get("ports") or ():
                port["protocol"] = port.get("protocol") or "TCP"
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]


def _judge_policy(policy: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    spec = policy["spec"]
    errors = selector_errors(spec.get("podSelector"), "spec.podSelector")
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        for index, rule in enumerate(spec.get(direction) or ()):
            path = f"spec.{direction}[{index}]"
            for number, port in enumerate(rule.get("ports") or ()):
                errors += _policy_port_errors(port, f"{path}.ports[{number}]")
            for number, peer in enumerate(rule.get(peers) or ()):
                errors += _peer_errors(peer, f"{path}.{peers}[{number}]")
    return errors


def _policy_port_errors(port: Object, path: str) -> list[FieldError]:
    end, start = port.get("endPort"), port.get("port")
    if end is None:
        return []
    if not isinstance(start, int):
        if start is None:
            return [required(f"{path}.port", "must be specified when endPort is defined")]
        text = "may not be specified when `port` is non-numeric"
        return [invalid_value(f"{path}.endPort", end, text)]
    if end < start:
        return [invalid_value(f"{path}.endPort", end, "must be greater than or equal to `port`")]
    return []


def _peer_errors(peer: Object, path: str) -> list[FieldError]:
    block = peer.get("ipBlock")
    if not any(peer.get(name) is not None for name in ("podSelector", "namespaceSelector", "ipBlock")):
        return [required(path, "must specify a peer")]
    errors: list[FieldError] = []
    for name in ("podSelector", "namespaceSelector"):
        if (selector := peer.get(name)) is not None:
            errors += selector_errors(selector, f"{path}.{name}")
            if block is not None:
                text = "may not specify both ipBlock and another peer"
                errors.append(FieldError("FieldValueForbidden", path, f"Forbidden: {text}"))
    if block is not None and not _is_network(block.get("cidr") or ""):
        text = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
        errors.append(invalid_value(f"{path}.ipBlock.cidr", block.get("cidr") or "", text))
    return errors


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return "/" in text


# -- Endpoints, EndpointSlice -------------------------------------------------------------------------------


def _default_endpoints(endpoints: Object, context: AdmissionContext) -> None:
    for subset in endpoints.get("subsets") or ():
        for port in subset.get("ports") or ():
            port["protocol"] = port.get("protocol") or "TCP"


def _judge_endpoints(endpoints: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, subset in enumerate(endpoints.get("subsets") or ()):
        path = f"subsets[{index}]"
        if not subset.get("addresses") and not subset.get("notReadyAddresses"):
            errors.append(required(path, "must specify `addresses` or `notReadyAddresses`"))
        for part in ("addresses", "notReadyAddresses"):
            for number, address in enumerate(subset.get(part) or ()):
                ip = address.get("ip") or ""
                errors += address_errors(ip, f"{path}.{part}[{number}].ip")
    return errors


def _default_slice(obj: Object, context: AdmissionContext) -> None:
    for port in obj.get("ports") or ():
        port.setdefault("name", "")
        port["protocol"] = port.get("protocol") or "TCP"


def _judge_slice(obj: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    kind = obj.get("addressType") or ""
    errors: list[FieldError] = []
    if not kind:
        errors.append(required("addressType"))
    elif kind not in ADDRESS_TYPES:
        errors.append(not_supported("addressType", kind, ADDRESS_TYPES))
    if old is not None and kind != old.get("addressType"):
        errors.append(immutable("addressType", kind))
    endpoints: Sequence[Any] = obj.get("endpoints") or ()
    if len(endpoints) > MAX_ENDPOINTS:
        return [*errors, too_many("endpoints", len(endpoints), MAX_ENDPOINTS)]
    for index, endpoint in enumerate(endpoints):
        path, addresses = f"endpoints[{index}].addresses", endpoint.get("addresses") or ()
        if not addresses:
            errors.append(required(path, "must contain at least 1 address"))
        elif len(addresses) > MAX_ADDRESSES:
            errors.append(too_many(path, len(addresses), MAX_ADDRESSES))
        if kind in ("IPv4", "IPv6"):
            for number, address in enumerate(addresses):
                errors += _family_errors(address, kind, f"{path}[{number}]")
    return errors


def _family_errors(address: str, kind: str, path: str) -> list[FieldError]:
    if not is_ip(address) or f"IPv{ipaddress.ip_address(address).version}" != kind:
        return [invalid_value(path, address, f"must be a valid {kind} address")]
    return address_errors(address, path)


def address_errors(address: str, path: str) -> list[FieldError]:
    """An address that other machines can reach."""
    if not is_ip(address):
        text = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
        return [invalid_value(path, address, text)]
    ip = ipaddress.ip_address(address)
    problems = (
        (ip.is_unspecified, f"may not be unspecified ({address})"),
        (ip.is_loopback, "may not be in the loopback range (127.0.0.0/8, ::1/128)"),
        (ip.is_link_local, "may not be in the link-local range (169.254.0.0/16, fe80::/10)"),
        (
            ip.is_multicast and (int(ip) >> (8 if ip.version == 4 else 112)) in (0xE00000, 0xFF02),
            "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)",
        ),
    )
    return [invalid_value(path, address, text) for broken, text in problems if broken]


INGRESS_RULES: Final = Rules(prepare=_prepare_ingress, validate=of_main_resource(_judge_ingress))
INGRESS_CLASS_RULES: Final = Rules(default=_default_class, validate=_judge_class)
NETWORK_POLICY_RULES: Final = Rules(default=_default_policy, validate=_judge_policy)
ENDPOINTS_RULES: Final = Rules(default=_default_endpoints, validate=_judge_endpoints)
ENDPOINT_SLICE_RULES: Final = Rules(default=_default_slice, validate=_judge_slice)
