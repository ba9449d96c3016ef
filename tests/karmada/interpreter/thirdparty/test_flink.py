"""Flink deployments."""

from typing import Any

import pytest

from karmada.api.objects import Object
from karmada.interpreter.thirdparty.flink import KINDS, memory
from tests.karmada.interpreter.thirdparty.samples import items, kind, observed, template

GVK = kind("FlinkDeployment")
RULES = KINDS[GVK]
NOW = "2026-03-02T00:00:00Z"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("2048m", "2Gi", id="mebibytes-not-thousandths"),
        pytest.param("2g", "2Gi", id="gibibytes"),
        pytest.param("1 GB", "1Gi", id="any-case-with-a-space"),
        pytest.param("512kb", "512Ki", id="kibibytes"),
        pytest.param("1073741824", "1073741824", id="bytes"),
        pytest.param("2Gi", "2Gi", id="as-kubernetes-spells-it"),
        pytest.param("1.5Gi", "1536Mi", id="fractions-are-kubernetes-only"),
    ],
)
def test_memory_is_read_as_the_operator_reads_it(text: str, expected: str) -> None:
    assert memory(text) == expected


@pytest.mark.parametrize("text", ["", "much", "2x", "-"])
def test_what_is_no_memory_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever the words, the layer reports it
        memory(text)


@pytest.mark.parametrize(
    ("spec", "jobmanagers", "taskmanagers"),
    [
        pytest.param({}, 1, 1, id="one-each"),
        pytest.param({"taskManager": {"replicas": 4}, "job": {"parallelism": 9}}, 1, 4, id="stated"),
        pytest.param({"jobManager": {"replicas": 2}, "taskManager": {"replicas": 0}}, 2, 0, id="none-wanted"),
        pytest.param(
            {"job": {"parallelism": 5}, "flinkConfiguration": {"taskmanager.numberOfTaskSlots": "2"}},
            1,
            3,
            id="as-many-as-fill-their-slots",
        ),
        pytest.param(
            {"job": {"parallelism": 5}, "flinkConfiguration": {"taskmanager.numberOfTaskSlots": "0"}},
            1,
            1,
            id="no-slots",
        ),
        pytest.param({"job": {"parallelism": 5}}, 1, 1, id="slots-unknown"),
        pytest.param(None, 1, 1, id="no-spec"),
    ],
)
def test_job_and_task_managers(spec: Any, jobmanagers: int, taskmanagers: int) -> None:
    obj = template(GVK, spec=spec)
    assert [(each.name, each.replicas) for each in RULES.components(obj)] == [
        ("jobmanager", jobmanagers),
        ("taskmanager", taskmanagers),
    ]
    assert RULES.replicas(obj)[0] == jobmanagers + taskmanagers


def test_both_need_their_resources_and_the_nodes_of_the_common_template() -> None:
    pods = {
        "nodeSelector": {"disk": "fast"},
        "tolerations": [{"operator": "Exists"}],
        "priorityClassName": "high",
    }
    obj = template(GVK, spec={**template(GVK)["spec"], "podTemplate": {"spec": {**pods, "affinity": {}}}})
    claim = {"nodeSelector": pods["nodeSelector"], "tolerations": pods["tolerations"]}
    shared = {"nodeClaim": claim, "priorityClassName": "high"}
    assert [each.to_json()["replicaRequirements"] for each in RULES.components(obj)] == [
        {**shared, "resourceRequest": {"cpu": "1", "memory": "1Gi"}},
        {**shared, "resourceRequest": {"cpu": "500m", "memory": "2Gi"}},
    ]
    requirements = RULES.replicas(obj)[1]
    assert requirements is not None
    assert requirements.to_json() == {
        **shared,
        "namespace": "shop",
        "resourceRequest": {"cpu": "1", "memory": "2Gi"},
    }


@pytest.mark.parametrize(
    ("status", "healthy"),
    [
        pytest.param({"jobStatus": {"state": "RUNNING"}}, True, id="runs"),
        pytest.param(
            {"jobStatus": {"state": "FAILED"}}, True, id="ended-badly-another-cluster-would-not-help"
        ),
        pytest.param({"jobStatus": {"state": "CANCELLING"}}, True, id="ends-soon"),
        pytest.param({"jobStatus": {"state": "RECONCILING"}}, False, id="never-started"),
        pytest.param(
            {"jobStatus": {"state": "CREATED"}, "error": "pod: ImagePullBackOff"}, True, id="wrong-image"
        ),
        pytest.param({"jobStatus": {"state": "CREATED"}, "error": "no nodes"}, False, id="no-room"),
        pytest.param({"jobStatus": {"state": "DREAMING"}}, False, id="unheard-of"),
        pytest.param(
            {"jobManagerDeploymentStatus": "READY", "lifecycleState": "STABLE"}, True, id="session-cluster"
        ),
        pytest.param({"jobManagerDeploymentStatus": "READY"}, False, id="not-stable"),
        pytest.param(None, False, id="no-status"),
    ],
)
def test_health(status: Any, healthy: bool) -> None:
    assert RULES.healthy(observed(GVK, status=status)) is healthy


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        pytest.param([], None, id="no-member"),
        pytest.param(
            [{"jobStatus": {"state": "RUNNING"}, "error": "x"}, None, {"lifecycleState": "STABLE"}],
            {"lifecycleState": "STABLE"},
            id="the-last-that-speaks-is-right",
        ),
        pytest.param([{"error": "x", "other": 1}], {"error": "x"}, id="only-its-fields"),
        pytest.param(
            [None],
            {"error": "", "jobManagerDeploymentStatus": "", "lifecycleState": "", "observedGeneration": 0},
            id="nobody-speaks",
        ),
    ],
)
def test_aggregation(statuses: list[Object | None], expected: Object | None) -> None:
    found = RULES.aggregate(template(GVK), items(*statuses), NOW)
    assert (found and {name: value for name, value in found.items() if value is not None}) == expected


def test_members_send_what_is_in_the_list() -> None:
    said = RULES.reflect(observed(GVK, status={"error": "x", "other": 1}))
    assert {name: value for name, value in said.items() if value is not None} == {"error": "x"}
    assert not any(RULES.reflect(template(GVK)).values())
