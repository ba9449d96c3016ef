"""Workloads in a running member: the whole way from a template to pods and back to a status."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from karmada.api.groups.kubernetes import (
    CONTROLLER_REVISIONS,
    DAEMON_SETS,
    DEPLOYMENTS,
    NODES,
    PERSISTENT_VOLUME_CLAIMS,
    PODS,
    REPLICA_SETS,
    REPLICATION_CONTROLLERS,
    STATEFUL_SETS,
)
from karmada.api.gvk import Resource
from karmada.api.objects import Object, annotations_of, controller_of, labels_of, name_of, owners_of, uid_of
from tests.controllers.simulator.builders import template
from tests.controllers.simulator.live import Cluster, cluster, eventually

REVISION = "deployment.kubernetes.io/revision"
NEVER_READY = {"simulator.karmada.io/ready": "false"}


@pytest.fixture
async def member(tmp_path: Path) -> AsyncIterator[Cluster]:
    async with cluster(tmp_path) as running:
        yield running


def image(number: int, app: str = "web") -> Object:
    return template(app, image=f"shop/web:{number}")


def broken(app: str = "web") -> Object:
    pod = image(66, app)
    return {**pod, "metadata": {**pod["metadata"], "annotations": NEVER_READY}}


async def images(member: Cluster, app: str = "web") -> set[str]:
    return {pod["spec"]["containers"][0]["image"] for pod in await member.pods(app)}


async def test_a_deployment_runs_scales_rolls_and_comes_back(member: Cluster) -> None:
    await member.workload(DEPLOYMENTS, "web", replicas=3, pod=image(1))
    await member.until_status(DEPLOYMENTS, "web", readyReplicas=3, updatedReplicas=3, replicas=3)

    await member.patch(DEPLOYMENTS, "web", replicas=5)
    await member.until_status(DEPLOYMENTS, "web", availableReplicas=5, replicas=5)
    await member.patch(DEPLOYMENTS, "web", replicas=2)
    await member.until_status(DEPLOYMENTS, "web", availableReplicas=2, replicas=2)
    assert len(await member.until_pods("web", 2)) == 2

    await member.patch(DEPLOYMENTS, "web", template=image(2))
    done = await member.until_status(DEPLOYMENTS, "web", updatedReplicas=2, replicas=2, availableReplicas=2)
    assert annotations_of(done)[REVISION] == "2"
    assert await images(member) == {"shop/web:2"}
    assert len(await member.named(REPLICA_SETS)) == 2

    await member.patch(DEPLOYMENTS, "web", template=image(1))
    done = await member.until_status(DEPLOYMENTS, "web", updatedReplicas=2, replicas=2, availableReplicas=2)
    assert annotations_of(done)[REVISION] == "3"
    assert await images(member) == {"shop/web:1"}
    assert len(await member.named(REPLICA_SETS)) == 2, "the template that came back has its old ReplicaSet"

    await member.patch(DEPLOYMENTS, "web", replicas=0)
    await member.until_status(DEPLOYMENTS, "web", replicas=0, availableReplicas=0)
    await member.until_pods("web", 0)


async def test_a_rollout_that_does_not_get_ready_keeps_the_old_pods(member: Cluster) -> None:
    await member.workload(DEPLOYMENTS, "web", replicas=4, pod=image(1), progressDeadlineSeconds=1)
    await member.until_status(DEPLOYMENTS, "web", availableReplicas=4)
    await member.patch(DEPLOYMENTS, "web", template=broken())
    stuck = await member.until_status(
        DEPLOYMENTS, "web", availableReplicas=3, updatedReplicas=2, replicas=5, unavailableReplicas=2
    )
    assert len(await member.pods("web")) == 5

    async def overdue() -> bool:
        found = await member.get(DEPLOYMENTS, "web")
        return any(each["reason"] == "ProgressDeadlineExceeded" for each in found["status"]["conditions"])

    await eventually(overdue, lambda: f"the deadline is noticed: {stuck['status']}")
    await member.patch(DEPLOYMENTS, "web", template={**image(3), "metadata": {"annotations": None}})
    await member.until_status(DEPLOYMENTS, "web", availableReplicas=4, updatedReplicas=4, replicas=4)


async def test_recreate_never_runs_two_versions(member: Cluster) -> None:
    strategy = {"type": "Recreate"}
    await member.workload(DEPLOYMENTS, "web", replicas=2, pod=image(1), strategy=strategy)
    await member.until_status(DEPLOYMENTS, "web", availableReplicas=2)
    seen: list[set[str]] = []

    async def look() -> bool:
        seen.append(await images(member))
        status = (await member.get(DEPLOYMENTS, "web")).get("status") or {}
        return status.get("updatedReplicas") == 2 and seen[-1] == {"shop/web:2"}

    await member.patch(DEPLOYMENTS, "web", template=image(2))
    await eventually(look, lambda: "the new version runs")
    assert all(len(each) <= 1 for each in seen)


async def test_a_paused_deployment_scales_but_does_not_roll(member: Cluster) -> None:
    await member.workload(DEPLOYMENTS, "web", replicas=1, pod=image(1))
    await member.until_status(DEPLOYMENTS, "web", availableReplicas=1)
    await member.patch(DEPLOYMENTS, "web", paused=True, template=image(2), replicas=3)
    await member.until_status(DEPLOYMENTS, "web", availableReplicas=3)
    assert await images(member) == {"shop/web:1"}
    await member.patch(DEPLOYMENTS, "web", paused=False)
    await member.until_status(DEPLOYMENTS, "web", availableReplicas=3, updatedReplicas=3, replicas=3)
    assert await images(member) == {"shop/web:2"}


async def test_pods_that_are_deleted_or_fail_are_replaced_one_for_one(member: Cluster) -> None:
    await member.workload(REPLICA_SETS, "web", replicas=3)
    await member.until_status(REPLICA_SETS, "web", readyReplicas=3)
    gone, failed, stays = await member.pods("web")
    await member.delete(PODS, name_of(gone))
    status = {"status": {"phase": "Failed"}}
    await member.client.patch(PODS, PODS.key_of(failed), status, subresource="status")

    async def replaced() -> bool:
        running = [pod for pod in await member.pods("web") if pod["status"].get("phase") == "Running"]
        uids = set(map(uid_of, running))
        return len(uids) == 3 and uid_of(stays) in uids and not uids & {uid_of(gone), uid_of(failed)}

    await eventually(replaced, lambda: "two new pods run")
    await asyncio.sleep(0.2)
    assert await replaced(), "and no more than two"


async def test_pods_without_an_owner_are_taken_in_and_those_that_lose_their_label_are_let_go(
    member: Cluster,
) -> None:
    await member.client.create(
        PODS,
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "orphan", "namespace": "default", "labels": {"app": "web"}},
            "spec": {"containers": [{"name": "app", "image": "shop/web:1"}]},
        },
    )
    await member.workload(REPLICA_SETS, "web", replicas=2)
    await member.until_status(REPLICA_SETS, "web", readyReplicas=2)
    assert "orphan" in list(map(name_of, await member.pods("web")))
    relabel = {"metadata": {"labels": {"app": "debug"}}}
    await member.client.patch(PODS, PODS.key("default", "orphan"), relabel)

    async def replaced() -> bool:
        orphan = await member.get(PODS, "orphan")
        return owners_of(orphan) == [] and len(await member.pods("web")) == 2

    await eventually(replaced, lambda: "it is released and replaced")


async def test_a_deployment_takes_over_the_replica_sets_that_were_left_behind(member: Cluster) -> None:
    await member.workload(DEPLOYMENTS, "web", replicas=2)
    await member.until_status(DEPLOYMENTS, "web", availableReplicas=2)
    before = await member.pods("web")
    await member.delete(DEPLOYMENTS, "web", propagation_policy="Orphan")
    await member.until_gone(DEPLOYMENTS, "web")
    left = [await member.get(REPLICA_SETS, name) for name in await member.named(REPLICA_SETS)]
    assert [owners_of(each) for each in left] == [[]]
    again = await member.workload(DEPLOYMENTS, "web", replicas=2)
    await member.until_status(DEPLOYMENTS, "web", availableReplicas=2)
    assert list(map(uid_of, await member.pods("web"))) == list(map(uid_of, before))
    controller = controller_of(await member.get(REPLICA_SETS, name_of(left[0])))
    assert controller is not None
    assert controller["uid"] == uid_of(again)


@pytest.mark.parametrize("policy", ["Background", "Foreground"])
async def test_all_goes_with_the_deployment(member: Cluster, policy: str) -> None:
    await member.workload(DEPLOYMENTS, "web", replicas=2)
    await member.until_status(DEPLOYMENTS, "web", availableReplicas=2)
    await member.delete(DEPLOYMENTS, "web", propagation_policy=policy)
    await member.until_gone(DEPLOYMENTS, "web")
    await member.until_pods("web", 0)
    assert await member.named(REPLICA_SETS) == []


async def test_a_replication_controller_keeps_its_pods(member: Cluster) -> None:
    await member.create(
        REPLICATION_CONTROLLERS, "web", replicas=2, selector={"app": "web"}, template=template("web")
    )
    await member.until_status(REPLICATION_CONTROLLERS, "web", replicas=2, readyReplicas=2)
    await member.patch(REPLICATION_CONTROLLERS, "web", replicas=1)
    await member.until_status(REPLICATION_CONTROLLERS, "web", replicas=1, readyReplicas=1)


async def test_stateful_pods_come_in_order_and_roll_from_the_last(member: Cluster) -> None:
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    await member.workload(STATEFUL_SETS, "db", replicas=3, serviceName="db", volumeClaimTemplates=[claim])
    await member.until_status(STATEFUL_SETS, "db", readyReplicas=3, currentReplicas=3)
    pods = await member.pods("db")
    assert list(map(name_of, pods)) == ["db-0", "db-1", "db-2"]
    versions = [int(pod["metadata"]["resourceVersion"]) for pod in pods]
    assert versions == sorted(versions)
    assert await member.named(PERSISTENT_VOLUME_CLAIMS) == ["data-db-0", "data-db-1", "data-db-2"]
    await member.until_status(PERSISTENT_VOLUME_CLAIMS, "data-db-0", phase="Bound")

    await member.patch(STATEFUL_SETS, "db", template=image(2, "db"))
    done = await member.until_status(
        STATEFUL_SETS, "db", readyReplicas=3, updatedReplicas=3, currentReplicas=3
    )
    assert done["status"]["currentRevision"] == done["status"]["updateRevision"]
    assert await images(member, "db") == {"shop/web:2"}
    born = {name_of(pod): int(pod["metadata"]["resourceVersion"]) for pod in await member.pods("db")}
    assert born["db-2"] < born["db-1"] < born["db-0"]
    assert len(await member.named(CONTROLLER_REVISIONS)) == 2

    await member.patch(STATEFUL_SETS, "db", replicas=1)
    await member.until_status(STATEFUL_SETS, "db", replicas=1, readyReplicas=1)
    assert list(map(name_of, await member.until_pods("db", 1))) == ["db-0"]
    assert len(await member.named(PERSISTENT_VOLUME_CLAIMS)) == 3, "claims outlive their pods"


@pytest.mark.parametrize("resource", [STATEFUL_SETS, DAEMON_SETS], ids=["StatefulSet", "DaemonSet"])
async def test_a_revision_says_why_the_template_changed(member: Cluster, resource: Resource[Object]) -> None:
    why = {"kubernetes.io/change-cause": "a new image"}
    selector = {"matchLabels": {"app": "db"}}
    await member.client.create(
        resource,
        {
            "apiVersion": resource.api_version,
            "kind": resource.kind,
            "metadata": {"name": "db", "namespace": "default", "annotations": why},
            "spec": {"selector": selector, "template": template("db")},
        },
    )

    async def revision() -> Object | None:
        found = (await member.client.list(CONTROLLER_REVISIONS, namespace="default")).items
        return found[0] if found else None

    made = await eventually(revision, lambda: "a revision is kept")
    assert annotations_of(made).items() >= why.items()


async def test_below_the_partition_pods_come_back_as_they_were(member: Cluster) -> None:
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}
    await member.workload(STATEFUL_SETS, "db", replicas=2, serviceName="db", updateStrategy=rolling)
    await member.until_status(STATEFUL_SETS, "db", readyReplicas=2)
    await member.patch(STATEFUL_SETS, "db", template=image(2, "db"))
    await member.until_status(STATEFUL_SETS, "db", readyReplicas=2, updatedReplicas=1)
    first = (await member.pods("db"))[0]
    await member.delete(PODS, "db-0")

    async def back() -> Object | None:
        found = await member.get(PODS, "db-0")
        return found if uid_of(found) != uid_of(first) else None

    again = await eventually(back, lambda: "db-0 is back")
    assert again["spec"]["containers"][0]["image"] == "shop/web:1"
    hashes = [labels_of(pod)["controller-revision-hash"] for pod in (first, again)]
    assert hashes[0] == hashes[1]


async def test_an_ordered_stateful_set_waits_for_a_pod_that_is_not_ready(member: Cluster) -> None:
    pod = broken("db")
    await member.workload(STATEFUL_SETS, "db", replicas=2, serviceName="db", pod=pod)
    await member.until_status(STATEFUL_SETS, "db", replicas=1)
    await asyncio.sleep(0.2)
    assert list(map(name_of, await member.pods("db"))) == ["db-0"]
    await member.workload(
        STATEFUL_SETS, "all", replicas=2, serviceName="all", podManagementPolicy="Parallel", pod=broken("all")
    )
    await member.until_status(STATEFUL_SETS, "all", replicas=2)


async def test_daemon_pods_follow_the_nodes(member: Cluster) -> None:
    await member.workload(DAEMON_SETS, "agent")
    await member.until_status(DAEMON_SETS, "agent", numberReady=1, desiredNumberScheduled=1)
    room = {"cpu": "1", "memory": "1Gi", "pods": "10"}
    await member.client.create(
        NODES,
        {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "second"}, "status": {"allocatable": room}},
    )
    await member.client.patch(
        NODES, NODES.key("", "second"), {"status": {"allocatable": room}}, subresource="status"
    )
    await member.until_status(DAEMON_SETS, "agent", numberReady=2, desiredNumberScheduled=2)
    assert {pod["spec"]["nodeName"] for pod in await member.pods("agent")} == {"m-node-1", "second"}
    await member.patch(DAEMON_SETS, "agent", template=image(2, "agent"))
    await member.until_status(
        DAEMON_SETS, "agent", numberReady=2, updatedNumberScheduled=2, numberAvailable=2
    )
    assert await images(member, "agent") == {"shop/web:2"}
    taint = [{"key": "gone", "effect": "NoSchedule"}]
    await member.client.patch(NODES, NODES.key("", "second"), {"spec": {"taints": taint}})
    await member.until_status(DAEMON_SETS, "agent", numberReady=1, desiredNumberScheduled=1)
    await member.until_pods("agent", 1)


async def test_pods_wait_for_room_and_take_what_is_freed(member: Cluster) -> None:
    big = template("web")
    big["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "5"}}
    await member.workload(DEPLOYMENTS, "web", replicas=2, pod=big)
    await member.until_status(DEPLOYMENTS, "web", readyReplicas=1, replicas=2)
    waiting = [pod for pod in await member.pods("web") if not pod["spec"].get("nodeName")]
    running = [pod for pod in await member.pods("web") if pod["spec"].get("nodeName")]
    assert len(waiting) == len(running) == 1

    async def told() -> bool:
        conditions = (await member.get(PODS, name_of(waiting[0])))["status"]["conditions"]
        return any(each["reason"] == "Unschedulable" for each in conditions)

    await eventually(told, lambda: "it says that it cannot be scheduled")
    await member.patch(DEPLOYMENTS, "web", replicas=1)
    await member.until_status(DEPLOYMENTS, "web", readyReplicas=1, replicas=1)
    assert list(map(name_of, await member.until_pods("web", 1))) == [name_of(running[0])]
    await member.patch(DEPLOYMENTS, "web", replicas=2)
    await member.until_pods("web", 2)
    await member.delete(PODS, name_of(running[0]))

    async def moved() -> bool:
        found = await member.pods("web")
        return any(each["spec"].get("nodeName") and uid_of(each) != uid_of(running[0]) for each in found)

    await eventually(moved, lambda: "another pod takes the room")
