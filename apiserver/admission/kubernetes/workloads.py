"""Deployment, ReplicaSet, StatefulSet, DaemonSet, ReplicationController: what is filled in."""

from typing import Any, Final

from apiserver.admission.context import AdmissionContext, Rules
from apiserver.admission.judging import of_main_resource
from apiserver.admission.kubernetes import workload_rules
from apiserver.admission.kubernetes.claims import default_claim_spec
from apiserver.admission.kubernetes.pod_defaults import default_template
from karmada.api.objects import Object, annotations_of, labels_of

TEMPLATE_GENERATION: Final = "deprecated.daemonset.template.generation"
HISTORY_LIMIT: Final = 10
PROGRESS_SECONDS: Final = 600


def _default_deployment(obj: Object, context: AdmissionContext) -> None:
    spec = obj["spec"]
    spec.setdefault("replicas", 1)
    default_template(spec["template"])
    strategy = spec["strategy"]
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", "25%")
        rolling.setdefault("maxSurge", "25%")
    spec.setdefault("revisionHistoryLimit", HISTORY_LIMIT)
    spec.setdefault("progressDeadlineSeconds", PROGRESS_SECONDS)


def _default_replica_set(obj: Object, context: AdmissionContext) -> None:
    spec = obj["spec"]
    spec.setdefault("replicas", 1)
    if template := spec.get("template"):
        default_template(template)


def _default_stateful_set(obj: Object, context: AdmissionContext) -> None:
    spec = obj["spec"]
    spec.setdefault("replicas", 1)
    default_template(spec["template"])
    spec.setdefault("podManagementPolicy", "OrderedReady")
    strategy = spec["updateStrategy"]
    if "type" not in strategy:
        strategy["type"] = "RollingUpdate"
        strategy.setdefault("rollingUpdate", {})
    if strategy["type"] == "RollingUpdate" and "rollingUpdate" in strategy:
        strategy["rollingUpdate"].setdefault("partition", 0)
    retention = spec.setdefault("persistentVolumeClaimRetentionPolicy", {})
    retention.setdefault("whenDeleted", "Retain")
    retention.setdefault("whenScaled", "Retain")
    spec.setdefault("revisionHistoryLimit", HISTORY_LIMIT)
    for claim in spec.get("volumeClaimTemplates") or ():
        claim.setdefault("apiVersion", "v1")
        claim.setdefault("kind", "PersistentVolumeClaim")
        default_claim_spec(claim["spec"])
        claim["status"].setdefault("phase", "Pending")


def _default_daemon_set(obj: Object, context: AdmissionContext) -> None:
    spec = obj["spec"]
    default_template(spec["template"])
    strategy = spec["updateStrategy"]
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", 1)
        rolling.setdefault("maxSurge", 0)
    spec.setdefault("revisionHistoryLimit", HISTORY_LIMIT)


def _count_templates(obj: Object, old: Object | None, context: AdmissionContext) -> None:
    """The number of the template lives in an annotation: it starts at 1 and grows when the template
    changes."""
    number = 1
    if old is not None:
        number = _template_number(annotations_of(old).get(TEMPLATE_GENERATION))
        if obj["spec"].get("template") != old["spec"].get("template"):
            number += 1
    obj["metadata"]["annotations"] = {**annotations_of(obj), TEMPLATE_GENERATION: str(number)}


def _template_number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else 1


def _default_controller(obj: Object, context: AdmissionContext) -> None:
    """ReplicationController: selector and labels come from the template."""
    spec = obj["spec"]
    spec.setdefault("replicas", 1)
    template: Any = spec.get("template")
    if not template:
        return
    default_template(template)
    if labels := labels_of(template):
        spec["selector"] = spec.get("selector") or dict(labels)
        obj["metadata"]["labels"] = labels_of(obj) or dict(labels)


def _default_pod_template(obj: Object, context: AdmissionContext) -> None:
    if template := obj.get("template"):
        default_template(template)


POD_TEMPLATE_RULES: Final = Rules(default=_default_pod_template)
DEPLOYMENT_RULES: Final = Rules(
    default=_default_deployment, validate=of_main_resource(workload_rules.judge_deployment)
)
REPLICA_SET_RULES: Final = Rules(
    default=_default_replica_set, validate=of_main_resource(workload_rules.judge_replica_set)
)
STATEFUL_SET_RULES: Final = Rules(
    default=_default_stateful_set, validate=of_main_resource(workload_rules.judge_stateful_set)
)
DAEMON_SET_RULES: Final = Rules(
    default=_default_daemon_set,
    prepare=_count_templates,
    validate=of_main_resource(workload_rules.judge_daemon_set),
)
REPLICATION_CONTROLLER_RULES: Final = Rules(
    default=_default_controller, validate=of_main_resource(workload_rules.judge_controller)
)
