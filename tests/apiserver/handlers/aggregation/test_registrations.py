"""Where the server of an APIService is, and what is said when it is nowhere."""

from typing import Any

import pytest

from apiserver.handlers.aggregation.registrations import (
    LOCAL,
    PASSED,
    Registration,
    Registrations,
    ServiceReference,
    Unreachable,
    Verdict,
    is_available,
    ways_to,
    with_verdict,
)
from apiserver.request_info import Query, RequestInfo
from karmada.api.objects import Object
from karmada.client.services import Route

REFERENCE = ServiceReference("shop", "extension", 443)
NOW = "2026-05-01T00:00:00Z"


def api_service(*, local: bool = False, **spec: Any) -> Object:
    whole: Object = {"group": "shop.example.com", "version": "v1", "groupPriorityMinimum": 100}
    if not local:
        whole["service"] = {"namespace": "shop", "name": "extension"}
    return {"metadata": {"name": "v1.shop.example.com"}, "spec": {**whole, **spec}}


def service(**spec: Any) -> Object:
    whole = {"ports": [{"name": "https", "port": 443}], "clusterIP": "10.0.0.9", **spec}
    return {"metadata": {"name": "extension", "namespace": "shop"}, "spec": whole}


def slice_(*addresses: str, name: str = "https", port: int = 6443) -> Object:
    metadata = {"name": "s", "labels": {"kubernetes.io/service-name": "extension"}}
    endpoints = [{"addresses": [address]} for address in addresses]
    return {"metadata": metadata, "endpoints": endpoints, "ports": [{"name": name, "port": port}]}


def test_the_ways_to_a_server_are_its_addresses() -> None:
    assert ways_to(REFERENCE, service(), [slice_("10.1.0.2", "10.1.0.1")]) == [
        Route("10.1.0.1", 6443),
        Route("10.1.0.2", 6443),
    ]


def test_an_external_name_is_a_way() -> None:
    found = service(type="ExternalName", externalName="api.example.com", ports=[])
    assert ways_to(REFERENCE, found, []) == [Route("api.example.com", 443)]


@pytest.mark.parametrize(
    ("found", "slices", "reason", "message"),
    [
        pytest.param(
            None, [], "ServiceNotFound", 'service/extension in "shop" is not present', id="no-service"
        ),
        pytest.param(
            service(ports=[]),
            [],
            "ServicePortError",
            'service/extension in "shop" is not listening on port 443',
            id="no-port",
        ),
        pytest.param(
            service(),
            [],
            "EndpointsNotFound",
            'cannot find endpointslices for service/extension in "shop"',
            id="no-slices",
        ),
        pytest.param(
            service(),
            [slice_()],
            "MissingEndpoints",
            'endpointslices for service/extension in "shop" have no addresses with port name "https"',
            id="no-addresses",
        ),
    ],
)
def test_a_server_that_is_nowhere(
    found: Object | None, slices: list[Object], reason: str, message: str
) -> None:
    with pytest.raises(Unreachable) as raised:
        ways_to(REFERENCE, found, slices)
    assert raised.value.verdict == Verdict("False", reason, message)


def test_a_verdict_is_written_once() -> None:
    first = with_verdict(api_service(), PASSED, now=NOW)
    assert is_available(first)
    assert with_verdict(first, PASSED, now="2027-01-01T00:00:00Z") is first
    assert not is_available(with_verdict(first, Verdict("False", "ServiceNotFound", "gone"), now=NOW))
    assert LOCAL.status == "True"


@pytest.mark.parametrize(
    ("path", "found"),
    [
        pytest.param("/apis/shop.example.com/v1/namespaces/a/orders/b", True, id="object"),
        pytest.param("/apis/shop.example.com/v1", True, id="discovery"),
        pytest.param("/openapi/v3/apis/shop.example.com/v1", True, id="openapi"),
        pytest.param("/apis/shop.example.com", False, id="group"),
        pytest.param("/apis/shop.example.com/v2/orders", False, id="another-version"),
        pytest.param("/apis/apps/v1/deployments", False, id="another-group"),
        pytest.param("/openapi/v3", False, id="openapi-index"),
        pytest.param("/api/v1/pods", False, id="core"),
    ],
)
def test_which_requests_go_elsewhere(path: str, found: bool) -> None:
    registrations = Registrations()
    info = RequestInfo.parse("GET", path, Query())
    registrations.apply(None, api_service(local=True))
    assert registrations.of(info) is None
    registrations.apply(None, api_service())
    assert (registrations.of(info) is not None) is found
    registrations.apply(api_service(), None)
    assert registrations.of(info) is None


def test_the_server_is_known_by_its_service() -> None:
    access = Registration.of(api_service(caBundle="UEVN")).access(
        Route("::1", 6443), certificate=b"c", key=b"k"
    )
    assert (access.server, access.tls_server_name) == ("https://[::1]:6443", "extension.shop.svc")
    assert (access.ca_data, access.insecure, access.client_certificate) == (b"PEM", False, b"c")
