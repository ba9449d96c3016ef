"""Service: what is filled in, what an update keeps, what goes with a type."""

from typing import Any

import pytest

from apiserver.admission.kubernetes.service_addresses import ServiceAddresses
from apiserver.admission.kubernetes.services import service_rules
from karmada.api.objects import Object, private_copy
from tests.apiserver.admission.contexts import admitted, judged, shaped

RULES = service_rules(ServiceAddresses(seed=1))
PORTS = [{"name": "http", "port": 80}]


def service(name: str = "web", **spec: Any) -> Object:
    return shaped(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name, "namespace": "shop"},
            "spec": {"ports": PORTS, "selector": {"run": "web"}, **spec},
        }
    )


def made(**spec: Any) -> Object:
    settled: Object = admitted(RULES, service(**spec))["spec"]
    return settled


def test_a_service_is_completed_as_kubernetes_does() -> None:
    spec = made()
    address = spec.pop("clusterIP")
    assert address.startswith("10.")
    assert spec == {
        "clusterIPs": [address],
        "internalTrafficPolicy": "Cluster",
        "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack",
        "ports": [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": 80}],
        "selector": {"run": "web"},
        "sessionAffinity": "None",
        "type": "ClusterIP",
    }


def test_a_node_port_service_gets_a_node_port() -> None:
    spec = made(type="NodePort")
    assert 30000 <= spec["ports"][0]["nodePort"] <= 32767
    assert spec["externalTrafficPolicy"] == "Cluster"


def test_a_load_balancer_has_node_ports_unless_it_says_no() -> None:
    spec = made(type="LoadBalancer", externalTrafficPolicy="Local")
    assert spec["allocateLoadBalancerNodePorts"] is True
    assert spec["healthCheckNodePort"] != spec["ports"][0]["nodePort"]
    assert "nodePort" not in made(type="LoadBalancer", allocateLoadBalancerNodePorts=False)["ports"][0]


def test_clients_stick_for_three_hours() -> None:
    config = made(sessionAffinity="ClientIP")["sessionAffinityConfig"]
    assert config == {"clientIP": {"timeoutSeconds": 10800}}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(
            {"clusterIP": "None"},
            {"clusterIPs": ["None"], "ipFamilyPolicy": "SingleStack", "ipFamilies": ["IPv4"]},
            id="headless",
        ),
        pytest.param(
            {"clusterIP": "None", "selector": None},
            {"clusterIPs": ["None"], "ipFamilyPolicy": "RequireDualStack", "ipFamilies": ["IPv4", "IPv6"]},
            id="headless-without-selector",
        ),
        pytest.param(
            {"type": "ExternalName", "externalName": "a.example.test"},
            {"clusterIPs": None, "ipFamilies": None, "internalTrafficPolicy": None},
            id="a-name-elsewhere",
        ),
    ],
)
def test_not_every_service_has_an_address(given: Object, expected: Object) -> None:
    spec = made(**given)
    assert {name: spec.get(name) for name in expected} == expected


def updated(old: Object, **spec: Any) -> Object:
    """old replaced by a manifest that does not mention what was allocated."""
    return admitted(RULES, service(**spec), old=old)


def test_a_manifest_can_be_replaced_as_it_is() -> None:
    old = admitted(RULES, service(type="NodePort"))
    new = updated(old, type="NodePort")
    assert new["spec"] == old["spec"]
    assert judged(RULES, new, old=old) == []


def test_node_ports_go_with_the_type() -> None:
    old = admitted(RULES, service(type="NodePort"))
    new = private_copy(old)
    new["spec"]["type"] = "ClusterIP"
    admitted(RULES, new, old=old)
    assert "nodePort" not in new["spec"]["ports"][0]
    assert "externalTrafficPolicy" not in new["spec"]
    assert new["spec"]["clusterIP"] == old["spec"]["clusterIP"]


def test_the_address_goes_when_the_service_becomes_a_name() -> None:
    old = admitted(RULES, service())
    new = private_copy(old)
    new["spec"] |= {"type": "ExternalName", "externalName": "a.example.test"}
    admitted(RULES, new, old=old)
    assert not {"clusterIP", "clusterIPs", "ipFamilies", "internalTrafficPolicy"} & new["spec"].keys()
    assert judged(RULES, new, old=old) == []


def test_an_address_is_not_taken_away() -> None:
    old = admitted(RULES, service())
    new = updated(old, clusterIP="10.96.9.9", clusterIPs=["10.96.9.9"])
    assert judged(RULES, new, old=old) == [
        'spec.clusterIPs[0]: Invalid value: ["10.96.9.9"]: may not change once set'
    ]


def test_a_changed_address_is_told_as_such_whichever_field_says_it() -> None:
    old = admitted(RULES, service(clusterIP="None"))
    new = private_copy(old)
    new["spec"]["clusterIP"] = "10.96.9.9"
    admitted(RULES, new, old=old)
    assert judged(RULES, new, old=old) == [
        'spec.clusterIPs[0]: Invalid value: ["10.96.9.9"]: may not change once set'
    ]
