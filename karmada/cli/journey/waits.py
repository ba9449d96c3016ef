"""What a stuck object waits for, and what to do about it. Pure.

In: a World and the explanation of its scheduling. Out: Waits in the order of the journey: policy, binding,
scheduler, delivery, health; none when everything is where it should be.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from controllers.binding.render import is_suspended
from controllers.detector.claim import claim_of
from controllers.detector.resources import SkippedApis, SkippedObjects
from controllers.targets import target_clusters
from karmada.api.conditions import find_condition, is_condition_true
from karmada.api.groups.cluster import Cluster
from karmada.api.groups.work import ResourceBinding, Work
from karmada.api.gvk import GroupVersionKind
from karmada.api.names import execution_namespace
from karmada.api.objects import Object, finalizers_of, is_deleting, name_of, namespace_of
from karmada.api.wellknown import DEFAULT_SCHEDULER, SCHEDULED, WORK_APPLIED
from karmada.cli.journey.policies import winning_policy
from karmada.cli.journey.world import World

DEFAULT_SKIPPED_NAMESPACES = ("kube-.*",)


@dataclass(frozen=True, slots=True)
class Wait:
    """stage is what has to move; next is what a user can do, "" when there is nothing to do but wait."""

    stage: str
    cluster: str
    text: str
    next: str = ""

    def to_json(self) -> Object:
        return {
            "stage": self.stage,
            **({"cluster": self.cluster} if self.cluster else {}),
            "text": self.text,
            **({"next": self.next} if self.next else {}),
        }


def waits_of(world: World) -> list[Wait]:
    return list(_policy_waits(world)) or list(_after_policy(world))


def _policy_waits(world: World) -> Iterator[Wait]:
    template = world.template
    gvk = GroupVersionKind.of(template)
    if SkippedApis.parse("").covers(gvk):
        yield Wait("policy", "", f"{gvk.kind} of {gvk.api_version} is never propagated: it is Karmada's own")
    elif SkippedObjects(DEFAULT_SKIPPED_NAMESPACES).covers(
        gvk.kind, namespace_of(template), name_of(template)
    ):
        yield Wait("policy", "", f"objects in namespace {namespace_of(template)} are never propagated")
    elif is_deleting(template):
        held = ", ".join(finalizers_of(template)) or "nobody"
        yield Wait("deletion", "", f"it is being deleted and kept by: {held}")
    elif winning_policy(world) is None and world.binding is None:
        yield Wait(
            "policy",
            "",
            "no policy selects it, so it stays in the control plane",
            "write a PropagationPolicy whose resourceSelectors name it, or use `karmadactl apply -C CLUSTER`",
        )


def _after_policy(world: World) -> Iterator[Wait]:
    yield from _claim_waits(world)
    binding = world.binding
    if binding is None:
        policy = winning_policy(world)
        missing = _missing_overrides(world) if policy is not None else []
        if missing:
            yield Wait(
                "policy",
                "",
                f"the policy waits for its dependentOverrides: {', '.join(missing)} not found",
                "create them, or take them out of the policy",
            )
        else:
            yield Wait(
                "binding",
                "",
                "there is no binding yet: the detector has not looked at it",
                "does karmada-controller-manager run? look at its log",
            )
        return
    scheduling = list(_scheduler_waits(binding, world))
    yield from scheduling
    if not scheduling or binding.spec.clusters:
        yield from _eviction_waits(binding)
        yield from _delivery_waits(binding, world)


def _missing_overrides(world: World) -> list[str]:
    policy = winning_policy(world)
    if policy is None:
        return []
    known = world.overrides if policy.metadata.namespace else world.cluster_overrides
    names = {each.metadata.name for each in known}
    return [name for name in policy.spec.dependent_overrides if name not in names]


def _claim_waits(world: World) -> Iterator[Wait]:
    claim, best = claim_of(world.template), winning_policy(world)
    if claim is None or best is None:
        return
    if (claim.namespace, claim.name) != (best.metadata.namespace, best.metadata.name):
        preempts = best.spec.preemption == "Always"
        yield Wait(
            "policy",
            "",
            f"{claim.scope.title(claim.namespace, claim.name)} holds it although {best.metadata.name} would "
            "win now",
            "the gate PolicyPreemption of karmada-controller-manager must be on"
            if preempts
            else f"set spec.preemption: Always in {best.metadata.name} (gate PolicyPreemption), or delete "
            "the holder",
        )


def _scheduler_waits(binding: ResourceBinding, world: World) -> Iterator[Wait]:
    spec, status = binding.spec, binding.status
    if binding.metadata.deletion_timestamp:
        held = ", ".join(binding.metadata.finalizers) or "nobody"
        yield Wait("deletion", "", f"its binding is being deleted and kept by: {held}")
        return
    if spec.placement is None:
        if not spec.required_by:
            yield Wait("scheduler", "", "its binding has no placement and nothing needs it")
        return
    name = spec.scheduler_name or DEFAULT_SCHEDULER
    if spec.suspension is not None and spec.suspension.scheduling:
        yield Wait(
            "scheduler",
            "",
            "scheduling is suspended",
            "set spec.suspension.scheduling of the binding to false",
        )
        return
    scheduled = find_condition(status.conditions, SCHEDULED)
    if scheduled is not None and scheduled.status == "False":
        yield Wait(
            "scheduler", "", f"{scheduled.reason}: {scheduled.message}", _scheduling_help(scheduled.reason)
        )
    elif status.scheduler_observed_generation != binding.metadata.generation:
        other = "" if name == DEFAULT_SCHEDULER else f" (it asks for the scheduler {name})"
        yield Wait(
            "scheduler",
            "",
            f"the scheduler has not looked at generation {binding.metadata.generation} of the binding{other}",
            "does karmada-scheduler run? look at its log",
        )


def _scheduling_help(reason: str) -> str:
    return {
        "NoClusterFit": "change the placement, tolerate the taints, or join a cluster that fits",
        "Unschedulable": "the clusters lack room: ask for less, or add nodes",
        "QuotaExceeded": "raise the FederatedResourceQuota of the namespace, or ask for less",
    }.get(reason, "")


def _eviction_waits(binding: ResourceBinding) -> Iterator[Wait]:
    for task in binding.spec.graceful_eviction_tasks:
        if task.suppress_deletion:
            yield Wait(
                "eviction",
                task.from_cluster,
                "the old copy stays until somebody decides (suppressDeletion)",
                "take the task out of spec.gracefulEvictionTasks, or set suppressDeletion to false",
            )
        else:
            yield Wait(
                "eviction",
                task.from_cluster,
                f"the old copy leaves once its replacement is healthy ({task.reason}, by {task.producer})",
            )


def _delivery_waits(binding: ResourceBinding, world: World) -> Iterator[Wait]:
    works = {work.metadata.namespace: work for work in world.works}
    clusters = {cluster.metadata.name: cluster for cluster in world.clusters}
    states = {item.cluster_name: item for item in binding.status.aggregated_status}
    for target in target_clusters(binding.spec):
        cluster = clusters.get(target.name)
        work = works.get(execution_namespace(target.name))
        found = list(_one_delivery(binding, target.name, cluster, work))
        yield from found
        state = states.get(target.name)
        if not found and state is not None and state.health == "Unhealthy":
            yield Wait(
                "health",
                target.name,
                "it is there, but not healthy yet",
                f"look at it there: karmadactl describe {world.template['kind'].lower()} "
                f"{name_of(world.template)} -s members -C {target.name}",
            )


def _one_delivery(
    binding: ResourceBinding, name: str, cluster: Cluster | None, work: Work | None
) -> Iterator[Wait]:
    if cluster is None:
        yield Wait("delivery", name, "the cluster is not registered any more")
        return
    ready = find_condition(cluster.status.conditions, "Ready")
    is_ready = ready is not None and ready.status == "True"
    if is_suspended(binding.spec, name):
        yield Wait("delivery", name, "dispatching is suspended", "take the suspension out of the policy")
    elif work is None:
        yield Wait("delivery", name, "no Work was written yet", "does karmada-controller-manager run?")
    elif work.metadata.deletion_timestamp:
        yield Wait("delivery", name, "an older Work is still being removed from the member")
    elif not is_condition_true(work.status.conditions, WORK_APPLIED):
        applied = find_condition(work.status.conditions, WORK_APPLIED)
        why = f": {applied.message}" if applied is not None and applied.message else ""
        agent = " by the cluster's agent" if cluster.spec.sync_mode == "Pull" else ""
        yield Wait("delivery", name, f"not applied yet{agent}{why}", _apply_help(why))
    if not is_ready:
        reason = f"{ready.reason}: {ready.message}" if ready is not None else "it has not reported yet"
        yield Wait(
            "cluster", name, f"the cluster is not ready ({reason})", f"karmadactl describe cluster {name}"
        )


def _apply_help(why: str) -> str:
    if "conflict" in why.lower() or "not managed by karmada" in why.lower():
        return (
            "the member has such an object already: set conflictResolution: Overwrite in the policy"
            " to take it over"
        )
    return ""
