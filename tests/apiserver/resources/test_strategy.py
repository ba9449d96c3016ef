"""Strategies: which writes count, and what of a write counts."""

from typing import Any

import pytest

from apiserver.resources.builtin import builtin_definitions
from apiserver.resources.karmada import karmada_definitions
from apiserver.resources.strategy import Strategy, custom_strategy
from karmada.api.objects import Object

STRATEGIES = {
    definition.gvr.group_resource: definition.strategy
    for definition in (*builtin_definitions(), *karmada_definitions())
}


def obj(spec: Any = None, *, generation: int = 4, **metadata: Any) -> Object:
    return {
        "metadata": {"name": "x", "generation": generation, **metadata},
        "spec": spec or {},
        "status": {"old": True},
    }


@pytest.mark.parametrize(
    ("resource", "change", "generation"),
    [
        pytest.param("deployments.apps", {"spec": {"a": 1}}, 5, id="deployment-spec"),
        pytest.param(
            "deployments.apps", {"metadata": {"annotations": {"a": "b"}}}, 5, id="deployment-annotations"
        ),
        pytest.param(
            "statefulsets.apps", {"metadata": {"annotations": {"a": "b"}}}, 4, id="statefulset-annotations"
        ),
        pytest.param("statefulsets.apps", {"metadata": {"generation": 9}}, 4, id="clients-cannot-set-it"),
        pytest.param("podtemplates", {"template": {"a": 1}}, 5, id="pod-template"),
        pytest.param("priorityclasses.scheduling.k8s.io", {"spec": {"a": 1}}, 4, id="priority-class-never"),
        pytest.param(
            "endpointslices.discovery.k8s.io", {"metadata": {"labels": {"a": "b"}}}, 5, id="slice-labels"
        ),
        pytest.param(
            "endpointslices.discovery.k8s.io", {"metadata": {"annotations": {"a": "b"}}}, 4, id="slice-others"
        ),
        pytest.param("works.work.karmada.io", {"spec": {"a": 1}}, 5, id="work-spec"),
        pytest.param("works.work.karmada.io", {"status": {"new": 1}}, 4, id="work-status"),
        pytest.param(
            "propagationpolicies.policy.karmada.io", {"status": {"new": 1}}, 5, id="no-status-subresource"
        ),
    ],
)
def test_a_generation_counts_what_its_kind_says(resource: str, change: Object, generation: int) -> None:
    old = obj()
    new = {**old, **change, "metadata": {**old["metadata"], **change.get("metadata", {})}}
    STRATEGIES[resource].next_generation(new, old)
    assert new["metadata"]["generation"] == generation


def test_kinds_without_a_generation_get_none() -> None:
    old: Object = {"metadata": {}}
    new: Object = {"metadata": {"generation": 7}, "data": {}}
    STRATEGIES["configmaps"].next_generation(new, old)
    assert "generation" not in new["metadata"]


@pytest.mark.parametrize(
    ("strategy", "labels", "annotations"),
    [
        pytest.param(Strategy(has_status=True), "new", "new", id="open"),
        pytest.param(Strategy(has_status=True, status_metadata="labels kept"), "old", "new", id="deployment"),
        pytest.param(custom_strategy(has_status=True), "old", "old", id="custom"),
    ],
)
def test_a_write_to_status_changes_status_and_the_metadata_its_kind_allows(
    strategy: Strategy, labels: str, annotations: str
) -> None:
    old = obj({"a": 1}, labels={"is": "old"}, annotations={"is": "old"})
    new = {**obj({"a": 2}, labels={"is": "new"}, annotations={"is": "new"}), "status": {"new": True}}
    result = strategy.reset_on_status_update(new, old)
    assert (result["spec"], result["status"]) == ({"a": 1}, {"new": True})
    assert result["metadata"]["labels"] == {"is": labels}
    assert result["metadata"]["annotations"] == {"is": annotations}


def test_a_write_to_the_status_of_a_cluster_is_taken_whole() -> None:
    new = obj({"taints": []})
    assert STRATEGIES["clusters.cluster.karmada.io"].reset_on_status_update(new, obj()) is new
