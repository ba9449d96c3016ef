"""Service: what is filled in, what an update keeps, and what changes with its type.

service_rules.py judges; service_addresses.py hands out addresses and node ports.
"""

from collections.abc import Mapping
from typing import Any, Final

from apiserver.admission.context import AdmissionContext, Rules
from apiserver.admission.judging import of_main_resource
from apiserver.admission.kubernetes.service_addresses import ServiceAddresses
from apiserver.admission.kubernetes.service_rules import judge_service
from karmada.api.objects import Object

AFFINITY_SECONDS: Final = 10_800
IP_TYPES: Final = ("ClusterIP", "NodePort", "LoadBalancer")
PORT_TYPES: Final = ("NodePort", "LoadBalancer")


def _default(service: Object, context: AdmissionContext) -> None:
    spec = service["spec"]
    kind = spec.setdefault("type", "ClusterIP")
    if spec.setdefault("sessionAffinity", "None") == "None":
        spec.pop("sessionAffinityConfig", None)
    else:
        config = spec.setdefault("sessionAffinityConfig", {}).setdefault("clientIP", {})
        config.setdefault("timeoutSeconds", AFFINITY_SECONDS)
    for port in spec.get("ports") or ():
        port["protocol"] = port.get("protocol") or "TCP"
        if port.get("targetPort") in (None, 0, ""):
            port["targetPort"] = port.get("port") or 0
    if (kind in PORT_TYPES or spec.get("externalIPs")) and not spec.get("externalTrafficPolicy"):
        spec["externalTrafficPolicy"] = "Cluster"
    if kind in IP_TYPES:
        spec.setdefault("internalTrafficPolicy", "Cluster")
    if kind == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)
    if context.old is not None:
        keep_allocated(spec, context.old["spec"])


def keep_allocated(spec: Object, old: Object) -> None:
    """What an update leaves out but was allocated stays, so that a manifest can be replaced as it is."""
    if _has_ip(spec) and _has_ip(old):
        _keep_addresses(spec, old)
    if _has_node_ports(spec) and _has_node_ports(old):
        known = {_port_key(port): port.get("nodePort") for port in old.get("ports") or ()}
        taken = {port.get("nodePort") for port in spec.get("ports") or ()}
        for port in spec.get("ports") or ():
            kept = known.get(_port_key(port))
            if kept and not port.get("nodePort") and kept not in taken:
                port["nodePort"] = kept
    if _needs_health_port(spec) and _needs_health_port(old) and not spec.get("healthCheckNodePort"):
        _carry(spec, old, "healthCheckNodePort")


def _keep_addresses(spec: Object, old: Object) -> None:
    """Where only clusterIP changed, clusterIPs follows."""
    known = list(old.get("clusterIPs") or ())
    if not spec.get("clusterIP"):
        spec["clusterIP"] = old.get("clusterIP") or ""
    if not spec.get("clusterIPs"):
        spec["clusterIPs"] = known
    if spec["clusterIP"] != old.get("clusterIP") and spec["clusterIPs"] == known:
        spec["clusterIPs"] = [spec["clusterIP"]]
    for name in ("ipFamilies", "ipFamilyPolicy"):
        if not spec.get(name) and old.get(name):
            spec[name] = old[name]


def drop_with_type(spec: Object, old: Object) -> None:
    """What belongs to a type the service no longer has goes, if the user left it as it was."""
    gone: list[str] = []
    if _has_ip(old) and not _has_ip(spec):
        gone += ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"]
    if not _has_node_ports(spec) and not spec.get("externalIPs"):
        gone.append("externalTrafficPolicy")
    if _needs_health_port(old) and not _needs_health_port(spec):
        gone.append("healthCheckNodePort")
    if old.get("type") == "LoadBalancer" != spec.get("type"):
        gone += ["allocateLoadBalancerNodePorts", "loadBalancerClass"]
    for name in gone:
        if spec.get(name) == old.get(name):
            spec.pop(name, None)
    if _has_node_ports(old) and not _has_node_ports(spec):
        _drop_node_ports(spec, old)


def _drop_node_ports(spec: Object, old: Object) -> None:
    before = {_port_key(port): port.get("nodePort") for port in old.get("ports") or ()}
    for port in spec.get("ports") or ():
        if before.get(_port_key(port)) == port.get("nodePort"):
            port.pop("nodePort", None)


def _carry(spec: Object, old: Object, name: str) -> None:
    if name in old:
        spec[name] = old[name]


def _has_ip(spec: Mapping[str, Any]) -> bool:
    return spec.get("type") in IP_TYPES


def _has_node_ports(spec: Mapping[str, Any]) -> bool:
    return spec.get("type") in PORT_TYPES


def _needs_health_port(spec: Mapping[str, Any]) -> bool:
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def _port_key(port: Mapping[str, Any]) -> tuple[Any, Any]:
    return port.get("protocol"), port.get("port")


def service_rules(addresses: ServiceAddresses) -> Rules:
    """The rules of services whose addresses come from here."""

    def prepare(service: Object, old: Object | None, context: AdmissionContext) -> None:
        if old is None:
            service["status"] = {"loadBalancer": {}}
        else:
            drop_with_type(service["spec"], old["spec"])
        addresses.settle(service, old, context)

    return Rules(default=_default, prepare=prepare, validate=of_main_resource(judge_service))
