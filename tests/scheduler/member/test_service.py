"""An estimator on a real member, asked over a real connection."""

from typing import Any

import grpc
import grpc.aio
import pytest

from karmada.api.groups.kubernetes import DEPLOYMENTS, PODS, REPLICA_SETS, RESOURCE_QUOTAS
from karmada.api.groups.work import Component, ReplicaRequirements
from scheduler.accurate.rpc import estimator_pb2 as pb
from scheduler.accurate.wire import (
    MAX_REPLICAS,
    MAX_SETS,
    SERVICE,
    UNSCHEDULABLE,
    replicas_question,
    sets_question,
    unschedulable_question,
)
from scheduler.snapshot import AssumedComponent, AssumedWorkload
from tests.controllers.cluster.live import eventually
from tests.scheduler.member.live import NAMESPACE, Member, estimator, member, node, pod

ANSWERS = {
    MAX_REPLICAS: (pb.MaxAvailableReplicasResponse, "maxReplicas"),
    MAX_SETS: (pb.MaxAvailableComponentSetsResponse, "maxSets"),
    UNSCHEDULABLE: (pb.UnschedulableReplicasResponse, "unschedulableReplicas"),
}


async def ask(port: int, method: str, question: Any) -> int:
    answer, field = ANSWERS[method]
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = channel.unary_unary(
            f"/{SERVICE}/{method}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=answer.FromString,
        )
        return int(getattr(await call(question, timeout=10), field))


async def until(port: int, method: str, question: Any, expected: int) -> None:
    """The estimator follows its member: wait until it says so."""

    async def agreed() -> bool:
        return await ask(port, method, question) == expected

    await eventually(agreed, f"the estimator says {expected}")


def needs(**fields: Any) -> ReplicaRequirements:
    return ReplicaRequirements.from_json(fields)


async def two_nodes(on: Member) -> None:
    await on.add_node(node("n1", labels={"disk": "ssd"}), cpu="4", memory="8Gi", pods="10")
    await on.add_node(node("n2"), cpu="2", memory="4Gi", pods="10")


async def test_room_follows_nodes_and_pods() -> None:
    async with member() as on:
        await two_nodes(on)
        async with estimator(on, "m1") as port:
            one_cpu = replicas_question("m1", needs(resourceRequest={"cpu": "1"}))
            assert await ask(port, MAX_REPLICAS, one_cpu) == 6
            on_ssd = needs(resourceRequest={"cpu": "1"}, nodeClaim={"nodeSelector": {"disk": "ssd"}})
            assert await ask(port, MAX_REPLICAS, replicas_question("m1", on_ssd)) == 4
            await on.add_pod(pod("p1", node="n1", requests={"cpu": "1500m"}), phase="Running")
            await until(port, MAX_REPLICAS, one_cpu, 4)
            await on.set_status(PODS, NAMESPACE, "p1", {"phase": "Succeeded"})
            await until(port, MAX_REPLICAS, one_cpu, 6)
            assert await ask(port, MAX_REPLICAS, replicas_question("m1", None)) == 20


async def test_sets_are_placed_on_single_nodes() -> None:
    async with member() as on:
        await two_nodes(on)
        async with estimator(on, "m1") as port:
            parts = [
                Component.from_json(
                    {
                        "name": name,
                        "replicas": count,
                        "replicaRequirements": {"resourceRequest": {"cpu": cpu}},
                    }
                )
                for name, count, cpu in (("job", 1, "1"), ("task", 2, "1"))
            ]
            assert await ask(port, MAX_SETS, sets_question("m1", NAMESPACE, parts)) == 2
            assert await ask(port, MAX_SETS, sets_question("m1", NAMESPACE, [])) == 2147483647


@pytest.mark.parametrize(
    ("protected", "expected"),
    [
        pytest.param(True, 3, id="gate-on"),
        pytest.param(False, 6, id="gate-off"),
    ],
)
async def test_what_is_in_flight_counts_where_the_gate_is_on(protected: bool, expected: int) -> None:
    async with member() as on:
        await two_nodes(on)
        async with estimator(on, "m1", overcommit_protection=protected) as port:
            assumed = AssumedWorkload(NAMESPACE, (AssumedComponent(3, {"cpu": "1"}, "other"),))
            question = replicas_question("m1", needs(resourceRequest={"cpu": "1"}), [assumed])
            assert await ask(port, MAX_REPLICAS, question) == expected


async def test_quotas_bound_what_fits_where_they_are_kept() -> None:
    async with member() as on:
        await two_nodes(on)
        quota = {"metadata": {"name": "q", "namespace": NAMESPACE}, "spec": {"hard": {"cpu": "2"}}}
        await on.client.create(RESOURCE_QUOTAS, quota)
        await on.set_status(RESOURCE_QUOTAS, NAMESPACE, "q", {"hard": {"cpu": "2"}, "used": {"cpu": "1"}})
        question = replicas_question("m1", needs(resourceRequest={"cpu": "500m"}, namespace=NAMESPACE))
        async with estimator(on, "m1", quotas=True) as port:
            assert await ask(port, MAX_REPLICAS, question) == 2
        async with estimator(on, "m1") as port:
            assert await ask(port, MAX_REPLICAS, question) == 12


def owned(uid: str, kind: str, name: str) -> list[dict[str, Any]]:
    return [{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": uid, "controller": True}]


async def test_pods_that_no_node_takes_are_counted() -> None:
    async with member() as on:
        template = {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "app", "image": "registry.test/app"}]},
        }
        spec = {"selector": {"matchLabels": {"app": "web"}}, "template": template}
        web = await on.client.create(
            DEPLOYMENTS, {"metadata": {"name": "web", "namespace": NAMESPACE}, "spec": spec}
        )
        metadata = {
            "name": "web-1",
            "namespace": NAMESPACE,
            "ownerReferences": owned(web["metadata"]["uid"], "Deployment", "web"),
        }
        web_1 = await on.client.create(REPLICA_SETS, {"metadata": metadata, "spec": spec})
        stuck = {
            "type": "PodScheduled",
            "status": "False",
            "reason": "Unschedulable",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        }
        owner = owned(web_1["metadata"]["uid"], "ReplicaSet", "web-1")
        await on.add_pod(pod("web-1-a", ownerReferences=owner), phase="Pending", conditions=[stuck])
        await on.add_pod(pod("web-1-b", ownerReferences=owner), phase="Running")
        await on.add_pod(pod("stranger"), phase="Pending", conditions=[stuck])
        async with estimator(on, "m1") as port:
            asked = {"api_version": "apps/v1", "kind": "Deployment", "namespace": NAMESPACE, "name": "web"}
            question = unschedulable_question("m1", **asked, threshold_seconds=60.0)
            assert await ask(port, UNSCHEDULABLE, question) == 1


@pytest.mark.parametrize(
    ("method", "question", "message"),
    [
        pytest.param(
            MAX_REPLICAS,
            replicas_question("other", None),
            "cluster name does not match, got: other, desire: m1",
            id="another-cluster",
        ),
        pytest.param(
            MAX_REPLICAS,
            replicas_question("m1", needs(resourceRequest={"cpu": "many"})),
            "failed to estimate replicas: ",
            id="no-quantity",
        ),
        pytest.param(
            MAX_REPLICAS,
            pb.MaxAvailableReplicasRequest(
                cluster="m1", replicaRequirements={"resourceRequestBytes": {"cpu": b"\xff\xff"}}
            ),
            "failed to estimate replicas: not a Quantity",
            id="bytes-that-are-none",
        ),
        pytest.param(
            UNSCHEDULABLE,
            pb.UnschedulableReplicasRequest(cluster="m1"),
            "resource is nil",
            id="no-resource",
        ),
        pytest.param(
            UNSCHEDULABLE,
            unschedulable_question(
                "m1", api_version="batch/v1", kind="Job", namespace="n", name="j", threshold_seconds=0
            ),
            r"kind(Job) of workload(n/j) is not supported",
            id="another-kind",
        ),
        pytest.param(
            UNSCHEDULABLE,
            unschedulable_question(
                "m1", api_version="apps/v1", kind="Deployment", namespace="n", name="d", threshold_seconds=0
            ),
            "not found",
            id="not-there",
        ),
    ],
)
async def test_a_question_without_an_answer_says_why(method: str, question: Any, message: str) -> None:
    async with member() as on, estimator(on, "m1") as port:
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await ask(port, method, question)
        assert error.value.code() is grpc.StatusCode.UNKNOWN
        assert message in str(error.value.details())
