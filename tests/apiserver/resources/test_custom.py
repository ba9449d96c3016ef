"""CustomResourceDefinitions: from creation to the end of their objects."""

import asyncio
from typing import Any

import pytest

from karmada.api.objects import Object
from tests.apiserver.serving import STRATEGIC, Plane, Reply

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
FOOS = "/apis/ex.io/v1/namespaces/default/foos"

SPEC = {
    "type": "object",
    "properties": {
        "replicas": {"type": "integer", "default": 1, "minimum": 0},
        "color": {"type": "string", "enum": ["red", "green"]},
        "keep": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    },
    "required": ["color"],
}
SCHEMA = {
    "type": "object",
    "properties": {
        "spec": SPEC,
        "status": {
            "type": "object",
            "properties": {"replicas": {"type": "integer"}, "selector": {"type": "string"}},
        },
    },
}


def crd(plural: str = "foos", kind: str = "Foo", *, subresources: bool = True, **version: Any) -> Object:
    served: Object = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": SCHEMA},
        **version,
    }
    if subresources:
        scale = {
            "specReplicasPath": ".spec.replicas",
            "statusReplicasPath": ".status.replicas",
            "labelSelectorPath": ".status.selector",
        }
        served["subresources"] = {"status": {}, "scale": scale}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.ex.io"},
        "spec": {
            "group": "ex.io",
            "scope": "Namespaced",
            "names": {"plural": plural, "kind": kind},
            "versions": [served],
        },
    }


def foo(name: str, spec: Any = None, **metadata: Any) -> Object:
    return {
        "apiVersion": "ex.io/v1",
        "kind": "Foo",
        "metadata": {"name": name, **metadata},
        "spec": {"color": "red"} if spec is None else spec,
    }


def condition(reply: Reply, type_: str) -> tuple[str, str]:
    conditions = (reply.object.get("status") or {}).get("conditions") or []
    return next(((item["status"], item["reason"]) for item in conditions if item["type"] == type_), ("", ""))


async def establish(plane: Plane, definition: Object) -> Reply:
    created = await plane.post(CRDS, definition)
    assert created.status == 201, created.body
    return await plane.eventually(
        f"{CRDS}/{definition['metadata']['name']}", lambda reply: condition(reply, "Established")[0] == "True"
    )


async def test_a_crd_is_served_soon_after_it_is_created(plane: Plane) -> None:
    assert (await plane.get(FOOS)).status == 404
    established = await establish(plane, crd())
    assert condition(established, "NamesAccepted") == ("True", "NoConflicts")
    assert established.object["status"]["acceptedNames"] == {
        "plural": "foos",
        "singular": "foo",
        "kind": "Foo",
        "listKind": "FooList",
    }
    assert established.object["status"]["storedVersions"] == ["v1"]
    assert (await plane.get(FOOS)).object["kind"] == "FooList"
    listed = (await plane.get("/apis/ex.io/v1")).object["resources"]
    assert [resource["name"] for resource in listed] == ["foos", "foos/scale", "foos/status"]


async def test_objects_are_pruned_defaulted_and_validated(plane: Plane) -> None:
    await establish(plane, crd())
    reply = await plane.post(FOOS, foo("a", {"color": "red", "bogus": 1, "keep": {"any": [1]}}))
    assert reply.status == 201
    assert reply.object["spec"] == {"color": "red", "keep": {"any": [1]}, "replicas": 1}
    assert 'unknown field \\"spec.bogus\\"' in reply.warnings[0]
    refused = await plane.post(FOOS, foo("b", {"color": "blue", "replicas": -1}))
    assert refused.status == 422
    fields = {cause["field"] for cause in refused.object["details"]["causes"]}
    assert fields == {"spec.color", "spec.replicas"}
    missing = await plane.post(FOOS, foo("c", {}))
    assert missing.message == 'Foo.ex.io "c" is invalid: spec.color: Required value'
    assert (await plane.get(FOOS)).names == ["a"]


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        pytest.param(
            {**foo("a"), "apiVersion": "ex.io/v2"},
            400,
            "the API version in the data (ex.io/v2) does not match the expected API version (ex.io/v1)",
            id="version",
        ),
        pytest.param(
            {**foo("a"), "kind": "Bar"},
            422,
            'Foo.ex.io "a" is invalid: kind: Invalid value: "Bar": must be Foo',
            id="kind",
        ),
    ],
)
async def test_the_kind_and_version_of_a_custom_object_must_fit(
    plane: Plane, body: Object, status: int, message: str
) -> None:
    await establish(plane, crd())
    reply = await plane.post(FOOS, body)
    assert (reply.status, reply.message) == (status, message)


async def test_status_and_scale_follow_the_subresources_declared(plane: Plane) -> None:
    await establish(plane, crd())
    await plane.post(FOOS, {**foo("a"), "status": {"replicas": 9}})
    assert "status" not in (await plane.get(f"{FOOS}/a")).object
    await plane.patch(
        f"{FOOS}/a/status", {"status": {"replicas": 1, "selector": "x=y"}, "spec": {"color": "green"}}
    )
    stored = (await plane.get(f"{FOOS}/a")).object
    assert (stored["spec"]["color"], stored["metadata"]["generation"]) == ("red", 1)
    scale = (await plane.get(f"{FOOS}/a/scale")).object
    assert (scale["spec"], scale["status"]) == ({"replicas": 1}, {"replicas": 1, "selector": "x=y"})
    await plane.patch(f"{FOOS}/a/scale", {"spec": {"replicas": 4}})
    stored = (await plane.get(f"{FOOS}/a")).object
    assert (stored["spec"]["replicas"], stored["metadata"]["generation"]) == (4, 2)


async def test_a_put_of_a_custom_object_needs_its_version(plane: Plane) -> None:
    await establish(plane, crd())
    await plane.post(FOOS, foo("a"))
    reply = await plane.put(f"{FOOS}/a", foo("a"))
    assert reply.status == 422
    assert "metadata.resourceVersion: Invalid value: 0: must be specified for an update" in reply.message
    assert (await plane.patch(f"{FOOS}/a", {}, STRATEGIC)).status == 415


async def test_every_served_version_shows_the_same_objects(plane: Plane) -> None:
    definition = crd()
    second = {**definition["spec"]["versions"][0], "name": "v2", "storage": False, "deprecated": True}
    definition["spec"]["versions"].append(second)
    await establish(plane, definition)
    await plane.post(FOOS, foo("a"))
    reply = await plane.get(FOOS.replace("/v1/", "/v2/") + "/a")
    assert reply.object["apiVersion"] == "ex.io/v2"
    assert reply.warnings == ['299 - "ex.io/v2 Foo is deprecated"']


async def test_printer_columns_make_the_table(plane: Plane) -> None:
    column = {"name": "Color", "type": "string", "jsonPath": ".spec.color"}
    await establish(plane, crd(additionalPrinterColumns=[column]))
    await plane.post(FOOS, foo("a"))
    table = (await plane.get(FOOS, accept="application/json;as=Table;v=v1;g=meta.k8s.io")).object
    assert [item["name"] for item in table["columnDefinitions"]] == ["Name", "Color"]
    assert table["rows"][0]["cells"] == ["a", "red"]


async def test_names_of_another_crd_are_not_accepted(plane: Plane) -> None:
    await establish(plane, crd())
    await plane.post(CRDS, crd("bars", "Foo"))
    refused = await plane.eventually(f"{CRDS}/bars.ex.io", lambda reply: condition(reply, "NamesAccepted")[0])
    assert condition(refused, "NamesAccepted") == ("False", "ListKindConflict")
    assert condition(refused, "Established") == ("False", "NotAccepted")
    assert (await plane.get("/apis/ex.io/v1/bars")).status == 404
    await plane.delete(f"{CRDS}/foos.ex.io")
    await plane.eventually(f"{CRDS}/bars.ex.io", lambda reply: condition(reply, "Established")[0] == "True")


async def test_deleting_a_crd_deletes_its_objects_and_waits_for_their_finalizers(plane: Plane) -> None:
    await establish(plane, crd())
    await plane.post(FOOS, foo("free"))
    await plane.post(FOOS, foo("held", finalizers=["x.io/y"]))
    deleted = await plane.delete(f"{CRDS}/foos.ex.io")
    assert deleted.status == 200
    assert "customresourcecleanup.apiextensions.k8s.io" in deleted.object["metadata"]["finalizers"]
    await plane.eventually(FOOS, lambda reply: reply.names == ["held"])
    refused = await plane.post(FOOS, foo("new"))
    assert refused.status == 403
    assert "create not allowed while custom resource definition is terminating" in refused.message
    await plane.patch(f"{FOOS}/held", {"metadata": {"finalizers": None}})
    await plane.eventually(f"{CRDS}/foos.ex.io", lambda reply: reply.status == 404)
    assert (await plane.get(FOOS)).body == b"404 page not found\n"


async def test_watches_of_a_changed_kind_end(plane: Plane) -> None:
    established = await establish(plane, crd())
    running = asyncio.gather(plane.get(f"{FOOS}?watch=1"), _change(plane, established.object))
    async with asyncio.timeout(10):
        reply, _ = await running
    assert reply.status == 200


async def _change(plane: Plane, definition: Object) -> None:
    await asyncio.sleep(0.1)
    column = {"name": "Color", "type": "string", "jsonPath": ".spec.color"}
    definition["spec"]["versions"][0]["additionalPrinterColumns"] = [column]
    assert (await plane.put(f"{CRDS}/foos.ex.io", definition)).status == 200


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(
            {"metadata": {"name": "bad.ex.io"}},
            'metadata.name: Invalid value: "bad.ex.io": must be spec.names.plural+"."+spec.group',
            id="name",
        ),
        pytest.param(
            {"versions": []},
            "spec.versions: Invalid value: []: must have exactly one version marked",
            id="none",
        ),
    ],
)
async def test_a_bad_crd_is_refused(plane: Plane, change: Object, message: str) -> None:
    definition = crd()
    if "metadata" in change:
        definition |= change
    else:
        definition["spec"] |= change
    reply = await plane.post(CRDS, definition)
    assert reply.status == 422
    assert message in reply.message


async def test_a_default_added_later_shows_in_objects_of_before(plane: Plane) -> None:
    established = (await establish(plane, crd())).object
    await plane.post(FOOS, foo("old", {"color": "red", "keep": {}}))
    spec = established["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    spec["properties"]["size"] = {"type": "string", "default": "small"}
    del spec["properties"]["keep"]
    assert (await plane.put(f"{CRDS}/foos.ex.io", established)).status == 200
    expected = {"color": "red", "replicas": 1, "size": "small"}
    await plane.eventually(f"{FOOS}/old", lambda reply: reply.object["spec"] == expected)
    assert (await plane.get(FOOS)).object["items"][0]["spec"] == expected
    await plane.post(FOOS, foo("new"))
    watched = await plane.get(f"{FOOS}?watch=1&timeoutSeconds=1")
    assert [line["object"]["spec"]["size"] for line in watched.lines] == ["small", "small"]
