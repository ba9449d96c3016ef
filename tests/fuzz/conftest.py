"""One server for all of a module, and its kinds."""

import logging
from collections.abc import Iterator

import pytest

from tests.fuzz.objects import Kind
from tests.fuzz.wire import Wire, running_wire

ONLY_TRIED = frozenset(
    {
        "validatingwebhookconfigurations",
        "mutatingwebhookconfigurations",
        "validatingadmissionpolicies",
        "mutatingadmissionpolicies",
        "validatingadmissionpolicybindings",
        "mutatingadmissionpolicybindings",
        "apiservices",
        "namespaces",
        "resourceinterpreterwebhookconfigurations",
    }
)
"""What would decide about the requests that follow, ask servers that do not exist, or need a controller to
end: dry runs alone."""


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    with running_wire() as running:
        running.call("POST", "/api/v1/namespaces", {"metadata": {"name": "fuzz"}})
        yield running


@pytest.fixture(scope="module")
def kinds(wire: Wire) -> list[Kind]:
    """Every kind that can be created, by its own document."""
    found: list[Kind] = []
    for key in wire.call("GET", "/openapi/v3").object["paths"]:
        document = wire.call("GET", f"/openapi/v3/{key}").object
        schemas = document.get("components", {}).get("schemas", {})
        for path, operations in document["paths"].items():
            post = operations.get("post", {})
            gvk = post.get("x-kubernetes-group-version-kind")
            if not gvk or path.count("{") > path.count("{namespace}"):
                continue
            (body,) = {
                content["schema"]["$ref"].rpartition("/")[2]
                for content in post["requestBody"]["content"].values()
            }
            api_version = f"{gvk['group']}/{gvk['version']}" if gvk["group"] else gvk["version"]
            where = path.replace("{namespace}", "fuzz")
            found.append(Kind(where, gvk["kind"], api_version, schemas[body], schemas))
    return sorted(found, key=lambda kind: (kind.api_version != "v1", kind.path))


@pytest.fixture(autouse=True)
def _nothing_broke(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A task of the server that fails behind an answer is a failure too."""
    yield
    records = [record for record in caplog.get_records("call") if record.levelno >= logging.ERROR]
    errors = [
        record for record in records if not record.name.startswith("aiohttp")
    ]  # it logs what it refuses
    assert [record.getMessage() for record in errors] == []
