"""Cluster: default resource models, normal form of given ones, times of taints, zones.

cluster_rules.py says what is refused. Cluster is typed storage, so there is no schema to rely on.
"""

from typing import Any, Final

from apiserver.admission.context import AdmissionContext, Rules
from apiserver.admission.judging import of_main_resource
from apiserver.admission.karmada.cluster_rules import LARGEST, cluster_errors
from karmada.api.errors import FieldError
from karmada.api.objects import Object

CPU_STEPS: Final = ("0", "1", "2", "4", "8", "16", "32", "64", "128", LARGEST)
MEMORY_STEPS: Final = ("0", "4Gi", "16Gi", "32Gi", "64Gi", "128Gi", "256Gi", "512Gi", "1Ti", LARGEST)


def default_models() -> list[Object]:
    """Nine grades of nodes by CPU and memory; intervals are [min, max)."""
    return [
        {
            "grade": grade,
            "ranges": [
                {"name": "cpu", "min": CPU_STEPS[grade], "max": CPU_STEPS[grade + 1]},
                {"name": "memory", "min": MEMORY_STEPS[grade], "max": MEMORY_STEPS[grade + 1]},
            ],
        }
        for grade in range(len(CPU_STEPS) - 1)
    ]


def normal_models(models: list[Any]) -> list[Any]:
    """Sorted by grade; the first starts at zero, the last has no end."""
    ordered = sorted(models, key=lambda model: model.get("grade") or 0)
    for each in ordered[0].get("ranges") or ():
        each["min"] = "0"
    for each in ordered[-1].get("ranges") or ():
        each["max"] = LARGEST
    return ordered


def _default(cluster: Object, context: AdmissionContext) -> None:
    spec = cluster.setdefault("spec", {})
    if spec.get("resourceModels"):
        spec["resourceModels"] = normal_models(spec["resourceModels"])
    elif context.operation == "CREATE":
        spec["resourceModels"] = default_models()


def _canonicalize(cluster: Object, old: Object | None, context: AdmissionContext) -> None:
    """Taints remember when they came; the deprecated zone moves into zones, unless both are given, which is
    refused."""
    spec = cluster["spec"]
    for taint in spec.get("taints") or ():
        if taint.get("effect") == "NoExecute" and not taint.get("timeAdded"):
            taint["timeAdded"] = context.now
    if spec.get("zone") and not spec.get("zones"):
        spec["zones"] = [spec.pop("zone")]


def _judge(cluster: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    return cluster_errors(cluster)


RULES: Final = Rules(default=_default, prepare=_canonicalize, validate=of_main_resource(_judge))
