"""Pruning drops what a structural schema does not describe and says what."""

from typing import Any

import pytest

from apiserver.schema.custom import node_from_open_api
from apiserver.schema.pruning import compile_prune
from tests.apiserver.schema.samples import OPEN_API, custom


@pytest.mark.parametrize(
    ("spec", "kept", "dropped"),
    [
        pytest.param({"nope": 1}, {}, [".spec.nope"], id="unknown-field"),
        pytest.param(
            {"parts": [{"name": "a", "x": 1}]},
            {"parts": [{"name": "a"}]},
            [".spec.parts[0].x"],
            id="inside-a-list",
        ),
        pytest.param({"counts": {"a": 1}}, {"counts": {"a": 1}}, [], id="map-keys-are-free"),
        pytest.param({"free": {"x": {"y": 1}}}, {"free": {"x": {"y": 1}}}, [], id="preserved-below-the-mark"),
        pytest.param({"replicas": None}, {}, [], id="null-of-a-non-nullable-field-vanishes-silently"),
        pytest.param({"note": None}, {"note": None}, [], id="null-of-a-nullable-field-stays"),
        pytest.param({"counts": {"a": None}}, {"counts": {}}, [], id="null-map-value-vanishes"),
        pytest.param(
            {
                "template": {
                    "apiVersion": "v1",
                    "kind": "X",
                    "metadata": {"name": "n", "q": 1},
                    "data": "d",
                    "e": 1,
                }
            },
            {"template": {"apiVersion": "v1", "kind": "X", "metadata": {"name": "n", "q": 1}, "data": "d"}},
            [".spec.template.e"],
            id="embedded-resource-keeps-its-type-and-metadata",
        ),
        pytest.param({"parts": "text"}, {"parts": "text"}, [], id="wrong-types-are-left-to-validation"),
    ],
)
def test_pruning(spec: dict[str, Any], kept: dict[str, Any], dropped: list[str]) -> None:
    given = {"spec": spec}
    prune = compile_prune(node_from_open_api(OPEN_API))
    assert prune is not None
    assert (prune(given) or []) == dropped
    assert given["spec"] == kept


def test_nothing_to_drop_compiles_to_nothing() -> None:
    assert compile_prune(node_from_open_api({"type": "array", "items": {"type": "string"}})) is None


def test_pruning_twice_drops_nothing_more() -> None:
    prune = compile_prune(node_from_open_api(OPEN_API))
    assert prune is not None
    obj = {"spec": custom(nope=1, parts=[{"z": None}])["spec"]}
    prune(obj)
    assert not prune(obj)
