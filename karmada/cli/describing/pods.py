"""Pods and pod templates in detail. Lines for layout.tabulated."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from karmada.api.objects import Object, annotations_of, controller_of, labels_of, name_of, namespace_of
from karmada.cli.describing.layout import NONE, annotations, pairs, time_text


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
        yield from containers("Init Containers", spec["initContainers"], initial)
    yield from containers("Containers", spec.get("containers") or (), states)
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
        *(containers("Init Containers", spec["initContainers"], {}) if spec.get("initContainers") else ()),
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


def containers(title: str, found: Sequence[Object], states: Mapping[Any, Object]) -> Iterator[str]:
    yield f"{title}:"
    for each in found:
        state = states.get(each.get("name"))
        yield f"  {each.get('name')}:"
        if state is not None:
            yield f"    Container ID:\t{state.get('containerID', '')}"
        yield f"    Image:\t{each.get('image', '')}"
        if state is not None:
            yield f"    Image ID:\t{state.get('imageID', '')}"
        yield from _ports(each)
        yield from _words("Command", each.get("command"))
        yield from _words("Args", each.get("args"))
        if state is not None:
            yield from _state("State", state.get("state") or {})
            if state.get("lastState"):
                yield from _state("Last State", state["lastState"])
            yield f"    Ready:\t{'True' if state.get('ready') else 'False'}"
            yield f"    Restart Count:\t{state.get('restartCount', 0)}"
        yield from _amounts(each)
        yield from _environment(each)
        yield from _mounts(each)


def _ports(container: Object) -> Iterator[str]:
    ports = container.get("ports") or ()
    inside = ", ".join(f"{port.get('containerPort')}/{port.get('protocol') or 'TCP'}" for port in ports)
    outside = ", ".join(f"{port.get('hostPort') or 0}/{port.get('protocol') or 'TCP'}" for port in ports)
    plural = "s" if len(ports) > 1 else ""
    yield f"    Port{plural}:\t{inside or NONE}"
    yield f"    Host Port{plural}:\t{outside or NONE}"


def _words(title: str, words: Sequence[str] | None) -> Iterator[str]:
    if words:
        yield f"    {title}:"
        yield from (f"      {word}" for word in words)


def _state(title: str, state: Object) -> Iterator[str]:
    if (running := state.get("running")) is not None:
        yield f"    {title}:\tRunning"
        yield f"      Started:\t{time_text(running.get('startedAt'))}"
    elif (ended := state.get("terminated")) is not None:
        yield f"    {title}:\tTerminated"
        if ended.get("reason"):
            yield f"      Reason:\t{ended['reason']}"
        if ended.get("message"):
            yield f"      Message:\t{ended['message']}"
        yield f"      Exit Code:\t{ended.get('exitCode', 0)}"
        yield f"      Started:\t{time_text(ended.get('startedAt'))}"
        yield f"      Finished:\t{time_text(ended.get('finishedAt'))}"
    else:
        yield f"    {title}:\tWaiting"
        if reason := (state.get("waiting") or {}).get("reason"):
            yield f"      Reason:\t{reason}"


def _amounts(container: Object) -> Iterator[str]:
    resources = container.get("resources") or {}
    for field, title in (("limits", "Limits"), ("requests", "Requests")):
        if amounts := resources.get(field):
            yield f"    {title}:"
            yield from (f"      {name}:\t{amount}" for name, amount in sorted(amounts.items()))


def _environment(container: Object) -> Iterator[str]:
    variables = container.get("env") or ()
    yield "    Environment:" if variables else f"    Environment:\t{NONE}"
    for variable in variables:
        yield f"      {variable.get('name')}:\t{_value(variable)}"


def _value(variable: Object) -> str:
    source = variable.get("valueFrom") or {}
    for field, kind in (("configMapKeyRef", "config map"), ("secretKeyRef", "secret")):
        if reference := source.get(field):
            optional = "true" if reference.get("optional") else "false"
            key, name = reference.get("key"), reference.get("name")
            return f"<set to the key '{key}' of {kind} '{name}'>\tOptional: {optional}"
    if reference := source.get("fieldRef"):
        return f" ({reference.get('apiVersion', 'v1')}:{reference.get('fieldPath')})"
    return str(variable.get("value") or "")


def _mounts(container: Object) -> Iterator[str]:
    mounts = container.get("volumeMounts") or ()
    yield "    Mounts:" if mounts else f"    Mounts:\t{NONE}"
    for mount in sorted(mounts, key=lambda each: str(each.get("mountPath"))):
        mode = "ro" if mount.get("readOnly") else "rw"
        yield f"      {mount.get('mountPath')} from {mount.get('name')} ({mode})"


def volumes(spec: Object) -> Iterator[str]:
    found = spec.get("volumes") or ()
    yield "Volumes:" if found else f"Volumes:\t{NONE}"
    for volume in found:
        kind = next((key for key in volume if key != "name"), "emptyDir")
        source = volume.get(kind) or {}
        yield f"  {volume.get('name')}:"
        yield f"    Type:\t{kind[:1].upper()}{kind[1:]}"
        for key, value in sorted(source.items()):
            if not isinstance(value, dict | list):
                yield f"    {key[:1].upper()}{key[1:]}:\t{value}"


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
