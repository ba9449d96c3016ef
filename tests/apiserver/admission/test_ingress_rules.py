"""What Ingress and MultiClusterIngress specs must keep."""

from typing import Any

import pytest

from apiserver.admission.ingress_rules import (
    ingress_spec_errors,
    load_balancer_errors,
    port_name_errors,
)
from karmada.api.objects import Object
from tests.apiserver.admission.contexts import texts

BACKEND = {"service": {"name": "web", "port": {"number": 80}}}
PATHS = "spec.rules[0].http.paths"


def ruled(host: str = "", **path: Any) -> Object:
    given = {"pathType": "Prefix", "path": "/", "backend": BACKEND, **path}
    return {"rules": [{"host": host, "http": {"paths": [given]}}]}


BROKEN = [
    pytest.param(
        {}, ["spec: Invalid value: null: either `defaultBackend` or `rules` must be specified"], id="empty"
    ),
    pytest.param(
        {"defaultBackend": {}},
        ["spec.defaultBackend: Required value: must specify a service or resource backend"],
        id="backend-of-nothing",
    ),
    pytest.param(
        ruled(pathType=None),
        [f"{PATHS}[0].pathType: Required value: pathType must be specified"],
        id="no-type",
    ),
    pytest.param(
        ruled(path="a"), [f'{PATHS}[0].path: Invalid value: "a": must be an absolute path'], id="relative"
    ),
    pytest.param(
        ruled(path="/a//b"),
        [f"{PATHS}[0].path: Invalid value: \"/a//b\": must not contain '//'"],
        id="slashes",
    ),
    pytest.param(
        ruled(path="/a/.."),
        [f"{PATHS}[0].path: Invalid value: \"/a/..\": cannot end with '/..'"],
        id="upwards",
    ),
    pytest.param(
        ruled(backend={"service": {"name": "web", "port": {}}}),
        [f"{PATHS}[0].backend.service: Required value: port name or number is required"],
        id="no-port",
    ),
    pytest.param(
        ruled("192.0.2.1"),
        [
            'spec.rules[0].host: Invalid value: "192.0.2.1": must be a DNS name, not an IP address',
        ],
        id="host-is-an-address",
    ),
    pytest.param({"rules": [{"http": {}}]}, [f"{PATHS}: Required value"], id="no-paths"),
]


@pytest.mark.parametrize(("spec", "expected"), BROKEN)
def test_broken_rules_are_found(spec: Object, expected: list[str]) -> None:
    assert texts(ingress_spec_errors(spec)) == expected


@pytest.mark.parametrize("host", ["shop.example.test", "*.example.test", ""])
def test_names_and_wildcards_are_hosts(host: str) -> None:
    assert ingress_spec_errors(ruled(host)) == []


def test_a_load_balancer_has_addresses_or_names() -> None:
    status = {"ingress": [{"ip": "192.0.2.300"}, {"hostname": "192.0.2.3"}, {"ip": "192.0.2.1"}]}
    assert texts(load_balancer_errors(status, "a")) == [
        'a[0].ip: Invalid value: "192.0.2.300": must be a valid IP address, '
        "(e.g. 10.9.8.7 or 2001:db8::ffff)",
        'a[1].hostname: Invalid value: "192.0.2.3": must be a DNS name, not an IP address',
    ]


@pytest.mark.parametrize(
    ("name", "problems"),
    [
        pytest.param("http", 0, id="good"),
        pytest.param("a-name-that-is-too-long", 1, id="long"),
        pytest.param("80", 1, id="no-letter"),
        pytest.param("-a", 1, id="leading-hyphen"),
        pytest.param("a--b", 1, id="two-hyphens"),
        pytest.param("A", 2, id="capital"),
    ],
)
def test_port_names_are_service_names(name: str, problems: int) -> None:
    assert len(port_name_errors(name)) == problems
