"""OpenAPI documents hold what kubectl, helm and client libraries look for."""

from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest

from apiserver.schema.builtin import builtin_schema
from apiserver.schema.custom import custom_schema
from apiserver.schema.models import model_schema
from apiserver.schema.openapi import Definable, OpenApi
from apiserver.schema.structural import Schema
from karmada.api.gvk import GroupVersionKind, GroupVersionResource
from karmada.api.scheme import (
    CUSTOM_VERBS,
    ServedResource,
    ServedSubresource,
    builtin_resources,
    karmada_resources,
)
from tests.apiserver.schema.samples import OPEN_API


class Definition:
    def __init__(self, served: ServedResource, schema: Schema) -> None:
        self.served = served
        self.schema = schema


class Registry:
    """What is served, and who wants to know of changes."""

    def __init__(self, *definitions: Definable) -> None:
        self.definitions = list(definitions)
        self.listeners: list[Callable[[], None]] = []

    def __iter__(self) -> Iterator[Definable]:
        return iter(self.definitions)

    def on_change(self, listener: Callable[[], None]) -> None:
        self.listeners.append(listener)

    def add(self, definition: Definable) -> None:
        self.definitions.append(definition)
        for listener in self.listeners:
            listener()


def custom_kind(**schema: Any) -> Definition:
    gvr = GroupVersionResource("ex.io", "v1", "foos")
    status = ServedSubresource("status", GroupVersionKind("ex.io", "v1", "Foo"), ("get", "patch", "update"))
    served = ServedResource(
        gvr, "Foo", "FooList", "foo", True, CUSTOM_VERBS, "", gvr, subresources=(status,), custom=True
    )
    return Definition(served, custom_schema({**OPEN_API, **schema}))


def everything() -> Registry:
    builtin = [Definition(served, builtin_schema(served.schema)) for served in builtin_resources()]
    karmada = [
        Definition(served, model_schema(served.model)) for served in karmada_resources() if served.model
    ]
    return Registry(*builtin, *karmada)


@pytest.fixture(scope="module")
def documents() -> OpenApi:
    return OpenApi(everything())


def document(documents: OpenApi, key: str) -> Any:
    found = documents.v3_document(key)
    assert found is not None
    return orjson.loads(found.body)


GVK = "x-kubernetes-group-version-kind"
DEPLOYMENT = {"group": "apps", "version": "v1", "kind": "Deployment"}


def test_the_index_names_every_group_version_with_the_hash_of_its_document(documents: OpenApi) -> None:
    paths = orjson.loads(documents.v3_index().body)["paths"]
    assert {
        "api",
        "api/v1",
        "apis",
        "apis/apps",
        "apis/apps/v1",
        "apis/policy.karmada.io/v1alpha1",
        "version",
    } <= set(paths)
    for key, entry in paths.items():
        found = documents.v3_document(key)
        assert found is not None
        assert entry["serverRelativeURL"] == f"/openapi/v3/{key}?hash={found.etag}"


def test_what_is_not_served_has_no_document(documents: OpenApi) -> None:
    assert documents.v3_document("apis/nope/v1") is None
    assert documents.v3_document("apis/nope") is None


def test_kubectl_finds_server_side_field_validation(documents: OpenApi) -> None:
    paths = document(documents, "apis/apps/v1")["paths"]
    patch = paths["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"]
    assert patch[GVK] == DEPLOYMENT
    assert {parameter["name"] for parameter in patch["parameters"]} >= {
        "dryRun",
        "fieldManager",
        "fieldValidation",
        "force",
    }
    assert "application/strategic-merge-patch+json" in patch["requestBody"]["content"]


def test_kubectl_apply_finds_the_merge_keys(documents: OpenApi) -> None:
    schemas = document(documents, "apis/apps/v1")["components"]["schemas"]
    assert schemas["io.k8s.api.apps.v1.Deployment"][GVK] == [DEPLOYMENT]
    containers = schemas["io.k8s.api.core.v1.PodSpec"]["properties"]["containers"]
    assert containers["x-kubernetes-patch-merge-key"] == "name"
    assert containers["x-kubernetes-patch-strategy"] == "merge"


def test_explain_finds_descriptions(documents: OpenApi) -> None:
    schemas = document(documents, "apis/apps/v1")["components"]["schemas"]
    assert (
        "Number of desired pods"
        in schemas["io.k8s.api.apps.v1.DeploymentSpec"]["properties"]["replicas"]["description"]
    )
    policy = document(documents, "apis/policy.karmada.io/v1alpha1")["components"]["schemas"]
    spec = policy["io.karmada.policy.v1alpha1.PropagationPolicy"]["properties"]["spec"]
    assert spec["properties"]["resourceSelectors"]["description"]


def test_references_carry_their_siblings_in_all_of(documents: OpenApi) -> None:
    schemas = document(documents, "apis/apps/v1")["components"]["schemas"]
    strategy = schemas["io.k8s.api.apps.v1.DeploymentSpec"]["properties"]["strategy"]
    assert strategy["allOf"] == [{"$ref": "#/components/schemas/io.k8s.api.apps.v1.DeploymentStrategy"}]
    assert strategy["default"] == {}


@pytest.mark.parametrize(
    "key", ["api/v1", "apis/apps/v1", "apis/policy.karmada.io/v1alpha1", "apis/autoscaling/v2"]
)
def test_every_reference_of_a_document_resolves(documents: OpenApi, key: str) -> None:
    whole = document(documents, key)
    schemas = whole["components"]["schemas"]
    missing = {name for name in _references(whole) if name not in schemas}
    assert missing == set()


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"].rpartition("/")[2]
        for item in value.values():
            yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


def test_version_two_holds_the_same_kinds(documents: OpenApi) -> None:
    swagger = orjson.loads(documents.v2_json().body)
    assert swagger["swagger"] == "2.0"
    assert swagger["definitions"]["io.k8s.api.apps.v1.Deployment"][GVK] == [DEPLOYMENT]
    patch = swagger["paths"]["/api/v1/namespaces/{namespace}/configmaps/{name}"]["patch"]
    assert "application/apply-patch+yaml" in patch["consumes"]
    assert {name for name in _references(swagger) if name not in swagger["definitions"]} == set()


def test_the_protobuf_form_has_the_tag_of_the_json_form(documents: OpenApi) -> None:
    assert documents.v2_protobuf().etag == documents.v2_json().etag


def test_operations_have_names_of_their_own(documents: OpenApi) -> None:
    swagger = orjson.loads(documents.v2_json().body)
    names = [
        operation["operationId"]
        for item in swagger["paths"].values()
        for method, operation in item.items()
        if method != "parameters"
    ]
    assert len(names) == len(set(names))
    assert {
        "createAppsV1NamespacedDeployment",
        "listCoreV1PodForAllNamespaces",
        "readCoreV1NamespacedPodLog",
    } <= set(names)


def test_a_new_kind_changes_its_group_and_nothing_else() -> None:
    registry = everything()
    documents = OpenApi(registry)
    before = orjson.loads(documents.v3_index().body)["paths"]
    swagger = documents.v2_json().etag
    registry.add(custom_kind())
    after = orjson.loads(documents.v3_index().body)["paths"]
    assert after["apis/apps/v1"] == before["apis/apps/v1"]
    assert set(after) - set(before) == {"apis/ex.io", "apis/ex.io/v1"}
    assert documents.v2_json().etag != swagger


def test_a_changed_schema_changes_the_hash() -> None:
    first = OpenApi(Registry(custom_kind())).v3_document("apis/ex.io/v1")
    second = OpenApi(Registry(custom_kind(description="changed"))).v3_document("apis/ex.io/v1")
    again = OpenApi(Registry(custom_kind())).v3_document("apis/ex.io/v1")
    assert first is not None
    assert second is not None
    assert first.etag != second.etag
    assert first == again


def test_a_custom_kind_has_no_strategic_patch_and_keeps_its_whole_schema_in_version_three() -> None:
    documents = OpenApi(Registry(custom_kind()))
    whole = document(documents, "apis/ex.io/v1")
    patch = whole["paths"]["/apis/ex.io/v1/namespaces/{namespace}/foos/{name}"]["patch"]
    assert "application/strategic-merge-patch+json" not in patch["requestBody"]["content"]
    foo = whole["components"]["schemas"]["io.ex.v1.Foo"]
    assert foo["properties"]["spec"]["properties"]["choice"]["oneOf"]
    assert whole["components"]["schemas"]["io.ex.v1.FooList"]["properties"]["items"]["items"] == {
        "$ref": "#/components/schemas/io.ex.v1.Foo"
    }


def test_version_two_says_only_what_swagger_can() -> None:
    swagger = orjson.loads(OpenApi(Registry(custom_kind())).v2_json().body)
    spec = swagger["definitions"]["io.ex.v1.Foo"]["properties"]["spec"]["properties"]
    assert "oneOf" not in spec["choice"]
    assert "type" not in spec["port"]
    assert "nullable" not in spec["note"]
    assert "properties" not in spec["free"]
