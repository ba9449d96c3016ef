"""matchConditions: which requests a webhook is not asked about."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from karmada.api.objects import Object
from tests.apiserver.serving import Plane, config_map, running_plane
from tests.support.webhooks import PlayedWebhook, played_webhook

VALIDATING = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
MAPS = "/api/v1/namespaces/default/configmaps"


@pytest.fixture
async def plane() -> AsyncIterator[Plane]:
    async with running_plane() as running:
        yield running


@pytest.fixture
async def hook(tmp_path: Path) -> AsyncIterator[PlayedWebhook]:
    async with played_webhook(tmp_path) as webhook:
        yield webhook


def configuration(hook: PlayedWebhook, *expressions: str, **fields: Any) -> Object:
    rule = {"operations": ["*"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"]}
    webhook = {
        "name": "maps.example.test",
        "rules": [rule],
        "clientConfig": hook.config(),
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "matchConditions": [
            {"name": f"c{index}", "expression": expression} for index, expression in enumerate(expressions)
        ],
        **fields,
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "hooks"},
        "webhooks": [webhook],
    }


ASKED = {
    "object": ("object.metadata.name == 'a'", True),
    "another object": ("object.metadata.name == 'b'", False),
    "request": ("request.operation == 'CREATE' && request.resource.resource == 'configmaps'", True),
    "user": ("!('system:masters' in request.userInfo.groups)", False),
    "authorizer": ("authorizer.group('').resource('configmaps').namespace('x').check('get').allowed()", True),
    "another's right": (
        "authorizer.serviceAccount('default', 'x').group('').resource('pods').check('get').allowed()",
        False,
    ),
    "own request": ("authorizer.requestResource.check('create').allowed()", True),
    "old object": ("oldObject == null", True),
}  # fmt: skip


@pytest.mark.parametrize("name", ASKED)
async def test_a_webhook_is_asked_when_its_conditions_hold(
    plane: Plane, hook: PlayedWebhook, name: str
) -> None:
    expression, asked = ASKED[name]
    reply = await plane.post(VALIDATING, configuration(hook, "true", expression))
    assert reply.status == 201, reply.message
    assert (await plane.post(MAPS, config_map("a"))).status == 201
    assert bool(hook.reviews) is asked


async def test_conditions_without_a_value_refuse_or_pass_as_the_failure_policy_says(
    plane: Plane, hook: PlayedWebhook
) -> None:
    await plane.post(VALIDATING, configuration(hook, "object.foo.bar == 1", "object.zoo == 1"))
    reply = await plane.post(MAPS, config_map("a"))
    assert (reply.status, reply.message) == (
        403,
        "configmaps \"a\" is forbidden: [expression 'object.foo.bar == 1' resulted in error: no such key: "
        "foo, expression 'object.zoo == 1' resulted in error: no such key: zoo]",
    )
    await plane.delete(f"{VALIDATING}/hooks")
    await plane.post(VALIDATING, configuration(hook, "object.foo == 1", failurePolicy="Ignore"))
    assert (await plane.post(MAPS, config_map("a"))).status == 201
    await plane.delete(f"{VALIDATING}/hooks")
    await plane.post(VALIDATING, configuration(hook, "object.foo == 1", "false"))
    assert (await plane.post(MAPS, config_map("b"))).status == 201
    assert not hook.reviews


async def test_conditions_that_cannot_be_compiled_are_refused_when_they_are_written(
    plane: Plane, hook: PlayedWebhook
) -> None:
    broken = configuration(hook, "object.foo(", "1", "")
    broken["webhooks"][0]["matchConditions"][2]["name"] = "c0"
    reply = await plane.post(VALIDATING, broken)
    causes = {cause["field"]: cause["message"] for cause in reply.object["details"]["causes"]}
    assert reply.status == 422
    below = "webhooks[0].matchConditions"
    assert causes[f"{below}[0].expression"].startswith(
        'Invalid value: "object.foo(": compilation failed: ERROR: <input>:1:12: Syntax error: '
    )
    assert causes[f"{below}[1].expression"] == 'Invalid value: "1": must evaluate to bool but got int'
    assert causes[f"{below}[2].expression"] == "Required value"
    assert causes[f"{below}[2].name"] == 'Duplicate value: "c0"'
