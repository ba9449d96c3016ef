"""The estimator's answers over gRPC: wire in, rules of nodes and quotas, wire out.

In: MemberState, calls. Out: numbers, or an error of code Unknown with one line, as Karmada's own clients
expect.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import grpc
import grpc.aio
from prometheus_client import Counter, Histogram

from karmada.api.errors import ApiError
from karmada.runtime.clock import SYSTEM_CLOCK, Clock
from scheduler.accurate.rpc import estimator_pb2 as pb
from scheduler.accurate.wire import (
    MAX_REPLICAS,
    MAX_SETS,
    NANOSECONDS,
    SERVICE,
    UNSCHEDULABLE,
    components_of,
    requirements_of,
    workloads_of,
)
from scheduler.estimator.first_fit import Node, Part, count_replicas, count_sets, place_assumed
from scheduler.member.nodes import part_of, parts_of
from scheduler.member.quotas import UNLIMITED, admitted_replicas, admitted_sets
from scheduler.member.state import MemberState
from scheduler.member.unschedulable import count_unschedulable
from scheduler.snapshot import AssumedComponent, AssumedWorkload

STOP_SECONDS: Final = 5.0
NODES_PLUGIN: Final = "NodeResourceEstimator"
QUOTAS_PLUGIN: Final = "ResourceQuotaEstimator"
REPLICAS_POINT: Final = "estimate_replicas"
SETS_POINT: Final = "estimate_components"

_REQUESTS = Counter(
    "karmada_scheduler_estimator_estimating_request_total", "Questions answered.", ["result", "type"]
)
_ALGORITHM = Histogram(
    "karmada_scheduler_estimator_estimating_algorithm_duration_seconds",
    "How long a step of an answer took.",
    ["result", "type", "step"],
    buckets=tuple(0.001 * 2**power for power in range(10)),
)
_POINT = Histogram(
    "karmada_scheduler_estimator_estimating_plugin_extension_point_duration_seconds",
    "How long all plugins together took.",
    ["estimating_plugin_extension_point"],
    buckets=tuple(0.0001 * 2**power for power in range(12)),
)
_PLUGIN = Histogram(
    "karmada_scheduler_estimator_estimating_plugin_execution_duration_seconds",
    "How long one plugin took.",
    ["estimating_plugin", "estimating_plugin_extension_point"],
    buckets=tuple(0.00001 * 1.5**power for power in range(20)),
)


class Refused(Exception):
    """A question that has no answer; the message is one line for the caller."""


@dataclass(frozen=True, slots=True)
class EstimatorService:
    """Answers for one member. overcommit_protection: what is in flight counts as taken."""

    state: MemberState
    cluster: str
    overcommit_protection: bool = False
    clock: Clock = SYSTEM_CLOCK

    async def max_replicas(self, question: pb.MaxAvailableReplicasRequest) -> pb.MaxAvailableReplicasResponse:
        self._check(question.cluster)
        try:
            needs = requirements_of(question.replicaRequirements)
            assumed = self._assumed(question.assumedWorkloads)
            request = {name: str(amount) for name, amount in needs.resource_request.items()}
            one = AssumedComponent(1, request, "", needs.priority_class_name, needs.node_claim)
            with self._timed(REPLICAS_POINT):
                fits = self._on_nodes(REPLICAS_POINT, partial(_replicas, part_of(one)), assumed)
                admitted = UNLIMITED
                if question.HasField("replicaRequirements"):
                    with self._timed(REPLICAS_POINT, QUOTAS_PLUGIN):
                        quotas = self.state.quotas(needs.namespace)
                        admitted = admitted_replicas(quotas, needs.namespace, one, assumed)
        except ValueError as error:
            raise Refused(f"failed to estimate replicas: {error}") from error
        return pb.MaxAvailableReplicasResponse(maxReplicas=min(fits, admitted))

    async def max_sets(
        self, question: pb.MaxAvailableComponentSetsRequest
    ) -> pb.MaxAvailableComponentSetsResponse:
        self._check(question.cluster)
        try:
            components = components_of(question.components)
            if not components:
                return pb.MaxAvailableComponentSetsResponse(maxSets=UNLIMITED)
            assumed = self._assumed(question.assumedWorkloads)
            parts = [part_of(component) for component in components]
            with self._timed(SETS_POINT):
                fits = self._on_nodes(SETS_POINT, partial(_sets, parts), assumed)
                with self._timed(SETS_POINT, QUOTAS_PLUGIN):
                    quotas = self.state.quotas(question.namespace)
                    admitted = admitted_sets(quotas, question.namespace, components, assumed)
        except ValueError as error:
            raise Refused(f"failed to estimate component sets: {error}") from error
        return pb.MaxAvailableComponentSetsResponse(maxSets=min(fits, admitted))

    async def unschedulable(
        self, question: pb.UnschedulableReplicasRequest
    ) -> pb.UnschedulableReplicasResponse:
        self._check(question.cluster)
        if not question.HasField("resource"):
            raise Refused("resource is nil")
        asked = question.resource
        if asked.kind != "Deployment":
            raise Refused(f"kind({asked.kind}) of workload({asked.namespace}/{asked.name}) is not supported")
        try:
            with self._step(UNSCHEDULABLE, "GetObjectFromCache"):
                pods = await self.state.pods_of_deployment(asked.namespace, asked.name)
        except ApiError as error:
            raise Refused(f"failed to get workload unschedulable pods: {error}") from error
        with self._step(UNSCHEDULABLE, "GetWorkloadUnschedulablePods"):
            seconds = question.unschedulableThreshold / NANOSECONDS
            found = count_unschedulable(pods, now=self.clock.now(), threshold_seconds=seconds)
        return pb.UnschedulableReplicasResponse(unschedulableReplicas=found)

    def _check(self, cluster: str) -> None:
        if cluster != self.cluster:
            raise Refused(f"cluster name does not match, got: {cluster}, desire: {self.cluster}")

    def _assumed(self, messages: Any) -> tuple[AssumedWorkload, ...]:
        return workloads_of(messages) if self.overcommit_protection else ()

    def _on_nodes(
        self, point: str, count: Callable[[Sequence[Node]], int], assumed: Sequence[AssumedWorkload]
    ) -> int:
        with self._timed(point, NODES_PLUGIN):
            nodes = self.state.nodes()
            place_assumed(nodes, parts_of(assumed))
            return min(count(nodes), UNLIMITED)

    @contextmanager
    def _timed(self, point: str, plugin: str = "") -> Iterator[None]:
        started = self.clock.monotonic()
        yield
        histogram = _PLUGIN.labels(plugin, point) if plugin else _POINT.labels(point)
        histogram.observe(self.clock.monotonic() - started)

    @contextmanager
    def _step(self, kind: str, step: str) -> Iterator[None]:
        started, result = self.clock.monotonic(), "error"
        try:
            yield
            result = "success"
        finally:
            _ALGORITHM.labels(result, kind, step).observe(self.clock.monotonic() - started)

    async def answer(
        self, kind: str, method: Callable[[Any], Awaitable[Any]], question: Any, context: Any
    ) -> Any:
        """One call: counted, timed, and its failure told as Karmada tells it."""
        try:
            with self._step(kind, "Total"):
                found = await method(question)
        except Refused as error:
            _REQUESTS.labels("error", kind).inc()
            await context.abort(grpc.StatusCode.UNKNOWN, str(error))
            raise
        _REQUESTS.labels("success", kind).inc()
        return found

    def handlers(self) -> grpc.GenericRpcHandler:
        calls = {
            MAX_REPLICAS: (self.max_replicas, pb.MaxAvailableReplicasRequest),
            MAX_SETS: (self.max_sets, pb.MaxAvailableComponentSetsRequest),
            UNSCHEDULABLE: (self.unschedulable, pb.UnschedulableReplicasRequest),
        }
        return grpc.method_handlers_generic_handler(
            SERVICE,
            {
                kind: grpc.unary_unary_rpc_method_handler(
                    partial(self.answer, kind, method),
                    request_deserializer=question.FromString,
                    response_serializer=lambda answer: answer.SerializeToString(),
                )
                for kind, (method, question) in calls.items()
            },
        )


def _replicas(part: Part, nodes: Sequence[Node]) -> int:
    return count_replicas(nodes, part)


def _sets(parts: Sequence[Part], nodes: Sequence[Node]) -> int:
    if all(part.replicas <= 0 for part in parts):
        return UNLIMITED
    return count_sets(nodes, parts, limit=UNLIMITED)


@asynccontextmanager
async def serve_estimator(
    service: EstimatorService, address: str, credentials: grpc.ServerCredentials | None = None
) -> AsyncIterator[int]:
    """Answer until left; yields the port (0 in address asks for a free one). Calls in flight may finish.

    Raises RuntimeError when the address cannot be had.
    """
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((service.handlers(),))
    if credentials is None:
        port = server.add_insecure_port(address)
    else:
        port = server.add_secure_port(address, credentials)
    await server.start()
    try:
        yield port
    finally:
        await server.stop(STOP_SECONDS)
