"""Deployment, ReplicaSet, StatefulSet, DaemonSet, ReplicationController: defaults and what may not change."""

from typing import Any, Final

from apiserver.admission.context import AdmissionContext, Rules
from apiserver.admission.kubernetes.pods import default_template
from apiserver.resources.metadata import invalid_value
from karmada.api.errors import FieldError
from karmada.api.objects import Object, annotations_of, labels_of, metadata_of
from karmada.api.selectors import from_label_selector

TEMPLATE_GENERATION: Final = "deprecated.daemonset.template.generation"
IMMUTABLE: Final = "field is immutable"
STATEFUL_SET_FIELDS: Final = frozenset(
    {
        "replicas",
        "ordinals",
        "template",
        "updateStrategy",
        "revisionHistoryLimit",
        "persistentVolumeClaimRetentionPolicy",
        "minReadySeconds",
    }
)
STATEFUL_SET_REFUSAL: Final = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
    "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)


def _spec(obj: Object) -> Object:
    spec = obj.setdefault("spec", {})
    return spec if isinstance(spec, dict) else {}


def _default_deployment(obj: Object, context: AdmissionContext) -> None:
    spec = _spec(obj)
    spec.setdefault("replicas", 1)
    strategy = spec.setdefault("strategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", "25%")
        rolling.setdefault("maxSurge", "25%")
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("progressDeadlineSeconds", 600)
    default_template(spec.get("template"))


def _default_replica_set(obj: Object, context: AdmissionContext) -> None:
    spec = _spec(obj)
    spec.setdefault("replicas", 1)
    default_template(spec.get("template"))


def _default_stateful_set(obj: Object, context: AdmissionContext) -> None:
    spec = _spec(obj)
    spec.setdefault("replicas", 1)
    spec.setdefault("podManagementPolicy", "OrderedReady")
    strategy = spec.setdefault("updateStrategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        strategy.setdefault("rollingUpdate", {}).setdefault("partition", 0)
    spec.setdefault("revisionHistoryLimit", 10)
    retention = spec.setdefault("persistentVolumeClaimRetentionPolicy", {})
    retention.setdefault("whenDeleted", "Retain")
    retention.setdefault("whenScaled", "Retain")
    for claim in spec.get("volumeClaimTemplates") or ():
        claim.setdefault("apiVersion", "v1")
        claim.setdefault("kind", "PersistentVolumeClaim")
        claim.setdefault("spec", {}).setdefault("volumeMode", "Filesystem")
        claim.setdefault("status", {}).setdefault("phase", "Pending")
    default_template(spec.get("template"))


def _default_daemon_set(obj: Object, context: AdmissionContext) -> None:
    spec = _spec(obj)
    strategy = spec.setdefault("updateStrategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", 1)
        rolling.setdefault("maxSurge", 0)
    spec.setdefault("revisionHistoryLimit", 10)
    default_template(spec.get("template"))


def _prepare_daemon_set(obj: Object, old: Object | None, context: AdmissionContext) -> None:
    """The generation of its template, in an annotation that old clients read."""
    generation = 1
    if old is not None:
        generation = int(annotations_of(old).get(TEMPLATE_GENERATION) or 1)
        if (old.get("spec") or {}).get("template") != (obj.get("spec") or {}).get("template"):
            generation += 1
    obj["metadata"]["annotations"] = {**annotations_of(obj), TEMPLATE_GENERATION: str(generation)}


def _default_replication_controller(obj: Object, context: AdmissionContext) -> None:
    spec = _spec(obj)
    spec.setdefault("replicas", 1)
    template = spec.get("template")
    default_template(template)
    labels = labels_of(template) if isinstance(template, dict) else {}
    if labels:
        spec.setdefault("selector", labels)
        obj["metadata"].setdefault("labels", labels)


def selector_errors(obj: Object, old: Object | None, *, kind: str) -> list[FieldError]:
    """The selector exists, matches the template, and stays."""
    spec = obj.get("spec") or {}
    selector = spec.get("selector")
    if not isinstance(selector, dict):
        return []  # the schema asks for it
    errors: list[FieldError] = []
    if not selector.get("matchLabels") and not selector.get("matchExpressions"):
        errors.append(invalid_value("spec.selector", selector, f"empty selector is invalid for {kind}"))
    else:
        labels = metadata_of(spec.get("template") or {}).get("labels") or {}
        if not from_label_selector(selector).matches(labels):
            text = "`selector` does not match template `labels`"
            errors.append(invalid_value("spec.template.metadata.labels", labels, text))
    if old is not None and (old.get("spec") or {}).get("selector") != selector:
        errors.append(invalid_value("spec.selector", selector, IMMUTABLE))
    return errors


def _validate_deployment(obj: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    if context.subresource:
        return []
    spec = obj.get("spec") or {}
    errors = [*count_errors(spec, "replicas"), *selector_errors(obj, old, kind="deployment")]
    strategy = spec.get("strategy") or {}
    rolling = strategy.get("rollingUpdate")
    if strategy.get("type") == "Recreate" and rolling is not None:
        text = "Forbidden: may not be specified when strategy `type` is 'Recreate'"
        errors.append(FieldError("FieldValueForbidden", "spec.strategy.rollingUpdate", text))
    elif rolling and _is_zero(rolling.get("maxUnavailable")) and _is_zero(rolling.get("maxSurge")):
        path = "spec.strategy.rollingUpdate.maxUnavailable"
        errors.append(invalid_value(path, rolling["maxUnavailable"], "may not be 0 when `maxSurge` is 0"))
    return errors + template_errors(spec)


def _validate_replica_set(obj: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    if context.subresource:
        return []
    spec = obj.get("spec") or {}
    return [
        *count_errors(spec, "replicas"),
        *selector_errors(obj, old, kind="deployment"),
        *template_errors(spec),
    ]


def _validate_stateful_set(obj: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    if context.subresource:
        return []
    spec = obj.get("spec") or {}
    errors = [*count_errors(spec, "replicas"), *template_errors(spec)]
    if old is None:
        return errors + selector_errors(obj, None, kind="statefulset")
    before = old.get("spec") or {}
    changed = {name for name in {**spec, **before} if spec.get(name) != before.get(name)}
    if changed - STATEFUL_SET_FIELDS:
        errors.append(FieldError("FieldValueForbidden", "spec", f"Forbidden: {STATEFUL_SET_REFUSAL}"))
    return errors


def _validate_daemon_set(obj: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    if context.subresource:
        return []
    return [*selector_errors(obj, old, kind="daemonset"), *template_errors(obj.get("spec") or {})]


def template_errors(spec: Object) -> list[FieldError]:
    """Pods of these kinds run for ever."""
    pod = (spec.get("template") or {}).get("spec") or {}
    policy = pod.get("restartPolicy", "Always")
    if policy == "Always":
        return []
    text = f'Unsupported value: "{policy}": supported values: "Always"'
    return [FieldError("FieldValueNotSupported", "spec.template.spec.restartPolicy", text)]


def count_errors(spec: Object, *names: str) -> list[FieldError]:
    return [
        invalid_value(f"spec.{name}", spec[name], "must be greater than or equal to 0")
        for name in names
        if isinstance(spec.get(name), int) and spec[name] < 0
    ]


def _is_zero(value: Any) -> bool:
    return value in (0, "0%", "0")


RULES: Final = {
    ("apps", "deployments"): Rules(default=_default_deployment, validate=_validate_deployment),
    ("apps", "replicasets"): Rules(default=_default_replica_set, validate=_validate_replica_set),
    ("apps", "statefulsets"): Rules(default=_default_stateful_set, validate=_validate_stateful_set),
    ("apps", "daemonsets"): Rules(
        default=_default_daemon_set, prepare=_prepare_daemon_set, validate=_validate_daemon_set
    ),
    ("", "replicationcontrollers"): Rules(default=_default_replication_controller),
}
