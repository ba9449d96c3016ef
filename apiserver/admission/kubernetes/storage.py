"""PersistentVolume, PersistentVolumeClaim, StorageClass, CSIDriver: defaults and what may not change."""

from collections.abc import Callable
from typing import Final, TypeAlias

from apiserver.admission.context import AdmissionContext, Rules
from karmada.api.errors import FieldError
from karmada.api.objects import Object, finalizers_of

Default: TypeAlias = Callable[[Object, AdmissionContext], None]

CLAIM_FINALIZER: Final = "kubernetes.io/pvc-protection"
VOLUME_FINALIZER: Final = "kubernetes.io/pv-protection"
MUTABLE_CLAIM_FIELDS: Final = frozenset({"resources", "volumeAttributesClassName", "volumeName"})
CLAIM_REFUSAL: Final = (
    "Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for "
    "bound claims"
)


def _default_claim(claim: Object, context: AdmissionContext) -> None:
    claim.setdefault("spec", {}).setdefault("volumeMode", "Filesystem")


def _prepare_claim(claim: Object, old: Object | None, context: AdmissionContext) -> None:
    if old is None:
        claim["status"] = {"phase": "Pending"}


def _validate_claim(claim: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    if context.subresource:
        return []
    spec = claim.get("spec") or {}
    if old is None:
        errors: list[FieldError] = []
        if not spec.get("accessModes"):
            text = "Required value: at least 1 access mode is required"
            errors.append(FieldError("FieldValueRequired", "spec.accessModes", text))
        if not ((spec.get("resources") or {}).get("requests") or {}).get("storage"):
            errors.append(FieldError("FieldValueRequired", "spec.resources[storage]", "Required value"))
        return errors
    before = old.get("spec") or {}
    changed = {name for name in {**spec, **before} if spec.get(name) != before.get(name)}
    if changed - MUTABLE_CLAIM_FIELDS or ("volumeName" in changed and before.get("volumeName")):
        return [FieldError("FieldValueForbidden", "spec", CLAIM_REFUSAL)]
    return []


def _default_volume(volume: Object, context: AdmissionContext) -> None:
    spec = volume.setdefault("spec", {})
    spec.setdefault("volumeMode", "Filesystem")
    spec.setdefault("persistentVolumeReclaimPolicy", "Retain")
    if isinstance(path := spec.get("hostPath"), dict):
        path.setdefault("type", "")


def _prepare_volume(volume: Object, old: Object | None, context: AdmissionContext) -> None:
    if old is None:
        volume["status"] = {"phase": "Pending", "lastPhaseTransitionTime": context.now}


def _default_storage_class(obj: Object, context: AdmissionContext) -> None:
    obj.setdefault("reclaimPolicy", "Delete")
    obj.setdefault("volumeBindingMode", "Immediate")


def _default_csi_driver(driver: Object, context: AdmissionContext) -> None:
    spec = driver.setdefault("spec", {})
    spec.setdefault("attachRequired", True)
    spec.setdefault("fsGroupPolicy", "ReadWriteOnceWithFSType")
    spec.setdefault("volumeLifecycleModes", ["Persistent"])
    for name in ("podInfoOnMount", "storageCapacity", "requiresRepublish", "seLinuxMount"):
        spec.setdefault(name, False)


def protecting(default: Default, finalizer: str) -> Default:
    """default, and what the StorageObjectInUseProtection plugin adds to a new object."""

    def protect(obj: Object, context: AdmissionContext) -> None:
        default(obj, context)
        if context.operation == "CREATE" and finalizer not in finalizers_of(obj):
            obj["metadata"]["finalizers"] = [*finalizers_of(obj), finalizer]

    return protect


def rules(*, protection: bool) -> dict[tuple[str, str], Rules]:
    """protection: volumes and claims stay while they are in use, which a controller looks after."""
    claim, volume = _default_claim, _default_volume
    if protection:
        claim, volume = protecting(claim, CLAIM_FINALIZER), protecting(volume, VOLUME_FINALIZER)
    return {
        ("", "persistentvolumeclaims"): Rules(
            default=claim, prepare=_prepare_claim, validate=_validate_claim
        ),
        ("", "persistentvolumes"): Rules(default=volume, prepare=_prepare_volume),
        ("storage.k8s.io", "storageclasses"): Rules(default=_default_storage_class),
        ("storage.k8s.io", "csidrivers"): Rules(default=_default_csi_driver),
    }
