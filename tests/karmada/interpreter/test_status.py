"""Status: what travels back from a member, what it adds up to, and what counts as healthy."""

from typing import Any

import pytest

from karmada.api.groups.work import AggregatedStatusItem
from karmada.api.objects import Object
from karmada.api.wellknown import TEMPLATE_GENERATION_ANNOTATION
from karmada.interpreter.chain import Interpreter, InterpreterError
from karmada.runtime.clock import ManualClock


def member_object(kind: str, status: Object | None, *, api_version: str = "apps/v1", **spec: Any) -> Object:
    metadata = {
        "name": "web",
        "namespace": "shop",
        "generation": 2,
        "annotations": {TEMPLATE_GENERATION_ANNOTATION: "4"},
    }
    obj: Object = {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec}
    return obj if status is None else {**obj, "status": status}


def item(cluster: str, status: Object | None) -> AggregatedStatusItem:
    fields: Object = {"clusterName": cluster, "applied": True}
    return AggregatedStatusItem.model_validate(fields if status is None else {**fields, "status": status})


@pytest.mark.parametrize(
    ("obj", "expected"),
    [
        pytest.param(
            member_object("Deployment", {"replicas": 1, "readyReplicas": 1, "conditions": [{}]}),
            {"generation": 2, "resourceTemplateGeneration": 4, "replicas": 1, "readyReplicas": 1},
            id="deployment-counters-and-generations",
        ),
        pytest.param(member_object("Deployment", {}), None, id="an-empty-deployment-status-says-nothing"),
        pytest.param(
            member_object("DaemonSet", {"desiredNumberScheduled": 1}),
            {
                "generation": 2,
                "resourceTemplateGeneration": 4,
                "currentNumberScheduled": 0,
                "desiredNumberScheduled": 1,
                "numberMisscheduled": 0,
                "numberReady": 0,
            },
            id="daemonset-writes-its-zeros",
        ),
        pytest.param(
            member_object("Service", {"loadBalancer": {}}, api_version="v1", type="ClusterIP"),
            None,
            id="only-load-balancers-have-a-service-status",
        ),
        pytest.param(
            member_object("Widget", {"any": "thing"}, api_version="example.io/v1"),
            {"any": "thing"},
            id="unknown-kinds-send-everything",
        ),
        pytest.param(member_object("Widget", None, api_version="example.io/v1"), None, id="no-status"),
    ],
)
async def test_the_reflected_status_is_the_part_that_matters(obj: Object, expected: Object | None) -> None:
    assert await Interpreter().reflect_status(obj) == expected


async def test_a_deployment_without_its_template_generation_is_an_error() -> None:
    obj = member_object("Deployment", {"replicas": 1})
    del obj["metadata"]["annotations"]
    with pytest.raises(InterpreterError, match="not a number"):
        await Interpreter().reflect_status(obj)


UP_TO_DATE = {"generation": 1, "observedGeneration": 1, "resourceTemplateGeneration": 4}


def template(kind: str, *, status: Object | None = None, api_version: str = "apps/v1", **spec: Any) -> Object:
    metadata = {"name": "web", "namespace": "shop", "generation": 4}
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": metadata,
        "spec": spec,
        "status": status or {},
    }


async def aggregate(obj: Object, *statuses: Object | None) -> Object:
    items = [item(f"member{number}", status) for number, status in enumerate(statuses, 1)]
    aggregated = await Interpreter(clock=ManualClock()).aggregate_status(obj, items)
    status: Object = aggregated["status"]
    return status


async def test_deployment_counters_add_up_and_the_generation_follows() -> None:
    status = await aggregate(
        template("Deployment", status={"conditions": [{"type": "Available"}]}),
        {**UP_TO_DATE, "replicas": 1, "readyReplicas": 1},
        {**UP_TO_DATE, "replicas": 2, "readyReplicas": 1},
    )
    assert status == {
        "conditions": [{"type": "Available"}],
        "replicas": 3,
        "readyReplicas": 2,
        "observedGeneration": 4,
    }


@pytest.mark.parametrize(
    "late",
    [
        pytest.param({**UP_TO_DATE, "resourceTemplateGeneration": 3}, id="old-template"),
        pytest.param({**UP_TO_DATE, "generation": 2}, id="not-observed-yet"),
        pytest.param(None, id="no-status-yet"),
    ],
)
async def test_the_generation_waits_for_the_last_member(late: Object | None) -> None:
    before = {"observedGeneration": 3}
    assert (await aggregate(template("Deployment", status=before), UP_TO_DATE, late))[
        "observedGeneration"
    ] == 3


async def test_no_change_returns_the_same_object() -> None:
    obj = template("Deployment", status={"observedGeneration": 4, "replicas": 1})
    items = [item("member1", {**UP_TO_DATE, "replicas": 1})]
    assert await Interpreter().aggregate_status(obj, items) is obj


async def test_a_statefulset_writes_the_counters_kubernetes_always_writes() -> None:
    status = await aggregate(template("StatefulSet"), {"replicas": 0})
    assert status == {"replicas": 0, "availableReplicas": 0}


COMPLETE = {"type": "Complete", "status": "True"}
CRITERIA = {"type": "SuccessCriteriaMet", "status": "True"}


async def test_a_job_is_complete_when_every_member_is() -> None:
    done = {"succeeded": 1, "startTime": "2026-01-01T00:00:01Z", "completionTime": "2026-01-01T00:00:05Z"}
    status = await aggregate(
        template("Job", api_version="batch/v1"),
        {**done, "conditions": [COMPLETE, CRITERIA]},
        {**done, "completionTime": "2026-01-01T00:00:09Z", "conditions": [COMPLETE, CRITERIA]},
    )
    assert [(each["type"], each["reason"]) for each in status["conditions"]] == [
        ("Complete", "Completed"),
        ("SuccessCriteriaMet", "CompletionsReached"),
    ]
    assert (status["succeeded"], status["completionTime"]) == (2, "2026-01-01T00:00:09Z")


async def test_a_job_that_failed_names_its_clusters_and_its_target_first() -> None:
    failed = {"failed": 1, "conditions": [{"type": "Failed", "status": "True"}]}
    status = await aggregate(template("Job", api_version="batch/v1"), {"active": 1}, failed)
    assert [each["type"] for each in status["conditions"]] == ["FailureTarget", "Failed"]
    assert status["conditions"][1]["message"] == "Job executed failed in member clusters member2"


async def test_a_finished_job_is_never_touched_again() -> None:
    obj = template("Job", api_version="batch/v1", status={"conditions": [COMPLETE]})
    assert await Interpreter().aggregate_status(obj, [item("member1", {"active": 3})]) is obj


@pytest.mark.parametrize(
    ("phases", "expected"),
    [
        pytest.param(["Running", "Running"], "Running", id="all-run"),
        pytest.param(["Running", "Failed"], "Failed", id="one-failed"),
        pytest.param(["Succeeded", "Running"], "Running", id="one-still-runs"),
        pytest.param(["Running", ""], "Pending", id="one-said-nothing"),
    ],
)
async def test_a_pod_is_as_bad_as_its_worst_copy(phases: list[str], expected: str) -> None:
    statuses = [{"phase": phase} if phase else None for phase in phases]
    assert (await aggregate(template("Pod", api_version="v1"), *statuses))["phase"] == expected


async def test_load_balancer_addresses_are_united_and_sorted() -> None:
    status = await aggregate(
        template("Ingress", api_version="networking.k8s.io/v1"),
        {"loadBalancer": {"ingress": [{"ip": "192.0.2.10"}]}},
        {"loadBalancer": {"ingress": [{"hostname": "two.example"}, {"ip": "192.0.2.10"}]}},
    )
    assert status == {"loadBalancer": {"ingress": [{"hostname": "two.example"}, {"ip": "192.0.2.10"}]}}


@pytest.mark.parametrize(
    ("obj", "health"),
    [
        pytest.param(
            member_object(
                "Deployment",
                {"observedGeneration": 2, "updatedReplicas": 2, "availableReplicas": 2},
                replicas=2,
            ),
            "Healthy",
            id="deployment-rolled-out",
        ),
        pytest.param(
            member_object(
                "Deployment",
                {"observedGeneration": 1, "updatedReplicas": 2, "availableReplicas": 2},
                replicas=2,
            ),
            "Unhealthy",
            id="deployment-not-observed",
        ),
        pytest.param(
            member_object("Pod", {"phase": "Running"}, api_version="v1"), "Unhealthy", id="pod-not-ready"
        ),
        pytest.param(
            member_object("Pod", {"phase": "Succeeded"}, api_version="v1"), "Healthy", id="pod-succeeded"
        ),
        pytest.param(
            member_object("Service", {}, api_version="v1", type="ClusterIP"), "Healthy", id="plain-service"
        ),
        pytest.param(
            member_object("Service", {}, api_version="v1", type="LoadBalancer"),
            "Unhealthy",
            id="load-balancer-without-address",
        ),
        pytest.param(
            member_object("Deployment", {"updatedReplicas": "many"}, replicas=2),
            "Unknown",
            id="hostile-status",
        ),
    ],
)
async def test_health_says_whether_the_object_does_its_job(obj: Object, health: str) -> None:
    if health == "Unknown":
        obj["status"]["observedGeneration"] = 2
    assert await Interpreter().interpret_health(obj) == health
