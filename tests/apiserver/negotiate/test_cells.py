"""What the tables of each kind show."""

from dataclasses import replace
from typing import Any

import pytest

from apiserver.handlers.cells import CELLS
from apiserver.handlers.cells.pods import row_conditions
from apiserver.handlers.columns import json_path_cell, layout_of
from apiserver.handlers.durations import Since
from karmada.api.facts import column_facts
from karmada.api.gvk import GroupVersionResource
from karmada.api.objects import Object
from karmada.api.scheme import Column, all_resources

NOW = 1_000_000.0
CREATED = "1970-01-12T13:41:40Z"  # 5 minutes before NOW


def shown(obj: Object, group: str, kind: str) -> list[Any]:
    """The cells of obj at NOW."""
    full = {**obj, "metadata": {"name": "x", "creationTimestamp": CREATED, **obj.get("metadata", {})}}
    cells = [cell(full) for cell in CELLS[group, kind]]
    return [cell.text(NOW) if isinstance(cell, Since) else cell for cell in cells]


TEMPLATE = {"spec": {"containers": [{"name": "a", "image": "nginx"}, {"name": "b", "image": "redis:7"}]}}
SELECTOR = {
    "matchLabels": {"app": "x"},
    "matchExpressions": [
        {"key": "tier", "operator": "NotIn", "values": ["b", "a"]},
        {"key": "gone", "operator": "DoesNotExist"},
    ],
}


@pytest.mark.parametrize(
    ("group", "kind", "obj", "cells"),
    [
        pytest.param(
            "", "ConfigMap", {"data": {"a": "1"}, "binaryData": {"b": ""}}, ["x", 2, "5m"], id="configmap"
        ),
        pytest.param(
            "", "Secret", {"type": "Opaque", "data": {"a": ""}}, ["x", "Opaque", 1, "5m"], id="secret"
        ),
        pytest.param("", "Namespace", {"status": {"phase": "Active"}}, ["x", "Active", "5m"], id="namespace"),
        pytest.param("", "LimitRange", {}, ["x", CREATED], id="created-at-is-a-date"),
        pytest.param(
            "apps",
            "Deployment",
            {
                "spec": {"replicas": 3, "template": TEMPLATE, "selector": SELECTOR},
                "status": {"readyReplicas": 1, "updatedReplicas": 2, "availableReplicas": 1},
            },
            ["x", "1/3", 2, 1, "5m", "a,b", "nginx,redis:7", "app=x,!gone,tier notin (a,b)"],
            id="deployment",
        ),
        pytest.param(
            "apps",
            "DaemonSet",
            {
                "spec": {"template": {"spec": {"containers": [], "nodeSelector": {"b": "2", "a": "1"}}}},
                "status": {"desiredNumberScheduled": 4, "numberReady": 3},
            },
            ["x", 4, 0, 3, 0, 0, "a=1,b=2", "5m", "", "", "<none>"],
            id="daemonset",
        ),
        pytest.param(
            "",
            "Service",
            {
                "spec": {
                    "type": "NodePort",
                    "clusterIPs": ["10.0.0.1"],
                    "ports": [{"port": 80, "nodePort": 30080}, {"port": 53, "protocol": "UDP"}],
                    "selector": {"app": "x"},
                }
            },
            ["x", "NodePort", "10.0.0.1", "<none>", "80:30080/TCP,53/UDP", "5m", "app=x"],
            id="service",
        ),
        pytest.param(
            "",
            "Service",
            {"spec": {"type": "LoadBalancer", "clusterIPs": ["10.0.0.1"], "externalIPs": ["1.1.1.1"]}},
            ["x", "LoadBalancer", "10.0.0.1", "1.1.1.1", "<none>", "5m", "<none>"],
            id="service-balancer-pending-with-external-ip",
        ),
        pytest.param(
            "",
            "Endpoints",
            {
                "subsets": [
                    {"addresses": [{"ip": f"10.0.0.{n}"} for n in range(1, 6)], "ports": [{"port": 80}]},
                    {"addresses": [{"ip": "::1"}]},
                ]
            },
            ["x", "10.0.0.1:80,10.0.0.2:80,10.0.0.3:80 + 3 more...", "5m"],
            id="endpoints",
        ),
        pytest.param(
            "batch",
            "Job",
            {
                "spec": {"parallelism": 2, "template": TEMPLATE},
                "status": {"startTime": "1970-01-12T13:42:40Z", "succeeded": 1},
            },
            ["x", "Running", "1/1 of 2", "4m", "5m", "a,b", "nginx,redis:7", "<none>"],
            id="job-running",
        ),
        pytest.param(
            "batch",
            "Job",
            {
                "spec": {"completions": 3},
                "status": {
                    "startTime": "1970-01-12T13:00:00Z",
                    "completionTime": "1970-01-12T13:01:30Z",
                    "succeeded": 3,
                    "conditions": [{"type": "Complete", "status": "True"}],
                },
            },
            ["x", "Complete", "3/3", "90s", "5m", "", "", "<none>"],
            id="job-complete",
        ),
        pytest.param(
            "batch",
            "CronJob",
            {"spec": {"schedule": "* * * * *", "suspend": False}, "status": {"active": [{}]}},
            ["x", "* * * * *", "<none>", "False", 1, "<none>", "5m", "", "", "<none>"],
            id="cronjob",
        ),
        pytest.param(
            "autoscaling",
            "HorizontalPodAutoscaler",
            {
                "spec": {
                    "scaleTargetRef": {"kind": "Deployment", "name": "d"},
                    "maxReplicas": 9,
                    "metrics": [
                        {
                            "type": "Resource",
                            "resource": {"name": "cpu", "target": {"averageUtilization": 80}},
                        },
                        {"type": "Pods", "pods": {"target": {"averageValue": "1k"}}},
                        {"type": "Object", "object": {"target": {"value": "3"}}},
                    ],
                },
                "status": {
                    "currentReplicas": 2,
                    "currentMetrics": [{"resource": {"current": {"averageUtilization": 41}}}],
                },
            },
            ["x", "Deployment/d", "cpu: 41%/80%, <unknown>/1k + 1 more...", "<unset>", 9, 2, "5m"],
            id="horizontal-pod-autoscaler",
        ),
        pytest.param(
            "",
            "Event",
            {
                "type": "Normal",
                "reason": "Scaled",
                "message": " done \n",
                "involvedObject": {"kind": "Pod", "name": "p"},
                "lastTimestamp": CREATED,
                "source": {"component": "kubelet", "host": "n1"},
                "count": 3,
            },
            ["5m", "Normal", "Scaled", "pod/p", "", "kubelet, n1", "done", "<unknown>", 3, "x"],
            id="event",
        ),
        pytest.param(
            "",
            "Node",
            {
                "metadata": {
                    "labels": {"node-role.kubernetes.io/control-plane": "", "kubernetes.io/role": "etcd"}
                },
                "spec": {"unschedulable": True},
                "status": {
                    "conditions": [{"type": "Ready", "status": "True"}],
                    "addresses": [{"type": "InternalIP", "address": "10.1.1.1"}],
                    "nodeInfo": {
                        "kubeletVersion": "v1.36.0",
                        "kernelVersion": "6.1",
                        "architecture": "arm64",
                    },
                },
            },
            [
                "x",
                "Ready,SchedulingDisabled",
                "control-plane,etcd",
                "5m",
                "v1.36.0",
                "10.1.1.1",
                "<none>",
                "<unknown>",
                "6.1 (arm64)",
                "<unknown>",
            ],
            id="node",
        ),
        pytest.param(
            "",
            "PersistentVolumeClaim",
            {
                "spec": {"volumeName": "pv", "storageClassName": "fast", "volumeMode": "Filesystem"},
                "status": {
                    "phase": "Bound",
                    "capacity": {"storage": "1Gi"},
                    "accessModes": ["ReadWriteMany", "ReadWriteOnce"],
                },
            },
            ["x", "Bound", "pv", "1Gi", "RWO,RWX", "fast", "<unset>", "5m", "Filesystem"],
            id="claim",
        ),
        pytest.param(
            "",
            "ResourceQuota",
            {"status": {"hard": {"pods": "5", "cpu": "2", "limits.cpu": "4"}, "used": {"pods": "1"}}},
            ["x", "cpu: 0/2, pods: 1/5", "limits.cpu: 0/4", "5m"],
            id="quota",
        ),
        pytest.param(
            "rbac.authorization.k8s.io",
            "RoleBinding",
            {
                "roleRef": {"kind": "Role", "name": "r"},
                "subjects": [
                    {"kind": "User", "name": "u"},
                    {"kind": "ServiceAccount", "name": "s", "namespace": "n"},
                    {"kind": "ServiceAccount", "name": "t", "namespace": "n"},
                ],
            },
            ["x", "Role/r", "5m", "u", "", "n/s, n/t"],
            id="role-binding",
        ),
        pytest.param(
            "networking.k8s.io",
            "Ingress",
            {
                "spec": {"rules": [{"host": f"h{n}"} for n in range(5)], "tls": [{}]},
                "status": {"loadBalancer": {"ingress": [{"hostname": "b"}, {"ip": "1.1.1.1"}]}},
            },
            ["x", "<none>", "h0,h1,h2 + 2 more...", "1.1.1.1,b", "80, 443", "5m"],
            id="ingress",
        ),
        pytest.param(
            "storage.k8s.io",
            "StorageClass",
            {
                "metadata": {"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
                "provisioner": "p",
            },
            ["x (default)", "p", "Delete", "Immediate", False, "5m"],
            id="storage-class",
        ),
        pytest.param(
            "certificates.k8s.io",
            "CertificateSigningRequest",
            {
                "spec": {"signerName": "s/n", "username": "u", "expirationSeconds": 3600},
                "status": {"certificate": "x", "conditions": [{"type": "Approved"}]},
            },
            ["x", "5m", "s/n", "u", "60m", "Approved,Issued"],
            id="signing-request",
        ),
        pytest.param(
            "cluster.karmada.io",
            "Cluster",
            {
                "spec": {"syncMode": "Push", "apiEndpoint": "https://m1", "zones": ["a", "b"]},
                "status": {
                    "kubernetesVersion": "v1.36.0",
                    "conditions": [{"type": "Ready", "status": "True"}],
                },
            },
            ["x", "v1.36.0", "Push", "True", "5m", "a,b", "<none>", "<none>", "https://m1", "<none>"],
            id="cluster",
        ),
        pytest.param(
            "cluster.karmada.io",
            "Cluster",
            {"spec": {"syncMode": "Pull"}},
            ["x", "", "Pull", "Unknown", "5m", "<none>", "<none>", "<none>", "", "<none>"],
            id="cluster-never-seen",
        ),
    ],
)
def test_cells(group: str, kind: str, obj: Object, cells: list[Any]) -> None:
    assert shown(obj, group, kind) == cells


@pytest.mark.parametrize(
    ("selector", "text"),
    [
        pytest.param({}, "", id="empty"),
        pytest.param({"matchLabels": {"b": "2", "a": "1"}}, "a=1,b=2", id="labels"),
        pytest.param({"matchExpressions": [{"key": "a", "operator": "Near"}]}, "<invalid>", id="operator"),
        pytest.param({"matchExpressions": [{"key": "a", "operator": "In"}]}, "<invalid>", id="no-values"),
        pytest.param({"matchExpressions": [{"key": "a", "operator": "Exists"}]}, "a", id="exists"),
    ],
)
def test_the_selector_of_a_deployment(selector: Object, text: str) -> None:
    assert shown({"spec": {"selector": selector}}, "apps", "Deployment")[-1] == text


def container(state: Object | None = None, **more: Any) -> Object:
    return {"name": "c", "state": state or {}, **more}


RUNNING = {"running": {"startedAt": CREATED}}


def ended(code: int, **more: Any) -> Object:
    return {"terminated": {"exitCode": code, **more}}


def pod(phase: str = "Running", *statuses: Object, **status: Any) -> Object:
    return {
        "spec": {"containers": [{"name": "c"}] * max(len(statuses), 1)},
        "status": {"phase": phase, "containerStatuses": list(statuses), **status},
    }


def starting(*statuses: Object, **more: Any) -> Object:
    """A pod whose init containers are in these states."""
    obj = pod("Pending", initContainerStatuses=list(statuses), **more)
    obj["spec"]["initContainers"] = [{"name": one["name"]} for one in statuses]
    return obj


READY = {"type": "Ready", "status": "True"}


@pytest.mark.parametrize(
    ("obj", "word"),
    [
        pytest.param(pod("Pending"), "Pending", id="phase"),
        pytest.param(pod("Failed", reason="Evicted"), "Evicted", id="reason-over-phase"),
        pytest.param(pod("Running", container(RUNNING, ready=True)), "Running", id="running"),
        pytest.param(
            pod("Pending", container({"waiting": {"reason": "ImagePullBackOff"}})),
            "ImagePullBackOff",
            id="waiting",
        ),
        pytest.param(pod("Failed", container(ended(1, reason="Error"))), "Error", id="ended-with-reason"),
        pytest.param(pod("Failed", container(ended(137, signal=9))), "Signal:9", id="ended-by-signal"),
        pytest.param(pod("Failed", container(ended(2))), "ExitCode:2", id="ended-with-code"),
        pytest.param(
            pod(
                "Running",
                container(ended(0, reason="Completed")),
                container(RUNNING, ready=True),
                conditions=[READY],
            ),
            "Running",
            id="one-done-one-running-and-ready",
        ),
        pytest.param(
            pod("Running", container(ended(0, reason="Completed")), container(RUNNING, ready=True)),
            "NotReady",
            id="one-done-one-running-not-ready",
        ),
        pytest.param(starting(container(RUNNING), container()), "Init:0/2", id="first-init-container-runs"),
        pytest.param(
            starting(container(ended(0)), container()), "Init:1/2", id="second-init-container-waits"
        ),
        pytest.param(starting(container(ended(3))), "Init:ExitCode:3", id="init-container-failed"),
        pytest.param(
            starting(container({"waiting": {"reason": "CrashLoopBackOff"}})),
            "Init:CrashLoopBackOff",
            id="init-container-crashes",
        ),
        pytest.param(
            pod("Pending", conditions=[{"type": "PodScheduled", "reason": "SchedulingGated"}]),
            "SchedulingGated",
            id="gated",
        ),
        pytest.param(
            {**pod("Running"), "metadata": {"deletionTimestamp": CREATED}}, "Terminating", id="being-deleted"
        ),
        pytest.param(
            {**pod("Succeeded"), "metadata": {"deletionTimestamp": CREATED}},
            "Succeeded",
            id="deleted-when-over",
        ),
        pytest.param(
            {**pod("Running", reason="NodeLost"), "metadata": {"deletionTimestamp": CREATED}},
            "Unknown",
            id="node-lost",
        ),
    ],
)
def test_the_status_word_of_a_pod(obj: Object, word: str) -> None:
    assert shown(obj, "", "Pod")[2] == word


@pytest.mark.parametrize(
    ("obj", "ready", "restarts"),
    [
        pytest.param(pod("Pending"), "0/1", "0", id="nothing-yet"),
        pytest.param(
            pod(
                "Running",
                container(RUNNING, ready=True, restartCount=2, lastState=ended(1, finishedAt=CREATED)),
                container(RUNNING, restartCount=1),
            ),
            "1/2",
            "3 (5m ago)",
            id="restarted",
        ),
    ],
)
def test_readiness_and_restarts_of_a_pod(obj: Object, ready: str, restarts: str) -> None:
    cells = shown(obj, "", "Pod")
    assert (cells[1], cells[3]) == (ready, restarts)


def test_a_sidecar_counts_among_the_containers() -> None:
    obj = pod("Running", container(RUNNING, ready=True))
    obj["spec"]["initContainers"] = [{"name": "side", "restartPolicy": "Always"}]
    obj["status"]["initContainerStatuses"] = [
        {"name": "side", "started": True, "ready": True, "restartCount": 4, "state": RUNNING}
    ]
    cells = shown(obj, "", "Pod")
    assert (cells[1], cells[2], cells[3]) == ("2/2", "Running", "4")


def test_a_pod_that_is_over_says_so_in_its_row() -> None:
    assert row_conditions(pod("Running")) == []
    assert row_conditions(pod("Failed")) == [
        {"type": "Completed", "status": "True", "reason": "Failed", "message": "The pod failed."}
    ]


def test_every_kind_has_a_cell_for_every_column() -> None:
    for key, columns in column_facts().items():
        assert len(CELLS[key]) == len(columns), key


def test_every_listed_kind_has_a_table() -> None:
    without = {
        served.kind for served in all_resources().values() if served.list_kind and layout_of(served) is None
    }
    assert without == set()


@pytest.mark.parametrize("key", sorted(CELLS), ids=lambda key: f"{key[1]}.{key[0]}")
def test_cells_survive_an_empty_object(key: tuple[str, str]) -> None:
    for cell in CELLS[key]:
        cell({"metadata": {}})


WORK = {
    "metadata": {"name": "w", "creationTimestamp": CREATED},
    "spec": {"workload": {"manifests": [{"kind": "Deployment"}, {"kind": "Service"}]}},
    "status": {"conditions": [{"type": "Applied", "status": "True"}]},
}


@pytest.mark.parametrize(
    ("resource", "obj", "cells"),
    [
        pytest.param(
            GroupVersionResource("work.karmada.io", "v1alpha1", "works"),
            WORK,
            ["w", "Deployment", "True", "5m"],
            id="work",
        ),
        pytest.param(
            GroupVersionResource("policy.karmada.io", "v1alpha1", "propagationpolicies"),
            {"metadata": {"name": "p", "creationTimestamp": CREATED}, "spec": {"priority": 7}},
            ["p", None, "7", "5m"],
            id="propagation-policy",
        ),
        pytest.param(
            GroupVersionResource("policy.karmada.io", "v1alpha1", "federatedresourcequotas"),
            {"metadata": {"name": "q"}, "status": {"overall": {"cpu": "1"}}},
            ["q", '{"cpu":"1"}', None],
            id="maps-are-shown-as-json",
        ),
        pytest.param(
            GroupVersionResource("events.k8s.io", "v1", "events"),
            {
                "metadata": {"name": "e"},
                "type": "Normal",
                "regarding": {"kind": "Pod", "name": "p"},
                "note": "hi",
            },
            ["<unknown>", "Normal", "", "pod/p", "", "", "hi", "<unknown>", 1, "e"],
            id="events-of-the-newer-group",
        ),
    ],
)
def test_rows_of_declared_columns(resource: GroupVersionResource, obj: Object, cells: list[Any]) -> None:
    layout = layout_of(all_resources()[resource])
    assert layout is not None
    found = [cell(obj) for cell in layout.cells]
    assert [cell.text(NOW) if isinstance(cell, Since) else cell for cell in found] == cells


@pytest.mark.parametrize(
    ("kind", "value", "cell"),
    [
        pytest.param("integer", 3, 3, id="integer"),
        pytest.param("integer", 3.7, 3, id="integer-of-a-fraction"),
        pytest.param("integer", "3", None, id="integer-of-text"),
        pytest.param("number", 1.5, 1.5, id="number"),
        pytest.param("boolean", True, True, id="boolean"),
        pytest.param("boolean", "true", None, id="boolean-of-text"),
        pytest.param("string", True, "true", id="text-of-a-flag"),
        pytest.param("string", [1, 2], "[1,2]", id="text-of-a-list"),
        pytest.param("string", None, None, id="null"),
        pytest.param("date", "nonsense", "<invalid>", id="no-date"),
        pytest.param("date", "1970-01-12T13:41:40Z", Since(999_700.0), id="date"),
    ],
)
def test_a_custom_column_shows_by_its_type(kind: str, value: Any, cell: Any) -> None:
    column = Column("C", type=kind, json_path=".spec.value")
    assert json_path_cell(column)({"spec": {"value": value}}) == cell


@pytest.mark.parametrize(
    ("columns", "names"),
    [
        pytest.param((), ["Name", "Age"], id="none-declared"),
        pytest.param((Column("Size", json_path=".spec.size"),), ["Name", "Size"], id="name-comes-first"),
    ],
)
def test_the_columns_of_a_custom_resource(columns: tuple[Column, ...], names: list[str]) -> None:
    works = all_resources()[GroupVersionResource("work.karmada.io", "v1alpha1", "works")]
    layout = layout_of(replace(works, columns=columns, custom=True))
    assert layout is not None
    assert [column.name for column in layout.columns] == names
