"""Interpreter webhooks: a played webhook behind TLS, asked for each operation, and misbehaving."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web

from karmada.api.groups.config import ResourceInterpreterWebhookConfiguration, ServiceReference
from karmada.api.groups.work import AggregatedStatusItem
from karmada.api.gvk import GroupVersionKind
from karmada.api.objects import Object
from karmada.interpreter.chain import Interpreter, Operation
from karmada.interpreter.errors import InterpreterError, WebhookFailed, WebhookOverran
from karmada.interpreter.webhook import WebhookLayer
from tests.karmada.client.certificates import Authority

LOOM: Object = {
    "apiVersion": "looms.example.test/v1",
    "kind": "Loom",
    "metadata": {"name": "cloth", "namespace": "mill"},
    "spec": {"copies": 2},
}
GVK = GroupVersionKind.of(LOOM)
Answer = Callable[[web.Request, Object], Awaitable[web.Response]]


@dataclass
class PlayedHook:
    """A webhook in another process' place: it answers with `response`, or as `answer` says."""

    authority: Authority
    port: int = 0
    response: Object = field(default_factory=dict)
    answer: Answer | None = None
    asked: list[Object] = field(default_factory=list)
    requests: list[web.Request] = field(default_factory=list)
    waiting: int = 0

    async def handle(self, request: web.Request) -> web.Response:
        context: Object = orjson.loads(await request.read())
        self.requests.append(request)
        self.asked.append(context["request"])
        if self.answer is not None:
            return await self.answer(request, context)
        return self.well(context)

    def well(self, context: Object, **fields: Any) -> web.Response:
        response = {"uid": context["request"]["uid"], "successful": True, **self.response, **fields}
        return web.json_response({**context, "request": None, "response": response})

    def configuration(self, **webhook: Any) -> ResourceInterpreterWebhookConfiguration:
        bundle = base64.b64encode(self.authority.certificate).decode()
        config = webhook.pop("clientConfig", {"url": f"https://127.0.0.1:{self.port}/interpret"})
        return ResourceInterpreterWebhookConfiguration.from_json(
            {
                "metadata": {"name": "looms"},
                "webhooks": [
                    {
                        "name": "loom.example.test",
                        "rules": [
                            {
                                "operations": ["*"],
                                "apiGroups": ["looms.example.test"],
                                "apiVersions": ["v1"],
                                "kinds": ["Loom"],
                            }
                        ],
                        "interpreterContextVersions": ["v1alpha1"],
                        "clientConfig": {"caBundle": bundle, **config},
                        **webhook,
                    }
                ],
            }
        )


@pytest.fixture
async def hook(tmp_path: Path) -> AsyncIterator[PlayedHook]:
    authority = Authority()
    pair = authority.issue("hook", hosts=("hooks.mill.svc",), address="127.0.0.1")
    (tmp_path / "hook.pem").write_bytes(pair.certificate + pair.key)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "hook.pem")
    hook = PlayedHook(authority)
    app = web.Application()
    app.router.add_post("/interpret", hook.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    hook.port = runner.addresses[0][1]
    yield hook
    await runner.cleanup()


@pytest.fixture
async def layers() -> AsyncIterator["Layers"]:
    async with Layers() as layers:
        yield layers


class Layers:
    """Makes webhook layers and closes them."""

    def __init__(self) -> None:
        self._made: list[WebhookLayer] = []
        self.services: dict[str, Object] = {}

    async def __aenter__(self) -> "Layers":
        return self

    async def __aexit__(self, *_: object) -> None:
        for layer in self._made:
            await layer.__aexit__(None, None, None)

    def layer(self, *configurations: ResourceInterpreterWebhookConfiguration) -> WebhookLayer:
        async def find(reference: ServiceReference) -> Object | None:
            return self.services.get(f"{reference.namespace}/{reference.name}")

        layer = WebhookLayer(configurations=lambda: configurations, find_service=find)
        self._made.append(layer)
        return layer

    def interpreter(self, *configurations: ResourceInterpreterWebhookConfiguration) -> Interpreter:
        return Interpreter(layers=(self.layer(*configurations),))


def patch(*operations: Object) -> Object:
    return {"patchType": "JSONPatch", "patch": base64.b64encode(orjson.dumps(operations)).decode()}


async def test_replicas(hook: PlayedHook, layers: Layers) -> None:
    asked = layers.interpreter(hook.configuration())
    hook.response = {"replicas": 3, "replicaRequirements": {"resourceRequest": {"cpu": "1"}}}
    replicas, requirements = await asked.get_replicas(LOOM)
    assert replicas == 3
    assert requirements is not None
    assert requirements.resource_request == {"cpu": "1"}
    assert hook.asked[0]["operation"] == "InterpretReplica"
    assert hook.asked[0]["object"] == LOOM
    assert hook.requests[0].query == {"timeout": "10s"}
    hook.response = {"replicas": 0}
    assert await asked.get_replicas(LOOM) == (0, None)


async def test_components(hook: PlayedHook, layers: Layers) -> None:
    asked = layers.interpreter(hook.configuration())
    assert await asked.get_components(LOOM) == []
    hook.response = {"components": [{"name": "head", "replicas": 1}]}
    assert [each.name for each in await asked.get_components(LOOM)] == ["head"]


async def test_revising_applies_the_patch(hook: PlayedHook, layers: Layers) -> None:
    hook.response = patch({"op": "replace", "path": "/spec/copies", "value": 7})
    assert await layers.interpreter(hook.configuration()).revise_replica(LOOM, 7) == {
        **LOOM,
        "spec": {"copies": 7},
    }
    assert hook.asked[0]["replicas"] == 7


async def test_retaining_patches_the_desired_object(hook: PlayedHook, layers: Layers) -> None:
    hook.response = patch({"op": "add", "path": "/spec/paused", "value": True})
    observed = {**LOOM, "spec": {"copies": 9, "paused": True}}
    retained = await layers.interpreter(hook.configuration()).retain(LOOM, observed)
    assert retained["spec"] == {"copies": 2, "paused": True}
    assert hook.asked[0]["observedObject"] == observed


async def test_aggregating_takes_only_the_status(hook: PlayedHook, layers: Layers) -> None:
    hook.response = patch(
        {"op": "add", "path": "/status", "value": {"up": 4}},
        {"op": "replace", "path": "/spec/copies", "value": 0},
    )
    items = [AggregatedStatusItem(cluster_name="m1", applied=True, status={"up": 4})]
    asked = layers.interpreter(hook.configuration())
    assert await asked.aggregate_status(LOOM, items) == {**LOOM, "status": {"up": 4}}
    assert hook.asked[0]["aggregatedStatus"] == [{"clusterName": "m1", "applied": True, "status": {"up": 4}}]


async def test_no_patch_leaves_the_object_alone(hook: PlayedHook, layers: Layers) -> None:
    asked = layers.interpreter(hook.configuration())
    assert await asked.revise_replica(LOOM, 1) is LOOM
    assert await asked.aggregate_status(LOOM, []) is LOOM


async def test_status_and_health(hook: PlayedHook, layers: Layers) -> None:
    asked = layers.interpreter(hook.configuration())
    hook.response = {"rawStatus": {"up": 1}, "healthy": False}
    assert await asked.reflect_status(LOOM) == {"up": 1}
    assert await asked.interpret_health(LOOM) == "Unhealthy"


async def test_dependencies_are_checked(hook: PlayedHook, layers: Layers) -> None:
    asked = layers.interpreter(hook.configuration())
    secret = {"apiVersion": "v1", "kind": "Secret", "namespace": "mill", "name": "pw"}
    hook.response = {"dependencies": [secret]}
    assert [each.to_json() for each in await asked.get_dependencies(LOOM)] == [secret]
    hook.response = {"dependencies": [secret, {"apiVersion": "v1", "kind": "Secret"}]}
    with pytest.raises(InterpreterError, match="name and labelSelector all empty"):
        await asked.get_dependencies(LOOM)


@pytest.mark.parametrize(
    ("operation", "response", "message"),
    [
        pytest.param("get_replicas", {}, "has no replicas", id="no-replicas"),
        pytest.param("get_replicas", {"replicas": "3"}, "no number of replicas", id="text-as-replicas"),
        pytest.param(
            "get_replicas", {"replicas": 1, "replicaRequirements": 7}, "cannot be read", id="requirements"
        ),
        pytest.param("get_components", {"components": 7}, "components is not a list", id="components"),
        pytest.param("get_dependencies", {"dependencies": {}}, "", id="empty-dependencies"),
        pytest.param("get_dependencies", {"dependencies": [7]}, "cannot be read", id="dependencies"),
        pytest.param("reflect_status", {}, "has no rawStatus", id="no-status"),
        pytest.param("reflect_status", {"rawStatus": 7}, "rawStatus is not an object", id="status"),
    ],
)
async def test_an_answer_without_what_was_asked_is_an_error(
    hook: PlayedHook, layers: Layers, operation: str, response: Object, message: str
) -> None:
    hook.response = response
    ask = getattr(layers.interpreter(hook.configuration()), operation)
    if not message:
        assert await ask(LOOM) == []
        return
    with pytest.raises(InterpreterError, match=message):
        await ask(LOOM)


async def test_health_without_an_answer_is_unknown(hook: PlayedHook, layers: Layers) -> None:
    layer = layers.layer(hook.configuration())
    with pytest.raises(WebhookFailed, match="has no healthy"):
        await layer.interpret_health(LOOM)
    hook.response = {"healthy": "yes"}
    with pytest.raises(WebhookFailed, match="neither true nor false"):
        await layer.interpret_health(LOOM)
    assert await layers.interpreter(hook.configuration()).interpret_health(LOOM) == "Unknown"


async def test_the_errors_name_the_operation_and_the_webhook(hook: PlayedHook, layers: Layers) -> None:
    hook.response = {"successful": False, "status": {"code": 422, "message": "no looms"}}
    with pytest.raises(WebhookFailed) as caught:
        await layers.layer(hook.configuration()).get_replicas(LOOM)
    assert str(caught.value) == (
        "InterpretReplica by webhook looms/loom.example.test: webhook call failed, code: 422, "
        "message: no looms"
    )


async def test_other_kinds_are_not_asked_about(hook: PlayedHook, layers: Layers) -> None:
    layer = layers.layer(hook.configuration())
    assert layer.handles(GVK, Operation.HEALTH)
    assert not layer.handles(GroupVersionKind("apps", "v1", "Deployment"), Operation.HEALTH)
    with pytest.raises(InterpreterError, match="any more"):
        await layer.interpret_health({"apiVersion": "apps/v1", "kind": "Deployment"})


async def misbehaved(request: web.Request, context: Object) -> web.Response:
    match request.query["how"]:
        case "error":
            return web.Response(status=500)
        case "redirect":
            return web.Response(status=307, headers={"Location": "https://127.0.0.1:1/"})
        case "text":
            return web.Response(text="hello")
        case "huge":
            return web.Response(body=b" " * (17 * 2**20))
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


@pytest.mark.parametrize(
    ("how", "message"),
    [
        pytest.param("error", "it answered 500", id="http-error"),
        pytest.param("redirect", "it answered 307", id="redirects-are-not-followed"),
        pytest.param("text", "is not JSON", id="no-json"),
        pytest.param("huge", "larger than 16 MiB", id="no-end-of-it"),
        pytest.param("hang up", "cannot be called: the server closed the connection", id="hangs-up"),
    ],
)
async def test_a_webhook_that_misbehaves_is_an_error(
    hook: PlayedHook, layers: Layers, how: str, message: str
) -> None:
    hook.answer = misbehaved
    url = f"https://127.0.0.1:{hook.port}/interpret?how={how.replace(' ', '%20')}"
    with pytest.raises(WebhookFailed, match=message):
        await layers.layer(hook.configuration(clientConfig={"url": url})).interpret_health(LOOM)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        pytest.param({"url": "https://127.0.0.1:1/"}, "cannot connect", id="nobody-listens"),
        pytest.param({"url": "https://:x"}, "cannot be called", id="no-url"),
        pytest.param({"caBundle": "!!"}, "caBundle is no certificate authority", id="no-base64"),
        pytest.param({"caBundle": "eA=="}, "caBundle is no certificate authority", id="no-pem"),
        pytest.param({"caBundle": ""}, "certificate is refused", id="not-signed-by-a-known-root"),
    ],
)
async def test_a_webhook_that_cannot_be_reached_is_an_error(
    hook: PlayedHook, layers: Layers, config: Object, message: str
) -> None:
    config = {"url": f"https://127.0.0.1:{hook.port}/interpret", **config}
    with pytest.raises(WebhookFailed, match=message):
        await layers.layer(hook.configuration(clientConfig=config)).interpret_health(LOOM)


async def test_another_authority_is_not_trusted(hook: PlayedHook, layers: Layers) -> None:
    stranger = base64.b64encode(Authority("stranger").certificate).decode()
    config = {"url": f"https://127.0.0.1:{hook.port}/interpret", "caBundle": stranger}
    with pytest.raises(WebhookFailed, match="certificate is refused"):
        await layers.layer(hook.configuration(clientConfig=config)).interpret_health(LOOM)
    assert hook.asked == []


async def test_a_service_is_called_by_address_and_known_by_name(hook: PlayedHook, layers: Layers) -> None:
    reference = {"namespace": "mill", "name": "hooks", "port": hook.port, "path": "/interpret"}
    layers.services["mill/hooks"] = {"spec": {"clusterIP": "127.0.0.1", "ports": [{"port": hook.port}]}}
    hook.response = {"healthy": True}
    layer = layers.layer(hook.configuration(clientConfig={"service": reference, "url": "https://ignored/"}))
    assert await layer.interpret_health(LOOM)
    assert hook.requests[0].host == f"hooks.mill.svc:{hook.port}"


async def test_a_service_with_a_certificate_for_another_name_is_refused(
    hook: PlayedHook, layers: Layers
) -> None:
    reference = {"namespace": "mill", "name": "other", "port": hook.port}
    layers.services["mill/other"] = {"spec": {"clusterIP": "127.0.0.1", "ports": [{"port": hook.port}]}}
    with pytest.raises(WebhookFailed, match="certificate is refused"):
        await layers.layer(hook.configuration(clientConfig={"service": reference})).interpret_health(LOOM)


async def test_a_webhook_that_hangs_holds_up_two_callers_at_most(hook: PlayedHook, layers: Layers) -> None:
    release = asyncio.Event()

    async def hang(request: web.Request, context: Object) -> web.Response:
        await release.wait()
        return hook.well(context)

    hook.answer = hang
    layer = layers.layer(hook.configuration(timeoutSeconds=1))
    with pytest.raises(WebhookOverran, match="no answer within 1 s"):
        await layer.interpret_health(LOOM)
    before = len(hook.asked)
    outcomes = await asyncio.gather(
        *(layer.interpret_health(LOOM) for _ in range(20)), return_exceptions=True
    )
    assert len(hook.asked) - before == 1, "one tries it, the others are told at once"
    assert all(isinstance(outcome, WebhookOverran) for outcome in outcomes)
    release.set()
    hook.response = {"healthy": True}
    assert await layer.interpret_health(LOOM), "it answers in time again"
    assert await asyncio.gather(*(layer.interpret_health(LOOM) for _ in range(5))) == [True] * 5


async def test_a_caller_that_gives_up_leaves_the_webhook_usable(hook: PlayedHook, layers: Layers) -> None:
    async def hang(request: web.Request, context: Object) -> web.Response:
        await asyncio.sleep(30)
        return web.Response()

    layer = layers.layer(hook.configuration())
    hook.answer = hang
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await layer.interpret_health(LOOM)
    hook.answer, hook.response = None, {"healthy": True}
    assert await layer.interpret_health(LOOM)
