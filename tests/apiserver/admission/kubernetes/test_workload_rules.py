"""Rules of workloads."""

from typing import Any

import pytest

from apiserver.admission.kubernetes import workloads
from apiserver.admission.kubernetes.workload_rules import amount_errors, is_nothing
from karmada.api.objects import Object, private_copy
from tests.apiserver.admission.contexts import admitted, judged, shaped, texts

LABELS = {"run": "web"}
TEMPLATE: Object = {
    "metadata": {"labels": LABELS},
    "spec": {"containers": [{"name": "app", "image": "registry.test/shop/web:1.4"}]},
}
RULES = {
    "Deployment": workloads.DEPLOYMENT_RULES,
    "ReplicaSet": workloads.REPLICA_SET_RULES,
    "StatefulSet": workloads.STATEFUL_SET_RULES,
    "DaemonSet": workloads.DAEMON_SET_RULES,
}


def workload(kind: str, **spec: Any) -> Object:
    given = {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"selector": {"matchLabels": LABELS}, "template": TEMPLATE, **spec},
    }
    return admitted(RULES[kind], shaped(given))


def with_pod(**fields: Any) -> Object:
    return {**TEMPLATE, "spec": {**TEMPLATE["spec"], **fields}}


POD = "spec.template.spec"
BROKEN = [
    pytest.param("Deployment", {"selector": None}, ["spec.selector: Required value"], id="no-selector"),
    pytest.param(
        "Deployment",
        {"selector": {}},
        ["spec.selector: Invalid value: {}: empty selector is invalid for deployment"],
        id="empty-selector",
    ),
    pytest.param(
        "Deployment",
        {"selector": {"matchLabels": {"a": "b"}}},
        [
            'spec.template.metadata.labels: Invalid value: {"run":"web"}: `selector` does not match template '
            "`labels`"
        ],
        id="selects-others",
    ),
    pytest.param(
        "Deployment",
        {"replicas": -1},
        ["spec.replicas: Invalid value: -1: must be greater than or equal to 0"],
        id="negative-replicas",
    ),
    pytest.param(
        "Deployment",
        {"strategy": {"type": "Recreate", "rollingUpdate": {"maxSurge": 1}}},
        ["spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"],
        id="recreate-by-rolling",
    ),
    pytest.param(
        "Deployment",
        {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}},
        ["spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0"],
        id="cannot-move",
    ),
    pytest.param(
        "Deployment",
        {"minReadySeconds": 600},
        ["spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds"],
        id="deadline-too-short",
    ),
    pytest.param(
        "ReplicaSet",
        {"template": with_pod(restartPolicy="Never")},
        [f'{POD}.restartPolicy: Unsupported value: "Never": supported values: "Always"'],
        id="runs-once",
    ),
    pytest.param(
        "ReplicaSet",
        {"template": with_pod(activeDeadlineSeconds=5)},
        [f"{POD}.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported"],
        id="runs-for-a-while",
    ),
    pytest.param(
        "StatefulSet",
        {"podManagementPolicy": "Chaotic"},
        ["spec.podManagementPolicy: Invalid value: \"Chaotic\": must be 'OrderedReady' or 'Parallel'"],
        id="order",
    ),
    pytest.param(
        "StatefulSet",
        {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": -1}}},
        [
            "spec.updateStrategy.rollingUpdate.partition: Invalid value: -1: must be greater than or "
            "equal to 0"
        ],
        id="partition",
    ),
    pytest.param(
        "DaemonSet",
        {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 1}}},
        [
            "spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when "
            "maxUnavailable is non-zero"
        ],
        id="both-ways",
    ),
    pytest.param(
        "DaemonSet",
        {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "101%"}}},
        [
            'spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater '
            "than 100%"
        ],
        id="more-than-all",
    ),
]


@pytest.mark.parametrize(("kind", "given", "expected"), BROKEN)
def test_broken_rules_are_found(kind: str, given: Object, expected: list[str]) -> None:
    assert judged(RULES[kind], workload(kind, **given)) == expected


@pytest.mark.parametrize("kind", ["Deployment", "ReplicaSet", "DaemonSet"])
def test_a_selector_stays(kind: str) -> None:
    old = workload(kind)
    new = private_copy(old)
    new["spec"]["selector"]["matchLabels"] = {"run": "other"}
    new["spec"]["template"]["metadata"]["labels"] = {"run": "other"}
    assert judged(RULES[kind], new, old=old) == [
        'spec.selector: Invalid value: {"matchLabels":{"run":"other"}}: field is immutable'
    ]


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        pytest.param({"replicas": 5, "minReadySeconds": 3}, 0, id="counts"),
        pytest.param({"serviceName": "other"}, 1, id="service"),
        pytest.param({"podManagementPolicy": "Parallel"}, 1, id="order"),
        pytest.param({"volumeClaimTemplates": []}, 1, id="claims"),
    ],
)
def test_little_of_a_stateful_set_may_change(changes: Object, problems: int) -> None:
    claim = {"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}
    old = workload("StatefulSet", serviceName="db", volumeClaimTemplates=[claim])
    new = private_copy(old)
    new["spec"] |= changes
    found = judged(RULES["StatefulSet"], new, old=old)
    assert len(found) == problems
    assert all("updates to statefulset spec for fields other than 'replicas'" in text for text in found)


def test_the_status_of_a_claim_template_is_no_change() -> None:
    claim = {"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}
    old = workload("StatefulSet", volumeClaimTemplates=[claim])
    new = private_copy(old)
    new["spec"]["volumeClaimTemplates"][0]["status"] = {}
    assert judged(RULES["StatefulSet"], new, old=old) == []


@pytest.mark.parametrize(
    ("amount", "problems"), [(0, 0), ("0%", 0), ("25%", 0), (-1, 1), ("25", 1), ("many%", 1)]
)
def test_an_amount_is_a_number_or_a_percentage(amount: int | str, problems: int) -> None:
    assert len(texts(amount_errors(amount, "a"))) == problems


@pytest.mark.parametrize(
    ("amount", "nothing"), [(0, True), ("0%", True), ("00%", True), (1, False), ("10%", False)]
)
def test_what_amounts_to_nothing(amount: int | str, *, nothing: bool) -> None:
    assert is_nothing(amount) is nothing
