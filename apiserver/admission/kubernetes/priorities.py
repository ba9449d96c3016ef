"""PriorityClass: its defaults and rules; and what a pod's class means for the pod."""

from typing import Final

from apiserver.admission.broken_rules import forbidden, immutable
from apiserver.admission.context import AdmissionContext, Rules
from karmada.api.errors import FieldError
from karmada.api.objects import Object, name_of

GROUP: Final = "scheduling.k8s.io"
HIGHEST_USER_PRIORITY: Final = 1_000_000_000
SYSTEM_PREFIX: Final = "system-"
SYSTEM_CLASSES: Final = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}
PREEMPT: Final = "PreemptLowerPriority"


def settle_priority(spec: Object, context: AdmissionContext) -> None:
    """The priority of a new pod: from its class, else from the default class, else 0. Raises Forbidden."""
    name = spec.get("priorityClassName") or ""
    if name:
        found = context.reader.get(GROUP, "priorityclasses", "", name)
        if found is None and name not in SYSTEM_CLASSES:
            raise context.forbidden(f"no PriorityClass with name {name} was found")
    else:
        classes = context.reader.list(GROUP, "priorityclasses")
        found = min(
            (item for item in classes if item.get("globalDefault")),
            key=lambda item: item.get("value") or 0,
            default=None,
        )
        if found is not None:
            spec["priorityClassName"] = name_of(found)
    priority = (found.get("value") or 0) if found is not None else SYSTEM_CLASSES.get(name, 0)
    given = spec.get("priority")
    if given is not None and given != priority:
        raise context.forbidden(
            f"the integer value of priority ({given}) must not be provided in pod spec; priority admission "
            f"controller computed {priority} from the given PriorityClass name"
        )
    policy = (found or {}).get("preemptionPolicy") or PREEMPT
    chosen = spec.get("preemptionPolicy")
    if chosen is not None and chosen != policy:
        raise context.forbidden(
            f"the string value of PreemptionPolicy ({chosen}) must not be provided in pod spec; priority "
            f"admission controller computed {policy} from the given PriorityClass name"
        )
    spec["priority"], spec["preemptionPolicy"] = priority, policy


def keep_priority(spec: Object, old: Object) -> None:
    """What was settled at creation stays where an update leaves it out, so that a manifest can be replaced
    as it is.
    """
    for name in ("priority", "preemptionPolicy"):
        if spec.get(name) is None and old.get(name) is not None:
            spec[name] = old[name]


def _default(obj: Object, context: AdmissionContext) -> None:
    obj.setdefault("preemptionPolicy", PREEMPT)


def _judge(obj: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    errors: list[FieldError] = []
    name, value = name_of(obj), obj.get("value") or 0
    if old is not None:
        if value != (old.get("value") or 0):
            errors.append(forbidden("value", "may not be changed in an update."))
        if obj.get("preemptionPolicy") != old.get("preemptionPolicy"):
            errors.append(immutable("preemptionPolicy", obj.get("preemptionPolicy")))
    if name.startswith(SYSTEM_PREFIX):
        if SYSTEM_CLASSES.get(name) != value:
            text = (
                "priority class names with 'system-' prefix are reserved for system use only. error: "
                + _system_problem(name)
            )
            errors.append(forbidden("metadata.name", text))
    elif value > HIGHEST_USER_PRIORITY:
        text = f"maximum allowed value of a user defined priority is {HIGHEST_USER_PRIORITY}"
        errors.append(forbidden("value", text))
    return errors


def _system_problem(name: str) -> str:
    if name not in SYSTEM_CLASSES:
        return f"{name} is not a known system priority class"
    return f"value of {name} PriorityClass must be {SYSTEM_CLASSES[name]}"


async def _refuse(obj: Object, old: Object | None, context: AdmissionContext) -> None:
    """There is one default class."""
    if not obj.get("globalDefault"):
        return
    for other in context.reader.list(GROUP, "priorityclasses"):
        if other.get("globalDefault") and name_of(other) != name_of(obj):
            raise context.forbidden(
                f"PriorityClass {name_of(other)} is already marked as default. Only one default can exist"
            )


RULES: Final = Rules(default=_default, validate=_judge, refuse=_refuse)
