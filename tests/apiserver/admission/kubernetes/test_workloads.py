"""Deployment, ReplicaSet, StatefulSet, DaemonSet, ReplicationController: what is filled in."""

from typing import Any

import pytest

from apiserver.admission.context import Rules
from apiserver.admission.kubernetes import workloads
from karmada.api.objects import Object, private_copy
from tests.apiserver.admission.contexts import admitted, judged, shaped

LABELS = {"run": "web"}
TEMPLATE = {
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
    return shaped(
        {
            "apiVersion": "apps/v1",
            "kind": kind,
            "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"selector": {"matchLabels": LABELS}, "template": TEMPLATE, **spec},
        }
    )


def spec_of(kind: str, **spec: Any) -> Object:
    settled = admitted(RULES[kind], workload(kind, **spec))["spec"]
    return {name: value for name, value in settled.items() if name not in ("template", "selector")}


ROLLING = {"type": "RollingUpdate"}
TABLE = [
    pytest.param(
        "Deployment",
        {},
        {
            "replicas": 1,
            "revisionHistoryLimit": 10,
            "progressDeadlineSeconds": 600,
            "strategy": {**ROLLING, "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
        },
        id="deployment",
    ),
    pytest.param(
        "Deployment",
        {"replicas": 0, "strategy": {"type": "Recreate"}},
        {
            "replicas": 0,
            "revisionHistoryLimit": 10,
            "progressDeadlineSeconds": 600,
            "strategy": {"type": "Recreate"},
        },
        id="deployment-recreated",
    ),
    pytest.param("ReplicaSet", {}, {"replicas": 1}, id="replica-set"),
    pytest.param(
        "StatefulSet",
        {"serviceName": "db"},
        {
            "replicas": 1,
            "serviceName": "db",
            "podManagementPolicy": "OrderedReady",
            "revisionHistoryLimit": 10,
            "updateStrategy": {**ROLLING, "rollingUpdate": {"partition": 0}},
            "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
        },
        id="stateful-set",
    ),
    pytest.param(
        "DaemonSet",
        {},
        {
            "revisionHistoryLimit": 10,
            "updateStrategy": {**ROLLING, "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}},
        },
        id="daemon-set",
    ),
]


@pytest.mark.parametrize(("kind", "given", "expected"), TABLE)
def test_a_workload_is_completed_as_kubernetes_does(kind: str, given: Object, expected: Object) -> None:
    assert spec_of(kind, **given) == expected


@pytest.mark.parametrize("kind", sorted(RULES))
def test_what_is_filled_in_keeps_the_rules_and_stays(kind: str) -> None:
    rules: Rules = RULES[kind]
    made = admitted(rules, workload(kind))
    assert judged(rules, made) == []
    again = admitted(rules, private_copy(made), old=made)
    assert again == made
    assert judged(rules, again, old=made) == []


def test_claim_templates_are_claims() -> None:
    claim = {"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}
    (settled,) = spec_of("StatefulSet", volumeClaimTemplates=[claim])["volumeClaimTemplates"]
    assert (settled["apiVersion"], settled["kind"]) == ("v1", "PersistentVolumeClaim")
    assert settled["spec"]["volumeMode"] == "Filesystem"
    assert settled["status"] == {"phase": "Pending"}


def test_the_templates_of_a_daemon_set_are_counted() -> None:
    annotation = "deprecated.daemonset.template.generation"
    first = admitted(workloads.DAEMON_SET_RULES, workload("DaemonSet"))
    assert first["metadata"]["annotations"] == {annotation: "1"}
    other = private_copy(first)
    other["spec"]["template"]["spec"]["containers"][0]["image"] = "registry.test/shop/web:1.5"
    second = admitted(workloads.DAEMON_SET_RULES, other, old=first)
    assert second["metadata"]["annotations"] == {annotation: "2"}
    quiet = private_copy(second)
    quiet["metadata"]["labels"] = {"a": "b"}
    assert admitted(workloads.DAEMON_SET_RULES, quiet, old=second)["metadata"]["annotations"] == {
        annotation: "2"
    }


def test_a_replication_controller_takes_after_its_template() -> None:
    given = shaped(
        {
            "apiVersion": "v1",
            "kind": "ReplicationController",
            "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"template": TEMPLATE},
        }
    )
    made = admitted(workloads.REPLICATION_CONTROLLER_RULES, given)
    assert made["spec"]["selector"] == made["metadata"]["labels"] == LABELS
    assert made["spec"]["replicas"] == 1
    assert judged(workloads.REPLICATION_CONTROLLER_RULES, made) == []


def test_a_pod_template_is_completed() -> None:
    given = shaped(
        {
            "apiVersion": "v1",
            "kind": "PodTemplate",
            "metadata": {"name": "web", "namespace": "shop"},
            "template": TEMPLATE,
        }
    )
    made = admitted(workloads.POD_TEMPLATE_RULES, given)
    assert made["template"]["spec"]["restartPolicy"] == "Always"
