"""Kinds about which there is little to say: a default or two, fields that never change."""

from typing import Any, Final

from apiserver.admission.broken_rules import immutable, invalid_value, not_negative, required
from apiserver.admission.context import AdmissionContext, Rules
from apiserver.admission.judging import of_main_resource
from karmada.api.errors import FieldError
from karmada.api.objects import Object, metadata_of

_CSI_DEFAULTS: Final = {
    "attachRequired": True,
    "podInfoOnMount": False,
    "storageCapacity": False,
    "fsGroupPolicy": "ReadWriteOnceWithFSType",
    "requiresRepublish": False,
    "seLinuxMount": False,
}


def _default_csi_driver(driver: Object, context: AdmissionContext) -> None:
    spec = driver.setdefault("spec", {})
    for name, value in _CSI_DEFAULTS.items():
        spec.setdefault(name, value)
    if not spec.get("volumeLifecycleModes"):
        spec["volumeLifecycleModes"] = ["Persistent"]


def _default_flow_schema(schema: Object, context: AdmissionContext) -> None:
    spec = schema.setdefault("spec", {})
    spec["matchingPrecedence"] = spec.get("matchingPrecedence") or 1000


def _default_priority_level(level: Object, context: AdmissionContext) -> None:
    spec = level.setdefault("spec", {})
    part = spec.get("limited") if spec.get("type") == "Limited" else spec.get("exempt")
    if part is None:
        return
    part.setdefault("nominalConcurrencyShares", 30 if spec.get("type") == "Limited" else 0)
    part.setdefault("lendablePercent", 0)
    queuing = (part.get("limitResponse") or {}).get("queuing")
    if queuing is not None:
        for name, value in (("queues", 64), ("handSize", 8), ("queueLengthLimit", 50)):
            queuing[name] = queuing.get(name) or value


def unchanged(*paths: str) -> Rules:
    """Rules of a kind in which these fields stay as they are created."""

    def judge(obj: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
        if old is None:
            return []
        return [immutable(path, _at(obj, path)) for path in paths if _at(obj, path) != _at(old, path)]

    return Rules(validate=of_main_resource(judge))


def _at(obj: Any, path: str) -> Any:
    for step in path.split("."):
        obj = (obj or {}).get(step)
    return obj


def _judge_revision(obj: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    errors = not_negative("revision", obj.get("revision"))
    if obj.get("data") is None:
        errors.append(required("data", "data is mandatory"))
    if old is not None and obj.get("data") != old.get("data"):
        errors.append(immutable("data", obj.get("data")))
    return errors


def _judge_event(event: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    """An event is in the namespace of what it is about, or in default."""
    if context.resource.group or (old is not None):
        return []
    about = (event.get("involvedObject") or {}).get("namespace") or ""
    namespace = metadata_of(event).get("namespace") or ""
    if about == namespace or (not about and namespace in ("default", "kube-system", "")):
        return []
    return [invalid_value("involvedObject.namespace", about, "does not match event.namespace")]


CSI_DRIVER_RULES: Final = Rules(
    default=_default_csi_driver,
    validate=unchanged("spec.attachRequired", "spec.volumeLifecycleModes").validate,
)
FLOW_SCHEMA_RULES: Final = Rules(default=_default_flow_schema)
PRIORITY_LEVEL_RULES: Final = Rules(default=_default_priority_level)
REVISION_RULES: Final = Rules(validate=_judge_revision)
EVENT_RULES: Final = Rules(validate=_judge_event)
RUNTIME_CLASS_RULES: Final = unchanged("handler")
VOLUME_ATTACHMENT_RULES: Final = unchanged("spec")
VOLUME_ATTRIBUTES_RULES: Final = unchanged("driverName", "parameters")
IP_ADDRESS_RULES: Final = unchanged("spec.parentRef")
