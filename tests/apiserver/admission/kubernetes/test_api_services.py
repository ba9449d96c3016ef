"""APIService: what its name must be, and where it may lead."""

from typing import Any

import pytest

from apiserver.admission.kubernetes.api_services import RULES
from karmada.api.objects import Object
from tests.apiserver.admission.contexts import admitted, judged

SERVICE = {"namespace": "shop", "name": "extension", "port": 443}


def registration(name: str = "v1.a.io", **spec: Any) -> Object:
    whole = {"group": "a.io", "version": "v1", "groupPriorityMinimum": 100, "versionPriority": 10, **spec}
    return {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": name},
        "spec": whole,
    }


def test_a_service_listens_on_443_unless_it_says_otherwise() -> None:
    made = admitted(RULES, registration(service={"namespace": "shop", "name": "extension"}))
    assert made["spec"]["service"]["port"] == 443


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(registration(), [], id="local"),
        pytest.param(registration("v1.", group=""), [], id="legacy"),
        pytest.param(registration(service=SERVICE, caBundle="YQ=="), [], id="remote"),
        pytest.param(registration("bad"), ["metadata.name"], id="another-name"),
        pytest.param(
            registration(groupPriorityMinimum=0, versionPriority=2000),
            ["spec.groupPriorityMinimum", "spec.versionPriority"],
            id="priorities",
        ),
        pytest.param(registration(caBundle="YQ=="), ["spec.caBundle"], id="local-with-authority"),
        pytest.param(
            registration(insecureSkipTLSVerify=True), ["spec.insecureSkipTLSVerify"], id="local-insecure"
        ),
        pytest.param(
            registration(service=SERVICE, caBundle="YQ==", insecureSkipTLSVerify=True),
            ["spec.insecureSkipTLSVerify"],
            id="both",
        ),
        pytest.param(
            registration(service={"port": 0}),
            ["spec.service.namespace", "spec.service.name", "spec.service.port"],
            id="no-service",
        ),
        pytest.param(registration("v2.", group="", version="v2"), ["spec.group"], id="no-group"),
    ],
)
def test_broken_rules_are_found(given: Object, expected: list[str]) -> None:
    assert [text.partition(": ")[0] for text in judged(RULES, given)] == expected
