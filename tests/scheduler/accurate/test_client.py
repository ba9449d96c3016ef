"""Real estimators, asked by a real scheduler; some of them bad."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import grpc
import grpc.aio

from apiserver.app import ServerOptions, serve
from karmada.api.errors import AlreadyExists
from karmada.api.groups.cluster import CLUSTERS, Cluster
from karmada.api.groups.kubernetes import NAMESPACES, SERVICES
from karmada.api.objects import Object
from karmada.client.client import Client
from karmada.client.informer import Informer
from scheduler.accurate.client import EstimatorClient, connected_estimators
from scheduler.accurate.options import EstimatorClientOptions
from scheduler.accurate.wire import MAX_REPLICAS, SERVICE
from scheduler.snapshot import Snapshot
from tests.controllers.cluster.live import eventually
from tests.scheduler.build import cluster, request_for
from tests.scheduler.member.live import estimator, member, node

SYSTEM = "karmada-system"


def service(cluster: str, port: int) -> Object:
    ports = [{"port": 10352, "targetPort": port, "protocol": "TCP"}]
    return {
        "metadata": {"name": f"karmada-scheduler-estimator-{cluster}", "namespace": SYSTEM},
        "spec": {"type": "ExternalName", "externalName": "localhost", "ports": ports},
    }


@asynccontextmanager
async def plane() -> AsyncIterator[Client]:
    async with serve(ServerOptions(storage="memory://")) as running, Client(running.access) as client:
        with suppress(AlreadyExists):
            await client.create(NAMESPACES, {"metadata": {"name": SYSTEM}})
        yield client


async def add(client: Client, name: str, port: int, sync_mode: str = "Push") -> None:
    await client.create(SERVICES, service(name, port))
    await client.create(CLUSTERS, cluster(name, syncMode=sync_mode))


async def answers(client: EstimatorClient, *clusters: str) -> dict[str, int]:
    request = request_for({}, replicas=1, request={"cpu": "1"})
    return dict(await client.room(request, clusters, Snapshot.of([]), sets=False))


async def until(client: EstimatorClient, expected: dict[str, int]) -> None:
    async def agreed() -> bool:
        return await answers(client, *expected) == expected

    await eventually(agreed, f"the estimators say {expected}")


@asynccontextmanager
async def silent_server() -> AsyncIterator[int]:
    """An estimator that takes questions and never answers."""

    async def never(question: bytes, context: object) -> bytes:
        await asyncio.Event().wait()
        return b""

    server = grpc.aio.server()
    method = grpc.unary_unary_rpc_method_handler(never)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, {MAX_REPLICAS: method}),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield port
    finally:
        await server.stop(0)


async def test_one_bad_estimator_takes_nothing_away_from_the_others() -> None:
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(plane())
        on = await stack.enter_async_context(member())
        await on.add_node(node("n1"), cpu="4", pods="10")
        await add(client, "good", await stack.enter_async_context(estimator(on, "good")))
        await add(client, "wrong", await stack.enter_async_context(estimator(on, "another")))
        await add(client, "silent", await stack.enter_async_context(silent_server()))
        clusters: Informer[Cluster] = await stack.enter_async_context(Informer(client, CLUSTERS))
        options = EstimatorClientOptions(timeout_seconds=1.0)
        asked = await stack.enter_async_context(connected_estimators(clusters, client, options))
        await until(asked, {"good": 4, "wrong": -1, "silent": -1, "unknown": -1})


async def test_connections_follow_clusters_and_services() -> None:
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(plane())
        on = await stack.enter_async_context(member())
        await on.add_node(node("n1"), cpu="4", pods="10")
        port = await stack.enter_async_context(estimator(on, "m1"))
        pulled = await stack.enter_async_context(estimator(on, "pulled"))
        clusters: Informer[Cluster] = await stack.enter_async_context(Informer(client, CLUSTERS))
        asked = await stack.enter_async_context(
            connected_estimators(clusters, client, EstimatorClientOptions(), skip_pull=True)
        )
        await add(client, "m1", port)
        await add(client, "pulled", pulled, sync_mode="Pull")
        await until(asked, {"m1": 4, "pulled": -1})
        await client.delete(CLUSTERS, CLUSTERS.key("", "m1"))
        await until(asked, {"m1": -1})


async def test_an_estimator_that_comes_back_answers_again() -> None:
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(plane())
        on = await stack.enter_async_context(member())
        await on.add_node(node("n1"), cpu="4", pods="10")
        clusters: Informer[Cluster] = await stack.enter_async_context(Informer(client, CLUSTERS))
        options = EstimatorClientOptions(timeout_seconds=1.0)
        asked = await stack.enter_async_context(connected_estimators(clusters, client, options))
        async with estimator(on, "m1") as port:
            await add(client, "m1", port)
            await until(asked, {"m1": 4})
        await until(asked, {"m1": -1})
        async with estimator(on, "m1", port=port):
            await until(asked, {"m1": 4})
