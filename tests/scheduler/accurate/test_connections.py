"""Where estimators are."""

from typing import Any

import pytest

from karmada.api.errors import ServiceUnavailable
from karmada.runtime.observe import StartError
from scheduler.accurate.connections import addresses_of, credentials_of
from scheduler.accurate.options import EstimatorClientOptions

OPTIONS = EstimatorClientOptions()


def service(type: str = "ExternalName", port: int = 10352, target: Any = 40001) -> dict[str, Any]:
    ports = [{"port": 80, "targetPort": 80}, {"port": port, "targetPort": target}]
    return {"spec": {"type": type, "externalName": "localhost", "ports": ports}}


def test_without_a_service_its_names_inside_a_cluster_are_tried() -> None:
    assert addresses_of(None, OPTIONS, "m1") == [
        "karmada-scheduler-estimator-m1.karmada-system.svc.cluster.local:10352",
        "karmada-scheduler-estimator-m1.karmada-system.svc:10352",
    ]


def test_an_external_name_says_where() -> None:
    assert addresses_of(service(), OPTIONS, "m1") == ["localhost:40001"]


@pytest.mark.parametrize(
    ("found", "message"),
    [
        pytest.param(service(type="ClusterIP"), "not ExternalName", id="another-type"),
        pytest.param(service(port=1), "no port 10352", id="another-port"),
        pytest.param(service(target="grpc"), "no port 10352", id="a-named-target"),
        pytest.param({"spec": {"type": "ExternalName"}}, "no port 10352", id="no-ports"),
    ],
)
def test_a_service_that_does_not_say_where(found: dict[str, Any], message: str) -> None:
    with pytest.raises(ServiceUnavailable, match=message):
        addresses_of(found, OPTIONS, "m1")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(EstimatorClientOptions(timeout_seconds=-1), "--scheduler-estimator-timeout", id="time"),
        pytest.param(EstimatorClientOptions(port=70000), "--scheduler-estimator-port", id="port"),
        pytest.param(EstimatorClientOptions(ca_file="/no/ca"), "/no/ca", id="no-file"),
        pytest.param(EstimatorClientOptions(insecure_skip_verify=True), "--insecure-skip", id="no-ca"),
    ],
)
def test_what_cannot_work_is_refused(options: EstimatorClientOptions, message: str) -> None:
    with pytest.raises(StartError, match=message):
        options.check()


def test_without_a_ca_it_is_plain_text() -> None:
    assert credentials_of(OPTIONS) is None
