"""Priority, DefaultTolerationSeconds and RuntimeClass: what cluster-wide objects decide for a new pod."""

from collections.abc import Mapping
from typing import Any, Final

from typing_extensions import override

from apiserver.admission.chain import Plugin
from apiserver.admission.context import AdmissionContext
from apiserver.admission.kubernetes.pods import add_tolerations
from apiserver.admission.kubernetes.priorities import settle_priority
from karmada.api.objects import Object

_CLASSES: Final = ("node.k8s.io", "runtimeclasses")


class _OfNewPods(Plugin):
    @override
    def concerns(self, context: AdmissionContext) -> bool:
        resource = context.resource
        is_pod = (resource.group, resource.resource) == ("", "pods")
        return is_pod and context.operation == "CREATE" and not context.subresource

    @override
    async def validate(self, obj: Object | None, context: AdmissionContext) -> None:
        return None


class PodPriority(_OfNewPods):
    name = "Priority"

    @override
    async def mutate(self, obj: Object | None, context: AdmissionContext) -> Object | None:
        if obj is not None:
            settle_priority(obj["spec"], context)
        return None


class DefaultTolerationSeconds(_OfNewPods):
    name = "DefaultTolerationSeconds"

    @override
    async def mutate(self, obj: Object | None, context: AdmissionContext) -> Object | None:
        if obj is not None:
            add_tolerations(obj["spec"])
        return None


class RuntimeClassAdmission(_OfNewPods):
    """Overhead and scheduling of a pod come from its runtime class."""

    name = "RuntimeClass"

    @override
    async def mutate(self, obj: Object | None, context: AdmissionContext) -> Object | None:
        if obj is not None and (found := await _class_of(obj["spec"], context)) is not None:
            spec = obj["spec"]
            if (fixed := _overhead_of(found)) is not None and spec.get("overhead") is None:
                spec["overhead"] = dict(fixed)
            _schedule(spec, found.get("scheduling") or {}, context)
        return None

    @override
    async def validate(self, obj: Object | None, context: AdmissionContext) -> None:
        if obj is None:
            return
        spec = obj["spec"]
        found = await _class_of(spec, context)
        fixed = _overhead_of(found) if found is not None else None
        if fixed is not None and spec.get("overhead") != fixed:
            text = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"
            raise context.forbidden(text)
        if fixed is None and spec.get("overhead"):
            text = "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"
            raise context.forbidden(text)


async def _class_of(spec: Object, context: AdmissionContext) -> Object | None:
    name = spec.get("runtimeClassName") or ""
    if not name:
        return None
    found = context.reader.get(*_CLASSES, "", name)
    if found is None:
        found = await context.reader.get_live(*_CLASSES, "", name)
    if found is None:
        raise context.forbidden(f'pod rejected: RuntimeClass "{name}" not found')
    return found


def _overhead_of(runtime_class: Object) -> Mapping[str, Any] | None:
    overhead = runtime_class.get("overhead")
    return None if overhead is None else overhead.get("podFixed") or {}


def _schedule(spec: Object, scheduling: Object, context: AdmissionContext) -> None:
    selector = dict(spec.get("nodeSelector") or {})
    for key, value in (scheduling.get("nodeSelector") or {}).items():
        if selector.get(key, value) != value:
            raise context.forbidden(
                f"conflict: runtimeClass.scheduling.nodeSelector[{key}] = {value}; "
                f"pod.spec.nodeSelector[{key}] = {selector[key]}"
            )
        selector[key] = value
    if selector:
        spec["nodeSelector"] = selector
    given = list(spec.get("tolerations") or ())
    added = [each for each in scheduling.get("tolerations") or () if each not in given]
    if added:
        spec["tolerations"] = [*given, *added]
