"""Which node takes a pod of a DaemonSet, and which pods to make and delete now. Pure.

In: a DaemonSet, nodes, its pods. Out: a Placement and a status; daemon_sets.py acts on them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from controllers.simulator.rollout import scaled
from controllers.simulator.workload import (
    CONTROLLER_REVISION_HASH_LABEL,
    is_finished,
    is_ready,
    pod_from,
)
from karmada.api.objects import Object, generation_of, is_deleting, labels_of, name_of

NO_EXECUTE: Final = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
NO_SCHEDULE: Final = (
    "node.kubernetes.io/disk-pressure",
    "node.kubernetes.io/memory-pressure",
    "node.kubernetes.io/pid-pressure",
    "node.kubernetes.io/unschedulable",
)
TOLERATIONS: Final = [
    *({"key": key, "operator": "Exists", "effect": "NoExecute"} for key in NO_EXECUTE),
    *({"key": key, "operator": "Exists", "effect": "NoSchedule"} for key in NO_SCHEDULE),
]


@dataclass(slots=True)
class Placement:
    """create: nodes that lack a pod; delete: pods that must go; kept: the pod of each node that has one."""

    create: list[str] = field(default_factory=list)
    delete: list[Object] = field(default_factory=list)
    kept: dict[str, Object] = field(default_factory=dict)
    wanted: int = 0
    misplaced: int = 0


def place(daemon_set: Object, nodes: Iterable[Object], pods: Sequence[Object], *, revision: str) -> Placement:
    """One pod per node that takes one. A node is left alone while a pod on it is on its way out."""
    by_node: dict[str, list[Object]] = {}
    for pod in pods:
        by_node.setdefault(node_of(pod), []).append(pod)
    placement = Placement()
    for node in sorted(name_of(node) for node in nodes if takes(node, daemon_set)):
        placement.wanted += 1
        present = by_node.pop(node, [])
        alive = sorted((pod for pod in present if not is_deleting(pod)), key=_age)
        placement.delete += [pod for pod in alive if is_finished(pod)]
        running = [pod for pod in alive if not is_finished(pod)]
        placement.delete += running[1:]
        if running:
            placement.kept[node] = running[0]
        elif not present:
            placement.create.append(node)
    for misplaced in by_node.values():
        alive = [pod for pod in misplaced if not is_deleting(pod)]
        placement.misplaced += bool(alive)
        placement.delete += alive
    _roll(daemon_set, placement, revision)
    return placement


def _roll(daemon_set: Object, placement: Placement, revision: str) -> None:
    """Let go as many outdated pods as maxUnavailable leaves; those that are not ready cost nothing."""
    strategy = daemon_set["spec"].get("updateStrategy") or {}
    if strategy.get("type", "RollingUpdate") != "RollingUpdate":
        return
    limit = (strategy.get("rollingUpdate") or {}).get("maxUnavailable", 1)
    allowed = max(1, scaled(limit, placement.wanted, up=True))
    unavailable = placement.wanted - sum(map(is_ready, placement.kept.values()))
    spare = max(0, allowed - unavailable)
    for node, pod in sorted(placement.kept.items()):
        if labels_of(pod).get(CONTROLLER_REVISION_HASH_LABEL) == revision:
            continue
        if is_ready(pod):
            if not spare:
                continue
            spare -= 1
        placement.delete.append(pod)
        del placement.kept[node]


def daemon_pod(daemon_set: Object, node: str, revision: str) -> Object:
    template = daemon_set["spec"]["template"]
    spec = template.get("spec") or {}
    term = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
    return pod_from(
        daemon_set,
        template,
        labels={
            CONTROLLER_REVISION_HASH_LABEL: revision,
            "pod-template-generation": str(generation_of(daemon_set)),
        },
        spec={
            "affinity": {**(spec.get("affinity") or {}), "nodeAffinity": required},
            "tolerations": [*(spec.get("tolerations") or ()), *TOLERATIONS],
        },
    )


def node_of(pod: Object) -> str:
    """The node a daemon pod is for, bound or not; "" when it may run anywhere."""
    spec = pod.get("spec") or {}
    if spec.get("nodeName"):
        return str(spec["nodeName"])
    required = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    ) or {}
    for term in required.get("nodeSelectorTerms") or ():
        for each in term.get("matchFields") or ():
            if each.get("key") == "metadata.name" and each.get("values"):
                return str(each["values"][0])
    return ""


def takes(node: Object, daemon_set: Object) -> bool:
    """Node selector and taints let a pod of the DaemonSet on the node."""
    spec = daemon_set["spec"]["template"].get("spec") or {}
    wanted_name = spec.get("nodeName")
    if wanted_name and wanted_name != name_of(node):
        return False
    return admits(
        node, selector=spec.get("nodeSelector"), tolerations=(*(spec.get("tolerations") or ()), *TOLERATIONS)
    )


def admits(node: Object, *, selector: dict[str, str] | None, tolerations: Sequence[Object]) -> bool:
    """A pod with that node selector and these tolerations may be put on the node."""
    labels = labels_of(node)
    if any(labels.get(name) != value for name, value in (selector or {}).items()):
        return False
    return all(
        taint.get("effect") == "PreferNoSchedule" or any(tolerates(each, taint) for each in tolerations)
        for taint in (node.get("spec") or {}).get("taints") or ()
    )


def tolerates(toleration: Object, taint: Object) -> bool:
    if toleration.get("effect") and toleration["effect"] != taint.get("effect"):
        return False
    if not toleration.get("key"):
        return bool(toleration.get("operator") == "Exists")
    if toleration["key"] != taint["key"]:
        return False
    if toleration.get("operator") == "Exists":
        return True
    return (toleration.get("value") or "") == (taint.get("value") or "")


def daemon_set_status(
    daemon_set: Object, placement: Placement, created: Sequence[Object], *, revision: str, available: int
) -> Object:
    pods = [*placement.kept.values(), *created]
    status: Object = {
        "currentNumberScheduled": len(pods),
        "numberMisscheduled": placement.misplaced,
        "desiredNumberScheduled": placement.wanted,
        "numberReady": sum(map(is_ready, pods)),
        "observedGeneration": generation_of(daemon_set),
    }
    optional = {
        "updatedNumberScheduled": sum(
            labels_of(pod).get(CONTROLLER_REVISION_HASH_LABEL) == revision for pod in pods
        ),
        "numberAvailable": available,
        "numberUnavailable": placement.wanted - available,
    }
    return status | {name: value for name, value in optional.items() if value}


def _age(pod: Object) -> tuple[str, str]:
    return (pod.get("metadata") or {}).get("creationTimestamp") or "", name_of(pod)
