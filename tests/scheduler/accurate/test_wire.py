"""Questions survive the wire, and have the bytes that Karmada's programs read."""

from hypothesis import given
from hypothesis import strategies as st

from karmada.api.groups.work import Component, NodeClaim, ReplicaRequirements
from scheduler.accurate.rpc import estimator_pb2 as pb
from scheduler.accurate.wire import (
    components_of,
    replicas_question,
    requirements_of,
    sets_question,
    unschedulable_question,
    workloads_of,
)
from scheduler.snapshot import AssumedComponent, AssumedWorkload

CLAIM = NodeClaim.from_json(
    {
        "nodeSelector": {"disk": "ssd"},
        "hardNodeAffinity": {
            "nodeSelectorTerms": [
                {"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a", "b"]}]},
                {"matchFields": [{"key": "metadata.name", "operator": "NotIn", "values": ["n1"]}]},
            ]
        },
        "tolerations": [
            {"key": "gpu", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 0},
            {"operator": "Exists"},
        ],
    }
)


def test_the_bytes_are_those_of_the_protocol() -> None:
    """cluster=1; requirements=2 with namespace=3, priority class=4, requests=5: a map to Quantities."""
    needs = ReplicaRequirements(namespace="n", priority_class_name="p", resource_request={"cpu": "1"})
    assert replicas_question("m1", needs).SerializeToString() == (
        b"\x0a\x02m1"
        + b"\x12\x12"
        + b"\x1a\x01n"
        + b"\x22\x01p"
        + b"\x2a\x0a"
        + b"\x0a\x03cpu"
        + b"\x12\x03\x0a\x011"
    )
    asked = unschedulable_question(
        "m", api_version="apps/v1", kind="D", namespace="n", name="w", threshold_seconds=1.5
    )
    assert asked.SerializeToString() == (
        b"\x0a\x01m"
        + b"\x12\x12"
        + b"\x0a\x07apps/v1"
        + b"\x12\x01D"
        + b"\x1a\x01n"
        + b"\x22\x01w"
        + b"\x18\x80\xde\xa0\xcb\x05"
    )


def test_requirements_survive() -> None:
    needs = ReplicaRequirements(
        namespace="n", node_claim=CLAIM, priority_class_name="p", resource_request={"cpu": "100m"}
    )
    data = replicas_question("m1", needs).SerializeToString()
    assert requirements_of(pb.MaxAvailableReplicasRequest.FromString(data).replicaRequirements) == needs


def test_no_requirements_stay_none() -> None:
    assert not replicas_question("m1", None).HasField("replicaRequirements")


def test_components_and_what_is_in_flight_survive() -> None:
    component = Component.from_json(
        {
            "name": "job",
            "replicas": 2,
            "replicaRequirements": {
                "nodeClaim": CLAIM.to_json(),
                "priorityClassName": "p",
                "resourceRequest": {"cpu": "1"},
            },
        }
    )
    assumed = AssumedWorkload("n", (AssumedComponent(3, {"memory": "1Gi"}, "web", "p", CLAIM),))
    data = sets_question("m1", "n", [component, Component(name="bare")], [assumed]).SerializeToString()
    message = pb.MaxAvailableComponentSetsRequest.FromString(data)
    assert components_of(message.components) == (
        AssumedComponent(2, {"cpu": "1"}, "job", "p", CLAIM),
        AssumedComponent(0, {}, "bare"),
    )
    assert workloads_of(message.assumedWorkloads) == (assumed,)


@given(st.dictionaries(st.text(min_size=1), st.integers(0).map(str)), st.text(), st.integers(0, 2**31 - 1))
def test_any_component_survives(request: dict[str, str], name: str, replicas: int) -> None:
    assumed = AssumedWorkload(name, (AssumedComponent(replicas, request, name),))
    data = sets_question("m", name, [], [assumed]).SerializeToString()
    message = pb.MaxAvailableComponentSetsRequest.FromString(data)
    assert workloads_of(message.assumedWorkloads) == (assumed,)
