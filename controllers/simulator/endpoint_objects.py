"""The Endpoints and EndpointSlices of a Service, made from the pods its selector picks. Pure.

In: a Service and its pods. Out: objects to be written; endpoints.py writes them.
"""

import hashlib
from collections.abc import Sequence
from typing import Any, Final

from controllers.simulator.workload import controller_reference, is_finished, is_ready
from karmada.api.names import hash_suffix
from karmada.api.objects import Object, is_deleting, labels_of, name_of, namespace_of, uid_of

SLICE_MANAGER: Final = "endpointslice-controller.k8s.io"
HEADLESS_LABEL: Final = "service.kubernetes.io/headless"
SERVICE_NAME_LABEL: Final = "kubernetes.io/service-name"
SLICE_SIZE: Final = 100
ENDPOINTS_SIZE: Final = 1000
"""Endpoints hold no more addresses than this; slices hold them all."""


def selects(service: Object, pod: Object) -> bool:
    selector = (service.get("spec") or {}).get("selector") or {}
    labels = labels_of(pod)
    return bool(selector) and all(labels.get(name) == value for name, value in selector.items())


def endpoints_of(service: Object, pods: Sequence[Object]) -> Object:
    pods = [pod for pod in pods if not is_deleting(pod)][:ENDPOINTS_SIZE]
    return {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {
            "name": name_of(service),
            "namespace": namespace_of(service),
            "labels": {
                **_labels(service),
                "endpoints.kubernetes.io/managed-by": "endpoint-controller",
            },
        },
        "subsets": _subsets(service, pods),
    }


def _subsets(service: Object, pods: Sequence[Object]) -> list[Object]:
    """Per set of pods the ports that they answer on: named ports are not the same number in every pod."""
    spec = service["spec"]
    if not spec.get("ports"):
        return [_subset(spec, pods, [])] if pods else []
    by_port: dict[str, tuple[Object, list[Object]]] = {}
    for pod in pods:
        for port in _ports(service, pod):
            by_port.setdefault(str(port), (port, []))[1].append(pod)
    by_pods: dict[tuple[str, ...], tuple[list[Object], list[Object]]] = {}
    for port, answering in by_port.values():
        by_pods.setdefault(tuple(map(uid_of, answering)), (answering, []))[1].append(port)
    return [_subset(spec, answering, ports) for answering, ports in by_pods.values()]


def _subset(spec: Object, pods: Sequence[Object], ports: list[Object]) -> Object:
    anyway = bool(spec.get("publishNotReadyAddresses"))
    ready = [_address(pod) for pod in pods if anyway or is_ready(pod)]
    not_ready = [_address(pod) for pod in pods if not anyway and not is_ready(pod)]
    subset: Object = {"addresses": ready, "notReadyAddresses": not_ready, "ports": ports}
    return {name: value for name, value in subset.items() if value}


def slices_of(service: Object, pods: Sequence[Object]) -> list[Object]:
    """Pods in one slice answer on the same ports.

    At least one slice, so that a Service without pods can be told from one that nobody has looked at.
    """
    by_ports: dict[str, tuple[list[Object], list[Object]]] = {}
    for pod in pods:
        ports = _ports(service, pod)
        by_ports.setdefault(str(ports), (ports, []))[1].append(pod)
    parts = [
        (ports, alike[start : start + SLICE_SIZE])
        for ports, alike in by_ports.values()
        for start in range(0, len(alike), SLICE_SIZE)
    ]
    if not parts:
        parts = [(_ports(service, {}), [])]
    return [_slice(service, part, ports, number) for number, (ports, part) in enumerate(parts)]


def slice_name(service: Object, number: int) -> str:
    """`{service}-{hash}`, always the same for one Service."""
    text = f"{uid_of(service)} {number}".encode()
    return f"{name_of(service)[:57]}-{hash_suffix(hashlib.blake2s(text, digest_size=4).hexdigest())[:5]}"


def _slice(service: Object, pods: Sequence[Object], ports: list[Object], number: int) -> Object:
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": slice_name(service, number),
            "namespace": namespace_of(service),
            "labels": {
                **_labels(service),
                "endpointslice.kubernetes.io/managed-by": SLICE_MANAGER,
                SERVICE_NAME_LABEL: name_of(service),
            },
            "ownerReferences": [controller_reference(service)],
        },
        "addressType": "IPv4",
        "endpoints": [_endpoint(service, pod) for pod in pods],
        "ports": ports,
    }


def _labels(service: Object) -> dict[str, str]:
    headless = {HEADLESS_LABEL: ""} if service["spec"].get("clusterIP") == "None" else {}
    return {**labels_of(service), **headless}


def _endpoint(service: Object, pod: Object) -> Object:
    ready, terminating = is_ready(pod), is_deleting(pod)
    published = bool(service["spec"].get("publishNotReadyAddresses")) or (ready and not terminating)
    return {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": published, "serving": ready, "terminating": terminating},
        "nodeName": pod["spec"].get("nodeName"),
        "targetRef": _target(pod),
    }


def _address(pod: Object) -> Object:
    return {"ip": pod["status"]["podIP"], "nodeName": pod["spec"].get("nodeName"), "targetRef": _target(pod)}


def _target(pod: Object) -> Object:
    return {"kind": "Pod", "namespace": namespace_of(pod), "name": name_of(pod), "uid": uid_of(pod)}


def _ports(service: Object, pod: Object) -> list[Object]:
    """Where pod answers what comes in at each port of the Service."""
    ports: list[Object] = []
    for port in (service.get("spec") or {}).get("ports") or ():
        target = port.get("targetPort", port["port"])
        number = target if isinstance(target, int) else _named_port(pod, target)
        if number:
            entry: Object = {"port": number, "protocol": port.get("protocol", "TCP")}
            ports.append({"name": port["name"], **entry} if port.get("name") else entry)
    return ports


def _named_port(pod: Object, name: str) -> int:
    for container in (pod.get("spec") or {}).get("containers") or ():
        for port in container.get("ports") or ():
            if port.get("name") == name:
                return int(port["containerPort"])
    return 0


def serving(pod: Object) -> tuple[Any, ...]:
    """What Endpoints depend on."""
    status = pod.get("status") or {}
    return status.get("podIP"), is_ready(pod), is_deleting(pod), is_finished(pod), labels_of(pod)
