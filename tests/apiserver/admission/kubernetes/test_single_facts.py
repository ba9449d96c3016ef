"""Kinds about which there is little to say."""

from typing import Any

import pytest

from apiserver.admission.context import Rules
from apiserver.admission.kubernetes import single_facts
from karmada.api.objects import Object
from tests.apiserver.admission.contexts import admitted, judged


def obj(kind: str, api_version: str, **parts: Any) -> Object:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}, **parts}


def test_a_csi_driver_attaches() -> None:
    spec = admitted(single_facts.CSI_DRIVER_RULES, obj("CSIDriver", "storage.k8s.io/v1", spec={}))["spec"]
    assert spec == {
        "attachRequired": True,
        "podInfoOnMount": False,
        "storageCapacity": False,
        "fsGroupPolicy": "ReadWriteOnceWithFSType",
        "requiresRepublish": False,
        "seLinuxMount": False,
        "volumeLifecycleModes": ["Persistent"],
    }


def test_flow_control_has_its_numbers() -> None:
    api_version = "flowcontrol.apiserver.k8s.io/v1"
    schema = admitted(single_facts.FLOW_SCHEMA_RULES, obj("FlowSchema", api_version, spec={}))
    assert schema["spec"]["matchingPrecedence"] == 1000
    limited = {"type": "Limited", "limited": {"limitResponse": {"type": "Queue", "queuing": {}}}}
    level = admitted(
        single_facts.PRIORITY_LEVEL_RULES, obj("PriorityLevelConfiguration", api_version, spec=limited)
    )
    assert level["spec"]["limited"] == {
        "limitResponse": {
            "type": "Queue",
            "queuing": {"queues": 64, "handSize": 8, "queueLengthLimit": 50},
        },
        "nominalConcurrencyShares": 30,
        "lendablePercent": 0,
    }


FIXED = [
    pytest.param(
        single_facts.RUNTIME_CLASS_RULES,
        obj("RuntimeClass", "node.k8s.io/v1", handler="a"),
        "handler",
        id="runtime",
    ),
    pytest.param(
        single_facts.VOLUME_ATTACHMENT_RULES,
        obj("VolumeAttachment", "storage.k8s.io/v1", spec="a"),
        "spec",
        id="attachment",
    ),
    pytest.param(
        single_facts.VOLUME_ATTRIBUTES_RULES,
        obj("VolumeAttributesClass", "storage.k8s.io/v1", driverName="a"),
        "driverName",
        id="attributes",
    ),
    pytest.param(
        single_facts.REVISION_RULES,
        obj("ControllerRevision", "apps/v1", data="a", revision=1),
        "data",
        id="revision",
    ),
]


@pytest.mark.parametrize(("rules", "given", "field"), FIXED)
def test_some_fields_stay(rules: Rules, given: Object, field: str) -> None:
    assert judged(rules, given, old=given) == []
    changed = {**given, field: "b"}
    assert judged(rules, changed, old=given) == [f'{field}: Invalid value: "b": field is immutable']


@pytest.mark.parametrize(
    ("namespace", "about", "expected"),
    [
        ("shop", "shop", []),
        ("default", "", []),
        (
            "shop",
            "other",
            ['involvedObject.namespace: Invalid value: "other": does not match event.namespace'],
        ),
    ],
    ids=["its-own", "of-the-cluster", "of-another"],
)
def test_an_event_is_where_it_happened(namespace: str, about: str, expected: list[str]) -> None:
    event = obj("Event", "v1", involvedObject={"namespace": about})
    event["metadata"]["namespace"] = namespace
    assert judged(single_facts.EVENT_RULES, event) == expected
