"""What to do next for a StatefulSet, one step at a time, and what its status says. Pure.

In: a StatefulSet and its pods by ordinal. Out: Actions; stateful_sets.py carries them out. Pods come in the
order of their ordinals and go in reverse, each waiting for the one before, unless the policy is Parallel.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from controllers.simulator.workload import (
    BURST_PODS,
    CONTROLLER_REVISION_HASH_LABEL,
    controller_reference,
    is_finished,
    is_ready,
    pod_from,
    wanted_replicas,
)
from karmada.api.objects import (
    Object,
    generation_of,
    is_deleting,
    labels_of,
    name_of,
    namespace_of,
    with_metadata,
)

POD_NAME_LABEL: Final = "statefulset.kubernetes.io/pod-name"
POD_INDEX_LABEL: Final = "apps.kubernetes.io/pod-index"


@dataclass(slots=True)
class Actions:
    """create: ordinals; delete: pods."""

    create: list[int] = field(default_factory=list)
    delete: list[Object] = field(default_factory=list)


def next_actions(stateful_set: Object, pods: Mapping[int, Object], revision: str) -> Actions:
    wanted = wanted_ordinals(stateful_set)
    actions = Actions()
    parallel = stateful_set["spec"].get("podManagementPolicy") == "Parallel"
    if _fill(wanted, pods, actions, parallel=parallel):
        return actions
    surplus = sorted((ordinal for ordinal in pods if ordinal not in wanted), reverse=True)
    going = [pods[ordinal] for ordinal in surplus]
    if parallel:
        actions.delete += [pod for pod in going if not is_deleting(pod)][:BURST_PODS]
    elif going:
        actions.delete += [] if is_deleting(going[0]) else [going[0]]
        return actions
    if not actions.create and (victim := _outdated(stateful_set, pods, wanted, revision)) is not None:
        actions.delete.append(victim)
    return actions


def wanted_ordinals(stateful_set: Object) -> range:
    start = (stateful_set["spec"].get("ordinals") or {}).get("start") or 0
    return range(start, start + wanted_replicas(stateful_set))


def _fill(wanted: range, pods: Mapping[int, Object], actions: Actions, *, parallel: bool) -> bool:
    """Missing pods, and finished ones to be replaced. True when everything else has to wait."""
    for ordinal in wanted:
        pod = pods.get(ordinal)
        if pod is None:
            actions.create.append(ordinal)
        elif is_finished(pod) and not is_deleting(pod):
            actions.delete.append(pod)
        elif parallel or (is_ready(pod) and not is_deleting(pod)):
            continue
        if not parallel:
            return True
        if len(actions.create) >= BURST_PODS:
            return True
    return False


def _outdated(
    stateful_set: Object, pods: Mapping[int, Object], wanted: range, revision: str
) -> Object | None:
    """The highest pod of an old revision, if those above it are all new and ready."""
    strategy = stateful_set["spec"].get("updateStrategy") or {}
    if strategy.get("type", "RollingUpdate") != "RollingUpdate":
        return None
    partition = (strategy.get("rollingUpdate") or {}).get("partition") or 0
    for ordinal in reversed(wanted):
        if ordinal < partition:
            return None
        pod = pods.get(ordinal)
        if pod is None or is_deleting(pod):
            return None
        if labels_of(pod).get(CONTROLLER_REVISION_HASH_LABEL) != revision:
            return pod
        if not is_ready(pod):
            return None
    return None


def revision_for(stateful_set: Object, ordinal: int, *, update: str) -> str:
    """The revision a pod is made from: below the partition of a rolling update it is the current one."""
    strategy = stateful_set["spec"].get("updateStrategy") or {}
    partition = (strategy.get("rollingUpdate") or {}).get("partition") or 0
    current = (stateful_set.get("status") or {}).get("currentRevision")
    return current if current and ordinal < partition else update


def stateful_pod(stateful_set: Object, template: Object, ordinal: int, revision: str) -> Object:
    name = f"{name_of(stateful_set)}-{ordinal}"
    labels = {
        POD_NAME_LABEL: name,
        POD_INDEX_LABEL: str(ordinal),
        CONTROLLER_REVISION_HASH_LABEL: revision,
    }
    spec: Object = {"hostname": name, "subdomain": stateful_set["spec"].get("serviceName") or ""}
    if names := {name_of(claim) for claim in claim_templates(stateful_set)}:
        volumes = (template.get("spec") or {}).get("volumes") or []
        spec["volumes"] = [volume for volume in volumes if volume["name"] not in names]
        spec["volumes"] += [
            {"name": claim, "persistentVolumeClaim": {"claimName": f"{claim}-{name}"}}
            for claim in sorted(names)
        ]
    return pod_from(stateful_set, template, name=name, labels=labels, spec=spec)


def claims_for(stateful_set: Object, ordinal: int) -> list[Object]:
    """The claims of one pod. They outlive it, and are owned only where the retention policy says so."""
    policy = stateful_set["spec"].get("persistentVolumeClaimRetentionPolicy") or {}
    owners = [_plain_reference(stateful_set)] if policy.get("whenDeleted") == "Delete" else None
    claims = []
    for template in claim_templates(stateful_set):
        claim = with_metadata(
            {**template, "apiVersion": "v1", "kind": "PersistentVolumeClaim"},
            name=f"{name_of(template)}-{name_of(stateful_set)}-{ordinal}",
            namespace=namespace_of(stateful_set),
            labels={
                **labels_of(template),
                **((stateful_set["spec"].get("selector") or {}).get("matchLabels") or {}),
            },
            ownerReferences=owners,
        )
        claim.pop("status", None)
        claims.append(claim)
    return claims


def _plain_reference(stateful_set: Object) -> Object:
    reference = controller_reference(stateful_set)
    return {name: reference[name] for name in ("apiVersion", "kind", "name", "uid")}


def claim_templates(stateful_set: Object) -> list[Object]:
    return stateful_set["spec"].get("volumeClaimTemplates") or []


def ordinal_of(stateful_set: Object, pod: Object) -> int | None:
    """The number behind the name of its StatefulSet; None for a pod that is named in another way."""
    prefix = f"{name_of(stateful_set)}-"
    name = name_of(pod)
    number = name.removeprefix(prefix)
    return int(number) if name.startswith(prefix) and number.isdecimal() else None


def stateful_set_status(stateful_set: Object, pods: list[Object], revision: str, *, available: int) -> Object:
    before = stateful_set.get("status") or {}
    alive = [pod for pod in pods if not is_deleting(pod)]
    ready = sum(map(is_ready, alive))
    updated = _on(alive, revision)
    rolled_out = updated == len(alive) == wanted_replicas(stateful_set) and ready == len(alive)
    current = revision if rolled_out else before.get("currentRevision") or revision
    counts: dict[str, Any] = {
        "observedGeneration": generation_of(stateful_set),
        "readyReplicas": ready,
        "currentReplicas": _on(alive, current),
        "updatedReplicas": updated,
    }
    return {
        **{name: value for name, value in counts.items() if value},
        "replicas": len(alive),
        "availableReplicas": available,
        "currentRevision": current,
        "updateRevision": revision,
        "collisionCount": before.get("collisionCount") or 0,
    }


def _on(pods: list[Object], revision: str) -> int:
    return sum(labels_of(pod).get(CONTROLLER_REVISION_HASH_LABEL) == revision for pod in pods)
