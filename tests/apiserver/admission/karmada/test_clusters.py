"""Cluster: what is filled in."""

from typing import Any

from apiserver.admission.karmada.clusters import RULES, default_models, normal_models
from karmada.api.objects import Object
from tests.apiserver.admission.contexts import NOW, admitted, judged


def cluster(**spec: Any) -> Object:
    return {
        "apiVersion": "cluster.karmada.io/v1alpha1",
        "kind": "Cluster",
        "metadata": {"name": "member1"},
        "spec": {"syncMode": "Push", **spec},
    }


def model(grade: int, low: str, high: str) -> Object:
    return {"grade": grade, "ranges": [{"name": "cpu", "min": low, "max": high}]}


def test_a_new_cluster_has_nine_grades_of_nodes() -> None:
    models = admitted(RULES, cluster())["spec"]["resourceModels"]
    assert models == default_models()
    assert [each["grade"] for each in models] == list(range(9))
    assert models[8]["ranges"][1] == {"name": "memory", "min": "1Ti", "max": "9223372036854775807"}


def test_an_emptied_list_of_models_stays_empty() -> None:
    old = cluster(resourceModels=default_models())
    assert "resourceModels" not in admitted(RULES, cluster(), old=old)["spec"]


def test_models_are_sorted_and_cover_everything() -> None:
    models = normal_models([model(2, "4", "8"), model(1, "2", "4")])
    assert models == [model(1, "0", "4"), model(2, "4", "9223372036854775807")]


def test_a_taint_that_evicts_remembers_since_when() -> None:
    taints = [
        {"key": "a", "effect": "NoExecute"},
        {"key": "b", "effect": "NoExecute", "timeAdded": "2026-01-01T00:00:00Z"},
        {"key": "c", "effect": "NoSchedule"},
    ]
    stored = admitted(RULES, cluster(taints=taints))["spec"]["taints"]
    assert [taint.get("timeAdded") for taint in stored] == [NOW, "2026-01-01T00:00:00Z", None]


def test_the_deprecated_zone_becomes_a_list() -> None:
    spec = admitted(RULES, cluster(zone="z1"))["spec"]
    assert spec["zones"] == ["z1"]
    assert "zone" not in spec


def test_what_is_wrong_is_said_unless_only_the_status_is_written() -> None:
    assert judged(RULES, cluster(syncMode="Sideways")) == [
        'spec.syncMode: Unsupported value: "Sideways": supported values: "Pull", "Push"'
    ]
    assert judged(RULES, cluster(syncMode="Sideways"), subresource="status") == []


def test_the_default_models_keep_their_own_rules() -> None:
    assert judged(RULES, admitted(RULES, cluster())) == []
