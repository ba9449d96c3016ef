"""Where a Service leads: its EndpointSlices, its cluster IP, its external name, or nowhere."""

from typing import Any

import pytest

from karmada.api.objects import Object
from karmada.client.services import NoRoute, is_slice_of, routes_to


def service(**spec: Any) -> Object:
    return {"metadata": {"name": "hooks"}, "spec": {"ports": [{"port": 443}], **spec}}


def endpoint_slice(*addresses: str, port: int = 8443, name: str = "", ready: bool | None = None) -> Object:
    conditions = {} if ready is None else {"ready": ready}
    return {
        "metadata": {"labels": {"kubernetes.io/service-name": "hooks"}},
        "ports": [{"name": name, "port": port}],
        "endpoints": [{"addresses": [each], "conditions": conditions} for each in addresses],
    }


@pytest.mark.parametrize(
    ("given", "slices", "routes"),
    [
        pytest.param(service(clusterIP="10.0.0.1"), [], [("10.0.0.1", 443)], id="cluster-ip"),
        pytest.param(
            service(clusterIP="10.0.0.1"),
            [endpoint_slice("10.1.0.1", "10.1.0.2")],
            [("10.1.0.1", 8443), ("10.1.0.2", 8443)],
            id="addresses-before-the-cluster-ip",
        ),
        pytest.param(
            service(clusterIP="None"), [endpoint_slice("10.1.0.1")], [("10.1.0.1", 8443)], id="headless"
        ),
        pytest.param(
            service(ports=[{"port": 443, "name": "web"}], clusterIP="10.0.0.1"),
            [endpoint_slice("10.1.0.1", name="web"), endpoint_slice("10.1.0.2", name="other", port=1)],
            [("10.1.0.1", 8443)],
            id="the-port-of-that-name",
        ),
        pytest.param(
            service(type="ExternalName", externalName="hooks.example.test"),
            [],
            [("hooks.example.test", 443)],
            id="external-name",
        ),
    ],
)
def test_a_service_leads_to(given: Object, slices: list[Object], routes: list[tuple[str, int]]) -> None:
    assert list(routes_to(given, slices, 443)) == routes


@pytest.mark.parametrize(
    ("given", "slices", "text"),
    [
        pytest.param(
            service(ports=[{"port": 80}]), [], 'no service port 443 found for service "hooks"', id="port"
        ),
        pytest.param(service(type="Odd"), [], 'unsupported service type "Odd"', id="type"),
        pytest.param(service(clusterIP="None"), [], 'cannot route to service with ClusterIP "None"', id="ip"),
        pytest.param(
            service(clusterIP="10.0.0.1"),
            [endpoint_slice("10.1.0.1", ready=False)],
            'no endpoints available for service "hooks"',
            id="not-ready",
        ),
    ],
)
def test_a_service_leads_nowhere(given: Object, slices: list[Object], text: str) -> None:
    with pytest.raises(NoRoute) as caught:
        routes_to(given, slices, 443)
    assert str(caught.value) == text


def test_a_slice_belongs_to_the_service_its_label_names() -> None:
    assert is_slice_of(endpoint_slice("10.1.0.1"), "hooks")
    assert not is_slice_of(endpoint_slice("10.1.0.1"), "others")
