"""What a pod template asks of a cluster: resources per replica, and which nodes. Pure."""

from collections.abc import Iterable
from typing import Any, Final

from karmada.api.objects import Object
from karmada.api.quantity import Quantity

PLAIN_RESOURCES: Final = frozenset({"cpu", "memory", "ephemeral-storage"})


def requirements_of(template: Object) -> Object:
    """The requirements of one replica in the form of ReplicaRequirements; {} when the template asks for
    nothing."""
    spec = template.get("spec") or {}
    fields: Object = {}
    if claim := node_claim(spec):
        fields["nodeClaim"] = claim
    if request := resource_request(spec):
        fields["resourceRequest"] = request
    return fields


def node_claim(spec: Object) -> Object:
    """Node selector, tolerations and required node affinity; {} when there are none."""
    required = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    )
    claim = {
        "hardNodeAffinity": required,
        "nodeSelector": spec.get("nodeSelector"),
        "tolerations": spec.get("tolerations"),
    }
    return {name: value for name, value in claim.items() if value}


def resource_request(spec: Object) -> dict[str, str]:
    """What the scheduler counts: containers summed, the largest init container, plus overhead. Zeros are
    left out."""
    total: dict[str, Quantity] = {}
    for container in spec.get("containers") or ():
        _add(total, _container_request(container))
    for container in spec.get("initContainers") or ():
        for name, quantity in _container_request(container).items():
            if name not in total or quantity > total[name]:
                total[name] = quantity
    _add(total, {name: Quantity.parse(value) for name, value in (spec.get("overhead") or {}).items()})
    return {
        name: str(quantity)
        for name, quantity in sorted(total.items())
        if is_counted(name) and not quantity.is_zero
    }


def is_counted(name: str) -> bool:
    """cpu, memory, ephemeral storage, and the scalar resources: extended ones, huge pages, attachable
    volumes."""
    return name in PLAIN_RESOURCES or "/" in name or name.startswith(("hugepages-", "attachable-volumes-"))


def _container_request(container: Object) -> dict[str, Quantity]:
    """Requests; a limit stands in for a request that is missing."""
    resources = container.get("resources") or {}
    wanted = {**(resources.get("limits") or {}), **(resources.get("requests") or {})}
    return {name: Quantity.parse(value) for name, value in wanted.items()}


def _add(total: dict[str, Quantity], request: dict[str, Quantity]) -> None:
    for name, quantity in request.items():
        total[name] = total[name] + quantity if name in total else quantity


def pod_specs(obj: Object) -> Iterable[Any]:
    """The pod spec of a workload or of a Pod."""
    spec = obj.get("spec") or {}
    if obj.get("kind") == "Pod":
        yield spec
    elif obj.get("kind") == "CronJob":
        yield ((spec.get("jobTemplate") or {}).get("spec") or {}).get("template", {}).get("spec") or {}
    else:
        yield (spec.get("template") or {}).get("spec") or {}
