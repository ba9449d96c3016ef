"""Ingress, IngressClass, NetworkPolicy, Endpoints, EndpointSlice: what is filled in, and what is refused."""

from typing import Any

import pytest

from apiserver.admission.kubernetes import networking
from karmada.api.objects import Object
from tests.apiserver.admission.contexts import admitted, judged, shaped

BACKEND = {"service": {"name": "web", "port": {"number": 80}}}


def obj(kind: str, api_version: str, *, name: str = "a", **parts: Any) -> Object:
    return shaped(
        {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": "shop"}, **parts}
    )


def ingress(**spec: Any) -> Object:
    return obj("Ingress", "networking.k8s.io/v1", spec={"defaultBackend": BACKEND, **spec})


def ingress_class(name: str) -> Object:
    annotations = {"ingressclass.kubernetes.io/is-default-class": "true"}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "metadata": {"name": name, "annotations": annotations},
        "spec": {"controller": "example.test/edge"},
    }


def test_an_ingress_without_class_gets_the_default_one() -> None:
    existing = [ingress_class("edge")]
    made = admitted(networking.INGRESS_RULES, ingress(), existing=existing)
    assert made["spec"]["ingressClassName"] == "edge"
    chosen = admitted(networking.INGRESS_RULES, ingress(ingressClassName="own"), existing=existing)
    assert chosen["spec"]["ingressClassName"] == "own"
    assert "ingressClassName" not in admitted(networking.INGRESS_RULES, ingress())["spec"]


def test_of_two_default_classes_of_one_age_the_first_by_name_is_taken() -> None:
    made = admitted(networking.INGRESS_RULES, ingress(), existing=[ingress_class("b"), ingress_class("a")])
    assert made["spec"]["ingressClassName"] == "a"


def test_an_ingress_leads_somewhere() -> None:
    assert judged(networking.INGRESS_RULES, ingress()) == []
    assert judged(networking.INGRESS_RULES, ingress(defaultBackend=None)) == [
        "spec: Invalid value: null: either `defaultBackend` or `rules` must be specified"
    ]


def test_the_controller_of_a_class_stays() -> None:
    old = ingress_class("edge")
    new = {**old, "spec": {"controller": "example.test/other"}}
    assert judged(networking.INGRESS_CLASS_RULES, new, old=old) == [
        'spec.controller: Invalid value: "example.test/other": field is immutable'
    ]
    assert judged(networking.INGRESS_CLASS_RULES, {**old, "spec": {}}) == ["spec.controller: Required value"]


@pytest.mark.parametrize(
    ("spec", "types"),
    [
        pytest.param({"podSelector": {}}, ["Ingress"], id="nothing-said"),
        pytest.param({"podSelector": {}, "egress": [{}]}, ["Ingress", "Egress"], id="egress-rules"),
        pytest.param({"podSelector": {}, "policyTypes": ["Egress"]}, ["Egress"], id="given"),
    ],
)
def test_the_types_of_a_policy_follow_from_its_rules(spec: Object, types: list[str]) -> None:
    given = obj("NetworkPolicy", "networking.k8s.io/v1", spec=spec)
    assert admitted(networking.NETWORK_POLICY_RULES, given)["spec"]["policyTypes"] == types


POLICIES = [
    pytest.param({"ports": [{"port": 80, "endPort": 79}]}, "ports[0].endPort", id="ends-before-it-starts"),
    pytest.param({"ports": [{"endPort": 79}]}, "ports[0].port", id="where-does-it-start"),
    pytest.param({"ports": [{"port": "http", "endPort": 79}]}, "ports[0].endPort", id="no-number"),
    pytest.param({"from": [{}]}, "from[0]", id="from-nobody"),
    pytest.param({"from": [{"ipBlock": {"cidr": "10.0.0.0"}}]}, "from[0].ipBlock.cidr", id="no-network"),
    pytest.param(
        {"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}, "podSelector": {}}]}, "from[0]", id="block-and-pods"
    ),
]


@pytest.mark.parametrize(("rule", "field"), POLICIES)
def test_broken_rules_of_policies_are_found(rule: Object, field: str) -> None:
    given = obj("NetworkPolicy", "networking.k8s.io/v1", spec={"podSelector": {}, "ingress": [rule]})
    (found,) = judged(networking.NETWORK_POLICY_RULES, given)
    assert found.startswith(f"spec.ingress[0].{field}: ")


@pytest.mark.parametrize(
    ("ip", "problem"),
    [
        pytest.param("127.0.0.1", "may not be in the loopback range (127.0.0.0/8, ::1/128)", id="loopback"),
        pytest.param(
            "169.254.1.1", "may not be in the link-local range (169.254.0.0/16, fe80::/10)", id="link-local"
        ),
        pytest.param("0.0.0.0", "may not be unspecified (0.0.0.0)", id="any"),
        pytest.param(
            "224.0.0.1",
            "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)",
            id="multicast",
        ),
    ],
)
def test_endpoints_can_be_reached_by_others(ip: str, problem: str) -> None:
    given = obj("Endpoints", "v1", subsets=[{"addresses": [{"ip": ip}]}])
    assert judged(networking.ENDPOINTS_RULES, given) == [
        f'subsets[0].addresses[0].ip: Invalid value: "{ip}": {problem}'
    ]


def test_a_subset_has_addresses() -> None:
    assert judged(networking.ENDPOINTS_RULES, obj("Endpoints", "v1", subsets=[{"ports": [{"port": 1}]}])) == [
        "subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`"
    ]


def endpoint_slice(*addresses: str, kind: str = "IPv4", **parts: Any) -> Object:
    endpoints = [{"addresses": list(addresses)}]
    return obj(
        "EndpointSlice",
        "discovery.k8s.io/v1",
        **{"addressType": kind, "endpoints": endpoints, "ports": [{"port": 80}], **parts},
    )


def test_ports_of_a_slice_have_a_name_even_if_empty() -> None:
    made = admitted(networking.ENDPOINT_SLICE_RULES, endpoint_slice("10.0.0.1"))
    assert made["ports"] == [{"port": 80, "name": "", "protocol": "TCP"}]
    assert judged(networking.ENDPOINT_SLICE_RULES, made) == []


SLICES = [
    pytest.param(
        endpoint_slice("::2"), 'endpoints[0].addresses[0]: Invalid value: "::2": must be', id="family"
    ),
    pytest.param(
        endpoint_slice(), "endpoints[0].addresses: Required value: must contain at least 1", id="no-address"
    ),
    pytest.param(
        endpoint_slice(*["10.0.0.1"] * 101),
        "endpoints[0].addresses: Too many: 101: must have at most 100 items",
        id="too-many-addresses",
    ),
    pytest.param(
        endpoint_slice(endpoints=[{"addresses": ["10.0.0.1"]}] * 1001),
        "endpoints: Too many: 1001: must have at most 1000 items",
        id="too-many-endpoints",
    ),
    pytest.param(endpoint_slice("a", kind=""), "addressType: Required value", id="no-family"),
]


@pytest.mark.parametrize(("given", "expected"), SLICES)
def test_broken_rules_of_slices_are_found(given: Object, expected: str) -> None:
    (found,) = judged(networking.ENDPOINT_SLICE_RULES, given)
    assert found.startswith(expected)


def test_the_family_of_a_slice_stays() -> None:
    new = endpoint_slice("a.example.test", kind="FQDN")
    assert judged(networking.ENDPOINT_SLICE_RULES, new, old=endpoint_slice("10.0.0.1")) == [
        'addressType: Invalid value: "FQDN": field is immutable'
    ]
