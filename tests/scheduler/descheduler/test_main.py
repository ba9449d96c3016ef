"""The descheduler as a process: flags, and a whole journey with an estimator and a scheduler."""

import asyncio
from contextlib import AsyncExitStack, suppress
from typing import Any

import orjson
import pytest

from apiserver.app import ServerOptions, serve
from karmada.api.errors import AlreadyExists
from karmada.api.groups.cluster import CLUSTERS
from karmada.api.groups.kubernetes import DEPLOYMENTS, EVENTS, NAMESPACES, REPLICA_SETS, SERVICES
from karmada.api.groups.work import RESOURCE_BINDINGS
from karmada.api.objects import Object
from karmada.client.client import Client
from karmada.client.leases import LeaderElectionOptions
from karmada.runtime.observe import StartError
from karmada.runtime.options import parse_flags
from scheduler.descheduler.main import DeschedulerOptions, run
from tests.controllers.cluster.live import eventually
from tests.scheduler.accurate.test_client import service
from tests.scheduler.build import DYNAMIC, binding, cluster, placed_by
from tests.scheduler.member.live import NAMESPACE, Member, estimator, member, pod

CLAIMED = {"propagationpolicy.karmada.io/permanent-id": "7b3ff7a4-6e0c-4b36-9a3d-6d9f1f9b1c11"}
STUCK = {
    "type": "PodScheduled",
    "status": "False",
    "reason": "Unschedulable",
    "lastTransitionTime": "2026-01-01T00:00:00Z",
}


def options(*argv: str) -> DeschedulerOptions:
    return parse_flags(DeschedulerOptions, argv, prog="karmada-descheduler")


def test_the_defaults_are_those_of_karmada() -> None:
    chosen = options()
    assert chosen.descheduling_interval_seconds == 120
    assert chosen.unschedulable_threshold_seconds == 300
    assert chosen.lease_name == "karmada-descheduler"
    assert chosen.health_probe_bind_address == ":10358"


@pytest.mark.parametrize(
    "argv",
    [
        pytest.param(["--descheduling-interval=0s"], id="no-interval"),
        pytest.param(["--unschedulable-threshold=-1s"], id="negative-threshold"),
        pytest.param(["--scheduler-estimator-timeout=-1s"], id="negative-timeout"),
    ],
)
def test_what_cannot_work_is_refused(argv: list[str]) -> None:
    with pytest.raises(StartError):
        options(*argv).check()


def owned(uid: str, kind: str, name: str) -> list[dict[str, Any]]:
    return [{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": uid, "controller": True}]


async def deployment_with_stuck_pods(on: Member, count: int) -> None:
    template = {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "app", "image": "registry.test/app"}]},
    }
    spec: Object = {"selector": {"matchLabels": {"app": "web"}}, "template": template}
    made = {"metadata": {"name": "web", "namespace": NAMESPACE}, "spec": spec}
    web = await on.client.create(DEPLOYMENTS, made)
    owner = owned(web["metadata"]["uid"], "Deployment", "web")
    metadata = {"name": "web-1", "namespace": NAMESPACE, "ownerReferences": owner}
    replica_set = await on.client.create(REPLICA_SETS, {"metadata": metadata, "spec": spec})
    owner = owned(replica_set["metadata"]["uid"], "ReplicaSet", "web-1")
    for number in range(count):
        await on.add_pod(pod(f"web-1-{number}", ownerReferences=owner), phase="Pending", conditions=[STUCK])


async def bound(client: Client, targets: dict[str, int], ready: dict[str, int]) -> None:
    """A binding of shop/web with an applied placement, running as said."""
    placement = placed_by(DYNAMIC)
    made = binding(
        placement,
        replicas=sum(targets.values()),
        targets=targets,
        namespace=NAMESPACE,
        annotations={"policy.karmada.io/applied-placement": orjson.dumps(placement).decode()},
        resource={"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "namespace": NAMESPACE},
    )
    metadata = made.metadata.model_copy(update={"labels": CLAIMED})
    await client.create(RESOURCE_BINDINGS, made.model_copy(update={"metadata": metadata}))
    items = [{"clusterName": name, "status": {"readyReplicas": count}} for name, count in ready.items()]
    key = RESOURCE_BINDINGS.key(NAMESPACE, "web-deployment")
    await client.patch(RESOURCE_BINDINGS, key, {"status": {"aggregatedStatus": items}}, subresource="status")


async def test_replicas_that_no_node_takes_are_given_back() -> None:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(serve(ServerOptions(storage="memory://")))
        client = await stack.enter_async_context(Client(server.access))
        for name in ("karmada-system", NAMESPACE):
            with suppress(AlreadyExists):
                await client.create(NAMESPACES, {"metadata": {"name": name}})
        on = await stack.enter_async_context(member())
        await deployment_with_stuck_pods(on, 2)
        port = await stack.enter_async_context(estimator(on, "m1"))
        await client.create(SERVICES, service("m1", port))
        await client.create(CLUSTERS, cluster("m1"))
        await client.create(CLUSTERS, cluster("m2"))
        await bound(client, {"m1": 5, "m2": 4}, {"m1": 3, "m2": 4})
        chosen = DeschedulerOptions(
            health_probe_bind_address="0",
            metrics_bind_address="0",
            election=LeaderElectionOptions(leader_elect=False),
            descheduling_interval_seconds=0.2,
            unschedulable_threshold_seconds=1.0,
        )
        async with asyncio.TaskGroup() as group:
            task = group.create_task(run(chosen, access=server.access), name="descheduler under test")

            async def reduced() -> bool:
                found = await client.get(
                    RESOURCE_BINDINGS, RESOURCE_BINDINGS.key(NAMESPACE, "web-deployment")
                )
                return {each.name: each.replicas for each in found.spec.clusters} == {"m1": 3, "m2": 4}

            async def told() -> bool:
                events = (await client.list(EVENTS, namespace=NAMESPACE)).items
                return any(
                    event["reason"] == "DescheduleBindingSucceed"
                    and "2 replica(s) in cluster(m1), 2 total" in event["message"]
                    for event in events
                )

            await eventually(reduced, "two replicas are given back")
            await eventually(told, "and told")
            task.cancel()
