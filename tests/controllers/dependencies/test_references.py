"""What a binding recorded is found again by the objects that change."""

import orjson
import pytest

from controllers.dependencies.references import (
    dependency_keys,
    lookup_keys,
    record_of,
    recorded,
    same_content,
    says_the_same,
    selected_by,
)
from karmada.api.groups.config import DependentObjectReference
from karmada.api.groups.work import ResourceBinding
from karmada.api.objects import Object

ANNOTATION = "resourcebinding.karmada.io/dependencies"
CONFIG = {"apiVersion": "v1", "kind": "ConfigMap", "namespace": "shop", "name": "conf"}
SLICES = {
    "apiVersion": "discovery.k8s.io/v1",
    "kind": "EndpointSlice",
    "namespace": "shop",
    "labelSelector": {"matchLabels": {"service": "web"}},
}


def references(*items: Object) -> list[DependentObjectReference]:
    return [DependentObjectReference.from_json(item) for item in items]


def binding(text: str) -> ResourceBinding:
    return ResourceBinding.from_json({"metadata": {"name": "b", "annotations": {ANNOTATION: text}}})


def test_the_record_is_what_karmada_writes() -> None:
    assert record_of(references(CONFIG)) == (
        '[{"apiVersion":"v1","kind":"ConfigMap","namespace":"shop","name":"conf"}]'
    )


def test_a_record_reads_back() -> None:
    given = references(CONFIG, SLICES)
    assert says_the_same(recorded(binding(record_of(given))), given)


@pytest.mark.parametrize("text", ["", "not json", "{}", "[1]", '["a"]', "null"])
def test_a_record_that_cannot_be_read_says_nothing(text: str) -> None:
    assert recorded(binding(text)) == []


def test_order_does_not_matter() -> None:
    assert says_the_same(references(CONFIG, SLICES), references(SLICES, CONFIG))
    assert not says_the_same(references(CONFIG), references(CONFIG, SLICES))


def test_an_object_looks_up_what_the_binding_is_indexed_by() -> None:
    by_name, _ = lookup_keys({**CONFIG, "metadata": {"namespace": "shop", "name": "conf"}})
    _, by_label = lookup_keys({**SLICES, "metadata": {"namespace": "shop", "name": "any"}})
    assert dependency_keys(binding(orjson.dumps([CONFIG, SLICES]).decode())) == [by_name, by_label]


@pytest.mark.parametrize(
    ("labels", "namespace", "expected"),
    [
        ({"service": "web"}, "shop", True),
        ({"service": "api"}, "shop", False),
        ({"service": "web"}, "elsewhere", False),
    ],
)
def test_selection_is_by_label_within_the_namespace(
    labels: dict[str, str], namespace: str, expected: bool
) -> None:
    obj = {**SLICES, "metadata": {"namespace": namespace, "name": "s", "labels": labels}}
    assert selected_by(binding(orjson.dumps([SLICES]).decode()), None, obj) is expected


@pytest.mark.parametrize(
    ("change", "same"),
    [
        pytest.param({"status": {"phase": "Bound"}}, True, id="status"),
        pytest.param({"data": {"a": "b"}}, False, id="content"),
        pytest.param({"metadata": {"name": "c", "resourceVersion": "9"}}, True, id="resource-version"),
        pytest.param({"metadata": {"name": "c", "labels": {"a": "b"}}}, False, id="labels"),
    ],
)
def test_a_status_is_no_content(change: Object, same: bool) -> None:
    before: Object = {"kind": "ConfigMap", "metadata": {"name": "c", "resourceVersion": "1"}}
    assert same_content(before, {**before, **change}) is same
