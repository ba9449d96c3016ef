"""What an update keeps of the object in the member, and when there is nothing to write."""

from typing import Any

import pytest

from controllers.execution.retain import is_contained, is_settled, may_overwrite, retain_metadata
from karmada.api.objects import Object

MANAGED = "resourcetemplate.karmada.io/managed-labels"
GENERATION = "resourcetemplate.karmada.io/generation"


def config_map(**metadata: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "a", **metadata},
        "data": {"k": "v"},
    }


def test_labels_of_others_stay_and_withdrawn_ones_go() -> None:
    desired = config_map(labels={"team": "new"})
    observed = config_map(
        labels={"team": "old", "withdrawn": "x", "theirs": "y"},
        annotations={MANAGED: "team,withdrawn"},
        resourceVersion="7",
        finalizers=["keep.me"],
    )
    kept = retain_metadata(desired, observed)["metadata"]
    assert kept["labels"] == {"team": "new", "theirs": "y"}
    assert (kept["resourceVersion"], kept["finalizers"]) == ("7", ["keep.me"])


def test_only_a_manifest_that_says_overwrite_takes_an_object_over() -> None:
    key = "work.karmada.io/conflict-resolution"
    assert may_overwrite(config_map(annotations={key: "overwrite"}))
    assert not may_overwrite(config_map(annotations={key: "abort"}))
    assert not may_overwrite(config_map())


@pytest.mark.parametrize(
    ("desired", "observed", "contained"),
    [
        pytest.param({"a": 1}, {"a": 1, "defaulted": 2}, True, id="the-server-may-add-fields"),
        pytest.param({"a": 1}, {"a": 2}, False, id="another-value"),
        pytest.param({"a": [1, 2]}, {"a": [1]}, False, id="a-shorter-list"),
        pytest.param({"a": [{"n": 1}]}, {"a": [{"n": 1, "d": 0}]}, True, id="defaults-inside-lists"),
        pytest.param({"a": {}, "b": None}, {}, True, id="empty-is-absent"),
        pytest.param({"a": {"b": 1}}, {"a": 3}, False, id="another-type"),
    ],
)
def test_containment_ignores_what_servers_add(desired: Object, observed: Object, contained: bool) -> None:
    assert is_contained(desired, observed) is contained


def test_a_removed_key_of_an_object_without_generation_is_noticed() -> None:
    observed = {**config_map(), "data": {"k": "v", "removed": "x"}}
    assert not is_settled(config_map(), observed)
    assert is_settled(config_map(), config_map(resourceVersion="9"))


def test_fields_a_member_defaults_are_no_difference_where_the_template_has_a_generation() -> None:
    desired = {**config_map(annotations={GENERATION: "1"}), "data": {"k": "v"}}
    observed = {**config_map(annotations={GENERATION: "1"}), "data": {"k": "v", "defaulted": "x"}}
    assert is_settled(desired, observed)


def test_an_object_on_its_way_out_is_not_settled() -> None:
    assert not is_settled(config_map(), config_map(deletionTimestamp="2026-01-01T00:00:00Z"))
