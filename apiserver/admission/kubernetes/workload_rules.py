"""Rules of Deployment, ReplicaSet, StatefulSet, DaemonSet and ReplicationController, in the stock words."""

from typing import Any, Final

from apiserver.admission.broken_rules import (
    forbidden,
    immutable,
    invalid_value,
    not_negative,
    not_supported,
    required,
)
from apiserver.admission.context import AdmissionContext
from apiserver.admission.kubernetes.pod_rules import selector_errors, selects, template_errors
from karmada.api.errors import FieldError
from karmada.api.objects import Object, labels_of

STRATEGIES: Final = ("Recreate", "RollingUpdate")
UPDATE_STRATEGIES: Final = ("OnDelete", "RollingUpdate")
MUTABLE_STATEFUL: Final = (
    "minReadySeconds",
    "ordinals",
    "persistentVolumeClaimRetentionPolicy",
    "replicas",
    "revisionHistoryLimit",
    "template",
    "updateStrategy",
)


def judge_deployment(obj: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    spec = obj["spec"]
    errors = _counts(spec, "replicas", "minReadySeconds", "revisionHistoryLimit")
    errors += _selected_template_errors(spec, kind="deployment")
    errors += _strategy_errors(spec.get("strategy") or {})
    deadline = spec.get("progressDeadlineSeconds")
    if deadline is not None:
        errors += not_negative("spec.progressDeadlineSeconds", deadline)
        if deadline <= (spec.get("minReadySeconds") or 0):
            text = "must be greater than minReadySeconds"
            errors.append(invalid_value("spec.progressDeadlineSeconds", deadline, text))
    return errors + _selector_change(spec, old)


def judge_replica_set(obj: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    spec = obj["spec"]
    errors = _counts(spec, "replicas", "minReadySeconds")
    return errors + _selected_template_errors(spec, kind="deployment") + _selector_change(spec, old)


def judge_daemon_set(obj: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    spec = obj["spec"]
    errors = _selected_template_errors(spec, kind="daemonset")
    errors += _counts(spec, "minReadySeconds", "revisionHistoryLimit")
    strategy = spec.get("updateStrategy") or {}
    kind = strategy.get("type") or ""
    if kind not in UPDATE_STRATEGIES:
        errors.append(not_supported("spec.updateStrategy.type", kind, UPDATE_STRATEGIES))
    if kind == "RollingUpdate":
        rolling = strategy.get("rollingUpdate")
        if rolling is None:
            errors.append(required("spec.updateStrategy.rollingUpdate"))
        else:
            errors += _daemon_rolling_errors(rolling, "spec.updateStrategy.rollingUpdate")
    return errors + _selector_change(spec, old)


def judge_stateful_set(obj: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    spec = obj["spec"]
    errors: list[FieldError] = []
    if (policy := spec.get("podManagementPolicy") or "") not in ("OrderedReady", "Parallel"):
        text = "must be 'OrderedReady' or 'Parallel'"
        errors.append(invalid_value("spec.podManagementPolicy", policy, text))
    strategy = spec.get("updateStrategy") or {}
    if (kind := strategy.get("type") or "") not in UPDATE_STRATEGIES:
        text = "must be 'RollingUpdate' or 'OnDelete'"
        errors.append(invalid_value("spec.updateStrategy", strategy, text))
    elif kind == "OnDelete" and strategy.get("rollingUpdate") is not None:
        text = "only allowed for updateStrategy 'RollingUpdate'"
        errors.append(invalid_value("spec.updateStrategy.rollingUpdate", strategy["rollingUpdate"], text))
    partition = (strategy.get("rollingUpdate") or {}).get("partition")
    errors += not_negative("spec.updateStrategy.rollingUpdate.partition", partition)
    errors += _counts(spec, "replicas", "minReadySeconds", "revisionHistoryLimit")
    errors += not_negative("spec.ordinals.start", (spec.get("ordinals") or {}).get("start"))
    errors += _selected_template_errors(spec, kind="statefulset")
    return errors + _stateful_change(spec, old)


def judge_controller(obj: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    spec = obj["spec"]
    errors = _counts(spec, "replicas", "minReadySeconds")
    selector = spec.get("selector") or {}
    if not selector:
        errors.append(required("spec.selector"))
    template = spec.get("template")
    if not template:
        return [*errors, required("spec.template")]
    return errors + _template_errors(template, {"matchLabels": selector})


# -- parts --------------------------------------------------------------------------------------------------


def _counts(spec: Object, *names: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for name in names:
        value = spec.get(name)
        if value is not None and value < 0:
            errors += not_negative(f"spec.{name}", value)
    return errors


def _selected_template_errors(spec: Object, *, kind: str) -> list[FieldError]:
    """The selector means something, and it means the template."""
    selector = spec.get("selector")
    if selector is None:
        errors = [required("spec.selector")]
    else:
        errors = selector_errors(selector, "spec.selector")
        if not selector.get("matchLabels") and not selector.get("matchExpressions"):
            text = f"empty selector is invalid for {kind}"
            errors.append(invalid_value("spec.selector", selector, text))
    return errors + _template_errors(spec.get("template") or {}, selector or {})


def _template_errors(template: Object, selector: Object) -> list[FieldError]:
    errors: list[FieldError] = []
    labels = labels_of(template)
    if selector and selects(selector, labels) is False:
        text = "`selector` does not match template `labels`"
        errors.append(invalid_value("spec.template.metadata.labels", labels or None, text))
    errors += template_errors(template, "spec.template")
    pod = template.get("spec") or {}
    if (policy := pod.get("restartPolicy")) != "Always":
        errors.append(not_supported("spec.template.spec.restartPolicy", policy or "", ("Always",)))
    if pod.get("activeDeadlineSeconds") is not None:
        text = "activeDeadlineSeconds in ReplicaSet is not Supported"
        errors.append(forbidden("spec.template.spec.activeDeadlineSeconds", text))
    return errors


def _selector_change(spec: Object, old: Object | None) -> list[FieldError]:
    if old is None or spec.get("selector") == old["spec"].get("selector"):
        return []
    return [immutable("spec.selector", spec.get("selector"))]


def _stateful_change(spec: Object, old: Object | None) -> list[FieldError]:
    if old is None:
        return []
    before = old["spec"]
    names = (spec.keys() | before.keys()).difference(MUTABLE_STATEFUL)
    if all(spec.get(name) == before.get(name) or _same_claims(name, spec, before) for name in names):
        return []
    text = (
        "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
        "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and "
        "'minReadySeconds' are forbidden"
    )
    return [forbidden("spec", text)]


def _same_claims(name: str, spec: Object, before: Object) -> bool:
    """Claim templates are compared without their status, which servers fill."""
    if name != "volumeClaimTemplates":
        return False
    first, second = (
        [{part: value for part, value in claim.items() if part != "status"} for claim in each.get(name) or ()]
        for each in (spec, before)
    )
    return first == second


def _strategy_errors(strategy: Object) -> list[FieldError]:
    path, kind, rolling = "spec.strategy", strategy.get("type") or "", strategy.get("rollingUpdate")
    if kind == "Recreate":
        text = "may not be specified when strategy `type` is 'Recreate'"
        return [forbidden(f"{path}.rollingUpdate", text)] if rolling is not None else []
    if kind != "RollingUpdate":
        return [not_supported(f"{path}.type", kind, STRATEGIES)]
    if rolling is None:
        return [required(f"{path}.rollingUpdate", "this should be defaulted and never be nil")]
    unavailable, surge = rolling.get("maxUnavailable"), rolling.get("maxSurge")
    if unavailable == surge == "25%":
        return []
    where = f"{path}.rollingUpdate"
    errors = amount_errors(unavailable, f"{where}.maxUnavailable")
    errors += amount_errors(surge, f"{where}.maxSurge")
    if not errors and is_nothing(unavailable) and is_nothing(surge):
        text = "may not be 0 when `maxSurge` is 0"
        errors.append(invalid_value(f"{where}.maxUnavailable", unavailable, text))
    return errors + at_most_all_errors(unavailable, f"{where}.maxUnavailable")


def _daemon_rolling_errors(rolling: Object, path: str) -> list[FieldError]:
    unavailable, surge = rolling.get("maxUnavailable"), rolling.get("maxSurge")
    errors = amount_errors(unavailable, f"{path}.maxUnavailable")
    errors += at_most_all_errors(unavailable, f"{path}.maxUnavailable")
    errors += amount_errors(surge, f"{path}.maxSurge") + at_most_all_errors(surge, f"{path}.maxSurge")
    nothing = (is_nothing(unavailable), is_nothing(surge))
    if not any(nothing):
        text = "may not be set when maxUnavailable is non-zero"
        errors.append(invalid_value(f"{path}.maxSurge", surge, text))
    if all(nothing):
        errors.append(required(path, "cannot be 0 when maxSurge is 0"))
    return errors


def amount_errors(amount: Any, path: str) -> list[FieldError]:
    """A number, or a percentage."""
    if isinstance(amount, str):
        if amount.endswith("%") and amount[:-1].isascii() and amount[:-1].isdigit():
            return []
        text = "a valid percent string must be a numeric string followed by an ending '%'"
        pattern = "(e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
        return [invalid_value(path, amount, f"{text} {pattern}")]
    return not_negative(path, amount)


def at_most_all_errors(amount: Any, path: str) -> list[FieldError]:
    if isinstance(amount, str) and amount.endswith("%") and amount[:-1].isdigit() and int(amount[:-1]) > 100:
        return [invalid_value(path, amount, "must not be greater than 100%")]
    return []


def is_nothing(amount: Any) -> bool:
    return amount in (0, None, "0%") or (isinstance(amount, str) and not amount.strip("0%"))
