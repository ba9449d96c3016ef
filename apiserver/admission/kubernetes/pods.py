"""Pod: what is filled in, what may change, and what its first status says."""

from collections.abc import Sequence
from typing import Any, Final

from apiserver.admission.broken_rules import forbidden, invalid_value
from apiserver.admission.context import AdmissionContext, Rules
from apiserver.admission.kubernetes.pod_defaults import default_pod_only, default_pod_spec
from apiserver.admission.kubernetes.pod_rules import pod_spec_errors
from apiserver.admission.kubernetes.priorities import keep_priority
from karmada.api.errors import FieldError
from karmada.api.objects import Object
from karmada.api.quantity import Quantity, QuantityError

TOLERATION_SECONDS: Final = 300
NODE_TROUBLES: Final = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
CHANGE_TEXT: Final = (
    "pod updates may not change fields other than `spec.containers[*].image`,"
    "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to "
    "existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was "
    "previously negative)"
)
_COMPUTE: Final = ("cpu", "memory")


def _prepare(pod: Object, old: Object | None, context: AdmissionContext) -> None:
    spec = pod["spec"]
    if old is not None:
        add_tolerations(spec)
        keep_priority(spec, old["spec"])
        return
    status: Object = {"phase": "Pending", "qosClass": qos_class(spec)}
    if spec.get("schedulingGates"):
        status["conditions"] = [
            {
                "type": "PodScheduled",
                "status": "False",
                "lastProbeTime": None,
                "lastTransitionTime": None,
                "reason": "SchedulingGated",
                "message": "Scheduling is blocked due to non-empty scheduling gates",
            }
        ]
    pod["status"] = status


def add_tolerations(spec: Object) -> None:
    """Every pod puts up with a lost node for a while, unless it says something about it itself."""
    given: Sequence[Object] = spec.get("tolerations") or ()
    added = [
        {
            "key": key,
            "operator": "Exists",
            "effect": "NoExecute",
            "tolerationSeconds": TOLERATION_SECONDS,
        }
        for key in NODE_TROUBLES
        if not any(_is_about(toleration, key) for toleration in given)
    ]
    if added:
        spec["tolerations"] = [*given, *added]


def _is_about(toleration: Object, key: str) -> bool:
    return toleration.get("key") in (key, "", None) and toleration.get("effect") in ("NoExecute", "", None)


def qos_class(spec: Object) -> str:
    """Guaranteed: cpu and memory limited and requested alike everywhere; BestEffort: nothing said."""
    guaranteed, anything = True, False
    for name in ("containers", "initContainers"):
        for container in spec.get(name) or ():
            resources = container.get("resources") or {}
            requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
            anything = anything or _says_something(requests) or _says_something(limits)
            guaranteed = guaranteed and all(
                _is_positive(limits.get(each))
                and _amount(limits.get(each)) == _amount(requests.get(each, limits.get(each)))
                for each in _COMPUTE
            )
    if not anything:
        return "BestEffort"
    return "Guaranteed" if guaranteed else "Burstable"


def _says_something(amounts: Object) -> bool:
    return any(_is_positive(amounts.get(name)) for name in _COMPUTE)


def _is_positive(value: Any) -> bool:
    return value is not None and _amount(value) > Quantity.of(0)


def _amount(value: Any) -> Quantity:
    try:
        return Quantity.parse(value or "0")
    except QuantityError:
        return Quantity.of(0)  # decoding says so


# -- rules --------------------------------------------------------------------------------------------------


def _judge(pod: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    if context.subresource:
        return []  # each has rules of its own
    errors = pod_spec_errors(pod["spec"], "spec")
    return errors if old is None else errors + change_errors(pod["spec"], old["spec"])


def change_errors(spec: Object, old: Object) -> list[FieldError]:
    """What changed in the spec of a pod that must not."""
    errors: list[FieldError] = []
    deadline, before = spec.get("activeDeadlineSeconds"), old.get("activeDeadlineSeconds")
    if before is not None and deadline is None:
        text = "must not update from a positive integer to nil value"
        errors.append(invalid_value("spec.activeDeadlineSeconds", None, text))
    elif before is not None and deadline > before:
        text = f"must be less than or equal to previous value {before}"
        errors.append(invalid_value("spec.activeDeadlineSeconds", deadline, text))
    gates = {gate.get("name") for gate in old.get("schedulingGates") or ()}
    for index, gate in enumerate(spec.get("schedulingGates") or ()):
        if (name := gate.get("name")) not in gates:
            text = f"only deletion is allowed, but found new scheduling gate '{name}'"
            errors.append(forbidden(f"spec.schedulingGates[{index}].name", text))
    tolerations = spec.get("tolerations") or ()
    if any(not _kept(toleration, tolerations) for toleration in old.get("tolerations") or ()):
        text = "existing toleration can not be modified except its tolerationSeconds"
        errors.append(forbidden("spec.tolerations", text))
    if _fixed(spec, gated=bool(gates)) != _fixed(old, gated=bool(gates)):
        errors.append(forbidden("spec", CHANGE_TEXT))
    return errors


def _kept(toleration: Object, tolerations: Sequence[Object]) -> bool:
    bare = _without_seconds(toleration)
    return any(_without_seconds(item) == bare for item in tolerations)


def _without_seconds(toleration: Object) -> Object:
    return {name: value for name, value in toleration.items() if name != "tolerationSeconds"}


def _fixed(spec: Object, *, gated: bool) -> Object:
    """The part of a spec that stays as it is."""
    free = {"activeDeadlineSeconds", "tolerations", "schedulingGates"}
    if gated:
        free |= {"nodeSelector", "affinity"}
    fixed = {name: value for name, value in spec.items() if name not in free}
    for name in ("containers", "initContainers"):
        if name in fixed:
            fixed[name] = [
                {part: value for part, value in container.items() if part != "image"}
                for container in fixed[name] or ()
            ]
    if fixed.get("terminationGracePeriodSeconds") == 1:
        del fixed["terminationGracePeriodSeconds"]
    return fixed


def rules(*, service_accounts: bool) -> Rules:
    """service_accounts: a new pod runs as somebody, the default account if it names none."""

    def default(pod: Object, context: AdmissionContext) -> None:
        spec = pod["spec"]
        if service_accounts and context.operation == "CREATE":
            spec.setdefault("serviceAccountName", spec.get("serviceAccount") or "default")
        default_pod_spec(spec)
        default_pod_only(spec)

    return Rules(default=default, prepare=_prepare, validate=_judge)
