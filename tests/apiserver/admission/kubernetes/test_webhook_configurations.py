"""Registered admission webhooks and policies."""

from typing import Any

import pytest

from apiserver.admission.kubernetes import webhook_configurations as rules
from karmada.api.objects import Object, private_copy
from tests.apiserver.admission.contexts import admitted, judged

RULE = {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}


def configuration(kind: str = "MutatingWebhookConfiguration", **webhook: Any) -> Object:
    given = {
        "name": "pods.hooks.example.test",
        "rules": [RULE],
        "clientConfig": {"service": {"name": "a", "namespace": "b"}},
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        **webhook,
    }
    return private_copy(
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": kind,
            "metadata": {"name": "hooks"},
            "webhooks": [given],
        }
    )


def test_a_webhook_is_completed() -> None:
    (webhook,) = admitted(rules.MUTATING_RULES, configuration())["webhooks"]
    assert webhook["failurePolicy"] == "Fail"
    assert webhook["matchPolicy"] == "Equivalent"
    assert webhook["namespaceSelector"] == webhook["objectSelector"] == {}
    assert webhook["timeoutSeconds"] == 10
    assert webhook["reinvocationPolicy"] == "Never"
    assert webhook["rules"][0]["scope"] == "*"
    assert webhook["clientConfig"]["service"]["port"] == 443
    validating = admitted(rules.VALIDATING_RULES, configuration("ValidatingWebhookConfiguration"))
    assert "reinvocationPolicy" not in validating["webhooks"][0]


W = "webhooks[0]"
BROKEN = [
    pytest.param(
        {"sideEffects": "Some"},
        f'{W}.sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"',
        id="side-effects",
    ),
    pytest.param(
        {"timeoutSeconds": 60},
        f"{W}.timeoutSeconds: Invalid value: 60: the timeout value must be between 1 and 30 seconds",
        id="timeout",
    ),
    pytest.param(
        {"admissionReviewVersions": ["v9"]},
        f'{W}.admissionReviewVersions: Invalid value: ["v9"]: must include at least one of v1, v1beta1',
        id="versions",
    ),
    pytest.param(
        {"name": "hooks"},
        f'{W}.name: Invalid value: "hooks": should be a domain with at least three segments '
        "separated by dots",
        id="name",
    ),
    pytest.param(
        {"clientConfig": {"url": "http://a"}},
        f"{W}.clientConfig.url: Invalid value: \"http://a\": 'https' is the only allowed URL scheme; desired "
        "format: https://host[/path]",
        id="in-the-clear",
    ),
    pytest.param(
        {"rules": [{**RULE, "operations": ["READ"]}]},
        f'{W}.rules[0].operations[0]: Unsupported value: "READ": supported values: "*", "CONNECT", "CREATE", '
        '"DELETE", "UPDATE"',
        id="operation",
    ),
    pytest.param(
        {"rules": [{**RULE, "resources": []}]}, f"{W}.rules[0].resources: Required value", id="what"
    ),
]


@pytest.mark.parametrize(("webhook", "expected"), BROKEN)
def test_broken_rules_are_found(webhook: Object, expected: str) -> None:
    assert judged(rules.MUTATING_RULES, configuration(**webhook)) == [expected]
