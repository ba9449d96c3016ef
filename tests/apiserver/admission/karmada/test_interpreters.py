"""Interpreter customizations and webhooks: what is refused."""

from typing import Any

import pytest

from apiserver.admission.karmada.interpreters import (
    CUSTOMIZATION_RULES,
    WEBHOOK_RULES,
    conflict,
)
from karmada.api.errors import Forbidden
from karmada.api.objects import Object
from tests.apiserver.admission.contexts import refused

GOOD = "function GetReplicas(obj) return obj.spec.replicas end"


def customization(name: str, kind: str = "Loom", **scripts: str) -> Object:
    return {
        "apiVersion": "config.karmada.io/v1alpha1",
        "kind": "ResourceInterpreterCustomization",
        "metadata": {"name": name},
        "spec": {
            "target": {"apiVersion": "looms.example.test/v1", "kind": kind},
            "customizations": {field: {"luaScript": script} for field, script in scripts.items()},
        },
    }


async def test_a_broken_script_is_refused_where_it_breaks() -> None:
    script = "function GetReplicas(obj)\n  return obj.spec.copies +\nend\n"
    with pytest.raises(Forbidden) as caught:
        await refused(CUSTOMIZATION_RULES, customization("a", replicaResource=script))
    assert caught.value.message == (
        'admission webhook "resourceinterpretercustomization.karmada.io" denied the request: '
        "InterpreterOperation(InterpretReplica) Lua script error: <string> line:3(column:3) near "
        "'end':  syntax "
        "error"
    )


async def test_a_script_is_read_and_never_run() -> None:
    await refused(CUSTOMIZATION_RULES, customization("a", replicaResource="while true do end"))


@pytest.mark.parametrize(
    ("other", "clashes"),
    [
        pytest.param(customization("b", replicaResource=GOOD), True, id="same-operation"),
        pytest.param(customization("a", replicaResource=GOOD), False, id="itself"),
        pytest.param(customization("b", "Spindle", replicaResource=GOOD), False, id="another-kind"),
        pytest.param(customization("b", retention=GOOD), False, id="another-operation"),
        pytest.param(customization("b", dependencyInterpretation=GOOD), False, id="dependencies-add-up"),
    ],
)
async def test_one_customization_speaks_for_an_operation(other: Object, *, clashes: bool) -> None:
    given = customization("a", replicaResource=GOOD, dependencyInterpretation=GOOD)
    assert bool(conflict(given, other)) is clashes
    if clashes:
        with pytest.raises(Forbidden, match="conflicting with"):
            await refused(CUSTOMIZATION_RULES, given, existing=[other])
    else:
        await refused(CUSTOMIZATION_RULES, given, existing=[other])


def webhook(**fields: Any) -> Object:
    rule = {
        "operations": ["InterpretReplica"],
        "apiGroups": ["apps"],
        "apiVersions": ["*"],
        "kinds": ["Deployment"],
    }
    return {
        "name": "looms.example.test",
        "rules": [rule],
        "clientConfig": {"url": "https://hooks.example.test/looms"},
        "interpreterContextVersions": ["v1alpha1"],
        **fields,
    }


def configuration(*webhooks: Object) -> Object:
    return {
        "apiVersion": "config.karmada.io/v1alpha1",
        "kind": "ResourceInterpreterWebhookConfiguration",
        "metadata": {"name": "w"},
        "webhooks": list(webhooks),
    }


W = "webhooks[0]"
BROKEN = [
    pytest.param(webhook(name=""), f"{W}.name: Required value", id="no-name"),
    pytest.param(
        webhook(name="looms"),
        f'{W}.name: Invalid value: "looms": should be a domain with at least two segments separated by dots',
        id="short-name",
    ),
    pytest.param(
        webhook(
            rules=[{"operations": ["*", "Retain"], "apiGroups": [""], "apiVersions": ["v1"], "kinds": ["*"]}]
        ),
        f'{W}.rules[0].operations: Invalid value: ["*","Retain"]: if \'*\' is present, must not '
        "specify other "
        "operations",
        id="all-and-one",
    ),
    pytest.param(
        webhook(timeoutSeconds=31),
        f"{W}.timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds",
        id="long-timeout",
    ),
    pytest.param(
        webhook(clientConfig={}),
        f"{W}.clientConfig: Required value: exactly one of url or service is required",
        id="nobody-to-call",
    ),
    pytest.param(
        webhook(clientConfig={"url": "http://hooks.example.test"}),
        f"{W}.clientConfig.url: Invalid value: \"http\": 'https' is the only allowed URL scheme; "
        "desired format: "
        "https://host[/path]",
        id="in-the-clear",
    ),
    pytest.param(
        webhook(clientConfig={"service": {"name": "a", "namespace": "b", "path": "/a//b"}}),
        f'{W}.clientConfig.service.path: Invalid value: "/a//b": segment[1] may not be empty',
        id="path-with-a-hole",
    ),
    pytest.param(
        webhook(interpreterContextVersions=["v9"]),
        f'{W}.interpreterContextVersions: Invalid value: ["v9"]: must include at least one of v1alpha1',
        id="version-of-the-future",
    ),
]


@pytest.mark.parametrize(("given", "expected"), BROKEN)
async def test_a_webhook_that_cannot_be_called_is_refused(given: Object, expected: str) -> None:
    with pytest.raises(Forbidden) as caught:
        await refused(WEBHOOK_RULES, configuration(given))
    assert caught.value.message == f'admission webhook "config.karmada.io" denied the request: {expected}'


async def test_names_of_webhooks_are_unique() -> None:
    await refused(WEBHOOK_RULES, configuration(webhook()))
    with pytest.raises(Forbidden, match=r'webhooks\[1\].name: Duplicate value: "looms.example.test"'):
        await refused(WEBHOOK_RULES, configuration(webhook(), webhook()))
