"""Rules of pod specs."""

from typing import Any

import pytest

from apiserver.admission.kubernetes.pod_rules import (
    pod_spec_errors,
    selector_errors,
    selects,
    template_errors,
    toleration_errors,
)
from karmada.api.objects import Object
from tests.apiserver.admission.contexts import texts

CONTAINERS = [{"name": "c", "image": "nginx:1"}]


def spec(**fields: Any) -> Object:
    return {"containers": CONTAINERS, **fields}


TERM = "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0]"
BROKEN = [
    pytest.param({}, ["spec.containers: Required value"], id="no-containers"),
    pytest.param(
        spec(activeDeadlineSeconds=0),
        ["spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive"],
        id="deadline",
    ),
    pytest.param(
        spec(dnsPolicy="None"),
        [
            "spec.dnsConfig.nameservers: Required value: must provide at least one DNS nameserver when "
            "`dnsPolicy` is None"
        ],
        id="nobody-to-ask",
    ),
    pytest.param(
        spec(
            topologySpreadConstraints=[
                {"maxSkew": 0, "topologyKey": "", "whenUnsatisfiable": "DoNotSchedule"}
            ]
        ),
        [
            "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero",
            "spec.topologySpreadConstraints[0].topologyKey: Required value: can not be empty",
        ],
        id="spread",
    ),
    pytest.param(
        spec(affinity={"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {}}}),
        [
            "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: "
            "Required value: must have at least one node selector term"
        ],
        id="no-node-terms",
    ),
    pytest.param(
        spec(
            affinity={
                "podAffinity": {
                    "preferredDuringSchedulingIgnoredDuringExecution": [
                        {"weight": 101, "podAffinityTerm": {"topologyKey": "zone"}}
                    ]
                }
            }
        ),
        [
            "spec.affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid "
            "value: 101: must be in the range 1-100"
        ],
        id="weight",
    ),
    pytest.param(
        spec(schedulingGates=[{"name": "a"}, {"name": "a"}]),
        ['spec.schedulingGates[1]: Duplicate value: "a"'],
        id="gate-twice",
    ),
]


@pytest.mark.parametrize(("given", "expected"), BROKEN)
def test_broken_rules_are_found(given: Object, expected: list[str]) -> None:
    assert texts(pod_spec_errors(given, "spec")) == expected


@pytest.mark.parametrize(
    "field", ["serviceAccountName", "nodeName", "hostname", "subdomain", "runtimeClassName", "schedulerName"]
)
def test_names_of_other_objects_are_names(field: str) -> None:
    found = texts(pod_spec_errors(spec(**{field: "No Name"}), "spec"))
    assert found
    assert all(text.startswith(f'spec.{field}: Invalid value: "No Name": ') for text in found)


def test_labels_of_a_template_are_labels() -> None:
    template = {"metadata": {"labels": {"a b": "c"}}, "spec": spec()}
    (found,) = texts(template_errors(template, "spec.template"))
    assert found.startswith('spec.template.metadata.labels: Invalid value: "a b": name part must consist of')


TOLERATIONS = [
    pytest.param({"operator": "Equal"}, "t[0].operator", id="no-key"),
    pytest.param({"key": "a", "tolerationSeconds": 3}, "t[0].effect", id="seconds-without-eviction"),
    pytest.param({"key": "a", "operator": "Exists", "value": "b"}, "t[0].operator", id="exists-with-value"),
    pytest.param({"key": "a", "operator": "Near"}, "t[0].operator", id="unknown-operator"),
]


@pytest.mark.parametrize(("toleration", "field"), TOLERATIONS)
def test_a_toleration_means_something(toleration: Object, field: str) -> None:
    assert [error.field for error in toleration_errors([toleration], "t")] == [field]


@pytest.mark.parametrize(
    ("requirement", "expected"),
    [
        pytest.param(
            {"key": "a", "operator": "In"},
            "s.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' "
            "or 'NotIn'",
            id="in-nothing",
        ),
        pytest.param(
            {"key": "a", "operator": "Exists", "values": ["b"]},
            "s.matchExpressions[0].values: Forbidden: may not be specified when `operator` is 'Exists' or "
            "'DoesNotExist'",
            id="exists-as",
        ),
        pytest.param(
            {"key": "a", "operator": "Like"},
            's.matchExpressions[0].operator: Invalid value: "Like": not a valid selector operator',
            id="unknown",
        ),
    ],
)
def test_a_selector_can_be_read(requirement: Object, expected: str) -> None:
    assert texts(selector_errors({"matchExpressions": [requirement]}, "s")) == [expected]


def test_what_a_selector_selects() -> None:
    assert selects({"matchLabels": {"a": "b"}}, {"a": "b", "c": "d"}) is True
    assert selects({"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}, {"a": "b"}) is False
    assert selects({"matchExpressions": [{"key": "a", "operator": "Like"}]}, {}) is None


def test_sysctls_have_names_of_the_kernel() -> None:
    names = ("foo-", "kernel.shmmax", "safe-and-unsafe", "bar..", "net/ipv4", "kernel.shmmax", "")
    spec = {
        "containers": [{"name": "c", "image": "i", "imagePullPolicy": "Always"}],
        "securityContext": {"sysctls": [{"name": name, "value": "1"} for name in names]},
    }
    told = [text for text in texts(pod_spec_errors(spec, "spec")) if "sysctls" in text]
    assert [text.partition(": ")[0] for text in told] == [
        f"spec.securityContext.sysctls[{index}].name" for index in (0, 3, 5, 6)
    ]
    assert [text.partition(": ")[2][:9] for text in told] == [
        "Invalid v",
        "Invalid v",
        "Duplicate",
        "Required ",
    ]
