"""Tables and partial metadata, as bodies."""

from typing import Any

import orjson
import pytest

from apiserver.handlers import tables
from apiserver.handlers.negotiate import Encoding, Form, View
from apiserver.resources.definition import ResourceDefinition
from karmada.api.errors import BadRequest, NotAcceptable
from karmada.api.gvk import GroupVersionResource
from karmada.api.objects import Object
from karmada.runtime.clock import ManualClock
from tests.apiserver.negotiate import definition

CLOCK = ManualClock()
CREATED = "2025-12-31T23:55:00Z"  # 5 minutes before the clock
TABLE = Form(Encoding.JSON, View.TABLE)
PARTIAL = Form(Encoding.JSON, View.PARTIAL_METADATA)
PARTIAL_LIST = Form(Encoding.JSON, View.PARTIAL_METADATA_LIST, "v1beta1")
CONFIG_MAPS = definition("", "v1", "configmaps")


def config_map(name: str, **metadata: Any) -> Object:
    stamp = {"name": name, "creationTimestamp": CREATED, **metadata}
    return {"kind": "ConfigMap", "apiVersion": "v1", "metadata": stamp, "data": {"a": "1"}}


def table(objects: list[Object], include: str = "", **more: Any) -> Any:
    return orjson.loads(
        tables.table_of(
            TABLE, CONFIG_MAPS, objects, {"resourceVersion": "7"}, include_object=include, clock=CLOCK, **more
        )
    )


def test_a_table_holds_columns_cells_and_metadata() -> None:
    found = table([config_map("a")])
    assert [column["name"] for column in found["columnDefinitions"]] == ["Name", "Data", "Age"]
    assert set(found["columnDefinitions"][0]) == {"name", "type", "format", "description", "priority"}
    assert found["metadata"] == {"resourceVersion": "7"}
    assert found["rows"] == [
        {
            "cells": ["a", 1, "5m"],
            "object": {
                "kind": "PartialObjectMetadata",
                "apiVersion": "meta.k8s.io/v1",
                "metadata": {"name": "a", "creationTimestamp": CREATED},
            },
        }
    ]


def test_an_empty_table_has_empty_rows() -> None:
    assert table([])["rows"] == []


def test_later_events_of_a_watch_leave_the_columns_out() -> None:
    assert table([config_map("a")], with_columns=False)["columnDefinitions"] is None


@pytest.mark.parametrize(
    ("include", "expected"),
    [
        pytest.param("None", None, id="none"),
        pytest.param("Object", config_map("a"), id="object"),
    ],
)
def test_a_row_carries_what_was_asked_for(include: str, expected: Any) -> None:
    assert table([config_map("a")], include)["rows"][0]["object"] == expected


def test_an_unknown_include_is_a_bad_request() -> None:
    with pytest.raises(BadRequest) as refused:
        table([], "Bogus")
    assert refused.value.message == (
        'Unable to convert to Table as requested: includeObject: Invalid value: "Bogus": '
        "must be 'Metadata', 'Object', 'None', or empty"
    )


def test_a_row_is_made_once_and_its_ages_grow() -> None:
    row = tables.row_of(CONFIG_MAPS, config_map("a"))
    now = CLOCK.now().timestamp()
    assert orjson.loads(row.encode(now=now, object_json=b"null"))["cells"] == ["a", 1, "5m"]
    assert orjson.loads(row.encode(now=now + 3600, object_json=b"null"))["cells"] == ["a", 1, "65m"]


def test_a_pod_that_is_over_has_a_row_condition() -> None:
    pod = {"metadata": {"name": "p"}, "status": {"phase": "Succeeded"}}
    row = tables.row_of(definition("", "v1", "pods"), pod)
    assert orjson.loads(row.encode(now=0, object_json=b"null"))["conditions"][0]["type"] == "Completed"


def test_a_list_of_partial_metadata() -> None:
    body = tables.list_json(PARTIAL_LIST, CONFIG_MAPS, [config_map("a")], {"resourceVersion": "7"})
    assert orjson.loads(body) == {
        "kind": "PartialObjectMetadataList",
        "apiVersion": "meta.k8s.io/v1beta1",
        "metadata": {"resourceVersion": "7"},
        "items": [
            {
                "kind": "PartialObjectMetadata",
                "apiVersion": "meta.k8s.io/v1beta1",
                "metadata": {"name": "a", "creationTimestamp": CREATED},
            }
        ],
    }


def test_flow_schemas_are_listed_in_the_order_they_are_tried() -> None:
    schemas = [
        {"metadata": {"name": name}, "spec": {"matchingPrecedence": precedence}}
        for name, precedence in (("late", 9000), ("b", 1), ("a", 1))
    ]
    flows = definition("flowcontrol.apiserver.k8s.io", "v1", "flowschemas")
    body = tables.list_json(TABLE, flows, schemas, {}, clock=CLOCK)
    assert [row["cells"][0] for row in orjson.loads(body)["rows"]] == ["a", "b", "late"]


def test_one_object_as_partial_metadata() -> None:
    found = tables.single(PARTIAL, CONFIG_MAPS, config_map("a"))
    assert list(found) == ["kind", "apiVersion", "metadata"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(
            lambda: tables.single(PARTIAL_LIST, CONFIG_MAPS, config_map("a")),
            "you requested PartialObjectMetadataList, "
            "but the requested object is not a list (*core.ConfigMap)",
            id="list-form-of-an-item",
        ),
        pytest.param(
            lambda: tables.list_json(PARTIAL, CONFIG_MAPS, [], {}),
            "you requested PartialObjectMetadata, but the requested object is a list (*core.ConfigMapList)",
            id="item-form-of-a-list",
        ),
        pytest.param(
            lambda: tables.layout(definition("authentication.k8s.io", "v1", "tokenreviews")),
            "only the following media types are accepted: "
            "application/json, application/yaml, application/vnd.kubernetes.protobuf",
            id="kind-without-a-table",
        ),
    ],
)
def test_what_cannot_be_shown(make: Any, message: str) -> None:
    with pytest.raises(NotAcceptable) as refused:
        make()
    assert refused.value.message == message


def test_a_bookmark_is_a_table_of_one_meaningless_row() -> None:
    body = tables.bookmark_json(TABLE, CONFIG_MAPS, {"resourceVersion": "9"}, with_columns=False)
    found = orjson.loads(body)
    assert found["metadata"] == {"resourceVersion": "9"}
    assert found["rows"][0]["object"]["metadata"] == {"resourceVersion": "9"}
    assert len(found["rows"][0]["cells"]) == 3


def test_a_work_is_shown_by_its_declared_columns() -> None:
    works: ResourceDefinition = definition("work.karmada.io", "v1alpha1", "works")
    assert works.gvr == GroupVersionResource("work.karmada.io", "v1alpha1", "works")
    names = [column.name for column in tables.layout(works).columns]
    assert names == ["Name", "WORKLOAD-KIND", "APPLIED", "AGE"]
