"""Spark: SparkApplication, a driver and its executors. Pure."""

import math
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from karmada.api.groups.work import Component
from karmada.api.gvk import GroupVersionKind
from karmada.api.objects import Object
from karmada.api.quantity import Quantity
from karmada.interpreter.native.aggregate import Items, reported
from karmada.interpreter.thirdparty.components import claimed, component, count
from karmada.interpreter.thirdparty.kind import Kind
from karmada.interpreter.thirdparty.references import at
from karmada.interpreter.thirdparty.statuses import copied_when_single, latest, status_of, totals

FIELDS: Final = (
    "applicationState",
    "driverInfo",
    "executorState",
    "sparkApplicationId",
    "lastSubmissionAttemptTime",
    "submissionAttempts",
    "executionAttempts",
    "submissionID",
    "terminationTime",
)
ORDER: Final = {
    **dict.fromkeys(("SUBMITTED", "PENDING_RERUN"), 1),
    "COMPLETED": 2,
    **dict.fromkeys(("SUSPENDING", "SUSPENDED"), 3),
    **dict.fromkeys(("RUNNING", "RESUMING", "SUCCEEDING"), 4),
    "INVALIDATING": 5,
    **dict.fromkeys(("FAILING", "FAILED", "SUBMISSION_FAILED"), 6),
}
"""States of an application, the higher the worse; others are 0."""
DEFAULT_MEMORY: Final = "1g"
MIN_OVERHEAD_BYTES: Final = 384 * 2**20
JVM_OVERHEAD: Final = Decimal("0.1")
"""Part of the memory that a JVM needs besides its heap."""
OTHER_OVERHEAD: Final = Decimal("0.4")
"""The same with Python or R beside the JVM."""

_JAVA_MEMORY: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)([kmgtp]?)b?")
_POWERS: Final = {"k": 10, "m": 20, "g": 30, "t": 40, "p": 50}


def java_bytes(text: str) -> Decimal:
    """`512m`, `1g`, `1.5gb`; Spark counts mebibytes where no unit is given. Raises ValueError."""
    spelled = text.strip().lower()
    found = _JAVA_MEMORY.fullmatch(spelled)
    if found is None:
        raise ValueError(f"{text!r} is no amount of memory")
    power = _POWERS[found[2]] if found[2] else 0 if spelled.endswith("b") else 20
    return Decimal(found[1]) * Decimal(2) ** power


def _memory(part: Object, factor: Decimal) -> str:
    """Heap and overhead together."""
    heap = java_bytes(str(part.get("memory") or DEFAULT_MEMORY))
    stated = part.get("memoryOverhead")
    overhead = java_bytes(str(stated)) if stated else max(heap * factor, Decimal(MIN_OVERHEAD_BYTES))
    return str(Quantity.of(math.ceil(heap + overhead), "BinarySI"))


def _request(part: Object, factor: Decimal) -> dict[str, str]:
    cores = part.get("cores")
    request = {
        "cpu": str(Quantity.parse(1 if cores is None else cores)),
        "memory": _memory(part, factor),
    }
    gpu = part.get("gpu") or {}
    if gpu.get("name") and (quantity := count(gpu.get("quantity"), 0)) > 0:
        request[gpu["name"]] = str(quantity)
    return request


def _factor(spec: Object) -> Decimal:
    jvm = str(spec.get("type") or "").lower() in ("java", "scala")
    default = JVM_OVERHEAD if jvm else OTHER_OVERHEAD
    try:
        stated = float(spec.get("memoryOverheadFactor") or "nan")
    except ValueError:
        return default
    return Decimal(str(stated)) if math.isfinite(stated) else default


def _executors(spec: Object) -> int:
    """As many as there are at the start, or as there must be at least."""
    instances = count(at(spec, "executor", "instances"), 1)
    allocation = spec.get("dynamicAllocation") or {}
    if allocation.get("enabled") is not True:
        return instances
    return max(instances, *(count(allocation.get(name), 1) for name in ("initialExecutors", "minExecutors")))


def _components(obj: Object) -> list[Component]:
    spec = obj.get("spec") or {}
    factor = _factor(spec)
    return [
        component(name, replicas, _requirements(spec.get(name) or {}, factor))
        for name, replicas in (("driver", 1), ("executor", _executors(spec)))
    ]


def _requirements(part: Object, factor: Decimal) -> Object:
    return claimed(part, _request(part, factor))


def _is_healthy(obj: Object) -> bool:
    return at(status_of(obj), "applicationState", "state") not in (None, "FAILED")


def _reflect(obj: Object) -> Object:
    return {name: status_of(obj).get(name) for name in FIELDS}


def _aggregate(template: Object, items: Items, now: str) -> Object:
    statuses = list(reported(items))
    states = [each["applicationState"] for each in statuses if each.get("applicationState") is not None]
    return {
        **totals(statuses, ("executionAttempts", "submissionAttempts")),
        "applicationState": max(states, key=_badness, default=None),
        "executorState": {
            name: state for each in statuses for name, state in (each.get("executorState") or {}).items()
        },
        "lastSubmissionAttemptTime": latest(statuses, "lastSubmissionAttemptTime"),
        "terminationTime": latest(statuses, "terminationTime"),
    }


def _badness(state: Any) -> int:
    return ORDER.get(state.get("state"), 0)


KINDS: Final[Mapping[GroupVersionKind, Kind]] = {
    GroupVersionKind("sparkoperator.k8s.io", "v1beta2", "SparkApplication"): Kind(
        components=_components,
        aggregate=copied_when_single(_aggregate),
        reflect=_reflect,
        healthy=_is_healthy,
    ),
}
