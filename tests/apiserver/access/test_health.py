"""What probes and people are told."""

import orjson
import pytest

from apiserver.handlers.health import Health, version
from apiserver.request_info import Response
from karmada.api.errors import MethodNotAllowed
from tests.apiserver.filters import request


def broken() -> bool:
    raise OSError("no route")


WELL = Health({"etcd": lambda: True, "informer-sync": lambda: True, "shutdown": lambda: True})
STOPPING = Health({"etcd": lambda: True, "shutdown": lambda: False})
ILL = Health({"etcd": broken})


async def get(health: Health, path: str, query: dict[str, str] | None = None) -> Response:
    return await health.handle(request(path=path, query=query))


@pytest.mark.parametrize(
    ("health", "path", "query", "status", "text"),
    [
        pytest.param(WELL, "/healthz", None, 200, "ok", id="well"),
        pytest.param(
            WELL,
            "/readyz",
            {"verbose": ""},
            200,
            "[+]ping ok\n[+]log ok\n[+]etcd ok\n[+]informer-sync ok\n[+]shutdown ok\nreadyz check passed\n",
            id="verbose",
        ),
        pytest.param(STOPPING, "/livez", None, 200, "ok", id="stopping-is-alive"),
        pytest.param(
            STOPPING,
            "/readyz",
            None,
            500,
            "[+]ping ok\n[+]log ok\n[+]etcd ok\n[-]shutdown failed: reason withheld\nreadyz check failed\n",
            id="stopping-is-not-ready",
        ),
        pytest.param(STOPPING, "/readyz", {"exclude": "shutdown"}, 200, "ok", id="excluded"),
        pytest.param(
            WELL,
            "/livez",
            {"verbose": "1", "exclude": "x"},
            200,
            "[+]ping ok\n[+]log ok\n[+]etcd ok\n"
            'warn: some health checks cannot be excluded: no matches for "x"\nlivez check passed\n',
            id="exclusion-without-a-match",
        ),
        pytest.param(WELL, "/healthz/etcd", None, 200, "ok", id="one-check"),
        pytest.param(WELL, "/healthz/nope", None, 404, "404 page not found\n", id="unknown-check"),
        pytest.param(
            ILL,
            "/healthz/etcd",
            None,
            500,
            "internal server error: healthz/etcd failed\n",
            id="one-check-failing",
        ),
    ],
)
async def test_a_probe_is_told(
    health: Health, path: str, query: dict[str, str] | None, status: int, text: str
) -> None:
    answer = await get(health, path, query)
    assert (answer.status, answer.body.decode()) == (status, text)
    assert answer.content_type == "text/plain; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_probes_only_look() -> None:
    with pytest.raises(MethodNotAllowed):
        await WELL.handle(request("POST", "/healthz"))


def test_the_version_is_one_clients_can_parse() -> None:
    found = orjson.loads(version(request(path="/version")).body)
    assert (found["major"], found["minor"], found["gitVersion"]) == ("1", "36", "v1.36.0")
    assert "/" in found["platform"]
