"""What Endpoints and EndpointSlices of a Service hold."""

from typing import Any

import pytest

from controllers.simulator.endpoint_objects import endpoints_of, selects, slice_name, slices_of
from karmada.api.objects import Object, labels_of
from tests.controllers.simulator.builders import pod


def service(**spec: Any) -> Object:
    ports = [{"port": 80, "targetPort": 8080}]
    metadata = {"name": "web", "namespace": "default", "uid": "uid-web", "labels": {"team": "shop"}}
    spec = {"selector": {"app": "web"}, "ports": ports, **spec}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def addressed(name: str, **kind: Any) -> Object:
    made = pod(name, node="n", **kind)
    made["status"]["podIP"] = f"10.0.0.{name[-1]}"
    return made


@pytest.mark.parametrize(
    ("spec", "labels", "expected"),
    [
        pytest.param({}, {"app": "web", "x": "y"}, True, id="its-labels"),
        pytest.param({}, {"app": "db"}, False, id="other-labels"),
        pytest.param({"selector": None}, {"app": "web"}, False, id="no-selector"),
        pytest.param({"selector": {}}, {"app": "web"}, False, id="an-empty-selector-picks-none"),
    ],
)
def test_selection(spec: Object, labels: dict[str, str], expected: bool) -> None:
    assert selects(service(**spec), pod(labels=labels)) is expected


def ips(obj: Object, field: str) -> list[str]:
    return [each["ip"] for subset in obj["subsets"] for each in subset.get(field) or ()]


def conditions(slices: list[Object]) -> list[tuple[bool, bool, bool]]:
    return [
        (each["conditions"]["ready"], each["conditions"]["serving"], each["conditions"]["terminating"])
        for part in slices
        for each in part["endpoints"]
    ]


PODS = [addressed("p1"), addressed("p2", ready=False), addressed("p3", deleting=True)]


@pytest.mark.parametrize(
    ("spec", "ready", "not_ready", "told"),
    [
        pytest.param(
            {},
            ["10.0.0.1"],
            ["10.0.0.2"],
            [(True, True, False), (False, False, False), (False, True, True)],
            id="ready-ones-only",
        ),
        pytest.param(
            {"publishNotReadyAddresses": True},
            ["10.0.0.1", "10.0.0.2"],
            [],
            [(True, True, False), (True, False, False), (True, True, True)],
            id="all-are-published",
        ),
    ],
)
def test_readiness(
    spec: Object, ready: list[str], not_ready: list[str], told: list[tuple[bool, bool, bool]]
) -> None:
    made = endpoints_of(service(**spec), PODS)
    assert (ips(made, "addresses"), ips(made, "notReadyAddresses")) == (ready, not_ready)
    assert conditions(slices_of(service(**spec), PODS)) == told


def test_without_pods_there_are_objects_with_nothing_in_them() -> None:
    assert endpoints_of(service(), [])["subsets"] == []
    (empty,) = slices_of(service(), [])
    assert empty["endpoints"] == []


def test_a_hundred_pods_fit_into_a_slice() -> None:
    pods = [addressed(f"p{number}") for number in range(205)]
    slices = slices_of(service(), pods)
    assert [len(part["endpoints"]) for part in slices] == [100, 100, 5]
    assert len({part["metadata"]["name"] for part in slices}) == 3
    assert slice_name(service(), 0) == slices[0]["metadata"]["name"]


def test_a_headless_service_is_marked() -> None:
    made = endpoints_of(service(clusterIP="None"), [])
    assert labels_of(made) == {
        "team": "shop",
        "service.kubernetes.io/headless": "",
        "endpoints.kubernetes.io/managed-by": "endpoint-controller",
    }


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        pytest.param({"port": 80}, [{"port": 80, "protocol": "TCP"}], id="itself"),
        pytest.param(
            {"name": "dns", "port": 53, "targetPort": 5353, "protocol": "UDP"},
            [{"name": "dns", "port": 5353, "protocol": "UDP"}],
            id="a-number",
        ),
        pytest.param({"port": 80, "targetPort": "http"}, [{"port": 8080, "protocol": "TCP"}], id="a-name"),
        pytest.param({"port": 80, "targetPort": "admin"}, [], id="a-name-nobody-has"),
    ],
)
def test_ports(port: Object, expected: list[Object]) -> None:
    target = addressed("p1")
    target["spec"]["containers"][0]["ports"] = [{"name": "http", "containerPort": 8080}]
    (part,) = slices_of(service(ports=[port]), [target])
    assert part["ports"] == expected


def test_pods_that_answer_on_other_ports_are_told_apart() -> None:
    named = service(ports=[{"name": "a", "port": 80, "targetPort": "http"}, {"name": "b", "port": 81}])
    pods = [addressed("p1"), addressed("p2"), addressed("p3")]
    for each, number in zip(pods, (3000, 3001, 3000), strict=True):
        each["spec"]["containers"][0]["ports"] = [{"name": "http", "containerPort": number}]

    def told(parts: list[Object], field: str) -> list[tuple[list[int], int]]:
        return [([port["port"] for port in part["ports"]], len(part[field])) for part in parts]

    assert told(slices_of(named, pods), "endpoints") == [([3000, 81], 2), ([3001, 81], 1)]
    subsets = endpoints_of(named, pods)["subsets"]
    assert told(subsets, "addresses") == [([3000], 2), ([81], 3), ([3001], 1)]
