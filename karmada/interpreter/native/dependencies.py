"""Dependencies: the objects a workload cannot run without, found in its pod template. Pure; sorted, each
once."""

from collections.abc import Callable
from typing import Final

from karmada.api.groups.config import DependentObjectReference
from karmada.api.gvk import GroupVersionKind
from karmada.api.objects import Object, name_of, namespace_of
from karmada.interpreter.native.pod_references import pod_references
from karmada.interpreter.native.pod_template import pod_specs

KINDS: Final = ("ConfigMap", "Secret", "ServiceAccount", "PersistentVolumeClaim")
"""In the order in which Karmada records them."""


def _of_pods(obj: Object) -> list[DependentObjectReference]:
    found = {pair for spec in pod_specs(obj) for pair in pod_references(spec)}
    if obj.get("kind") == "StatefulSet":
        templates = (obj.get("spec") or {}).get("volumeClaimTemplates") or ()
        found -= {("PersistentVolumeClaim", name_of(template)) for template in templates}
    ordered = sorted((pair for pair in found if pair[1]), key=lambda pair: (KINDS.index(pair[0]), pair[1]))
    return [_reference("v1", kind, name, namespace_of(obj)) for kind, name in ordered]


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
