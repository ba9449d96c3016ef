"""LimitRanger: what containers ask for when they do not say, and how much pods and claims may ask for.

In: a new Pod, a claim, the LimitRanges of the namespace. Out: requests and limits filled in, or a 403 with
every limit that is broken.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from typing_extensions import override

from apiserver.admission.broken_rules import joined
from apiserver.admission.chain import Plugin
from apiserver.admission.context import AdmissionContext
from karmada.api.objects import Object, is_deleting, name_of
from karmada.api.pod_amounts import Amounts, container_amounts, pod_amounts, readable
from karmada.api.quantity import Quantity

ANNOTATION: Final = "kubernetes.io/limit-ranger"
_PARTS: Final = (("containers", "container"), ("initContainers", "init container"))


class LimitRanger(Plugin):
    name = "LimitRanger"

    @override
    def concerns(self, context: AdmissionContext) -> bool:
        if context.resource.group or context.subresource or not context.namespace:
            return False
        if context.resource.resource == "pods":
            return context.operation == "CREATE"
        is_claim = context.resource.resource == "persistentvolumeclaims"
        return is_claim and context.operation in ("CREATE", "UPDATE")

    @override
    async def mutate(self, obj: Object | None, context: AdmissionContext) -> Object | None:
        if obj is not None and context.resource.resource == "pods":
            for limit_range in _ranges(context):
                fill_in(obj, limit_range)
        return None

    @override
    async def validate(self, obj: Object | None, context: AdmissionContext) -> None:
        if obj is None or is_deleting(obj):
            return
        broken = broken_pod_limits if context.resource.resource == "pods" else broken_claim_limits
        for limit_range in _ranges(context):
            if problems := list(broken(obj, limit_range)):
                raise context.forbidden(joined(problems))


def _ranges(context: AdmissionContext) -> list[Object]:
    return sorted(context.reader.list("", "limitranges", context.namespace), key=name_of)


def _items(limit_range: Object, type_: str) -> Iterator[Object]:
    for item in (limit_range.get("spec") or {}).get("limits") or ():
        if item.get("type") == type_:
            yield item


# -- defaults -----------------------------------------------------------------------------------------------


def fill_in(pod: Object, limit_range: Object) -> None:
    """Requests and limits that containers do not name, in place; an annotation says which."""
    requests: Object = {}
    limits: Object = {}
    for item in _items(limit_range, "Container"):
        requests |= item.get("defaultRequest") or {}
        limits |= item.get("default") or {}
    told: list[str] = []
    for part, words in _PARTS:
        for container in pod["spec"].get(part) or ():
            for side, defaults in (("requests", requests), ("limits", limits)):
                if added := _filled(container, side, defaults):
                    told.append(f"{', '.join(added)} {side[:-1]} for {words} {container.get('name')}")
    if told:
        metadata = pod["metadata"]
        annotations = dict(metadata.get("annotations") or {})
        metadata["annotations"] = {**annotations, ANNOTATION: f"LimitRanger plugin set: {'; '.join(told)}"}


def _filled(container: Object, side: str, defaults: Mapping[str, Any]) -> list[str]:
    given = (container.get("resources") or {}).get(side) or {}
    added = sorted(name for name in defaults if name not in given)
    if added:
        resources = container.setdefault("resources", {})
        resources[side] = {**given, **{name: defaults[name] for name in added}}
    return added


# -- limits -------------------------------------------------------------------------------------------------


def broken_pod_limits(pod: Object, limit_range: Object) -> Iterator[str]:
    spec = pod["spec"]
    for item in _items(limit_range, "Container"):
        for part, _ in _PARTS:
            for container in spec.get(part) or ():
                requests = container_amounts(container, "requests")
                yield from _broken(item, requests, container_amounts(container, "limits"))
    for item in _items(limit_range, "Pod"):
        yield from _broken(item, pod_amounts(spec, "requests"), pod_amounts(spec, "limits"))


def broken_claim_limits(claim: Object, limit_range: Object) -> Iterator[str]:
    requests = readable(((claim.get("spec") or {}).get("resources") or {}).get("requests") or {})
    for item in _items(limit_range, "PersistentVolumeClaim"):
        for word, name, bound in _bounds(item):
            asked = requests.get(name)
            if asked is None:
                yield f"{word} {name} usage per {item['type']} is {bound}.  No request is specified"
            elif asked < bound if word == "minimum" else asked > bound:
                yield f"{word} {name} usage per {item['type']} is {bound}, but request is {asked}"


def _broken(item: Object, requests: Amounts, limits: Amounts) -> Iterator[str]:
    for word, name, bound in _bounds(item):
        head = f"{word} {name} usage per {item['type']} is {bound}"
        request, limit = requests.get(name), limits.get(name)
        if word == "minimum":
            yield from _too_small(head, bound, request, limit)
        else:
            yield from _too_large(head, bound, request, limit)
    for name, ratio in sorted(readable(item.get("maxLimitRequestRatio") or {}).items()):
        head = f"{name} max limit to request ratio per {item['type']} is {ratio}"
        yield from _too_far_apart(head, ratio, requests.get(name), limits.get(name))


def _bounds(item: Object) -> Iterable[tuple[str, str, Quantity]]:
    for word, side in (("minimum", "min"), ("maximum", "max")):
        for name, bound in sorted(readable(item.get(side) or {}).items()):
            yield word, name, bound


def _too_small(head: str, bound: Quantity, request: Quantity | None, limit: Quantity | None) -> Iterator[str]:
    if request is None:
        yield f"{head}.  No request is specified"
    elif request < bound:
        yield f"{head}, but request is {request}"
    elif limit is not None and limit < bound:
        yield f"{head}, but limit is {limit}"


def _too_large(head: str, bound: Quantity, request: Quantity | None, limit: Quantity | None) -> Iterator[str]:
    if limit is None:
        yield f"{head}.  No limit is specified"
    elif limit > bound:
        yield f"{head}, but limit is {limit}"
    elif request is not None and request > bound:
        yield f"{head}, but request is {request}"


def _too_far_apart(
    head: str, ratio: Quantity, request: Quantity | None, limit: Quantity | None
) -> Iterator[str]:
    if request is None or request.is_zero:
        yield f"{head}, but no request is specified or request is 0"
    elif limit is None or limit.is_zero:
        yield f"{head}, but no limit is specified or limit is 0"
    elif limit.nano * Quantity.of(1).nano > ratio.nano * request.nano:
        yield f"{head}, but provided ratio is {limit.nano / request.nano:.6f}"
