"""OpenAPI documents over HTTP: forms, tags, redirects."""

import orjson
import pytest

from apiserver.handlers.openapi import OpenApiHandler
from apiserver.request_info import Response
from apiserver.resources.definition import Resources
from apiserver.schema.openapi import OpenApi
from karmada.runtime.clock import ManualClock
from tests.apiserver.filters import request
from tests.apiserver.negotiate import definition

PROTOBUF = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
APPS = "/openapi/v3/apis/apps/v1"


@pytest.fixture(scope="module")
def resources() -> Resources:
    found = Resources()
    found.replace(remove=[], add=[definition("apps", "v1", "deployments")])
    return found


@pytest.fixture(scope="module")
def handler(resources: Resources) -> OpenApiHandler:
    return OpenApiHandler(OpenApi(resources), clock=ManualClock())


async def v3(handler: OpenApiHandler, path: str, **query: str) -> Response:
    return await handler.v3(request(path=path, query=query))


@pytest.mark.parametrize(
    ("accept", "status", "content_type"),
    [
        pytest.param("", 200, "application/json", id="none"),
        pytest.param("*/*", 200, "application/json", id="anything"),
        pytest.param("application/json", 200, "application/json", id="json"),
        pytest.param(PROTOBUF, 200, PROTOBUF, id="protobuf"),
        pytest.param(
            PROTOBUF.replace("v2.v1.0", "v2@v1.0"), 200, PROTOBUF, id="protobuf-as-client-go-writes-it"
        ),
        pytest.param("text/html", 406, None, id="html"),
    ],
)
async def test_the_form_of_v2(
    handler: OpenApiHandler, accept: str, status: int, content_type: str | None
) -> None:
    answer = await handler.v2(request(path="/openapi/v2", headers={"Accept": accept}))
    assert answer.status == status
    if content_type is not None:
        assert answer.content_type == content_type
        assert answer.headers["ETag"].startswith('"')


async def test_a_document_the_client_has_is_not_sent_again(handler: OpenApiHandler) -> None:
    etag = (await handler.v2(request(path="/openapi/v2"))).headers["ETag"]
    answer = await handler.v2(request(path="/openapi/v2", headers={"If-None-Match": etag}))
    assert (answer.status, answer.body) == (304, b"")


async def test_the_index_leads_to_the_documents(handler: OpenApiHandler) -> None:
    paths = orjson.loads((await v3(handler, "/openapi/v3")).body)["paths"]
    url, _, given = paths["apis/apps/v1"]["serverRelativeURL"].partition("?hash=")
    assert url == APPS
    answer = await v3(handler, url, hash=given)
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "public, immutable"
    assert answer.headers["Expires"] == "Fri, 01 Jan 2027 00:00:00 GMT"
    assert answer.headers["ETag"] == f'"{given}"'


async def test_an_old_hash_is_sent_to_the_new_one(handler: OpenApiHandler) -> None:
    current = (await v3(handler, APPS)).headers["ETag"].strip('"')
    answer = await v3(handler, APPS, hash="OLD")
    assert answer.status == 301
    assert answer.headers["Location"] == f"{APPS}?hash={current}"


async def test_without_a_hash_nothing_is_kept(handler: OpenApiHandler) -> None:
    answer = await v3(handler, APPS)
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-cache, private")


async def test_an_unknown_key_is_not_found(handler: OpenApiHandler) -> None:
    answer = await v3(handler, "/openapi/v3/apis/nope/v1")
    assert (answer.status, answer.body) == (404, b"")


async def test_a_changed_resource_changes_its_document(resources: Resources, handler: OpenApiHandler) -> None:
    before = (await v3(handler, APPS)).headers["ETag"]
    added = definition("apps", "v1", "daemonsets")
    resources.replace(remove=[], add=[added])
    assert (await v3(handler, APPS)).headers["ETag"] != before
    resources.replace(remove=[added], add=[])
    assert (await v3(handler, APPS)).headers["ETag"] == before
