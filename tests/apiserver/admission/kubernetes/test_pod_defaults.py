"""Defaults of pod specs."""

from typing import Any

import pytest

from apiserver.admission.kubernetes.pod_defaults import (
    default_pod_only,
    default_pod_spec,
    default_template,
    pull_policy,
)
from karmada.api.objects import Object

CONTAINER = {"name": "c", "image": "registry.test/web:1.4"}


def container(**fields: Any) -> Object:
    """The defaulted container of a spec that has only this one."""
    spec: Object = {"containers": [{**CONTAINER, **fields}]}
    default_pod_spec(spec)
    settled: Object = spec["containers"][0]
    return settled


def volume(**source: Any) -> Object:
    spec: Object = {"containers": [], "volumes": [{"name": "v", **source}]}
    default_pod_spec(spec)
    settled: Object = spec["volumes"][0]
    return settled


def test_a_template_is_completed_as_kubernetes_does() -> None:
    template: Object = {"metadata": {}, "spec": {"containers": [dict(CONTAINER)]}}
    default_template(template)
    assert template["spec"] == {
        "containers": [
            {
                **CONTAINER,
                "imagePullPolicy": "IfNotPresent",
                "terminationMessagePath": "/dev/termination-log",
                "terminationMessagePolicy": "File",
            }
        ],
        "dnsPolicy": "ClusterFirst",
        "restartPolicy": "Always",
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "terminationGracePeriodSeconds": 30,
    }


def test_defaults_come_to_the_same_when_they_run_again() -> None:
    spec: Object = {"containers": [{**CONTAINER, "livenessProbe": {"httpGet": {"port": 80}}}]}
    default_pod_spec(spec)
    once = repr(spec)
    default_pod_spec(spec)
    assert repr(spec) == once


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("nginx", "Always"),
        ("nginx:latest", "Always"),
        ("nginx:1.27", "IfNotPresent"),
        ("registry.test:5000/nginx", "Always"),
        ("registry.test:5000/nginx:1", "IfNotPresent"),
        ("nginx@sha256:abc", "IfNotPresent"),
        ("nginx:latest@sha256:abc", "IfNotPresent"),
    ],
)
def test_only_moving_tags_are_pulled_always(image: str, policy: str) -> None:
    assert pull_policy(image) == policy


def test_probes_and_hooks_are_completed() -> None:
    probe = container(readinessProbe={"grpc": {"port": 1}})["readinessProbe"]
    assert probe == {
        "grpc": {"port": 1, "service": ""},
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    }
    hook = container(lifecycle={"preStop": {"httpGet": {"port": 80}}})["lifecycle"]["preStop"]
    assert hook == {"httpGet": {"port": 80, "path": "/", "scheme": "HTTP"}}


def test_fields_are_read_from_version_one() -> None:
    env = [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]
    reference = container(env=env)["env"][0]["valueFrom"]["fieldRef"]
    assert reference["apiVersion"] == "v1"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({}, {"emptyDir": {}}, id="no-source"),
        pytest.param(
            {"configMap": {"name": "a"}}, {"configMap": {"name": "a", "defaultMode": 420}}, id="config-map"
        ),
        pytest.param({"hostPath": {"path": "/"}}, {"hostPath": {"path": "/", "type": ""}}, id="host-path"),
        pytest.param(
            {"projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}},
            {
                "projected": {
                    "sources": [{"serviceAccountToken": {"path": "t", "expirationSeconds": 3600}}],
                    "defaultMode": 420,
                }
            },
            id="projected",
        ),
        pytest.param(
            {"downwardAPI": {"items": [{"path": "a", "fieldRef": {"fieldPath": "b"}}]}},
            {
                "downwardAPI": {
                    "items": [{"path": "a", "fieldRef": {"fieldPath": "b", "apiVersion": "v1"}}],
                    "defaultMode": 420,
                }
            },
            id="downward",
        ),
        pytest.param(
            {"ephemeral": {"volumeClaimTemplate": {"spec": {"resources": {}}}}},
            {"ephemeral": {"volumeClaimTemplate": {"spec": {"resources": {}, "volumeMode": "Filesystem"}}}},
            id="ephemeral",
        ),
        pytest.param({"nfs": {"server": "a"}}, {"nfs": {"server": "a"}}, id="nothing-to-say"),
    ],
)
def test_volumes_are_completed(given: Object, expected: Object) -> None:
    assert volume(**given) == {"name": "v", **expected}


def test_both_names_of_the_account_agree() -> None:
    spec: Object = {"containers": [], "serviceAccount": "robot"}
    default_pod_spec(spec)
    assert spec["serviceAccountName"] == spec["serviceAccount"] == "robot"


def test_a_negative_grace_period_is_the_shortest() -> None:
    spec: Object = {"containers": [], "terminationGracePeriodSeconds": -5}
    default_pod_spec(spec)
    assert spec["terminationGracePeriodSeconds"] == 1


def test_pods_request_what_they_are_limited_to_and_ports_of_the_host_are_their_own() -> None:
    resources = {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "500m"}}
    spec: Object = {
        "hostNetwork": True,
        "containers": [{**CONTAINER, "resources": resources, "ports": [{"containerPort": 80}]}],
    }
    default_pod_only(spec)
    assert spec["containers"][0]["resources"]["requests"] == {"cpu": "500m", "memory": "1Gi"}
    assert spec["containers"][0]["ports"] == [{"containerPort": 80, "hostPort": 80}]
    assert spec["enableServiceLinks"] is True
