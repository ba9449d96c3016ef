"""Ask the estimators of many members at once, under one deadline; each answers, or does not, for itself.

In: a question about clusters. Out: a number per cluster, UNKNOWN where nobody answered in time. answers.py
carries them into the decision.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import grpc.aio

from karmada.api.groups.cluster import Cluster
from karmada.client.client import Client
from karmada.client.informer import Informer
from karmada.runtime.clock import SYSTEM_CLOCK, Clock
from karmada.runtime.controller import run_controller
from karmada.runtime.tasks import Tasks
from scheduler.accurate.connections import Connections
from scheduler.accurate.options import EstimatorClientOptions
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
from scheduler.framework import Request
from scheduler.snapshot import Snapshot

log = logging.getLogger(__name__)

UNKNOWN: Final = -1
CONNECTING: Final = 8
"""Estimators connected to at the same time: one that does not answer holds up few others."""


class EstimatorClient:
    """Questions to the members' estimators."""

    def __init__(self, connections: Connections, *, timeout_seconds: float) -> None:
        self._connections = connections
        self._timeout_seconds = timeout_seconds

    async def room(
        self, request: Request, clusters: Sequence[str], snapshot: Snapshot, *, sets: bool
    ) -> Mapping[str, int]:
        """How many more replicas, or complete sets of components, fit in each cluster."""
        about = f"kind={request.kind}, name={request.namespace}/{request.workload_name}"

        def question(cluster: str) -> Any:
            assumed = snapshot.assumed.get(cluster, ())
            if sets:
                return sets_question(cluster, request.namespace, request.components, assumed)
            return replicas_question(cluster, request.requirements, assumed)

        if sets:
            return await self._ask(
                MAX_SETS, clusters, question, pb.MaxAvailableComponentSetsResponse, "maxSets", about
            )
        return await self._ask(
            MAX_REPLICAS, clusters, question, pb.MaxAvailableReplicasResponse, "maxReplicas", about
        )

    async def unschedulable(
        self,
        clusters: Sequence[str],
        *,
        api_version: str,
        kind: str,
        namespace: str,
        name: str,
        threshold_seconds: float,
    ) -> Mapping[str, int]:
        """How many replicas of a workload no node has taken for so long."""

        def question(cluster: str) -> Any:
            return unschedulable_question(
                cluster,
                api_version=api_version,
                kind=kind,
                namespace=namespace,
                name=name,
                threshold_seconds=threshold_seconds,
            )

        return await self._ask(
            UNSCHEDULABLE,
            clusters,
            question,
            pb.UnschedulableReplicasResponse,
            "unschedulableReplicas",
            f"kind={kind}, name={namespace}/{name}",
        )

    async def _ask(
        self,
        method: str,
        clusters: Sequence[str],
        question: Callable[[str], Any],
        answer: type[Any],
        field: str,
        about: str,
    ) -> Mapping[str, int]:
        """about: what the question is asked for, in words for their logs."""

        async def one(cluster: str) -> int:
            channel = self._connections.channel(cluster)
            if channel is None:
                return UNKNOWN
            call: Callable[..., Awaitable[Any]] = channel.unary_unary(
                f"/{SERVICE}/{method}",
                request_serializer=lambda message: message.SerializeToString(),
                response_deserializer=answer.FromString,
            )
            try:
                found = await call(
                    question(cluster), timeout=self._timeout_seconds, metadata=(("object", about),)
                )
            except grpc.aio.AioRpcError as error:
                text = f"{error.code().name}: {error.details()}"
                log.warning(
                    "estimator did not answer", extra={"cluster": cluster, "method": method, "error": text}
                )
                return UNKNOWN
            return int(getattr(found, field))

        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(one(cluster), name=f"estimator {cluster}") for cluster in clusters]
        return {cluster: task.result() for cluster, task in zip(clusters, asked, strict=True)}


@asynccontextmanager
async def connected_estimators(
    clusters: Informer[Cluster],
    client: Client,
    options: EstimatorClientOptions,
    *,
    skip_pull: bool = False,
    clock: Clock = SYSTEM_CLOCK,
) -> AsyncIterator[EstimatorClient]:
    """Connections to the estimators of all clusters, kept until left. Entering waits for one try of each."""
    connections = Connections(clusters, client, options, skip_pull=skip_pull)
    await connections.try_all()
    tasks = Tasks("estimator connections")
    tasks.start(run_controller(connections, workers=CONNECTING, clock=clock), name=tasks.name)
    try:
        yield EstimatorClient(connections, timeout_seconds=options.timeout_seconds)
    finally:
        await tasks.close()
        await connections.close()
