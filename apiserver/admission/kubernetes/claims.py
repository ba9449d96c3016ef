"""PersistentVolumeClaim, PersistentVolume, StorageClass: what is filled in, and what is refused."""

from collections.abc import Sequence
from typing import Any, Final

from apiserver.admission.broken_rules import forbidden, immutable, invalid_value, required
from apiserver.admission.context import AdmissionContext, Rules
from apiserver.admission.judging import of_main_resource
from apiserver.admission.kubernetes.pod_defaults import default_host_path
from karmada.api.errors import FieldError
from karmada.api.objects import Object, annotations_of, metadata_of, name_of
from karmada.api.quantity import Quantity, QuantityError

DEFAULT_CLASS: Final = "storageclass.kubernetes.io/is-default-class"
STORAGE_GROUP: Final = "storage.k8s.io"
_VOLUME_FIELDS: Final = frozenset(
    {
        "accessModes",
        "capacity",
        "claimRef",
        "mountOptions",
        "nodeAffinity",
        "persistentVolumeReclaimPolicy",
        "storageClassName",
        "volumeAttributesClassName",
        "volumeMode",
    }
)
_CLASS_FIELDS: Final = ("parameters", "provisioner", "reclaimPolicy", "volumeBindingMode")


# -- claims -------------------------------------------------------------------------------------------------


def default_claim_spec(spec: Object) -> None:
    spec.setdefault("volumeMode", "Filesystem")
    source, reference = spec.get("dataSource"), spec.get("dataSourceRef")
    if source is not None and reference is None:
        spec["dataSourceRef"] = dict(source)
    elif reference is not None and source is None and not reference.get("namespace"):
        spec["dataSource"] = dict(reference)


def _default_claim(claim: Object, context: AdmissionContext) -> None:
    default_claim_spec(claim["spec"])


def _prepare_claim(claim: Object, old: Object | None, context: AdmissionContext) -> None:
    if old is not None:
        return
    claim["status"] = {"phase": "Pending"}
    if claim["spec"].get("storageClassName") is None:
        classes = context.reader.list(STORAGE_GROUP, "storageclasses")
        if name := default_class(classes, DEFAULT_CLASS):
            claim["spec"]["storageClassName"] = name


def default_class(classes: Sequence[Object], annotation: str) -> str:
    """The newest class that says it is the default, by name among equally new ones; "" for none."""
    marked = [item for item in classes if annotations_of(item).get(annotation) == "true"]
    marked.sort(key=name_of)
    newest = max((metadata_of(item).get("creationTimestamp") or "" for item in marked), default="")
    return next(
        (name_of(item) for item in marked if (metadata_of(item).get("creationTimestamp") or "") == newest), ""
    )


def _judge_claim(claim: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    spec = claim["spec"]
    errors: list[FieldError] = []
    modes = spec.get("accessModes") or ()
    if not modes:
        errors.append(required("spec.accessModes", "at least 1 access mode is required"))
    if "ReadWriteOncePod" in modes and len(modes) > 1:
        text = "may not use ReadWriteOncePod with other access modes"
        errors.append(forbidden("spec.accessModes", text))
    errors += _storage_errors((spec.get("resources") or {}).get("requests") or {}, "spec.resources")
    if old is not None:
        errors += claim_changes(claim, old)
    return errors


def _storage_errors(amounts: Object, path: str) -> list[FieldError]:
    if (value := amounts.get("storage")) is None:
        return [required(f"{path}[storage]")]
    if _quantity(value) <= Quantity.of(0):
        return [invalid_value(f"{path}[storage]", value, "must be greater than zero")]
    return []


def claim_changes(claim: Object, old: Object) -> list[FieldError]:
    """A spec stays what it is; only the size of a bound claim changes, and not below what there is."""
    spec, before = dict(claim["spec"]), dict(old["spec"])
    status = claim.get("status") or {}
    sizes = _size(spec), _size(before)
    spec.pop("volumeAttributesClassName", None)
    before.pop("volumeAttributesClassName", None)
    if not before.get("volumeName"):
        before["volumeName"] = spec.get("volumeName")
    if status.get("phase") == "Bound":
        spec["resources"], before["resources"] = _without_storage(spec), _without_storage(before)
    names = spec.keys() | before.keys()
    if any(spec.get(name) != before.get(name) for name in names):
        text = (
            "spec is immutable after creation except resources.requests and volumeAttributesClassName for "
            "bound claims"
        )
        return [forbidden("spec", text)]
    actual = _quantity((status.get("capacity") or {}).get("storage") or "0")
    if sizes[0] < sizes[1] and sizes[0] < actual:
        text = "field can not be less than status.capacity"
        return [forbidden("spec.resources.requests.storage", text)]
    return []


def _size(spec: Object) -> Quantity:
    return _quantity(((spec.get("resources") or {}).get("requests") or {}).get("storage") or "0")


def _without_storage(spec: Object) -> Object:
    resources = spec.get("resources") or {}
    requests = {name: value for name, value in (resources.get("requests") or {}).items() if name != "storage"}
    return {**resources, "requests": requests}


def _quantity(value: Any) -> Quantity:
    try:
        return Quantity.parse(value)
    except QuantityError:
        return Quantity.of(0)  # decoding says so


async def _refuse_claim(claim: Object, old: Object | None, context: AdmissionContext) -> None:
    """A claim grows where its class lets it."""
    if old is None or _size(claim["spec"]) <= _size(old["spec"]):
        return
    if (old.get("status") or {}).get("phase") != "Bound":
        raise context.forbidden("Only bound persistent volume claims can be expanded")
    name = claim["spec"].get("storageClassName") or ""
    found = context.reader.get(STORAGE_GROUP, "storageclasses", "", name) if name else None
    same = name == (old["spec"].get("storageClassName") or "")
    if not same or found is None or not found.get("allowVolumeExpansion"):
        raise context.forbidden(
            "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc "
            "must support resize"
        )


# -- volumes ------------------------------------------------------------------------------------------------


def _default_volume(volume: Object, context: AdmissionContext) -> None:
    spec = volume["spec"]
    spec.setdefault("persistentVolumeReclaimPolicy", "Retain")
    spec.setdefault("volumeMode", "Filesystem")
    if (source := spec.get("hostPath")) is not None:
        default_host_path(source)


def _prepare_volume(volume: Object, old: Object | None, context: AdmissionContext) -> None:
    if old is None:
        volume["status"] = {"phase": "Pending", "lastPhaseTransitionTime": context.now}


def _judge_volume(volume: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    spec = volume["spec"]
    errors: list[FieldError] = []
    if not spec.get("accessModes"):
        errors.append(required("spec.accessModes"))
    if not (capacity := spec.get("capacity")):
        errors.append(required("spec.capacity"))
    else:
        errors += _storage_errors(capacity, "spec.capacity")
    source = _source(spec)
    if not source:
        errors.append(required("spec", "must specify a volume type"))
    elif len(source) > 1:
        errors += [
            forbidden(f"spec.{name}", "may not specify more than 1 volume type")
            for name in sorted(source)[1:]
        ]
    if old is not None and source != _source(old["spec"]):
        text = "spec.persistentvolumesource is immutable after creation"
        errors.append(forbidden("spec.persistentvolumesource", text))
    return errors


def _source(spec: Object) -> Object:
    return {name: value for name, value in spec.items() if name not in _VOLUME_FIELDS}


# -- classes ------------------------------------------------------------------------------------------------


def _default_class(storage_class: Object, context: AdmissionContext) -> None:
    storage_class.setdefault("reclaimPolicy", "Delete")
    storage_class.setdefault("volumeBindingMode", "Immediate")


def _judge_class(storage_class: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    if old is None:
        return [] if storage_class.get("provisioner") else [required("provisioner")]
    return [
        immutable(name, storage_class.get(name))
        for name in _CLASS_FIELDS
        if storage_class.get(name) != old.get(name)
    ]


CLAIM_RULES: Final = Rules(
    default=_default_claim,
    prepare=_prepare_claim,
    validate=of_main_resource(_judge_claim),
    refuse=_refuse_claim,
)
VOLUME_RULES: Final = Rules(
    default=_default_volume, prepare=_prepare_volume, validate=of_main_resource(_judge_volume)
)
CLASS_RULES: Final = Rules(default=_default_class, validate=_judge_class)
