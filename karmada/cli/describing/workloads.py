"""Deployments in detail. Lines for layout.tabulated."""

from collections.abc import Iterator, Sequence
from typing import Any

from karmada.api.objects import Object, annotations_of, controller_of, name_of, uid_of
from karmada.cli.describing.layout import NONE, heading
from karmada.cli.describing.pods import template

REVISION = "deployment.kubernetes.io/revision"


def deployment(obj: Object, replica_sets: Sequence[Object]) -> Iterator[str]:
    """replica_sets: those of the namespace."""
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    yield from heading(obj, created=True)
    yield f"Selector:\t{selector_text(spec.get('selector') or {})}"
    yield (
        f"Replicas:\t{spec.get('replicas', 1)} desired | {status.get('updatedReplicas', 0)} updated | "
        f"{status.get('replicas', 0)} total | {status.get('availableReplicas', 0)} available | "
        f"{status.get('unavailableReplicas', 0)} unavailable"
    )
    strategy = spec.get("strategy") or {}
    yield f"StrategyType:\t{strategy.get('type', '')}"
    yield f"MinReadySeconds:\t{spec.get('minReadySeconds', 0)}"
    if rolling := strategy.get("rollingUpdate"):
        yield (
            f"RollingUpdateStrategy:\t{rolling.get('maxUnavailable')} max unavailable, "
            f"{rolling.get('maxSurge')} max surge"
        )
    yield "Pod Template:"
    yield from template(spec.get("template") or {})
    if status.get("conditions"):
        yield "Conditions:"
        yield "  Type\tStatus\tReason"
        yield "  ----\t------\t------"
        for condition in status["conditions"]:
            yield f"  {condition.get('type')} \t{condition.get('status')}\t{condition.get('reason')}"
    if replica_sets:
        yield from _replica_sets(obj, replica_sets)


def _replica_sets(obj: Object, replica_sets: Sequence[Object]) -> Iterator[str]:
    mine = [each for each in replica_sets if (controller_of(each) or {}).get("uid") == uid_of(obj)]
    revision = annotations_of(obj).get(REVISION)
    new = [each for each in mine if annotations_of(each).get(REVISION) == revision]
    old = [each for each in mine if each not in new and (each.get("spec") or {}).get("replicas")]
    yield f"OldReplicaSets:\t{', '.join(map(_set_text, old)) or NONE}"
    yield f"NewReplicaSet:\t{', '.join(map(_set_text, new)) or NONE}"


def _set_text(replica_set: Object) -> str:
    wanted = (replica_set.get("spec") or {}).get("replicas", 0)
    there = (replica_set.get("status") or {}).get("replicas", 0)
    return f"{name_of(replica_set)} ({there}/{wanted} replicas created)"


def selector_text(selector: dict[str, Any]) -> str:
    parts = [f"{key}={value}" for key, value in sorted((selector.get("matchLabels") or {}).items())]
    for expression in selector.get("matchExpressions") or ():
        key, operator = expression.get("key"), str(expression.get("operator") or "")
        values = ",".join(sorted(expression.get("values") or ()))
        words = {"In": f"{key} in ({values})", "NotIn": f"{key} notin ({values})", "Exists": key}
        parts.append(str(words.get(operator, f"!{key}")))
    return ",".join(parts) or NONE
