"""Spark applications."""

from decimal import Decimal
from typing import Any

import pytest

from karmada.api.objects import Object
from karmada.interpreter.thirdparty.spark import KINDS, java_bytes
from tests.karmada.interpreter.thirdparty.samples import EARLY, LATER, items, kind, observed, template

GVK = kind("SparkApplication")
RULES = KINDS[GVK]
NOW = "2026-03-02T00:00:00Z"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("512m", 512 * 2**20, id="mebibytes"),
        pytest.param("1G", 2**30, id="any-case"),
        pytest.param("1.5gb", 3 * 2**29, id="fractions"),
        pytest.param("64", 64 * 2**20, id="mebibytes-where-nothing-is-said"),
        pytest.param("1024b", 1024, id="bytes"),
    ],
)
def test_memory_as_spark_writes_it(text: str, expected: int) -> None:
    assert java_bytes(text) == Decimal(expected)


@pytest.mark.parametrize("text", ["", "g", "1Gi", "-1g", "much"])
def test_what_is_no_memory_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no amount of memory"):
        java_bytes(text)


@pytest.mark.parametrize(
    ("spec", "part", "expected"),
    [
        pytest.param({"memory": "512m"}, {}, "896Mi", id="at-least-384-besides"),
        pytest.param({"memory": "10g"}, {}, "11Gi", id="a-tenth-for-the-jvm"),
        pytest.param({"memory": "10g"}, {"type": "Python"}, "14Gi", id="more-with-python"),
        pytest.param({"memory": "10g"}, {}, "11Gi", id="scala-in-any-case"),
        pytest.param({"memory": "1g", "memoryOverhead": "1g"}, {}, "2Gi", id="stated"),
        pytest.param({"memory": "10g"}, {"memoryOverheadFactor": "0.5"}, "15Gi", id="factor-as-text"),
        pytest.param({"memory": "10g"}, {"memoryOverheadFactor": "half"}, "11Gi", id="no-factor"),
        pytest.param({}, {}, "1408Mi", id="one-gibibyte-where-nothing-is-said"),
    ],
)
def test_heap_and_overhead(spec: Object, part: Object, expected: str) -> None:
    obj = template(GVK, spec={"type": "sCaLa", "driver": spec, "executor": spec, **part})
    for component in RULES.components(obj):
        assert component.to_json()["replicaRequirements"]["resourceRequest"] == {
            "cpu": "1",
            "memory": expected,
        }


def test_driver_and_executor_have_nodes_cores_and_devices_of_their_own() -> None:
    required = {"nodeSelectorTerms": [{"matchExpressions": [{"key": "gpu", "operator": "Exists"}]}]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}
    executor = {
        "instances": 3,
        "cores": 4,
        "memory": "1g",
        "gpu": {"name": "nvidia.com/gpu", "quantity": 2},
        "affinity": affinity,
        "priorityClassName": "batch",
    }
    obj = template(
        GVK, spec={"type": "Java", "driver": {"nodeSelector": {"disk": "fast"}}, "executor": executor}
    )
    driver, workers = (component.to_json() for component in RULES.components(obj))
    assert (driver["name"], driver["replicas"]) == ("driver", 1)
    assert driver["replicaRequirements"]["nodeClaim"] == {"nodeSelector": {"disk": "fast"}}
    assert workers == {
        "name": "executor",
        "replicas": 3,
        "replicaRequirements": {
            "nodeClaim": {"hardNodeAffinity": required},
            "priorityClassName": "batch",
            "resourceRequest": {"cpu": "4", "memory": "1408Mi", "nvidia.com/gpu": "2"},
        },
    }


@pytest.mark.parametrize(
    ("instances", "allocation", "expected"),
    [
        pytest.param(None, None, 1, id="one"),
        pytest.param(3, {"enabled": False, "minExecutors": 9}, 3, id="stated"),
        pytest.param(3, {"enabled": True, "initialExecutors": 5, "minExecutors": 2}, 5, id="initially"),
        pytest.param(3, {"enabled": True, "minExecutors": 4}, 4, id="at-least"),
        pytest.param(3, {"enabled": True}, 3, id="dynamic-without-numbers"),
    ],
)
def test_executors(instances: Any, allocation: Any, expected: int) -> None:
    obj = template(GVK, spec={"executor": {"instances": instances}, "dynamicAllocation": allocation})
    assert RULES.components(obj)[1].replicas == expected


def test_an_application_without_spec_is_a_driver_and_an_executor() -> None:
    assert [(each.name, each.replicas) for each in RULES.components(template(GVK, spec=None))] == [
        ("driver", 1),
        ("executor", 1),
    ]


@pytest.mark.parametrize(
    ("status", "healthy"),
    [
        pytest.param({"applicationState": {"state": "RUNNING"}}, True, id="runs"),
        pytest.param({"applicationState": {"state": "SUBMISSION_FAILED"}}, True, id="is-tried-again"),
        pytest.param({"applicationState": {"state": "FAILED"}}, False, id="failed"),
        pytest.param({"applicationState": {}}, False, id="no-state"),
        pytest.param(None, False, id="no-status"),
    ],
)
def test_health(status: Any, healthy: bool) -> None:
    assert RULES.healthy(observed(GVK, status=status)) is healthy


def state(name: str) -> Object:
    return {"applicationState": {"state": name}}


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        pytest.param(["COMPLETED", "RUNNING"], "RUNNING", id="as-long-as-one-runs"),
        pytest.param(["FAILING", "RUNNING", "FAILED"], "FAILING", id="of-equals-the-first"),
        pytest.param(["", "SUBMITTED"], "SUBMITTED", id="submitted"),
        pytest.param(["DREAMING", "NEW"], "DREAMING", id="unheard-of"),
    ],
)
def test_the_worst_state_is_shown(states: list[str], expected: str) -> None:
    found = RULES.aggregate(template(GVK), items(*map(state, states)), NOW)
    assert found is not None
    assert found["applicationState"] == {"state": expected}


def test_members_add_up() -> None:
    one = {
        **state("RUNNING"),
        "executionAttempts": 1,
        "executorState": {"a": "RUNNING"},
        "terminationTime": EARLY,
    }
    two = {**state("FAILED"), "executionAttempts": 2, "submissionAttempts": 1, "terminationTime": LATER}
    assert RULES.aggregate(template(GVK), items(one, None, two), NOW) == {
        "executionAttempts": 3,
        "submissionAttempts": 1,
        "applicationState": {"state": "FAILED"},
        "executorState": {"a": "RUNNING"},
        "lastSubmissionAttemptTime": None,
        "terminationTime": LATER,
    }
    assert RULES.aggregate(template(GVK), items(one), NOW) == one
    assert RULES.aggregate(template(GVK), [], NOW) is None


def test_members_send_what_is_in_the_list() -> None:
    said = RULES.reflect(observed(GVK, status={**state("RUNNING"), "other": 1}))
    assert {name: value for name, value in said.items() if value is not None} == state("RUNNING")
    assert not any(RULES.reflect(template(GVK)).values())
