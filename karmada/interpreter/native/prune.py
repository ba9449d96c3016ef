"""Prune: what of an object never leaves the control plane. Pure.

Used when a Work is built, when it is admitted, and to compare a member object with its manifest. Rules go
by kind name only, whatever the group, as Karmada's do.
"""

from collections.abc import Callable
from typing import Any, Final

from karmada.api.objects import Object, annotations_of, metadata_of, name_of, with_metadata

SERVER_METADATA: Final = (
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
    "ownerReferences",
    "finalizers",
)
JOB_SELECTOR_LABELS: Final = frozenset({"controller-uid", "batch.kubernetes.io/controller-uid"})
JOB_TEMPLATE_LABELS: Final = JOB_SELECTOR_LABELS | {"job-name", "batch.kubernetes.io/job-name"}
SERVICE_ACCOUNT_TOKEN: Final = "kubernetes.io/service-account-token"


def prune_manifest(obj: Object) -> Object:
    """obj without server-owned metadata, status, and what its kind must not carry to a member.

    Shares what it did not touch; obj stays as it is.
    """
    metadata = {name: value for name, value in metadata_of(obj).items() if name not in SERVER_METADATA}
    pruned = {name: value for name, value in obj.items() if name != "status"}
    pruned["metadata"] = metadata
    rule = _BY_KIND.get(obj.get("kind") or "")
    return rule(pruned) if rule is not None else pruned


def _deployment(obj: Object) -> Object:
    return _without_annotations(
        obj, "deployment.kubernetes.io/revision", "deployment.kubernetes.io/revision-history"
    )


def _job(obj: Object) -> Object:
    spec = {
        name: value for name, value in (obj.get("spec") or {}).items() if name != "ttlSecondsAfterFinished"
    }
    if spec.get("manualSelector") is not True:
        if labels := (spec.get("selector") or {}).get("matchLabels"):
            kept = _without(labels, JOB_SELECTOR_LABELS)
            spec["selector"] = {**spec["selector"], "matchLabels": kept}
        template = spec.get("template") or {}
        if labels := metadata_of(template).get("labels"):
            metadata = {**metadata_of(template), "labels": _without(labels, JOB_TEMPLATE_LABELS)}
            spec["template"] = {**template, "metadata": metadata}
    return {**obj, "spec": spec}


def _secret(obj: Object) -> Object:
    if obj.get("type") != SERVICE_ACCOUNT_TOKEN:
        return obj
    return {**_without_annotations(obj, "kubernetes.io/service-account.uid"), "data": None}


def _service_account(obj: Object) -> Object:
    if not obj.get("secrets"):
        return obj
    prefix = f"{name_of(obj)}-token-"
    kept = [entry for entry in obj["secrets"] if not str(entry.get("name") or "").startswith(prefix)]
    return {**obj, "secrets": kept}


def _service(obj: Object) -> Object:
    spec = obj.get("spec") or {}
    if spec.get("clusterIP") == "None":
        return obj
    return {**obj, "spec": _without(spec, {"clusterIP", "clusterIPs"})}


def _persistent_volume_claim(obj: Object) -> Object:
    return _without_annotations(obj, "volume.kubernetes.io/selected-node")


def _without_annotations(obj: Object, *names: str) -> Object:
    annotations = annotations_of(obj)
    if not any(name in annotations for name in names):
        return obj
    return with_metadata(obj, annotations=_without(annotations, names) or None)


def _without(mapping: dict[str, Any], names: Any) -> dict[str, Any]:
    return {name: value for name, value in mapping.items() if name not in names}


_BY_KIND: Final[dict[str, Callable[[Object], Object]]] = {
    "Deployment": _deployment,
    "Job": _job,
    "Secret": _secret,
    "ServiceAccount": _service_account,
    "Service": _service,
    "PersistentVolumeClaim": _persistent_volume_claim,
}
