"""CRDs whose versions a webhook converts: a running server, and a webhook behind TLS."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web

from karmada.api.objects import Object
from karmada.runtime.tasks import spawn
from tests.apiserver.serving import Plane, running_plane
from tests.support.webhooks import PlayedWebhook, played_webhook

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
V1 = "/apis/mill.test/v1/namespaces/default/looms"
V2 = "/apis/mill.test/v2/namespaces/default/looms"
TEXT: Object = {"type": "string"}


@pytest.fixture
async def plane() -> AsyncIterator[Plane]:
    async with running_plane() as running:
        yield running


@pytest.fixture
async def hook(tmp_path: Path) -> AsyncIterator[PlayedWebhook]:
    async with played_webhook(tmp_path) as webhook:
        webhook.answer = Converter(webhook)
        yield webhook


class Converter:
    """v1 has spec.size `wide x high`; v2 has spec.wide and spec.high."""

    def __init__(self, hook: PlayedWebhook) -> None:
        self.hook = hook
        self.result: Object = {"status": "Success"}
        self.change: Object = {}

    async def __call__(self, request: web.Request, review: Object) -> web.StreamResponse:
        asked = review["request"]
        objects = [{**convert(obj, asked["desiredAPIVersion"]), **self.change} for obj in asked["objects"]]
        response = {"uid": asked["uid"], "result": self.result, "convertedObjects": objects}
        return web.json_response({**review, "request": None, "response": response})


def convert(obj: Object, api_version: str) -> Object:
    spec = obj["spec"]
    if api_version.endswith("/v2"):
        wide, high = spec["size"].split("x")
        return {**obj, "apiVersion": api_version, "spec": {"wide": wide, "high": high}}
    return {**obj, "apiVersion": api_version, "spec": {"size": f"{spec['wide']}x{spec['high']}"}}


def version(name: str, *fields: str, storage: bool) -> Object:
    spec = {"type": "object", "properties": dict.fromkeys(fields, TEXT)}
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
    return {"name": name, "served": True, "storage": storage, "schema": schema}


def definition(hook: PlayedWebhook, storage: str, **webhook: Any) -> Object:
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "looms.mill.test"},
        "spec": {
            "group": "mill.test",
            "scope": "Namespaced",
            "names": {"plural": "looms", "kind": "Loom"},
            "versions": [
                version("v1", "size", storage=storage == "v1"),
                version("v2", "wide", "high", storage=storage == "v2"),
            ],
            "conversion": {
                "strategy": "Webhook",
                "webhook": {
                    "clientConfig": hook.config("/convert"),
                    "conversionReviewVersions": ["v1"],
                    **webhook,
                },
            },
        },
    }


async def serve(plane: Plane, hook: PlayedWebhook, storage: str = "v1") -> None:
    made = await plane.post(CRDS, definition(hook, storage))
    assert made.status == 201, made.message
    await plane.eventually(V2, lambda reply: reply.status == 200)


async def move_storage(plane: Plane, storage: str) -> None:
    """Make another version the storage version, and wait until the server goes by it."""
    crd = (await plane.get(f"{CRDS}/looms.mill.test")).object
    for each in crd["spec"]["versions"]:
        each["storage"] = each["name"] == storage
    reply = await plane.put(f"{CRDS}/looms.mill.test", crd)
    assert reply.status == 200, reply.message
    assert storage in reply.object["status"]["storedVersions"]


def loom(name: str, **spec: str) -> Object:
    api_version = "mill.test/v1" if "size" in spec else "mill.test/v2"
    return {"apiVersion": api_version, "kind": "Loom", "metadata": {"name": name}, "spec": spec}


async def test_an_object_is_read_and_written_in_both_versions(plane: Plane, hook: PlayedWebhook) -> None:
    await serve(plane, hook)
    made = await plane.post(V1, loom("a", size="3x4"))
    assert hook.asked == []
    assert made.object["spec"] == {"size": "3x4"}
    shown = (await plane.get(f"{V2}/a")).object
    assert (shown["apiVersion"], shown["spec"]) == ("mill.test/v2", {"wide": "3", "high": "4"})
    assert shown["metadata"]["uid"] == made.object["metadata"]["uid"]
    made = await plane.post(V2, loom("b", wide="5", high="6"))
    assert made.object["spec"] == {"wide": "5", "high": "6"}
    assert (await plane.get(f"{V1}/b")).object["spec"] == {"size": "5x6"}
    patched = await plane.patch(f"{V2}/a", {"spec": {"high": "9"}})
    assert patched.object["spec"] == {"wide": "3", "high": "9"}
    assert (await plane.get(f"{V1}/a")).object["spec"] == {"size": "3x9"}


async def test_a_list_is_converted_in_one_exchange_and_remembered(plane: Plane, hook: PlayedWebhook) -> None:
    await serve(plane, hook)
    for name in "abc":
        await plane.post(V1, loom(name, size="1x2"))
    listed = (await plane.get(V2)).object["items"]
    assert [item["spec"] for item in listed] == [{"wide": "1", "high": "2"}] * 3
    assert len(hook.asked) == 1
    assert len(hook.asked[0]["objects"]) == 3
    await plane.get(V2)
    await plane.get(f"{V2}/a")
    assert len(hook.asked) == 1
    table = await plane.get(V2, accept="application/json;as=Table;v=v1;g=meta.k8s.io")
    assert [row["cells"][0] for row in table.object["rows"]] == ["a", "b", "c"]


async def test_a_watch_in_another_version_shows_what_happens(plane: Plane, hook: PlayedWebhook) -> None:
    await serve(plane, hook)
    await plane.post(V1, loom("a", size="1x2"))
    lines: asyncio.Queue[Object] = asyncio.Queue()

    async def follow() -> None:
        async with plane.session.get(f"{V2}?watch=1&timeoutSeconds=20") as answer:
            async for line in answer.content:
                await lines.put(orjson.loads(line))

    watching = spawn(follow(), name="watch")
    try:
        first = await asyncio.wait_for(lines.get(), 10)
        await plane.patch(f"{V1}/a", {"spec": {"size": "7x8"}})
        await plane.delete(f"{V1}/a")
        events = [first, await asyncio.wait_for(lines.get(), 10), await asyncio.wait_for(lines.get(), 10)]
    finally:
        watching.cancel()
        await asyncio.wait([watching])
    assert [(each["type"], each["object"]["spec"]) for each in events] == [
        ("ADDED", {"wide": "1", "high": "2"}),
        ("MODIFIED", {"wide": "7", "high": "8"}),
        ("DELETED", {"wide": "7", "high": "8"}),
    ]


async def test_storage_moves_to_a_new_version_object_by_object(plane: Plane, hook: PlayedWebhook) -> None:
    await serve(plane, hook)
    await plane.post(V1, loom("a", size="1x2"))
    await move_storage(plane, "v2")
    await plane.eventually(f"{V2}/a", lambda reply: reply.status == 200)
    crd = (await plane.get(f"{CRDS}/looms.mill.test")).object
    assert crd["status"]["storedVersions"] == ["v1", "v2"]
    before = (await plane.get(f"{V1}/a")).object
    assert before["spec"] == {"size": "1x2"}
    same = await plane.put(f"{V1}/a", before)
    assert same.object["spec"] == {"size": "1x2"}
    assert same.object["metadata"]["resourceVersion"] != before["metadata"]["resourceVersion"]
    again = await plane.put(f"{V1}/a", same.object)
    assert again.object["metadata"]["resourceVersion"] == same.object["metadata"]["resourceVersion"]
    await hook.kill()
    assert (await plane.get(f"{V2}/a")).object["spec"] == {"wide": "1", "high": "2"}


async def test_an_object_stored_in_a_former_version_can_be_deleted(plane: Plane, hook: PlayedWebhook) -> None:
    await serve(plane, hook)
    kept = loom("a", size="1x2")
    kept["metadata"]["finalizers"] = ["mill.test/wait"]
    await plane.post(V1, kept)
    await move_storage(plane, "v2")
    await plane.delete(f"{V1}/a")
    marked = (await plane.eventually(f"{V2}/a", lambda reply: reply.status == 200)).object
    assert marked["metadata"]["deletionTimestamp"]
    assert marked["spec"] == {"wide": "1", "high": "2"}
    await plane.patch(f"{V2}/a", {"metadata": {"finalizers": None}})
    assert (await plane.get(f"{V1}/a")).status == 404


FAILED = "conversion webhook for mill.test/v1, Kind=Loom "


@pytest.mark.parametrize(
    ("result", "change", "message"),
    [
        pytest.param({"status": "Failed", "message": "no"}, {}, f"{FAILED}failed: no", id="says-it-cannot"),
        pytest.param(
            {"status": "Odd"},
            {},
            f"{FAILED}failed: response.result.status was 'Odd', not 'Success'",
            id="odd-status",
        ),
        pytest.param(
            {"status": "Success"},
            {"apiVersion": "mill.test/v7"},
            f"{FAILED}returned invalid converted object at index 0: invalid groupVersion (expected "
            "mill.test/v2, received mill.test/v7)",
            id="other-version",
        ),
        pytest.param(
            {"status": "Success"},
            {"metadata": {"name": "other"}},
            f"{FAILED}returned invalid converted object at index 0: must have the same name: other != a",
            id="other-name",
        ),
    ],
)
async def test_a_conversion_that_fails_is_told(
    plane: Plane, hook: PlayedWebhook, result: Object, change: Object, message: str
) -> None:
    await serve(plane, hook)
    await plane.post(V1, loom("a", size="1x2"))
    converter = hook.answer
    assert isinstance(converter, Converter)
    converter.result, converter.change = result, change
    for path in (f"{V2}/a", V2):
        reply = await plane.get(path)
        assert (reply.status, reply.message) == (500, message)
    assert (await plane.get(f"{V1}/a")).status == 200
    watched = await plane.get(f"{V2}?watch=1&timeoutSeconds=5")
    assert [(line["type"], line["object"]["message"]) for line in watched.lines] == [("ERROR", message)]


async def test_only_labels_and_annotations_of_metadata_may_change(plane: Plane, hook: PlayedWebhook) -> None:
    await serve(plane, hook)
    made = (await plane.post(V1, loom("a", size="1x2"))).object["metadata"]
    converter = hook.answer
    assert isinstance(converter, Converter)
    kept = {part: made[part] for part in ("name", "namespace", "uid")}
    converter.change = {"metadata": {**kept, "labels": {"by": "hook"}, "finalizers": ["x.test/y"]}}
    shown = (await plane.get(f"{V2}/a")).object["metadata"]
    assert shown["labels"] == {"by": "hook"}
    assert "finalizers" not in shown
    assert shown["creationTimestamp"] == made["creationTimestamp"]


async def test_a_dead_webhook_is_named(plane: Plane, hook: PlayedWebhook) -> None:
    await serve(plane, hook)
    await plane.post(V1, loom("a", size="1x2"))
    await hook.kill()
    address = f"127.0.0.1:{hook.port}"
    assert (await plane.get(f"{V2}/a")).message == (
        f'{FAILED}failed: Post "https://{address}/convert?timeout=30s": dial tcp {address}: connect: '
        "connection refused"
    )
    refused = await plane.post(V2, loom("b", wide="1", high="2"))
    assert refused.status == 500
    assert (await plane.get(f"{V1}/b")).status == 404


@pytest.mark.parametrize(
    ("conversion", "field"),
    [
        pytest.param({"strategy": "Webhook"}, "spec.conversion.webhook", id="no-webhook"),
        pytest.param({"strategy": "Odd"}, "spec.conversion.strategy", id="odd-strategy"),
        pytest.param(
            {"strategy": "Webhook", "webhook": {"clientConfig": {"url": "https://a/"}}},
            "spec.conversion.webhook.conversionReviewVersions",
            id="no-review-versions",
        ),
        pytest.param(
            {"strategy": "Webhook", "webhook": {"conversionReviewVersions": ["v1"]}},
            "spec.conversion.webhook.clientConfig",
            id="no-address",
        ),
        pytest.param(
            {"strategy": "None", "webhook": {"conversionReviewVersions": ["v1"]}},
            "spec.conversion.webhook",
            id="webhook-without-strategy",
        ),
    ],
)
async def test_a_conversion_that_cannot_work_is_refused(
    plane: Plane, hook: PlayedWebhook, conversion: Object, field: str
) -> None:
    crd = definition(hook, "v1")
    crd["spec"]["conversion"] = conversion
    reply = await plane.post(CRDS, crd)
    assert reply.status == 422
    assert [cause["field"] for cause in reply.object["details"]["causes"]] == [field]
