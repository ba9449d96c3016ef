"""One typical object of every kind in the catalogue, and what three members say about it."""

from typing import Any, Final

from karmada.api.groups.work import AggregatedStatusItem
from karmada.api.gvk import GroupVersionKind
from karmada.api.objects import Object
from karmada.api.wellknown import TEMPLATE_GENERATION_ANNOTATION
from karmada.interpreter.thirdparty.catalogue import CATALOGUE

GENERATION: Final = 4
MEMBER_GENERATION: Final = 2
EARLY: Final = "2026-03-01T08:00:00Z"
LATER: Final = "2026-03-01T09:30:00Z"
POD: Final[Object] = {
    "metadata": {"labels": {"app": "demo"}},
    "spec": {
        "serviceAccountName": "runner",
        "nodeSelector": {"disk": "fast"},
        "containers": [
            {
                "name": "main",
                "resources": {"requests": {"cpu": "250m", "memory": "64Mi"}},
                "envFrom": [{"configMapRef": {"name": "settings"}}, {"secretRef": {"name": "password"}}],
            }
        ],
    },
}
"""A pod template."""
POD_NEEDS: Final[Object] = {
    "nodeClaim": {"nodeSelector": {"disk": "fast"}},
    "resourceRequest": {"cpu": "250m", "memory": "64Mi"},
}
POD_REFERENCES: Final = ["ConfigMap/settings", "Secret/password", "ServiceAccount/runner"]
RAY: Final[Object] = {
    "headGroupSpec": {"template": POD},
    "workerGroupSpecs": [
        {"groupName": "small", "replicas": 2, "template": POD},
        {"replicas": 1, "template": {"spec": {"containers": [{"resources": {"requests": {"cpu": "2"}}}]}}},
    ],
}


def condition(type_: str, status: str = "True", **fields: Any) -> Object:
    return {"type": type_, "status": status, **fields}


def ready(reason: str) -> Object:
    """A status of Flux or Kyverno."""
    return {"conditions": [condition("Ready", reason=reason, message="fine")]}


def counted(*names: str) -> Object:
    """A status in which each counter has another value, seen by its controller."""
    return {
        **{name: number for number, name in enumerate(names, start=1)},
        "observedGeneration": MEMBER_GENERATION,
        "generation": MEMBER_GENERATION,
        "resourceTemplateGeneration": GENERATION,
    }


SPECS: Final[dict[str, Object]] = {
    "AdvancedCronJob": {"template": {"jobTemplate": {"spec": {"template": POD}}}},
    "BroadcastJob": {"parallelism": 3, "template": POD},
    "CloneSet": {"replicas": 3, "template": POD},
    "DaemonSet": {"template": POD},
    "SidecarSet": {"namespace": "shop", "containers": POD["spec"]["containers"]},
    "UnitedDeployment": {"replicas": 3, "template": POD},
    "StatefulSet": {"replicas": 3, "template": POD},
    "Workflow": {"parallelism": 2, "nodeSelector": {"disk": "fast"}, "serviceAccountName": "runner"},
    "Job": {"tasks": [{"name": "map", "minAvailable": 2, "template": POD}, {"template": POD}]},
    "FlinkDeployment": {
        "job": {"parallelism": 5},
        "flinkConfiguration": {"taskmanager.numberOfTaskSlots": "2"},
        "jobManager": {"resource": {"cpu": 1, "memory": "1024m"}},
        "taskManager": {"resource": {"cpu": 0.5, "memory": "2g"}},
    },
    "HelmRelease": {"valuesFrom": [{"kind": "ConfigMap", "name": "values"}], "serviceAccountName": "flux"},
    "Kustomization": {"decryption": {"secretRef": {"name": "age"}}, "serviceAccountName": "flux"},
    "GitRepository": {"secretRef": {"name": "git"}, "verify": {"secretRef": {"name": "keys"}}},
    "Bucket": {"secretRef": {"name": "s3"}},
    "HelmChart": {"verify": {"secretRef": {"name": "keys"}}},
    "HelmRepository": {"secretRef": {"name": "charts"}},
    "OCIRepository": {"secretRef": {"name": "registry"}, "certSecretRef": {"name": "ca"}},
    "Notebook": {"template": POD},
    "PyTorchJob": {
        "pytorchReplicaSpecs": {"Worker": {"replicas": 2, "template": POD}, "Master": {"template": POD}}
    },
    "TFJob": {"tfReplicaSpecs": {"Worker": {"replicas": 2, "template": POD}, "PS": {"template": POD}}},
    "MPIJob": {
        "mpiReplicaSpecs": {"Worker": {"replicas": 4, "template": POD}, "Launcher": {"template": POD}}
    },
    "ClusterPolicy": {"rules": []},
    "Policy": {"rules": []},
    "RayCluster": RAY,
    "RayJob": {"rayClusterSpec": RAY, "submitterPodTemplate": POD},
    "RayService": {"rayClusterConfig": RAY},
    "SparkApplication": {
        "type": "Scala",
        "driver": {"cores": 1, "memory": "512m", "nodeSelector": {"disk": "fast"}},
        "executor": {"cores": 2, "instances": 3, "memory": "2g"},
    },
}
STATUSES: Final[dict[str, Object]] = {
    "AdvancedCronJob": {"type": "Job", "active": [{"name": "run"}], "lastScheduleTime": EARLY},
    "BroadcastJob": {**counted("active", "succeeded", "desired"), "failed": 0, "phase": "running"},
    "CloneSet": {**counted("readyReplicas", "replicas", "updatedReplicas"), "labelSelector": "app=demo"},
    "DaemonSet": {**counted("numberReady", "desiredNumberScheduled"), "daemonSetHash": "5d8"},
    "SidecarSet": {"matchedPods": 3, "updatedPods": 2, "readyPods": 1},
    "UnitedDeployment": {
        **counted("readyReplicas", "replicas"),
        "conditions": [condition("SubsetProvisioned")],
    },
    "StatefulSet": {**counted("readyReplicas", "replicas"), "currentRevision": "demo-1"},
    "Workflow": {"phase": "Running"},
    "Job": {
        "minAvailable": 2,
        "running": 2,
        "version": 1,
        "runningDuration": "1m30s",
        "taskStatusCount": {"map": {"phase": {"Running": 2}}},
        "state": {"phase": "Running"},
        "conditions": [{"status": "Running", "lastTransitionTime": EARLY}],
    },
    "FlinkDeployment": {
        "jobStatus": {"state": "RUNNING"},
        "lifecycleState": "STABLE",
        "observedGeneration": 2,
    },
    "HelmRelease": {**ready("ReconciliationSucceeded"), "lastAppliedRevision": "1.2.3", "failures": 1},
    "Kustomization": {**ready("ReconciliationSucceeded"), "lastAppliedRevision": "main@sha1:0a1"},
    "GitRepository": {**ready("Succeeded"), "artifact": {"revision": "main@sha1:0a1"}},
    "Bucket": {**ready("Succeeded"), "artifact": {"revision": "7"}, "url": "https://bucket.test"},
    "HelmChart": {**ready("ChartPullSucceeded"), "observedChartName": "demo", "url": "https://chart.test"},
    "HelmRepository": {**ready("Succeeded"), "url": "https://charts.test"},
    "OCIRepository": {**ready("Succeeded"), "url": "https://oci.test"},
    "Notebook": {"readyReplicas": 1, "containerState": {"running": {"startedAt": EARLY}}},
    "PyTorchJob": {
        "startTime": EARLY,
        "replicaStatuses": {"Worker": {"active": 2}},
        "conditions": [condition("Created"), condition("Running", lastUpdateTime=EARLY)],
    },
    "TFJob": {"startTime": EARLY, "replicaStatuses": {"Worker": {"active": 2}}},
    "MPIJob": {
        "startTime": EARLY,
        "replicaStatuses": {"Worker": {"active": 4}},
        "conditions": [condition("Running", lastUpdateTime=EARLY)],
    },
    "ClusterPolicy": {**ready("Succeeded"), "rulecount": {"validate": 1, "mutate": 2}},
    "Policy": {**ready("Succeeded"), "rulecount": {"validate": 1}},
    "RayCluster": {
        "readyWorkerReplicas": 3,
        "desiredCPU": "2500m",
        "desiredMemory": "1Gi",
        "state": "ready",
        "head": {"podIP": "10.0.0.7"},
        "conditions": [condition("HeadPodReady"), condition("RayClusterProvisioned")],
    },
    "RayJob": {"jobDeploymentStatus": "Running", "jobStatus": "RUNNING"},
    "RayService": {
        "numServeEndpoints": 2,
        "serviceStatus": "Running",
        "conditions": [condition("Ready")],
        "activeServiceStatus": {"applicationStatuses": {"shop": {"status": "RUNNING"}}},
    },
    "SparkApplication": {
        "applicationState": {"state": "RUNNING"},
        "executionAttempts": 1,
        "executorState": {"exec-1": "RUNNING"},
    },
}


def template(gvk: GroupVersionKind, **fields: Any) -> Object:
    """A typical object as its user wrote it; fields replace its own."""
    metadata = {"name": "demo", "namespace": "shop", "generation": GENERATION}
    return {
        "apiVersion": gvk.api_version,
        "kind": gvk.kind,
        "metadata": metadata,
        "spec": SPECS[gvk.kind],
        **fields,
    }


def observed(gvk: GroupVersionKind, **fields: Any) -> Object:
    """The same in a member."""
    metadata = {
        "name": "demo",
        "namespace": "shop",
        "generation": MEMBER_GENERATION,
        "annotations": {TEMPLATE_GENERATION_ANNOTATION: str(GENERATION)},
    }
    return template(gvk, **{"metadata": metadata, "status": STATUSES[gvk.kind], **fields})


def item(cluster: str, status: Object | None) -> AggregatedStatusItem:
    fields: Object = {"clusterName": cluster, "applied": True}
    return AggregatedStatusItem.model_validate(fields if status is None else {**fields, "status": status})


def items(*statuses: Object | None) -> list[AggregatedStatusItem]:
    """From member1 on."""
    return [item(f"member{number}", status) for number, status in enumerate(statuses, start=1)]


def kind(name: str) -> GroupVersionKind:
    """The catalogued kind of this name."""
    return next(gvk for gvk in CATALOGUE if gvk.kind == name)
