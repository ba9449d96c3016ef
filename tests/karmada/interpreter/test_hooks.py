"""Hooks: which webhook is asked, and where it is found."""

from typing import Any

import pytest

from karmada.api.groups.config import (
    ResourceInterpreterWebhook,
    ResourceInterpreterWebhookConfiguration,
    ServiceReference,
    WebhookClientConfig,
)
from karmada.api.gvk import GroupVersionKind
from karmada.api.objects import Object
from karmada.interpreter.errors import WebhookFailed
from karmada.interpreter.hooks import (
    Hook,
    check_versions,
    first_match,
    hooks_of,
    service_endpoint,
    url_endpoint,
)
from karmada.interpreter.operations import Operation

LOOM = GroupVersionKind("looms.example.test", "v1", "Loom")
POD = GroupVersionKind("", "v1", "Pod")


def rule(
    operations: str = "*", groups: str = "*", versions: str = "*", kinds: str = "*"
) -> dict[str, list[str]]:
    return {
        "operations": operations.split(),
        "apiGroups": ["" if group == "core" else group for group in groups.split()],
        "apiVersions": versions.split(),
        "kinds": kinds.split(),
    }


def configuration(name: str, **webhooks: list[Any]) -> ResourceInterpreterWebhookConfiguration:
    """webhooks: rules by name."""
    return ResourceInterpreterWebhookConfiguration.from_json(
        {
            "metadata": {"name": name},
            "webhooks": [{"name": webhook, "rules": rules} for webhook, rules in webhooks.items()],
        }
    )


@pytest.mark.parametrize(
    ("rules", "gvk", "matches"),
    [
        pytest.param([rule()], LOOM, True, id="everything"),
        pytest.param([rule("InterpretHealth Retain")], LOOM, True, id="operation-in-the-list"),
        pytest.param([rule("Retain")], LOOM, False, id="another-operation"),
        pytest.param([rule(groups="looms.example.test")], LOOM, True, id="group"),
        pytest.param([rule(groups="apps")], LOOM, False, id="another-group"),
        pytest.param([rule(groups="core")], POD, True, id="the-core-group-is-empty"),
        pytest.param([rule(groups="core")], LOOM, False, id="the-core-group-is-not-all"),
        pytest.param([rule(versions="v2")], LOOM, False, id="another-version"),
        pytest.param([rule(kinds="Spindle Loom")], LOOM, True, id="kind-in-the-list"),
        pytest.param([rule(kinds="loom")], LOOM, False, id="kinds-are-exact"),
        pytest.param([rule("Retain"), rule("InterpretHealth")], LOOM, True, id="any-rule"),
        pytest.param([rule("Retain", kinds="Loom"), rule("*", kinds="X")], LOOM, False, id="no-mix-of-rules"),
        pytest.param([], LOOM, False, id="no-rules"),
    ],
)
def test_a_webhook_is_asked_when_a_rule_matches(
    rules: list[Any], gvk: GroupVersionKind, matches: bool
) -> None:
    hooks = hooks_of([configuration("c", hook=rules)])
    assert (first_match(hooks, gvk, Operation.HEALTH) is not None) is matches


def test_the_first_match_by_configuration_and_name_is_asked() -> None:
    hooks = hooks_of(
        [configuration("b", a=[rule()]), configuration("a", z=[rule()], m=[rule()], a=[rule("Retain")])]
    )
    found = first_match(hooks, LOOM, Operation.HEALTH)
    assert found is not None
    assert found.uid == "a/m"


@pytest.mark.parametrize(("asked", "seconds"), [(None, 10), (3, 3), (0, 10), (300, 30), (-4, 1)])
def test_the_timeout_has_a_default_and_bounds(asked: int | None, seconds: int) -> None:
    assert Hook("u", ResourceInterpreterWebhook(timeout_seconds=asked)).timeout_seconds == seconds


def test_a_webhook_of_another_protocol_version_is_not_called() -> None:
    check_versions(ResourceInterpreterWebhook(interpreter_context_versions=["v2", "v1alpha1"]))
    with pytest.raises(WebhookFailed, match="only: v2"):
        check_versions(ResourceInterpreterWebhook(interpreter_context_versions=["v2"]))


def service(**spec: Any) -> Object:
    return {"spec": {"clusterIP": "10.0.0.7", "ports": [{"port": 443}, {"port": 8443}], **spec}}


@pytest.mark.parametrize(
    ("found", "reference", "url"),
    [
        pytest.param(service(), {}, "https://10.0.0.7:443/", id="cluster-ip-and-the-usual-port"),
        pytest.param(service(type="NodePort"), {}, "https://10.0.0.7:443/", id="node-port"),
        pytest.param(service(type="LoadBalancer"), {}, "https://10.0.0.7:443/", id="load-balancer"),
        pytest.param(service(), {"port": 8443, "path": "/i"}, "https://10.0.0.7:8443/i", id="port-and-path"),
        pytest.param(service(), {"path": "i"}, "https://10.0.0.7:443/i", id="path-without-slash"),
        pytest.param(service(clusterIP="fd00::7"), {}, "https://[fd00::7]:443/", id="ipv6"),
        pytest.param(
            service(type="ExternalName", externalName="hooks.example", ports=None),
            {"port": 9},
            "https://hooks.example:9/",
            id="external-name-with-any-port",
        ),
        pytest.param(None, {}, "https://svc.ns.svc:443/", id="not-in-the-control-plane"),
    ],
)
def test_a_service_is_called_at_its_address_and_verified_by_its_name(
    found: Object | None, reference: Object, url: str
) -> None:
    asked = ServiceReference.from_json({"namespace": "ns", "name": "svc", **reference})
    endpoint = service_endpoint(asked, found)
    assert (endpoint.url, endpoint.server_name) == (url, "svc.ns.svc")


@pytest.mark.parametrize(
    ("found", "message"),
    [
        pytest.param(service(clusterIP="None"), "headless", id="headless"),
        pytest.param(service(clusterIP=""), "headless", id="without-address"),
        pytest.param(service(ports=[{"port": 80}]), "no port 443", id="without-that-port"),
        pytest.param(service(type="Other"), "unsupported service type", id="unknown-type"),
    ],
)
def test_a_service_that_cannot_be_called_is_an_error(found: Object, message: str) -> None:
    with pytest.raises(WebhookFailed, match=message):
        service_endpoint(ServiceReference(namespace="ns", name="svc"), found)


def test_a_webhook_without_an_address_is_an_error() -> None:
    assert url_endpoint(WebhookClientConfig(url="https://h/x")).url == "https://h/x"
    with pytest.raises(WebhookFailed, match="neither a service nor a url"):
        url_endpoint(WebhookClientConfig())
