"""Which cluster IPs and node ports are taken."""

from ipaddress import IPv4Network
from typing import Any

import pytest

from apiserver.admission.kubernetes.service_addresses import ServiceAddresses
from karmada.api.errors import Invalid
from karmada.api.objects import Object, private_copy
from tests.apiserver.admission.contexts import context_of

SMALL = IPv4Network("10.0.0.0/27")


def service(name: str, **spec: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {
            "type": "ClusterIP",
            "selector": {"a": "b"},
            "ports": [{"port": 80, "protocol": "TCP"}],
            **spec,
        },
    }


def settle(
    addresses: ServiceAddresses,
    obj: Object,
    *,
    now: str = "",
    old: Object | None = None,
    dry_run: bool = False,
) -> Object:
    context = context_of(obj, old=old, dry_run=dry_run)
    context.now = now or context.now
    addresses.settle(obj, old, context)
    spec: Object = obj["spec"]
    return spec


def test_two_creations_at_once_do_not_get_the_same() -> None:
    addresses = ServiceAddresses(SMALL, seed=1)
    given = [settle(addresses, service(f"s{number}"))["clusterIP"] for number in range(20)]
    assert len(set(given)) == 20


def test_the_bottom_of_the_range_is_left_for_those_who_choose() -> None:
    addresses = ServiceAddresses(seed=1)
    for number in range(200):
        third, fourth = settle(addresses, service(f"s{number}"))["clusterIP"].split(".")[2:]
        assert (int(third), int(fourth)) >= (1, 0) or third != "0"


def test_a_full_range_is_an_error() -> None:
    addresses = ServiceAddresses(SMALL, seed=1)
    for number in range(30):
        settle(addresses, service(f"s{number}"))
    with pytest.raises(Invalid, match="failed to allocate a serviceIP: range is full"):
        settle(addresses, service("one-too-many"))


def test_what_was_handed_out_and_never_stored_is_free_again() -> None:
    addresses = ServiceAddresses(SMALL, seed=1)
    for number in range(30):
        settle(addresses, service(f"s{number}"), now="2026-08-01T10:00:00Z")
    settle(addresses, service("later"), now="2026-08-01T10:02:00Z")


def test_a_dry_run_takes_nothing() -> None:
    addresses = ServiceAddresses(SMALL, seed=1)
    for _ in range(50):
        assert settle(addresses, service("s"), dry_run=True)["clusterIP"]


def test_stored_services_hold_their_addresses_until_they_go() -> None:
    addresses = ServiceAddresses(SMALL)
    stored = service("s", clusterIP="10.0.0.5", clusterIPs=["10.0.0.5"])
    addresses.observe(None, stored)
    wanted = service("t", clusterIP="10.0.0.5")
    with pytest.raises(Invalid) as caught:
        settle(addresses, private_copy(wanted))
    assert caught.value.message == (
        'Service "t" is invalid: spec.clusterIPs: Invalid value: ["10.0.0.5"]: failed to allocate IP '
        "10.0.0.5: provided IP is already allocated"
    )
    addresses.observe(stored, None)
    assert settle(addresses, wanted)["clusterIPs"] == ["10.0.0.5"]


def test_an_update_keeps_its_own_address() -> None:
    addresses = ServiceAddresses(SMALL)
    stored = service("s", clusterIP="10.0.0.5", clusterIPs=["10.0.0.5"])
    addresses.observe(None, stored)
    assert settle(addresses, private_copy(stored), old=stored)["clusterIP"] == "10.0.0.5"


def test_an_address_of_another_network_is_refused() -> None:
    with pytest.raises(Invalid, match="the provided network does not match the current range"):
        settle(ServiceAddresses(SMALL), service("s", clusterIP="10.1.0.5"))


def test_a_network_without_the_other_family_says_so() -> None:
    with pytest.raises(Invalid, match="this cluster is not configured for dual-stack services"):
        settle(ServiceAddresses(SMALL), service("s", ipFamilyPolicy="RequireDualStack"))
    with pytest.raises(Invalid, match=r"spec.ipFamilies\[0\]: Invalid value: \"IPv6\": not configured"):
        settle(ServiceAddresses(SMALL), service("s", ipFamilies=["IPv6"]))


# -- node ports ---------------------------------------------------------------------------------------------


def ported(name: str, *ports: tuple[str, int, int]) -> Object:
    given = [
        {"protocol": protocol, "port": port, **({"nodePort": number} if number else {})}
        for protocol, port, number in ports
    ]
    return service(name, type="NodePort", ports=given)


def test_one_port_number_has_one_node_port_whatever_the_protocol() -> None:
    spec = settle(ServiceAddresses(seed=1), ported("dns", ("UDP", 53, 0), ("TCP", 53, 0), ("TCP", 80, 0)))
    numbers = [port["nodePort"] for port in spec["ports"]]
    assert numbers[0] == numbers[1] != numbers[2]


def test_a_node_port_belongs_to_one_service() -> None:
    addresses = ServiceAddresses(seed=1)
    settle(addresses, ported("a", ("TCP", 80, 31524)))
    with pytest.raises(Invalid) as caught:
        settle(addresses, ported("b", ("TCP", 80, 31524)))
    assert caught.value.message == (
        'Service "b" is invalid: spec.ports[0].nodePort: Invalid value: 31524: provided port is already '
        "allocated"
    )


def test_a_node_port_is_in_the_range() -> None:
    text = "provided port is not in the valid range. The range of valid ports is 30000-32767"
    with pytest.raises(Invalid, match=text):
        settle(ServiceAddresses(), ported("a", ("TCP", 80, 80)))


def test_node_ports_are_free_again_when_their_service_goes() -> None:
    addresses = ServiceAddresses(seed=1)
    stored = ported("a", ("TCP", 80, 31524))
    addresses.observe(None, stored)
    addresses.observe(stored, None)
    settle(addresses, ported("b", ("TCP", 80, 31524)))
