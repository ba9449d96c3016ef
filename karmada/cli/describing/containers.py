"""Containers of a pod or a pod template in detail. Lines for layout.tabulated."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from karmada.api.jsonpath import compile_path
from karmada.api.objects import Object
from karmada.cli.describing.layout import NONE, time_text

PROBES = (("livenessProbe", "Liveness"), ("readinessProbe", "Readiness"), ("startupProbe", "Startup"))


def containers(
    title: str, found: Sequence[Object], states: Mapping[Any, Object], *, pod: Object | None = None
) -> Iterator[str]:
    """states by name; pod None: these are of a template, nothing runs."""
    yield f"{title}:"
    for each in found:
        state = states.get(each.get("name"))
        yield f"  {each.get('name')}:"
        yield from (f"    {line}" for line in _container(each, state, pod))


def _container(container: Object, state: Object | None, pod: Object | None) -> Iterator[str]:
    if state is not None:
        yield f"Container ID:\t{state.get('containerID', '')}"
    yield f"Image:\t{container.get('image', '')}"
    if state is not None:
        yield f"Image ID:\t{state.get('imageID', '')}"
    yield from _ports(container)
    yield from _words("Command", container.get("command"))
    yield from _words("Args", container.get("args"))
    if state is not None:
        yield from _state("State", state.get("state") or {})
        if state.get("lastState"):
            yield from _state("Last State", state["lastState"])
        yield f"Ready:\t{'True' if state.get('ready') else 'False'}"
        yield f"Restart Count:\t{state.get('restartCount', 0)}"
    yield from _amounts(container)
    for field, title in PROBES:
        if probe := container.get(field):
            yield f"{title}:\t{probe_text(probe)}"
    yield from _environment(container, pod)
    yield from _mounts(container)


def _ports(container: Object) -> Iterator[str]:
    ports = container.get("ports") or ()
    inside = ", ".join(f"{port.get('containerPort')}/{port.get('protocol') or 'TCP'}" for port in ports)
    outside = ", ".join(f"{port.get('hostPort') or 0}/{port.get('protocol') or 'TCP'}" for port in ports)
    plural = "s" if len(ports) > 1 else ""
    yield f"Port{plural}:\t{inside or NONE}"
    yield f"Host Port{plural}:\t{outside or NONE}"


def _words(title: str, words: Sequence[str] | None) -> Iterator[str]:
    if words:
        yield f"{title}:"
        yield from (f"  {word}" for word in words)


def _state(title: str, state: Object) -> Iterator[str]:
    if (running := state.get("running")) is not None:
        yield f"{title}:\tRunning"
        yield f"  Started:\t{time_text(running.get('startedAt'))}"
    elif (ended := state.get("terminated")) is not None:
        yield f"{title}:\tTerminated"
        if ended.get("reason"):
            yield f"  Reason:\t{ended['reason']}"
        if ended.get("message"):
            yield f"  Message:\t{ended['message']}"
        yield f"  Exit Code:\t{ended.get('exitCode', 0)}"
        yield f"  Started:\t{time_text(ended.get('startedAt'))}"
        yield f"  Finished:\t{time_text(ended.get('finishedAt'))}"
    else:
        yield f"{title}:\tWaiting"
        if reason := (state.get("waiting") or {}).get("reason"):
            yield f"  Reason:\t{reason}"


def _amounts(container: Object) -> Iterator[str]:
    resources = container.get("resources") or {}
    for field, title in (("limits", "Limits"), ("requests", "Requests")):
        if amounts := resources.get(field):
            yield f"{title}:"
            yield from (f"  {name}:\t{amount}" for name, amount in sorted(amounts.items()))


def probe_text(probe: Object) -> str:
    """`http-get http://:80/ delay=0s timeout=1s ...`."""
    attributes = (
        f"delay={probe.get('initialDelaySeconds', 0)}s timeout={probe.get('timeoutSeconds', 1)}s "
        f"period={probe.get('periodSeconds', 10)}s successThreshold={probe.get('successThreshold', 1)} "
        f"failureThreshold={probe.get('failureThreshold', 3)}"
    )
    if command := probe.get("exec"):
        return f"exec [{' '.join(command.get('command') or ())}] {attributes}"
    if http := probe.get("httpGet"):
        scheme, host = str(http.get("scheme") or "HTTP").lower(), http.get("host", "")
        return f"http-get {scheme}://{host}:{http.get('port')}{http.get('path', '')} {attributes}"
    if socket := probe.get("tcpSocket"):
        return f"tcp-socket {socket.get('host', '')}:{socket.get('port')} {attributes}"
    if grpc := probe.get("grpc"):
        return f"grpc <pod>:{grpc.get('port')} {grpc.get('service') or ''} {attributes}"
    return f"unknown {attributes}"


def _environment(container: Object, pod: Object | None) -> Iterator[str]:
    sources = container.get("envFrom") or ()
    if sources:
        yield "Environment Variables from:"
    for source in sources:
        for field, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
            if reference := source.get(field):
                prefix = f" with prefix '{source['prefix']}'" if source.get("prefix") else ""
                optional = "true" if reference.get("optional") else "false"
                yield f"  {reference.get('name')}\t{kind}{prefix}\tOptional: {optional}"
    variables = container.get("env") or ()
    yield "Environment:" if variables else f"Environment:\t{NONE}"
    for variable in variables:
        yield f"  {variable.get('name')}:\t{_value(variable, pod)}"


def _value(variable: Object, pod: Object | None) -> str:
    source = variable.get("valueFrom") or {}
    for field, kind in (("configMapKeyRef", "of config map"), ("secretKeyRef", "in secret")):
        if reference := source.get(field):
            optional = "true" if reference.get("optional") else "false"
            key, name = reference.get("key"), reference.get("name")
            return f"<set to the key '{key}' {kind} '{name}'>\tOptional: {optional}"
    if reference := source.get("fieldRef"):
        path = reference.get("fieldPath") or ""
        value = compile_path("." + path).first(pod) if pod is not None and "[" not in path else None
        return f"{'' if value is None else value} ({reference.get('apiVersion', 'v1')}:{path})"
    return str(variable.get("value") or "")


def _mounts(container: Object) -> Iterator[str]:
    mounts = container.get("volumeMounts") or ()
    yield "Mounts:" if mounts else f"Mounts:\t{NONE}"
    for mount in sorted(mounts, key=lambda each: str(each.get("mountPath"))):
        flags = "ro" if mount.get("readOnly") else "rw"
        if mount.get("subPath"):
            flags += f',path="{mount["subPath"]}"'
        yield f"  {mount.get('mountPath')} from {mount.get('name')} ({flags})"
