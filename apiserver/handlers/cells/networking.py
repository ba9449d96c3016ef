"""Cells of services, endpoints, ingresses and what belongs to them."""

from collections.abc import Iterable
from typing import Any, Final

from apiserver.handlers.cells.fields import (
    AGE,
    NAME,
    NONE,
    UNSET,
    Cell,
    at,
    joined,
    labels,
    selector,
    shortened,
    text,
    unique,
)
from karmada.api.objects import Object, annotations_of, name_of

_SHOWN: Final = 3


def endpoint_pairs(obj: Object) -> str:
    """`ip:port`, or `ip` alone where no port is named; at most three."""
    subsets = obj.get("subsets")
    if not subsets:
        return NONE
    return shortened([pair for subset in subsets for pair in _pairs(subset)], _SHOWN)


def _pairs(subset: Object) -> Iterable[str]:
    addresses = [str(address.get("ip")) for address in subset.get("addresses") or ()]
    ports = subset.get("ports")
    if not ports:
        return addresses
    return [_host_port(address, port.get("port")) for port in ports for address in addresses]


def _host_port(address: str, port: Any) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def slice_ports(obj: Object) -> str:
    ports = [str(port.get("port") or port.get("name") or "*") for port in obj.get("ports") or ()]
    return shortened(ports, _SHOWN) if ports else UNSET


def slice_addresses(obj: Object) -> str:
    addresses = [
        str(address) for endpoint in obj.get("endpoints") or () for address in endpoint.get("addresses") or ()
    ]
    return shortened(addresses, _SHOWN) if addresses else UNSET


def cluster_ip(obj: Object) -> str:
    addresses = at(obj, "spec", "clusterIPs")
    return str(addresses[0]) if addresses else NONE


def external_ip(obj: Object) -> str:
    spec = obj.get("spec") or {}
    external = [str(address) for address in spec.get("externalIPs") or ()]
    match spec.get("type"):
        case "ExternalName":
            return str(spec.get("externalName") or "")
        case "LoadBalancer":
            balanced = balancer_addresses(obj)
            return ",".join([*([balanced] if balanced else []), *external]) or "<pending>"
    return ",".join(external) or NONE


def balancer_addresses(obj: Object) -> str:
    ingress = at(obj, "status", "loadBalancer", "ingress") or ()
    addresses = [str(one.get("ip") or one.get("hostname") or "") for one in ingress]
    return ",".join(unique(address for address in addresses if address))


def service_ports(obj: Object) -> str:
    shown = []
    for port in at(obj, "spec", "ports") or ():
        node = f":{port['nodePort']}" if port.get("nodePort") else ""
        shown.append(f"{port.get('port')}{node}/{port.get('protocol') or 'TCP'}")
    return ",".join(shown) or NONE


def ingress_hosts(obj: Object) -> str:
    rules = at(obj, "spec", "rules") or ()
    hosts: list[str] = []
    for number, rule in enumerate(rules):
        if len(hosts) == _SHOWN:
            return f"{','.join(hosts)} + {len(rules) - number} more..."
        if rule.get("host"):
            hosts.append(str(rule["host"]))
    return ",".join(hosts) or "*"


def ingress_ports(obj: Object) -> str:
    return "80, 443" if at(obj, "spec", "tls") else "80"


def default_named(*annotations: str) -> Cell:
    """The name, marked when one of the annotations makes the object the default of its kind."""

    def cell(obj: Object) -> str:
        present = annotations_of(obj)
        default = any(present.get(annotation) == "true" for annotation in annotations)
        return f"{name_of(obj)} (default)" if default else name_of(obj)

    return cell


def class_parameters(obj: Object) -> str:
    parameters = at(obj, "spec", "parameters")
    if not parameters:
        return NONE
    group = f".{parameters['apiGroup']}" if parameters.get("apiGroup") else ""
    return f"{parameters.get('kind')}{group}/{parameters.get('name')}"


def address_parent(obj: Object) -> str:
    parent = at(obj, "spec", "parentRef")
    if not parent:
        return NONE
    group = f".{parent['group']}" if parent.get("group") else ""
    namespace = f"{parent['namespace']}/" if parent.get("namespace") else ""
    return f"{str(parent.get('resource') or '').lower()}{group}/{namespace}{parent.get('name')}"


CELLS: Final[dict[tuple[str, str], tuple[Cell, ...]]] = {
    ("", "Endpoints"): (NAME, endpoint_pairs, AGE),
    ("", "Service"): (
        NAME,
        text("spec", "type"),
        cluster_ip,
        external_ip,
        service_ports,
        AGE,
        labels("spec", "selector"),
    ),
    ("discovery.k8s.io", "EndpointSlice"): (NAME, text("addressType"), slice_ports, slice_addresses, AGE),
    ("networking.k8s.io", "IPAddress"): (NAME, address_parent),
    ("networking.k8s.io", "Ingress"): (
        NAME,
        text("spec", "ingressClassName", default=NONE),
        ingress_hosts,
        balancer_addresses,
        ingress_ports,
        AGE,
    ),
    ("networking.k8s.io", "IngressClass"): (
        default_named("ingressclass.kubernetes.io/is-default-class"),
        text("spec", "controller"),
        class_parameters,
        AGE,
    ),
    ("networking.k8s.io", "NetworkPolicy"): (NAME, selector("spec", "podSelector"), AGE),
    ("networking.k8s.io", "ServiceCIDR"): (NAME, joined("spec", "cidrs"), AGE),
}
