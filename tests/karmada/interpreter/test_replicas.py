"""Replicas: what a workload wants and needs, and how the number is changed."""

from typing import Any

import pytest

from karmada.api.objects import Object
from karmada.interpreter.chain import Interpreter, InterpreterError


def workload(kind: str, spec: Object, *, api_version: str = "apps/v1") -> Object:
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": spec,
    }


def pod_template(**spec: Any) -> Object:
    return {"spec": {"containers": [{"name": "app", "image": "web"}], **spec}}


@pytest.mark.parametrize(
    ("obj", "replicas"),
    [
        pytest.param(workload("Deployment", {"replicas": 3}), 3, id="deployment"),
        pytest.param(workload("StatefulSet", {}), 0, id="absent-replicas-count-as-none"),
        pytest.param(
            workload("Job", {"parallelism": 4}, api_version="batch/v1"), 4, id="job-without-completions"
        ),
        pytest.param(
            workload("Job", {"parallelism": 4, "completions": 2}, api_version="batch/v1"),
            2,
            id="job-never-more-than-completions",
        ),
        pytest.param(workload("Pod", pod_template()["spec"], api_version="v1"), 1, id="pod-is-one"),
    ],
)
async def test_replicas_are_those_of_the_kind(obj: Object, replicas: int) -> None:
    found, _ = await Interpreter().get_replicas(obj)
    assert found == replicas


async def test_requirements_sum_containers_and_take_the_largest_init_container() -> None:
    template = pod_template(
        containers=[
            {"name": "a", "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}}},
            {"name": "b", "resources": {"limits": {"cpu": "200m"}, "requests": {"memory": "64Mi"}}},
        ],
        initContainers=[{"name": "i", "resources": {"requests": {"memory": "1Gi", "cpu": "10m"}}}],
        overhead={"cpu": "50m"},
    )
    _, requirements = await Interpreter().get_replicas(workload("Deployment", {"template": template}))
    assert requirements is not None
    assert requirements.resource_request == {"cpu": "350m", "memory": "1Gi"}


async def test_node_demands_travel_with_the_requirements() -> None:
    required = {"nodeSelectorTerms": [{"matchExpressions": [{"key": "disk", "operator": "Exists"}]}]}
    template = pod_template(
        nodeSelector={"zone": "a"},
        tolerations=[{"key": "gpu", "operator": "Exists"}],
        affinity={"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}},
    )
    _, requirements = await Interpreter().get_replicas(workload("Deployment", {"template": template}))
    assert requirements is not None
    assert requirements.node_claim is not None
    assert requirements.node_claim.to_json() == {
        "hardNodeAffinity": required,
        "nodeSelector": {"zone": "a"},
        "tolerations": [{"key": "gpu", "operator": "Exists"}],
    }


async def test_a_template_that_asks_for_nothing_has_no_requirements() -> None:
    _, requirements = await Interpreter().get_replicas(workload("Deployment", {"template": pod_template()}))
    assert requirements is None


@pytest.mark.parametrize(
    ("obj", "field", "expected"),
    [
        pytest.param(workload("Deployment", {"replicas": 1}), "replicas", 5, id="deployment"),
        pytest.param(workload("Job", {"parallelism": 1}, api_version="batch/v1"), "parallelism", 5, id="job"),
        pytest.param(workload("Deployment", {}), "replicas", None, id="an-absent-field-stays-absent"),
    ],
)
async def test_revising_changes_only_the_number(obj: Object, field: str, expected: int | None) -> None:
    revised = await Interpreter().revise_replica(obj, 5)
    assert revised["spec"].get(field) == expected
    assert obj["spec"].get(field) != 5, "the original is left alone"


async def test_a_number_that_is_none_is_an_interpreter_error() -> None:
    with pytest.raises(InterpreterError, match=r"\.spec\.replicas accessor error"):
        await Interpreter().get_replicas(workload("Deployment", {"replicas": "three"}))


async def test_a_hostile_object_is_an_interpreter_error_and_no_crash() -> None:
    with pytest.raises(InterpreterError):
        await Interpreter().get_replicas(workload("Deployment", {"template": {"spec": {"containers": [7]}}}))
