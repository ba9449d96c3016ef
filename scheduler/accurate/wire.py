"""Questions to an estimator as messages, and back. Pure.

In: requirements and components as bindings hold them. Out: the messages of rpc/estimator.proto. Quantities,
node selectors and tolerations travel inside them as bytes in Kubernetes' own encoding. Raises WireError for
bytes that are none of those.
"""

from collections.abc import Iterable, Mapping
from typing import Final, TypeVar

from google.protobuf.message import DecodeError, Message

from karmada.api.groups.meta import (
    NodeSelector,
    NodeSelectorRequirement,
    NodeSelectorTerm,
    Toleration,
)
from karmada.api.groups.work import Component, ComponentReplicaRequirements, NodeClaim, ReplicaRequirements
from scheduler.accurate.rpc import estimator_pb2 as pb
from scheduler.snapshot import AssumedComponent, AssumedWorkload

SERVICE: Final = "github.com.karmada_io.karmada.pkg.estimator.service.Estimator"
MAX_REPLICAS: Final = "MaxAvailableReplicas"
MAX_SETS: Final = "MaxAvailableComponentSets"
UNSCHEDULABLE: Final = "GetUnschedulableReplicas"
NANOSECONDS: Final = 1_000_000_000

M = TypeVar("M", bound=Message)


class WireError(ValueError):
    """Bytes inside a message that cannot be read."""


# --- to messages ----------------------------------------------------------------------------------


def replicas_question(
    cluster: str, requirements: ReplicaRequirements | None, assumed: Iterable[AssumedWorkload] = ()
) -> pb.MaxAvailableReplicasRequest:
    question = pb.MaxAvailableReplicasRequest(cluster=cluster, assumedWorkloads=map(_workload, assumed))
    if requirements is not None:
        question.replicaRequirements.CopyFrom(
            pb.ReplicaRequirements(
                nodeClaim=_claim(requirements.node_claim),
                namespace=requirements.namespace,
                priorityClassName=requirements.priority_class_name,
                resourceRequestBytes=_amounts(requirements.resource_request),
            )
        )
    return question


def sets_question(
    cluster: str, namespace: str, components: Iterable[Component], assumed: Iterable[AssumedWorkload] = ()
) -> pb.MaxAvailableComponentSetsRequest:
    parts = (
        _component(part.name, part.replicas, part.replica_requirements or ComponentReplicaRequirements())
        for part in components
    )
    return pb.MaxAvailableComponentSetsRequest(
        cluster=cluster, components=parts, namespace=namespace, assumedWorkloads=map(_workload, assumed)
    )


def unschedulable_question(
    cluster: str, *, api_version: str, kind: str, namespace: str, name: str, threshold_seconds: float
) -> pb.UnschedulableReplicasRequest:
    return pb.UnschedulableReplicasRequest(
        cluster=cluster,
        resource=pb.ObjectReference(apiVersion=api_version, kind=kind, namespace=namespace, name=name),
        unschedulableThreshold=round(threshold_seconds * NANOSECONDS),
    )


def _workload(workload: AssumedWorkload) -> pb.AssumedWorkload:
    parts = (
        _component(
            part.name,
            part.replicas,
            ComponentReplicaRequirements(
                node_claim=part.node_claim,
                priority_class_name=part.priority_class,
                resource_request=dict(part.request),
            ),
        )
        for part in workload.components
    )
    return pb.AssumedWorkload(namespace=workload.namespace, components=parts)


def _component(name: str, replicas: int, needs: ComponentReplicaRequirements) -> pb.Component:
    return pb.Component(
        name=name,
        replicas=replicas,
        replicaRequirements=pb.ComponentReplicaRequirements(
            nodeClaim=_claim(needs.node_claim),
            priorityClassName=needs.priority_class_name,
            resourceRequestBytes=_amounts(needs.resource_request),
        ),
    )


def _amounts(request: Mapping[str, str | int]) -> dict[str, bytes]:
    return {name: pb.Quantity(string=str(amount)).SerializeToString() for name, amount in request.items()}


def _claim(claim: NodeClaim | None) -> pb.NodeClaim | None:
    if claim is None:
        return None
    affinity = b""
    if claim.hard_node_affinity is not None:
        terms = (
            pb.NodeSelectorTerm(
                matchExpressions=map(_expression, term.match_expressions),
                matchFields=map(_expression, term.match_fields),
            )
            for term in claim.hard_node_affinity.node_selector_terms
        )
        affinity = pb.NodeSelector(nodeSelectorTerms=terms).SerializeToString()
    return pb.NodeClaim(
        nodeSelector=claim.node_selector,
        nodeAffinityBytes=affinity,
        tolerationsBytes=[_toleration(item).SerializeToString() for item in claim.tolerations],
    )


def _expression(item: NodeSelectorRequirement) -> pb.NodeSelectorRequirement:
    return pb.NodeSelectorRequirement(key=item.key, operator=item.operator, values=item.values)


def _toleration(item: Toleration) -> pb.Toleration:
    return pb.Toleration(
        key=item.key,
        operator=item.operator,
        value=item.value,
        effect=item.effect,
        tolerationSeconds=item.toleration_seconds,
    )


# --- from messages --------------------------------------------------------------------------------


def requirements_of(message: pb.ReplicaRequirements) -> ReplicaRequirements:
    return ReplicaRequirements(
        namespace=message.namespace,
        node_claim=_claim_of(message.nodeClaim) if message.HasField("nodeClaim") else None,
        priority_class_name=message.priorityClassName,
        resource_request=_request_of(message.resourceRequestBytes),
    )


def components_of(messages: Iterable[pb.Component]) -> tuple[AssumedComponent, ...]:
    return tuple(map(_component_of, messages))


def workloads_of(messages: Iterable[pb.AssumedWorkload]) -> tuple[AssumedWorkload, ...]:
    return tuple(
        AssumedWorkload(message.namespace, components_of(message.components)) for message in messages
    )


def _component_of(message: pb.Component) -> AssumedComponent:
    needs = message.replicaRequirements
    return AssumedComponent(
        message.replicas,
        _request_of(needs.resourceRequestBytes),
        message.name,
        needs.priorityClassName,
        _claim_of(needs.nodeClaim) if needs.HasField("nodeClaim") else None,
    )


def _request_of(request: Mapping[str, bytes]) -> dict[str, str]:
    return {name: _read(pb.Quantity(), data).string or "0" for name, data in request.items()}


def _claim_of(message: pb.NodeClaim) -> NodeClaim:
    affinity = None
    if message.nodeAffinityBytes:
        selector = _read(pb.NodeSelector(), message.nodeAffinityBytes)
        terms = [
            NodeSelectorTerm(
                match_expressions=list(map(_expression_of, term.matchExpressions)),
                match_fields=list(map(_expression_of, term.matchFields)),
            )
            for term in selector.nodeSelectorTerms
        ]
        affinity = NodeSelector(node_selector_terms=terms)
    return NodeClaim(
        hard_node_affinity=affinity,
        node_selector=dict(message.nodeSelector),
        tolerations=[_toleration_of(_read(pb.Toleration(), data)) for data in message.tolerationsBytes],
    )


def _expression_of(message: pb.NodeSelectorRequirement) -> NodeSelectorRequirement:
    return NodeSelectorRequirement(key=message.key, operator=message.operator, values=list(message.values))


def _toleration_of(message: pb.Toleration) -> Toleration:
    seconds = message.tolerationSeconds if message.HasField("tolerationSeconds") else None
    return Toleration(
        key=message.key,
        operator=message.operator,
        value=message.value,
        effect=message.effect,
        toleration_seconds=seconds,
    )


def _read(message: M, data: bytes) -> M:
    try:
        message.ParseFromString(data)
    except DecodeError as error:
        raise WireError(f"not a {message.DESCRIPTOR.name}: {error}") from error
    return message
