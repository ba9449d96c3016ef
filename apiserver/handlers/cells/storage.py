"""Cells of volumes, storage classes, drivers and devices."""

from collections.abc import Iterable
from typing import Final

from apiserver.handlers.cells.fields import (
    AGE,
    CREATED_AT,
    NAME,
    NONE,
    UNSET,
    Cell,
    at,
    count,
    flag,
    joined,
    text,
)
from apiserver.handlers.cells.networking import default_named
from karmada.api.objects import Object, annotations_of, is_deleting

_ACCESS_MODES: Final = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}
_BETA_CLASS: Final = "volume.beta.kubernetes.io/storage-class"


def access_modes(modes: Iterable[str] | None) -> str:
    given = set(modes or ())
    return ",".join(short for mode, short in _ACCESS_MODES.items() if mode in given)


def volume_phase(obj: Object) -> str:
    return "Terminating" if is_deleting(obj) else str(at(obj, "status", "phase") or "")


def storage_class(obj: Object) -> str:
    annotated = annotations_of(obj).get(_BETA_CLASS)
    return annotated if annotated is not None else str(at(obj, "spec", "storageClassName") or "")


def volume_claim(obj: Object) -> str:
    claim = at(obj, "spec", "claimRef")
    return f"{claim.get('namespace') or ''}/{claim.get('name') or ''}" if claim else ""


def claimed_capacity(obj: Object) -> str:
    bound = at(obj, "spec", "volumeName")
    return str(at(obj, "status", "capacity", "storage") or "0") if bound else ""


def claimed_modes(obj: Object) -> str:
    return access_modes(at(obj, "status", "accessModes")) if at(obj, "spec", "volumeName") else ""


def token_audiences(obj: Object) -> str:
    requests = at(obj, "spec", "tokenRequests")
    return UNSET if requests is None else ",".join(str(one.get("audience") or "") for one in requests)


def claim_state(obj: Object) -> str:
    words = ["deleted"] if is_deleting(obj) else []
    if at(obj, "status", "allocation"):
        words.append("allocated")
        if at(obj, "status", "reservedFor"):
            words.append("reserved")
    else:
        words.append("pending")
    return ",".join(words)


CELLS: Final[dict[tuple[str, str], tuple[Cell, ...]]] = {
    ("", "PersistentVolume"): (
        NAME,
        text("spec", "capacity", "storage", default="0"),
        lambda obj: access_modes(at(obj, "spec", "accessModes")),
        text("spec", "persistentVolumeReclaimPolicy"),
        volume_phase,
        volume_claim,
        storage_class,
        text("spec", "volumeAttributesClassName", default=UNSET),
        text("status", "reason"),
        AGE,
        text("spec", "volumeMode", default=UNSET),
    ),
    ("", "PersistentVolumeClaim"): (
        NAME,
        volume_phase,
        text("spec", "volumeName"),
        claimed_capacity,
        claimed_modes,
        storage_class,
        text("spec", "volumeAttributesClassName", default=UNSET),
        AGE,
        text("spec", "volumeMode", default=UNSET),
    ),
    ("resource.k8s.io", "DeviceClass"): (NAME, AGE),
    ("resource.k8s.io", "ResourceClaim"): (NAME, claim_state, AGE),
    ("resource.k8s.io", "ResourceClaimTemplate"): (NAME, AGE),
    ("resource.k8s.io", "ResourceSlice"): (
        NAME,
        text("spec", "nodeName"),
        text("spec", "driver"),
        text("spec", "pool", "name"),
        AGE,
    ),
    ("storage.k8s.io", "CSIDriver"): (
        NAME,
        flag("spec", "attachRequired", default=True),
        flag("spec", "podInfoOnMount"),
        flag("spec", "storageCapacity"),
        token_audiences,
        flag("spec", "requiresRepublish"),
        joined("spec", "volumeLifecycleModes", default=NONE),
        AGE,
    ),
    ("storage.k8s.io", "CSINode"): (NAME, count(("spec", "drivers")), AGE),
    ("storage.k8s.io", "CSIStorageCapacity"): (NAME, CREATED_AT),
    ("storage.k8s.io", "StorageClass"): (
        default_named(
            "storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"
        ),
        text("provisioner"),
        text("reclaimPolicy", default="Delete"),
        text("volumeBindingMode", default="Immediate"),
        flag("allowVolumeExpansion"),
        AGE,
    ),
    ("storage.k8s.io", "VolumeAttachment"): (
        NAME,
        text("spec", "attacher"),
        text("spec", "source", "persistentVolumeName"),
        text("spec", "nodeName"),
        flag("status", "attached"),
        AGE,
    ),
    ("storage.k8s.io", "VolumeAttributesClass"): (NAME, text("driverName"), AGE),
}
