"""Kyverno: ClusterPolicy and Policy. Pure."""

from collections.abc import Mapping
from typing import Final

from karmada.api.gvk import GroupVersionKind
from karmada.api.objects import Object
from karmada.interpreter.native.aggregate import Items, reported
from karmada.interpreter.thirdparty.kind import Kind
from karmada.interpreter.thirdparty.statuses import (
    conditions_of,
    last,
    merged_conditions,
    status_of,
    totals,
)

FIELDS: Final = ("autogen", "conditions", "ready", "rulecount")
RULES: Final = ("validate", "generate", "mutate", "verifyimages")


def _reflect(obj: Object) -> Object:
    return {name: status_of(obj).get(name) for name in FIELDS}


def _aggregate(template: Object, items: Items, now: str) -> Object | None:
    if not items:
        return None
    statuses = list(reported(items))
    return {
        "autogen": last(statuses, "autogen"),
        "ready": last(statuses, "ready"),
        "rulecount": totals([status.get("rulecount") or {} for status in statuses], RULES),
        "conditions": merged_conditions(items),
    }


def _is_healthy(obj: Object) -> bool:
    """The old field where there is one, else the condition that came after it."""
    status = status_of(obj)
    if status.get("ready") is not None:
        return status["ready"] is True
    return any(
        (each.get("type"), each.get("status"), each.get("reason")) == ("Ready", "True", "Succeeded")
        for each in conditions_of(status)
    )


_POLICY: Final = Kind(aggregate=_aggregate, reflect=_reflect, healthy=_is_healthy)
KINDS: Final[Mapping[GroupVersionKind, Kind]] = {
    GroupVersionKind("kyverno.io", "v1", "ClusterPolicy"): _POLICY,
    GroupVersionKind("kyverno.io", "v1", "Policy"): _POLICY,
}
