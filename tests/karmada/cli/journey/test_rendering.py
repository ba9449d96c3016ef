"""What render shows is what the controllers would write."""

from typing import Any

import pytest

from karmada.api.codec import loads_yaml
from karmada.cli.journey.difference import difference, projected
from karmada.cli.journey.rendering import binding_of, overlaid, render, without_karmada_marks
from karmada.interpreter.chain import Interpreter
from tests.karmada.cli.journey.worlds import binding, override, policy, world

WEIGHTS = {
    "replicaSchedulingType": "Divided",
    "replicaDivisionPreference": "Weighted",
    "weightPreference": {
        "staticWeightList": [
            {"targetCluster": {"clusterNames": ["member1"]}, "weight": 1},
            {"targetCluster": {"clusterNames": ["member2"]}, "weight": 3},
        ]
    },
}
DIVIDED = {"clusterAffinity": {"clusterNames": ["member1", "member2"]}, "replicaScheduling": WEIGHTS}


async def test_replicas_and_overrides_of_each_cluster() -> None:
    made = world(
        namespaced_policies=[policy("p", placement=DIVIDED)],
        overrides=[
            override(
                "o", {"plaintext": [{"path": "/spec/paused", "operator": "add", "value": True}]}, "member2"
            )
        ],
    )
    rendering = await render(made, Interpreter())
    shown = {
        each.cluster: (each.manifest["spec"]["replicas"], each.manifest["spec"].get("paused"), each.overrides)
        for each in rendering.clusters
        if each.manifest is not None
    }
    assert shown == {
        "member1": (1, None, ()),
        "member2": (3, True, ("override policy(shop/o)",)),
    }


async def test_without_a_policy_it_goes_nowhere() -> None:
    rendering = await render(world(), Interpreter())
    assert rendering.clusters == ()
    assert "no policy selects it" in rendering.trouble


async def test_no_fitting_cluster_is_told() -> None:
    nowhere = policy("p", placement={"clusterAffinity": {"clusterNames": ["ghost"]}})
    rendering = await render(world(namespaced_policies=[nowhere]), Interpreter())
    assert rendering.trouble.startswith("0/3 clusters are available")


async def test_a_binding_that_stands_keeps_its_clusters() -> None:
    made = world(namespaced_policies=[policy("p")], binding=binding("member2"))
    rendering = await render(made, Interpreter())
    assert {each.cluster for each in rendering.clusters} == {"member1", "member2"}


async def test_a_workload_in_components_stays_one() -> None:
    groups = {"headGroupSpec": {"template": {}}, "workerGroupSpecs": [{"groupName": "w", "replicas": 2}]}
    cluster = {
        "apiVersion": "ray.io/v1",
        "kind": "RayCluster",
        "metadata": {"name": "web", "namespace": "shop", "uid": "u1"},
        "spec": groups,
    }
    selector = {"apiVersion": "ray.io/v1", "kind": "RayCluster"}
    policies = [policy("p", selector)]
    stood = binding("member2", replicas=0, components=[{"name": "ray-head", "replicas": 1}])
    made = await binding_of(
        world(template=cluster, namespaced_policies=policies, binding=stood),
        policies[0],
        cluster,
        Interpreter(),
    )
    assert [(each.name, each.replicas) for each in made.spec.components] == [("ray-head", 1), ("w", 2)]
    fresh = await binding_of(world(template=cluster), policies[0], cluster, Interpreter())
    assert fresh.spec.components == []


def test_policies_of_files_take_the_place_of_stored_ones() -> None:
    stored = world(namespaced_policies=[policy("p"), policy("q")])
    written = {**policy("p", priority=7).to_json(), "kind": "PropagationPolicy"}
    elsewhere = {**policy("p", namespace="else").to_json(), "kind": "PropagationPolicy"}
    found = overlaid(stored, [written, elsewhere]).namespaced_policies
    assert [(each.metadata.name, each.spec.priority) for each in found] == [("p", 7), ("q", None)] or [
        (each.metadata.name, each.spec.priority or 0) for each in found
    ] == [("p", 7), ("q", 0)]


@pytest.mark.parametrize(
    ("live", "wanted", "seen"),
    [
        ({"a": 1, "b": 2}, {"a": 3}, {"a": 1}),
        (
            {"l": [{"name": "x", "p": 1, "d": 2}]},
            {"l": [{"name": "x", "p": 1}]},
            {"l": [{"name": "x", "p": 1}]},
        ),
        (
            {"l": [{"name": "x"}, {"name": "y", "d": 1}]},
            {"l": [{"name": "x"}]},
            {"l": [{"name": "x"}, {"name": "y", "d": 1}]},
        ),
        ({"l": [{"p": 1, "d": 2}]}, {"l": [{"p": 3}]}, {"l": [{"p": 1}]}),
        ({"l": [1, 2]}, {"l": [1]}, {"l": [1, 2]}),
    ],
)
def test_what_the_server_filled_in_is_no_difference(live: Any, wanted: Any, seen: Any) -> None:
    assert projected(live, wanted) == seen


def test_a_difference_is_a_unified_diff() -> None:
    assert difference({"a": 1}, {"a": 1, "b": 2}, where="m") == ""
    assert difference({"a": 2}, {"a": 1}, where="m").splitlines()[:2] == [
        "--- m (running)",
        "+++ m (rendered)",
    ]


def test_karmada_s_own_marks_are_left_out() -> None:
    obj = loads_yaml(
        "metadata: {name: a, labels: {app: x, karmada.io/managed: 'true'}, annotations: {w.karmada.io/x: y}}"
    )
    assert without_karmada_marks(obj) == {"metadata": {"name": "a", "labels": {"app": "x"}}}
