"""ServiceAddresses: which cluster IPs and node ports are taken, and the next free ones.

In: every stored Service (observe), and those about to be stored (settle). Out: addresses in their specs, or a
refusal. What was handed out counts as taken for a while even before it is seen stored, so that two creations
at once do not get the same.
"""

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import IPv4Network, ip_address
from typing import Any, Final

from apiserver.admission.broken_rules import invalid_value
from apiserver.admission.context import AdmissionContext
from karmada.api.errors import FieldError, Invalid, invalid
from karmada.api.objects import Object, name_of, namespace_of
from karmada.runtime.clock import parse_rfc3339

SERVICE_NETWORK: Final = IPv4Network("10.96.0.0/12")
FIRST_NODE_PORT: Final = 30_000
LAST_NODE_PORT: Final = 32_767
RESERVED_SECONDS: Final = 60
ATTEMPTS: Final = 64
"""Random guesses before the range is walked."""
NONE: Final = "None"


@dataclass(slots=True)
class _Pool:
    """Values and who has them: stored services, and creations on their way."""

    owners: dict[Any, str] = field(default_factory=dict)
    reserved: dict[Any, tuple[str, str]] = field(default_factory=dict)
    """value -> (owner, time): oldest first."""

    def owner(self, value: Any) -> str:
        found = self.owners.get(value)
        return found if found is not None else self.reserved.get(value, ("", ""))[0]

    def forget(self, now: str) -> None:
        """Let go of what was handed out long ago and never stored."""
        limit = None
        for value, (_, since) in list(self.reserved.items()):
            if limit is None:
                limit = parse_rfc3339(now) - timedelta(seconds=RESERVED_SECONDS)
            if parse_rfc3339(since) > limit:
                return
            del self.reserved[value]


class ServiceAddresses:
    """The address space of one control plane, IPv4."""

    def __init__(self, network: IPv4Network = SERVICE_NETWORK, *, seed: int | None = None) -> None:
        self._network = network
        self._first = int(network.network_address)
        self._size = network.num_addresses
        self._static = min(max(16, self._size // 16), 256)
        self._ips = _Pool()
        self._ports = _Pool()
        self._random = random.Random(seed)

    # -- what is stored -------------------------------------------------------------------------------------

    def observe(self, old: Object | None, new: Object | None) -> None:
        """A Service came, changed or went."""
        if old is not None:
            owner = _owner(old)
            _release(self._ips, _ips_of(old["spec"]), owner)
            _release(self._ports, _ports_of(old["spec"]), owner)
        if new is not None:
            owner = _owner(new)
            _take(self._ips, _ips_of(new["spec"]), owner)
            _take(self._ports, _ports_of(new["spec"]), owner)

    # -- what is about to be stored -------------------------------------------------------------------------

    def settle(self, service: Object, old: Object | None, context: AdmissionContext) -> None:
        """Give the service what it asks for or lacks. Raises Invalid."""
        self._ips.forget(context.now)
        self._ports.forget(context.now)
        spec = service["spec"]
        before: Mapping[str, Any] = (old or {}).get("spec") or {}
        if spec.get("type") != "ExternalName":
            _settle_families(service)
            self._settle_ip(service, before, context)
        if spec.get("type") in ("NodePort", "LoadBalancer"):
            self._settle_ports(service, before, context)

    def _settle_ip(self, service: Object, before: Mapping[str, Any], context: AdmissionContext) -> None:
        spec, owner = service["spec"], _owner(service)
        wanted = spec.get("clusterIP") or next(iter(spec.get("clusterIPs") or ()), "")
        if wanted == NONE:
            spec["clusterIP"], spec["clusterIPs"] = NONE, [NONE]
            return
        if not wanted:
            wanted = self._free_ip(service)
        elif wanted not in (before.get("clusterIPs") or ()) and not before.get("clusterIP"):
            self._check_ip(service, wanted, owner)
        spec["clusterIP"] = wanted
        if not spec.get("clusterIPs"):
            spec["clusterIPs"] = [wanted]
        if not context.dry_run and self._ips.owner(wanted) != owner:
            self._ips.reserved[wanted] = (owner, context.now)

    def _free_ip(self, service: Object) -> str:
        for _ in range(ATTEMPTS):
            address = self._address(self._random.randrange(self._static, self._size - 1))
            if not self._ips.owner(address):
                return address
        for offset in [*range(self._static, self._size - 1), *range(1, self._static)]:
            if not self._ips.owner(address := self._address(offset)):
                return address
        text = "failed to allocate a serviceIP: range is full"
        raise _refusal(service, [FieldError("InternalError", "spec.clusterIPs", f"Internal error: {text}")])

    def _address(self, offset: int) -> str:
        return str(ip_address(self._first + offset))

    def _check_ip(self, service: Object, wanted: str, owner: str) -> None:
        shown = service["spec"].get("clusterIPs") or [wanted]
        try:
            inside = ip_address(wanted) in self._network
        except ValueError:
            return  # the rules of the kind say so
        problem = "" if inside else "the provided network does not match the current range"
        if inside and self._ips.owner(wanted) not in ("", owner):
            problem = "provided IP is already allocated"
        if problem:
            text = f"failed to allocate IP {wanted}: {problem}"
            raise _refusal(service, [invalid_value("spec.clusterIPs", shown, text)])

    def _settle_ports(self, service: Object, before: Mapping[str, Any], context: AdmissionContext) -> None:
        spec, owner = service["spec"], _owner(service)
        wants = spec.get("type") == "NodePort" or spec.get("allocateLoadBalancerNodePorts")
        own = {port.get("nodePort") for port in before.get("ports") or ()}
        by_port: dict[Any, int] = {}
        for index, port in enumerate(spec.get("ports") or ()):
            number = port.get("nodePort") or 0
            if number and number not in own:
                self._check_port(service, number, owner, f"spec.ports[{index}].nodePort")
            elif not number and wants:
                number = by_port.get(port.get("port")) or self._free_port(service, by_port.values())
                port["nodePort"] = number
            if number:
                by_port.setdefault(port.get("port"), number)
                self._reserve_port(number, owner, context)
        if spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local":
            number = spec.get("healthCheckNodePort") or 0
            if not number:
                number = spec["healthCheckNodePort"] = self._free_port(service, by_port.values())
            elif number != before.get("healthCheckNodePort"):
                self._check_port(service, number, owner, "spec.healthCheckNodePort")
            self._reserve_port(number, owner, context)

    def _reserve_port(self, number: int, owner: str, context: AdmissionContext) -> None:
        if not context.dry_run and self._ports.owner(number) != owner:
            self._ports.reserved[number] = (owner, context.now)

    def _check_port(self, service: Object, number: int, owner: str, path: str) -> None:
        if not FIRST_NODE_PORT <= number <= LAST_NODE_PORT:
            text = (
                "provided port is not in the valid range. The range of valid ports is "
                f"{FIRST_NODE_PORT}-{LAST_NODE_PORT}"
            )
        elif self._ports.owner(number) not in ("", owner):
            text = "provided port is already allocated"
        else:
            return
        raise _refusal(service, [invalid_value(path, number, text)])

    def _free_port(self, service: Object, mine: Iterable[int]) -> int:
        taken = set(mine)
        for _ in range(ATTEMPTS):
            number = self._random.randint(FIRST_NODE_PORT, LAST_NODE_PORT)
            if number not in taken and not self._ports.owner(number):
                return number
        for number in range(FIRST_NODE_PORT, LAST_NODE_PORT + 1):
            if number not in taken and not self._ports.owner(number):
                return number
        text = "failed to allocate a nodePort: range is full"
        raise _refusal(
            service, [FieldError("InternalError", "spec.ports[0].nodePort", f"Internal error: {text}")]
        )


def _settle_families(service: Object) -> None:
    """One family, IPv4; a headless service without selector is whatever its endpoints are."""
    spec = service["spec"]
    policy = spec.get("ipFamilyPolicy")
    headless = NONE in (spec.get("clusterIP"), *(spec.get("clusterIPs") or ())) and not spec.get("selector")
    if headless and not policy and not spec.get("ipFamilies"):
        spec["ipFamilyPolicy"], spec["ipFamilies"] = "RequireDualStack", ["IPv4", "IPv6"]
        return
    if policy == "RequireDualStack" and not headless:
        text = "this cluster is not configured for dual-stack services"
        raise _refusal(service, [invalid_value("spec.ipFamilyPolicy", policy, text)])
    if not policy:
        spec["ipFamilyPolicy"] = "SingleStack"
    if not spec.get("ipFamilies"):
        spec["ipFamilies"] = ["IPv4"]
    elif not headless and spec["ipFamilies"][0] != "IPv4":
        text = "not configured on this cluster"
        raise _refusal(service, [invalid_value("spec.ipFamilies[0]", spec["ipFamilies"][0], text)])


def _refusal(service: Object, errors: list[FieldError]) -> Invalid:
    return invalid("", "Service", name_of(service), errors)


def _owner(service: Object) -> str:
    return f"{namespace_of(service)}/{name_of(service)}"


def _ips_of(spec: Mapping[str, Any]) -> list[Any]:
    return [ip for ip in spec.get("clusterIPs") or () if ip != NONE]


def _ports_of(spec: Mapping[str, Any]) -> list[Any]:
    ports = [port["nodePort"] for port in spec.get("ports") or () if port.get("nodePort")]
    health = spec.get("healthCheckNodePort")
    return [*ports, health] if health else ports


def _release(pool: _Pool, values: Iterable[Any], owner: str) -> None:
    for value in values:
        if pool.owners.get(value) == owner:
            del pool.owners[value]


def _take(pool: _Pool, values: Iterable[Any], owner: str) -> None:
    for value in values:
        pool.owners[value] = owner
        pool.reserved.pop(value, None)
