"""What objects use of quotas, by name; scopes."""

from typing import Any

import pytest

from karmada.api.objects import Object
from karmada.api.quota_usage import concerns, counted_resource, in_scope, unsaid, usage_of


def pod(*containers: Object, **spec: Any) -> Object:
    return {"spec": {"containers": list(containers) or [{"name": "c"}], **spec}}


def asking(requests: Object | None = None, limits: Object | None = None, **fields: Any) -> Object:
    return {"name": "c", "resources": {"requests": requests or {}, "limits": limits or {}}, **fields}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("pods", ("pods", ""), id="pods"),
        pytest.param("requests.example.org/gpu", ("pods", ""), id="extended"),
        pytest.param("hugepages-2Mi", ("pods", ""), id="huge-pages"),
        pytest.param("configmaps", ("configmaps", ""), id="plain"),
        pytest.param("count/deployments.apps", ("deployments", "apps"), id="count"),
        pytest.param("count/looms.mill.example.org", ("looms", "mill.example.org"), id="custom"),
        pytest.param("count/secrets", ("secrets", ""), id="count-of-the-core"),
        pytest.param("services.loadbalancers", ("services", ""), id="services"),
        pytest.param("requests.storage", ("persistentvolumeclaims", ""), id="storage"),
        pytest.param(
            "gold.storageclass.storage.k8s.io/requests.storage", ("persistentvolumeclaims", ""), id="by-class"
        ),
    ],
)
def test_names_say_what_is_counted(name: str, expected: tuple[str, str]) -> None:
    assert counted_resource(name) == expected
    assert concerns(name, expected[1], expected[0])


@pytest.mark.parametrize(
    ("group", "resource", "obj", "expected"),
    [
        pytest.param("", "configmaps", {}, {"count/configmaps": "1", "configmaps": "1"}, id="configmap"),
        pytest.param("apps", "deployments", {}, {"count/deployments.apps": "1"}, id="deployment"),
        pytest.param(
            "",
            "services",
            {"spec": {"type": "LoadBalancer", "ports": [{}, {}]}},
            {"services.loadbalancers": "1", "services.nodeports": "2", "services": "1"},
            id="load-balancer",
        ),
        pytest.param(
            "",
            "services",
            {
                "spec": {
                    "type": "LoadBalancer",
                    "allocateLoadBalancerNodePorts": False,
                    "ports": [{"nodePort": 30000}, {}],
                }
            },
            {"services.nodeports": "1"},
            id="load-balancer-without-node-ports",
        ),
        pytest.param(
            "",
            "persistentvolumeclaims",
            {"spec": {"storageClassName": "gold", "resources": {"requests": {"storage": "1Gi"}}}},
            {
                "persistentvolumeclaims": "1",
                "requests.storage": "1Gi",
                "gold.storageclass.storage.k8s.io/requests.storage": "1Gi",
                "gold.storageclass.storage.k8s.io/persistentvolumeclaims": "1",
            },
            id="claim",
        ),
        pytest.param(
            "",
            "pods",
            pod(
                asking({"cpu": "1", "memory": "1Gi", "hugepages-2Mi": "2Mi"}, {"cpu": "2"}),
                initContainers=[asking({"cpu": "3"}), asking({"memory": "1Gi"}, restartPolicy="Always")],
            ),
            {
                "pods": "1",
                "cpu": "3",
                "requests.cpu": "3",
                "memory": "2Gi",
                "limits.cpu": "2",
                "requests.hugepages-2Mi": "2Mi",
            },
            id="pod-with-init-containers-and-a-sidecar",
        ),
    ],
)
def test_an_object_uses(group: str, resource: str, obj: Object, expected: dict[str, str]) -> None:
    used = usage_of(group, resource, obj)
    assert {name: str(used[name]) for name in expected} == expected


def test_a_pod_that_has_ended_uses_nothing_but_its_place() -> None:
    ended = {**pod(asking({"cpu": "1"})), "status": {"phase": "Failed"}}
    assert list(usage_of("", "pods", ended)) == ["count/pods"]


CLASSES = {"scopeName": "PriorityClass", "operator": "In", "values": ["high"]}


@pytest.mark.parametrize(
    ("spec", "subject", "expected"),
    [
        pytest.param({"scopes": ["BestEffort"]}, pod(), True, id="asks-for-nothing"),
        pytest.param({"scopes": ["NotBestEffort"]}, pod(asking({"cpu": "1"})), True, id="asks-for-something"),
        pytest.param({"scopes": ["BestEffort"]}, pod(asking({"cpu": "1"})), False, id="not-best-effort"),
        pytest.param({"scopes": ["Terminating"]}, pod(), False, id="no-deadline"),
        pytest.param({"scopes": ["Terminating"]}, pod(activeDeadlineSeconds=0), True, id="deadline"),
        pytest.param({"scopes": ["NotTerminating"]}, pod(), True, id="runs-on"),
        pytest.param({"scopes": ["PriorityClass"]}, pod(), False, id="no-class"),
        pytest.param(
            {"scopeSelector": {"matchExpressions": [CLASSES]}},
            pod(priorityClassName="high"),
            True,
            id="class",
        ),
        pytest.param(
            {"scopeSelector": {"matchExpressions": [{**CLASSES, "operator": "NotIn"}]}},
            pod(),
            True,
            id="not-that-class",
        ),
        pytest.param(
            {"scopes": ["CrossNamespacePodAffinity"]},
            pod(
                affinity={
                    "podAffinity": {
                        "requiredDuringSchedulingIgnoredDuringExecution": [{"namespaceSelector": {}}]
                    }
                }
            ),
            True,
            id="looks-into-other-namespaces",
        ),
    ],
)
def test_scopes(spec: Object, subject: Object, expected: bool) -> None:
    assert in_scope({"spec": spec}, "", "pods", subject) is expected


def test_what_is_no_pod_is_in_no_scope_of_pods() -> None:
    assert not in_scope({"spec": {"scopes": ["BestEffort"]}}, "", "configmaps", {})
    assert in_scope({"spec": {}}, "", "configmaps", {})


def test_every_container_must_speak_about_what_is_limited() -> None:
    subject = pod(asking({"cpu": "1"}), {"name": "d"})
    assert unsaid(["cpu", "limits.memory", "pods"], subject) == {"cpu": ["d"], "limits.memory": ["c", "d"]}
