"""Retain: what an update must keep because the member decided it. Pure, on top of the generic metadata
rules."""

from collections.abc import Callable
from typing import Any, Final

from karmada.api.gvk import GroupVersionKind
from karmada.api.objects import Object, labels_of, metadata_of
from karmada.api.wellknown import RETAIN_REPLICAS_LABEL, RETAIN_REPLICAS_VALUE
from karmada.interpreter.errors import InterpreterError

_SERVICE_ACCOUNT_TOKEN: Final = "kubernetes.io/service-account-token"


def _deployment(desired: Object, observed: Object) -> Object:
    if labels_of(desired).get(RETAIN_REPLICAS_LABEL) != RETAIN_REPLICAS_VALUE:
        return desired
    replicas = (observed.get("spec") or {}).get("replicas")
    if replicas is None:
        raise InterpreterError("spec.replicas not found in the observed Deployment")
    return _with_spec(desired, replicas=replicas)


def _pod(desired: Object, observed: Object) -> Object:
    present = observed.get("spec") or {}
    kept: Object = {
        name: present[name] for name in ("nodeName", "serviceAccountName", "volumes") if name in present
    }
    for field in ("containers", "initContainers"):
        mounts = {each["name"]: each.get("volumeMounts") for each in present.get(field) or ()}
        wanted = (desired.get("spec") or {}).get(field)
        if wanted:
            kept[field] = [_with_mounts(each, mounts) for each in wanted]
    return _with_spec(desired, **kept)


def _with_mounts(container: Object, mounts: dict[str, Any]) -> Object:
    found = mounts.get(container.get("name") or "")
    return {**container, "volumeMounts": found} if found else container


def _service(desired: Object, observed: Object) -> Object:
    present = observed.get("spec") or {}
    return _with_spec(
        desired,
        **{name: present[name] for name in ("healthCheckNodePort", "clusterIP") if present.get(name)},
    )


def _service_account(desired: Object, observed: Object) -> Object:
    kept = {}
    for field in ("secrets", "imagePullSecrets"):
        wanted = desired.get(field) or []
        names = {entry.get("name") for entry in wanted}
        merged = [*wanted, *(entry for entry in observed.get(field) or () if entry.get("name") not in names)]
        if merged:
            kept[field] = merged
    return {**desired, **kept}


def _persistent_volume_claim(desired: Object, observed: Object) -> Object:
    volume = (observed.get("spec") or {}).get("volumeName")
    return _with_spec(desired, volumeName=volume) if volume else desired


def _persistent_volume(desired: Object, observed: Object) -> Object:
    claim = (observed.get("spec") or {}).get("claimRef")
    return _with_spec(desired, claimRef=claim) if claim else desired


def _job(desired: Object, observed: Object) -> Object:
    spec, present = desired.get("spec") or {}, observed.get("spec") or {}
    kept: Object = {}
    if labels := (present.get("selector") or {}).get("matchLabels"):
        kept["selector"] = {**(spec.get("selector") or {}), "matchLabels": labels}
    if labels := metadata_of(present.get("template") or {}).get("labels"):
        template = spec.get("template") or {}
        kept["template"] = {**template, "metadata": {**metadata_of(template), "labels": labels}}
    return _with_spec(desired, **kept)


def _secret(desired: Object, observed: Object) -> Object:
    if desired.get("type") != _SERVICE_ACCOUNT_TOKEN or "data" not in observed:
        return desired
    return {**desired, "data": observed["data"]}


def _with_spec(obj: Object, **fields: Any) -> Object:
    return {**obj, "spec": {**(obj.get("spec") or {}), **fields}} if fields else obj


RETAIN: Final[dict[GroupVersionKind, Callable[[Object, Object], Object]]] = {
    GroupVersionKind("apps", "v1", "Deployment"): _deployment,
    GroupVersionKind("", "v1", "Pod"): _pod,
    GroupVersionKind("", "v1", "Service"): _service,
    GroupVersionKind("", "v1", "ServiceAccount"): _service_account,
    GroupVersionKind("", "v1", "PersistentVolumeClaim"): _persistent_volume_claim,
    GroupVersionKind("", "v1", "PersistentVolume"): _persistent_volume,
    GroupVersionKind("batch", "v1", "Job"): _job,
    GroupVersionKind("", "v1", "Secret"): _secret,
}
