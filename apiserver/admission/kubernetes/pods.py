"""Pods and pod templates: the defaults kube-apiserver writes, and what its admission adds to a new Pod."""

from collections.abc import Iterable
from typing import Any, Final

from apiserver.admission.context import AdmissionContext, Rules
from karmada.api.objects import Object
from karmada.api.quantity import Quantity

DEFAULT_MODE: Final = 420
TOKEN_SECONDS: Final = 3600
NOT_READY_SECONDS: Final = 300
MODE_VOLUMES: Final = ("secret", "configMap", "downwardAPI", "projected")
QOS_RESOURCES: Final = ("cpu", "memory")


def default_template(template: Object | None) -> None:
    """A pod template, in place."""
    if isinstance(template, dict) and isinstance(template.get("spec"), dict):
        default_pod_spec(template["spec"])


def default_pod_spec(spec: Object) -> None:
    """A pod spec, in place: fields of the spec, its containers and its volumes."""
    spec.setdefault("restartPolicy", "Always")
    grace = spec.setdefault("terminationGracePeriodSeconds", 30)
    if isinstance(grace, int) and grace < 0:
        spec["terminationGracePeriodSeconds"] = 1
    spec.setdefault("dnsPolicy", "ClusterFirst")
    if account := spec.get("serviceAccountName"):
        spec["serviceAccount"] = account
    elif account := spec.get("serviceAccount"):
        spec["serviceAccountName"] = account
    spec.setdefault("securityContext", {})
    spec.setdefault("schedulerName", "default-scheduler")
    for field in ("containers", "initContainers", "ephemeralContainers"):
        for container in _objects(spec.get(field)):
            _default_container(container, host_network=bool(spec.get("hostNetwork")))
    for volume in _objects(spec.get("volumes")):
        _default_volume(volume)


def _default_container(container: Object, *, host_network: bool) -> None:
    container.setdefault("resources", {})
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")
    if image := container.get("image"):
        container.setdefault("imagePullPolicy", pull_policy(image))
    for port in _objects(container.get("ports")):
        port.setdefault("protocol", "TCP")
        if host_network and port.get("containerPort"):
            port.setdefault("hostPort", port["containerPort"])
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        if isinstance(probe := container.get(name), dict):
            _default_probe(probe)
    for hook in (container.get("lifecycle") or {}).values():
        if isinstance(hook, dict):
            _default_http_get(hook)
    for variable in _objects(container.get("env")):
        _default_field_reference(variable.get("valueFrom"))


def pull_policy(image: str) -> str:
    """Always for a moving tag, IfNotPresent for a pinned image."""
    if "@" in image:
        return "IfNotPresent"
    _, colon, tag = image.rpartition("/")[2].partition(":")
    return "IfNotPresent" if colon and tag != "latest" else "Always"


def _default_probe(probe: Object) -> None:
    probe.setdefault("timeoutSeconds", 1)
    probe.setdefault("periodSeconds", 10)
    probe.setdefault("successThreshold", 1)
    probe.setdefault("failureThreshold", 3)
    if isinstance(grpc := probe.get("grpc"), dict):
        grpc.setdefault("service", "")
    _default_http_get(probe)


def _default_http_get(handler: Object) -> None:
    if isinstance(http := handler.get("httpGet"), dict):
        http.setdefault("path", "/")
        http.setdefault("scheme", "HTTP")


def _default_volume(volume: Object) -> None:
    if len(volume) == 1:
        volume["emptyDir"] = {}
    for kind in MODE_VOLUMES:
        if isinstance(source := volume.get(kind), dict):
            source.setdefault("defaultMode", DEFAULT_MODE)
    if isinstance(path := volume.get("hostPath"), dict):
        path.setdefault("type", "")
    for item in _objects((volume.get("downwardAPI") or {}).get("items")):
        _default_field_reference(item)
    for source in _objects((volume.get("projected") or {}).get("sources")):
        if isinstance(token := source.get("serviceAccountToken"), dict):
            token.setdefault("expirationSeconds", TOKEN_SECONDS)
        for item in _objects((source.get("downwardAPI") or {}).get("items")):
            _default_field_reference(item)
    _default_network_volume(volume)


def _default_network_volume(volume: Object) -> None:
    for kind, defaults in (
        ("iscsi", {"iscsiInterface": "default"}),
        ("rbd", {"pool": "rbd", "user": "admin", "keyring": "/etc/ceph/keyring"}),
        ("azureDisk", {"cachingMode": "ReadWrite", "fsType": "ext4", "readOnly": False, "kind": "Shared"}),
        ("scaleIO", {"fsType": "xfs", "storageMode": "ThinProvisioned"}),
    ):
        if isinstance(source := volume.get(kind), dict):
            for name, value in defaults.items():
                source.setdefault(name, value)
    if isinstance(template := (volume.get("ephemeral") or {}).get("volumeClaimTemplate"), dict):
        template.setdefault("spec", {}).setdefault("volumeMode", "Filesystem")


def _default_field_reference(holder: Any) -> None:
    if isinstance(holder, dict) and isinstance(reference := holder.get("fieldRef"), dict):
        reference.setdefault("apiVersion", "v1")


def _default(pod: Object, context: AdmissionContext) -> None:
    spec = pod.setdefault("spec", {})
    default_pod_spec(spec)
    spec.setdefault("enableServiceLinks", True)
    for field in ("containers", "initContainers"):
        for container in _objects(spec.get(field)):
            _requests_from_limits(container)
    if context.operation != "CREATE":
        return
    spec.setdefault("priority", 0)
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
    _tolerate_nodes_that_come_back(spec)


def _default_with_account(pod: Object, context: AdmissionContext) -> None:
    """What the ServiceAccount plugin adds: pods run as somebody."""
    _default(pod, context)
    if context.operation == "CREATE":
        spec = pod["spec"]
        spec.setdefault("serviceAccountName", "default")
        spec["serviceAccount"] = spec["serviceAccountName"]


def _requests_from_limits(container: Object) -> None:
    resources = container.get("resources") or {}
    if limits := resources.get("limits"):
        resources["requests"] = {**limits, **(resources.get("requests") or {})}


def _tolerate_nodes_that_come_back(spec: Object) -> None:
    """A node that is not ready or not reachable keeps its pods for five minutes."""
    tolerations = spec.setdefault("tolerations", [])
    for key in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"):
        if any(
            each.get("key") in (key, None, "") and each.get("effect") in ("NoExecute", None, "")
            for each in tolerations
        ):
            continue
        tolerations.append(
            {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": NOT_READY_SECONDS}
        )


def _prepare(pod: Object, old: Object | None, context: AdmissionContext) -> None:
    if old is not None:
        return
    pod["status"] = {"phase": "Pending", "qosClass": qos_class(pod["spec"])}
    if pod["spec"].get("schedulingGates"):
        gated = {
            "type": "PodScheduled",
            "status": "False",
            "reason": "SchedulingGated",
            "message": "Scheduling is blocked due to non-empty scheduling gates",
            "lastProbeTime": None,
            "lastTransitionTime": context.now,
        }
        pod["status"]["conditions"] = [gated]


def qos_class(spec: Object) -> str:
    """Guaranteed, Burstable or BestEffort, from requests and limits of cpu and memory."""
    requested, guaranteed = False, True
    containers = [*_objects(spec.get("containers")), *_objects(spec.get("initContainers"))]
    for container in containers:
        resources = container.get("resources") or {}
        limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
        for name in QOS_RESOURCES:
            limit, request = _amount(limits.get(name)), _amount(requests.get(name))
            requested = requested or bool(limit or request)
            guaranteed = guaranteed and bool(limit) and limit == request
    if not requested:
        return "BestEffort"
    return "Guaranteed" if guaranteed else "Burstable"


def _amount(value: Any) -> Quantity | None:
    return Quantity.parse(value) if value is not None and Quantity.parse(value).value() else None


def _objects(items: Any) -> Iterable[Object]:
    """The objects in a list; what is something else is the schema's to refuse."""
    return (each for each in items or () if isinstance(each, dict))


def rules(*, service_accounts: bool) -> Rules:
    """service_accounts: the ServiceAccount plugin is on, as it is where pods run."""
    return Rules(default=_default_with_account if service_accounts else _default, prepare=_prepare)
