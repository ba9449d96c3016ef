"""Get and list over HTTP: selectors, pages, versions, forms."""

import pytest

from tests.apiserver.serving import Plane, config_map

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"


async def fill(plane: Plane, count: int = 5) -> None:
    for number in range(count):
        labels = {"parity": "even" if number % 2 == 0 else "odd"}
        assert (await plane.post(CONFIG_MAPS, config_map(f"c{number}", labels=labels))).status == 201


@pytest.mark.parametrize(
    ("query", "names"),
    [
        pytest.param("", ["c0", "c1", "c2", "c3", "c4"], id="all-in-order"),
        pytest.param("?labelSelector=parity%3Dodd", ["c1", "c3"], id="label"),
        pytest.param("?labelSelector=parity+notin+(odd)", ["c0", "c2", "c4"], id="notin"),
        pytest.param("?fieldSelector=metadata.name%3Dc3", ["c3"], id="name"),
        pytest.param("?fieldSelector=metadata.name!%3Dc3", ["c0", "c1", "c2", "c4"], id="not-the-name"),
        pytest.param("?fieldSelector=metadata.name%3Dc3&labelSelector=parity%3Deven", [], id="both"),
    ],
)
async def test_a_list_holds_what_its_selectors_match(plane: Plane, query: str, names: list[str]) -> None:
    await fill(plane)
    assert (await plane.get(CONFIG_MAPS + query)).names == names


async def test_items_of_built_in_lists_do_not_repeat_their_kind(plane: Plane) -> None:
    await fill(plane, 1)
    listed = (await plane.get(CONFIG_MAPS)).object
    assert (listed["kind"], listed["apiVersion"]) == ("ConfigMapList", "v1")
    assert list(listed["items"][0]) == ["metadata"]


async def test_pages_show_the_state_of_the_first_page(plane: Plane) -> None:
    await fill(plane)
    first = (await plane.get(f"{CONFIG_MAPS}?limit=2")).object
    assert first["metadata"]["remainingItemCount"] == 3
    await plane.delete(f"{CONFIG_MAPS}/c3")
    await plane.post(CONFIG_MAPS, config_map("c30"))
    token = first["metadata"]["continue"]
    second = await plane.get(f"{CONFIG_MAPS}?limit=2&continue={token}")
    third = await plane.get(f"{CONFIG_MAPS}?limit=2&continue={second.object['metadata']['continue']}")
    assert (second.names, third.names) == (["c2", "c3"], ["c4"])
    versions = {page["metadata"]["resourceVersion"] for page in (first, second.object, third.object)}
    assert len(versions) == 1
    assert "continue" not in third.object["metadata"]


async def test_an_expired_page_offers_the_rest_as_of_now(plane: Plane) -> None:
    await fill(plane)
    token = (await plane.get(f"{CONFIG_MAPS}?limit=2")).object["metadata"]["continue"]
    await plane.post(CONFIG_MAPS, config_map("c9"))
    backend = plane.server.parts.backend
    await backend.compact(await backend.current_revision())
    expired = await plane.get(f"{CONFIG_MAPS}?limit=2&continue={token}")
    assert (expired.status, expired.object["reason"]) == (410, "Expired")
    assert expired.message.startswith(
        "The provided continue parameter is too old to display a consistent list result."
    )
    rest = await plane.get(f"{CONFIG_MAPS}?continue={expired.object['metadata']['continue']}")
    assert rest.names == ["c2", "c3", "c4", "c9"]


async def test_a_list_at_an_exact_version_shows_the_past(plane: Plane) -> None:
    await fill(plane, 2)
    then = (await plane.get(CONFIG_MAPS)).object["metadata"]["resourceVersion"]
    await plane.post(CONFIG_MAPS, config_map("later"))
    exact = await plane.get(f"{CONFIG_MAPS}?resourceVersion={then}&resourceVersionMatch=Exact")
    assert (exact.names, exact.object["metadata"]["resourceVersion"]) == (["c0", "c1"], then)
    newer = await plane.get(f"{CONFIG_MAPS}?resourceVersion={then}&resourceVersionMatch=NotOlderThan")
    assert newer.names == ["c0", "c1", "later"]


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        pytest.param("limit=x", 400, 'strconv.ParseInt: parsing "x": invalid syntax', id="limit"),
        pytest.param(
            "resourceVersion=abc",
            400,
            'invalid resource version: resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing '
            '"abc": invalid '
            "syntax",
            id="version",
        ),
        pytest.param(
            "resourceVersionMatch=Exact",
            422,
            'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch '
            "is forbidden "
            "unless resourceVersion is provided",
            id="match-without-version",
        ),
        pytest.param(
            "resourceVersionMatch=Exact&resourceVersion=0",
            422,
            'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch '
            '"exact" is '
            'forbidden for resourceVersion "0"',
            id="exactly-anything",
        ),
        pytest.param("continue=%21%21", 400, "invalid continue token: continue key is not valid", id="token"),
        pytest.param(
            "fieldSelector=spec.x%3Dy",
            400,
            '"spec.x" is not a known field selector: only "metadata.name", "metadata.namespace"',
            id="field",
        ),
        pytest.param(
            "labelSelector=a%3Db%3Dc", 400, "found '=', expected: ',' or 'end of string'", id="label"
        ),
    ],
)
async def test_a_bad_list_is_refused_in_the_stock_words(
    plane: Plane, query: str, status: int, message: str
) -> None:
    reply = await plane.get(f"{CONFIG_MAPS}?{query}")
    assert reply.status == status
    assert reply.message.startswith(message)


async def test_a_version_of_the_future_times_out_with_its_number(plane: Plane) -> None:
    reply = await plane.get(f"{CONFIG_MAPS}?resourceVersion=99999999")
    assert (reply.status, reply.object["reason"], reply.headers["Retry-After"]) == (504, "Timeout", "1")
    assert reply.message.startswith("Timeout: Too large resource version: 99999999, current: ")


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        pytest.param(f"{CONFIG_MAPS}/absent", 404, 'configmaps "absent" not found', id="object"),
        pytest.param(
            "/apis/apps/v1/nothings", 404, "the server could not find the requested resource", id="resource"
        ),
        pytest.param(
            "/apis/apps/v9/deployments", 404, "the server could not find the requested resource", id="version"
        ),
        pytest.param(
            f"{CONFIG_MAPS}/a/nothing",
            404,
            "the server could not find the requested resource",
            id="subresource",
        ),
    ],
)
async def test_what_is_not_there_answers_a_status(plane: Plane, path: str, status: int, text: str) -> None:
    reply = await plane.get(path)
    assert (reply.status, reply.message) == (status, text)


@pytest.mark.parametrize("path", ["/apis/no.such.group/v1/things", "/nowhere"])
async def test_what_no_group_serves_answers_plain_text(plane: Plane, path: str) -> None:
    reply = await plane.get(path)
    assert (reply.status, reply.body) == (404, b"404 page not found\n")


async def test_a_missing_namespace_lists_empty(plane: Plane) -> None:
    assert (await plane.get("/api/v1/namespaces/absent/configmaps")).names == []


async def test_tables_and_metadata_are_made_on_demand(plane: Plane) -> None:
    await fill(plane, 2)
    table = (await plane.get(CONFIG_MAPS, accept="application/json;as=Table;v=v1;g=meta.k8s.io")).object
    assert (table["kind"], [row["cells"][0] for row in table["rows"]]) == ("Table", ["c0", "c1"])
    partial = await plane.get(
        CONFIG_MAPS, accept="application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
    )
    assert partial.object["items"][0]["kind"] == "PartialObjectMetadata"
    yaml = await plane.get(f"{CONFIG_MAPS}/c0", accept="application/yaml")
    assert yaml.body.startswith(b"apiVersion: v1\nkind: ConfigMap\n")


async def test_large_lists_are_compressed_for_who_takes_it(plane: Plane) -> None:
    await plane.post(CONFIG_MAPS, config_map("big", {"k": "v" * 200_000}))
    reply = await plane.get(CONFIG_MAPS, accept_encoding="gzip")
    assert reply.headers["Content-Encoding"] == "gzip"
    assert reply.names == ["big"]
    plain = await plane.get(CONFIG_MAPS, accept_encoding="identity")
    assert "Content-Encoding" not in plain.headers
    assert plain.names == ["big"]
