"""Dependencies: the objects a workload cannot run without, found in its pod template. Pure; sorted, each
once."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from karmada.api.groups.config import DependentObjectReference
from karmada.api.gvk import GroupVersionKind
from karmada.api.objects import Object, name_of, namespace_of
from karmada.interpreter.native.pod_template import pod_specs

Found = Iterable[tuple[str, str]]
"""(kind, name) pairs."""

SECRET_VOLUMES: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("azureFile", ("secretName",)),
    ("cephfs", ("secretRef", "name")),
    ("cinder", ("secretRef", "name")),
    ("flexVolume", ("secretRef", "name")),
    ("rbd", ("secretRef", "name")),
    ("secret", ("secretName",)),
    ("scaleIO", ("secretRef", "name")),
    ("iscsi", ("secretRef", "name")),
    ("storageos", ("secretRef", "name")),
    ("csi", ("nodePublishSecretRef", "name")),
)


def _of_pods(obj: Object) -> list[DependentObjectReference]:
    found = {pair for spec in pod_specs(obj) for pair in _of_pod_spec(spec)}
    if obj.get("kind") == "StatefulSet":
        templates = (obj.get("spec") or {}).get("volumeClaimTemplates") or ()
        found -= {("PersistentVolumeClaim", name_of(template)) for template in templates}
    return [_reference("v1", kind, name, namespace_of(obj)) for kind, name in sorted(found) if name]


def _of_pod_spec(spec: Object) -> Found:
    yield from (("Secret", each.get("name") or "") for each in spec.get("imagePullSecrets") or ())
    for field in ("containers", "initContainers", "ephemeralContainers"):
        for container in spec.get(field) or ():
            yield from _of_container(container)
    for volume in spec.get("volumes") or ():
        yield from _of_volume(volume)
    account = spec.get("serviceAccountName") or ""
    if account and account != "default":
        yield "ServiceAccount", account


def _of_container(container: Object) -> Found:
    for entry in container.get("env") or ():
        source = entry.get("valueFrom") or {}
        yield "ConfigMap", _at(source, "configMapKeyRef", "name")
        yield "Secret", _at(source, "secretKeyRef", "name")
    for entry in container.get("envFrom") or ():
        yield "ConfigMap", _at(entry, "configMapRef", "name")
        yield "Secret", _at(entry, "secretRef", "name")


def _of_volume(volume: Object) -> Found:
    yield "ConfigMap", _at(volume, "configMap", "name")
    yield "PersistentVolumeClaim", _at(volume, "persistentVolumeClaim", "claimName")
    for source, path in SECRET_VOLUMES:
        yield "Secret", _at(volume, source, *path)
    for source in (volume.get("projected") or {}).get("sources") or ():
        yield "ConfigMap", _at(source, "configMap", "name")
        yield "Secret", _at(source, "secret", "name")


def _of_ingress(obj: Object) -> list[DependentObjectReference]:
    names = {entry.get("secretName") or "" for entry in (obj.get("spec") or {}).get("tls") or ()}
    return [_reference("v1", "Secret", name, namespace_of(obj)) for name in sorted(names) if name]


def _of_service_import(obj: Object) -> list[DependentObjectReference]:
    derived = f"derived-{name_of(obj)}"
    slices = DependentObjectReference.model_validate(
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "namespace": namespace_of(obj),
            "labelSelector": {"matchLabels": {"kubernetes.io/service-name": derived}},
        }
    )
    return [slices, _reference("v1", "Service", derived, namespace_of(obj))]


def _reference(api_version: str, kind: str, name: str, namespace: str) -> DependentObjectReference:
    return DependentObjectReference(api_version=api_version, kind=kind, namespace=namespace, name=name)


def _at(value: Object, *path: str) -> str:
    current: Any = value
    for step in path:
        current = (current or {}).get(step)
    return current or ""


_WORKLOADS: Final = (
    ("apps", "v1", "Deployment"),
    ("apps", "v1", "ReplicaSet"),
    ("apps", "v1", "StatefulSet"),
    ("apps", "v1", "DaemonSet"),
    ("batch", "v1", "Job"),
    ("batch", "v1", "CronJob"),
    ("", "v1", "Pod"),
)
GET_DEPENDENCIES: Final[dict[GroupVersionKind, Callable[[Object], list[DependentObjectReference]]]] = {
    **{GroupVersionKind(*kind): _of_pods for kind in _WORKLOADS},
    GroupVersionKind("networking.k8s.io", "v1", "Ingress"): _of_ingress,
    GroupVersionKind("multicluster.x-k8s.io", "v1alpha1", "ServiceImport"): _of_service_import,
}
