"""Pods and pod templates in detail. Lines for layout.tabulated."""

from collections.abc import Iterator

from karmada.api.objects import Object, annotations_of, controller_of, labels_of, name_of, namespace_of
from karmada.cli.describing.containers import containers
from karmada.cli.describing.layout import NONE, annotations, pairs, time_text
from karmada.cli.describing.volumes import volumes


def pod(obj: Object) -> Iterator[str]:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    yield f"Name:\t{name_of(obj)}"
    yield f"Namespace:\t{namespace_of(obj)}"
    if spec.get("priority") is not None:
        yield f"Priority:\t{spec['priority']}"
    yield f"Service Account:\t{spec.get('serviceAccountName', '')}"
    host = f"/{status['hostIP']}" if status.get("hostIP") else "/"
    yield f"Node:\t{spec['nodeName'] + host if spec.get('nodeName') else NONE}"
    if status.get("startTime"):
        yield f"Start Time:\t{time_text(status['startTime'])}"
    yield from pairs("Labels", labels_of(obj))
    yield from annotations("Annotations", annotations_of(obj))
    yield f"Status:\t{status.get('phase', '')}"
    for field, title in (("reason", "Reason"), ("message", "Message")):
        if status.get(field):
            yield f"{title}:\t{status[field]}"
    yield f"IP:\t{status.get('podIP', '')}"
    yield "IPs:" if status.get("podIPs") else f"IPs:\t{NONE}"
    for address in status.get("podIPs") or ():
        yield f"  IP:\t{address.get('ip')}"
    if (owner := controller_of(obj)) is not None:
        yield f"Controlled By:\t{owner.get('kind')}/{owner.get('name')}"
    states = {each.get("name"): each for each in status.get("containerStatuses") or ()}
    initial = {each.get("name"): each for each in status.get("initContainerStatuses") or ()}
    if spec.get("initContainers"):
        yield from containers("Init Containers", spec["initContainers"], initial, pod=obj)
    yield from containers("Containers", spec.get("containers") or (), states, pod=obj)
    if status.get("conditions"):
        yield "Conditions:"
        yield "  Type\tStatus"
        for condition in status["conditions"]:
            yield f"  {condition.get('type')} \t{condition.get('status')} "
    yield from volumes(spec)
    yield f"QoS Class:\t{status.get('qosClass', '')}"
    yield from placement(spec)


def template(obj: Object, *, indent: str = "  ") -> Iterator[str]:
    """The pod template of a workload."""
    spec = obj.get("spec") or {}
    lines = [
        *pairs("Labels", labels_of(obj)),
        *(annotations("Annotations", annotations_of(obj)) if annotations_of(obj) else ()),
        *([f"Service Account:\t{spec['serviceAccountName']}"] if spec.get("serviceAccountName") else ()),
        *_in_template(
            containers("Init Containers", spec["initContainers"], {})
            if spec.get("initContainers")
            else iter(())
        ),
        *_in_template(containers("Containers", spec.get("containers") or (), {})),
        *volumes(spec),
        *placement(spec),
    ]
    yield from (indent + line if line else line for line in lines)


def _in_template(lines: Iterator[str]) -> Iterator[str]:
    """Containers of a template stand one blank in, their fields two: as kubectl prints them."""
    for line in lines:
        if line.startswith("    "):
            yield line[2:]
        else:
            yield line[1:] if line.startswith("  ") else line


def placement(spec: Object) -> Iterator[str]:
    yield from pairs("Node-Selectors", spec.get("nodeSelector") or {})
    tolerations = spec.get("tolerations") or ()
    if not tolerations:
        yield f"Tolerations:\t{NONE}"
    for number, toleration in enumerate(sorted(tolerations, key=lambda each: str(each.get("key") or ""))):
        yield f"{'Tolerations:' if number == 0 else ''}\t{_toleration(toleration)}"


def _toleration(toleration: Object) -> str:
    text = str(toleration.get("key") or "")
    if toleration.get("value"):
        text += f"={toleration['value']}"
    if toleration.get("effect"):
        text += f":{toleration['effect']}"
    if toleration.get("operator") == "Exists" and not toleration.get("value"):
        text += " op=Exists" if text else "op=Exists"
    if toleration.get("tolerationSeconds") is not None:
        text += f" for {toleration['tolerationSeconds']}s"
    return text
