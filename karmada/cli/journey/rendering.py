"""Template and policies -> the manifest each cluster would get. The controllers' own functions, no writes.

In: a World (live, or overlaid with files) and an interpreter. Out: Rendered manifests with the decision that
led there. detector/desired makes the binding, scheduler/explain places it, binding/override and
binding/render make the manifest, works.stamped marks it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from controllers.binding.override import OverrideFailed, overridden
from controllers.binding.render import (
    CLUSTER,
    NAMESPACED,
    completions_by_cluster,
    is_workload,
    rendered_work,
    with_completions,
)
from controllers.detector.claim import claimed
from controllers.detector.desired import Interpreted, OwnerMismatch, desired_binding, merged
from controllers.targets import target_clusters
from controllers.works import stamped
from karmada.api.groups.cluster import Cluster
from karmada.api.groups.meta import Root
from karmada.api.groups.policy import OverridePolicy, PropagationPolicy
from karmada.api.groups.work import ResourceBinding, TargetCluster
from karmada.api.gvk import GroupVersionKind
from karmada.api.objects import Object, annotations_of, labels_of, namespace_of, with_metadata
from karmada.cli.journey.policies import winning_policy
from karmada.cli.journey.world import World
from karmada.interpreter.chain import Interpreter, Operation
from scheduler.explain import Explanation, explain
from scheduler.snapshot import Snapshot

P = TypeVar("P", bound=Root)
NO_POLICY = "no policy selects it: it stays in the control plane"
LAST_APPLIED_ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"
KARMADA_DOMAIN = "karmada.io/"


@dataclass(frozen=True, slots=True)
class Rendered:
    """What one cluster gets. manifest None: error says why there is none."""

    cluster: str
    replicas: int
    manifest: Object | None
    work: str = ""
    overrides: tuple[str, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class Rendering:
    """One template in all its clusters. trouble: why it goes nowhere."""

    template: Object
    policy: PropagationPolicy | None
    scheduling: Explanation | None
    clusters: tuple[Rendered, ...]
    trouble: str = ""


async def render(world: World, interpreter: Interpreter) -> Rendering:
    """Raises InterpreterError when a customization fails."""
    policy = winning_policy(world)
    if policy is None:
        return Rendering(
            world.template, None, None, (), "no policy selects it: it stays in the control plane"
        )
    template = claimed(world.template, policy)
    binding = await binding_of(world, policy, template, interpreter)
    scheduling = explain(binding, Snapshot.of(world.clusters))
    decision = scheduling.decision
    if scheduling.cause is not None and decision.targets is not None:
        clusters = [TargetCluster(name=target.name, replicas=target.replicas) for target in decision.targets]
        binding = binding.model_copy(update={"spec": binding.spec.model_copy(update={"clusters": clusters})})
    targets = target_clusters(binding.spec)
    shares = completions_by_cluster(binding.spec, template, targets)
    known = {cluster.metadata.name: cluster for cluster in world.clusters}
    rendered = [
        await _one(world, binding, template, target, shares, known.get(target.name), interpreter)
        for target in targets
    ]
    trouble = str(decision.error) if decision.error is not None else ""
    return Rendering(template, policy, scheduling, tuple(rendered), trouble)


async def binding_of(
    world: World, policy: PropagationPolicy, template: Object, interpreter: Interpreter
) -> ResourceBinding:
    """The binding as the detector would leave it; what scheduler and others wrote before is kept."""
    interpreted, gvk = Interpreted(), GroupVersionKind.of(template)
    in_components = world.binding is not None and bool(world.binding.spec.components)
    if in_components and interpreter.handles(gvk, Operation.COMPONENT):
        interpreted = Interpreted(components=tuple(await interpreter.get_components(template)))
    elif interpreter.handles(gvk, Operation.REPLICA):
        interpreted = Interpreted(*await interpreter.get_replicas(template))
    wanted = desired_binding(policy, template, interpreted)
    if world.binding is None:
        return wanted
    try:
        return merged(world.binding, wanted)
    except OwnerMismatch:
        return wanted


async def _one(
    world: World,
    binding: ResourceBinding,
    template: Object,
    target: TargetCluster,
    shares: Mapping[str, int] | None,
    cluster: Cluster | None,
    interpreter: Interpreter,
) -> Rendered:
    if cluster is None:
        return Rendered(target.name, target.replicas, None, error="the cluster is not registered")
    manifest = template
    gvk = GroupVersionKind.of(template)
    if is_workload(binding.spec) and interpreter.handles(gvk, Operation.REVISE_REPLICA):
        manifest = await interpreter.revise_replica(template, target.replicas)
    if shares is not None:
        manifest = with_completions(manifest, shares, target.name)
    try:
        changed = overridden(
            manifest, cluster, cluster_policies=world.cluster_overrides, policies=world.overrides
        )
    except OverrideFailed as error:
        return Rendered(target.name, target.replicas, None, error=f"{error.title}: {error}")
    scope = NAMESPACED if namespace_of(template) else CLUSTER
    work = rendered_work(scope, binding, template, changed, cluster=target.name)
    return Rendered(
        cluster=target.name,
        replicas=target.replicas,
        manifest=stamped(work.manifest, work.namespace, work.name, work.annotations),
        work=f"{work.namespace}/{work.name}",
        overrides=tuple(rule.title for rule in (*changed.cluster_overrides, *changed.overrides)),
    )


def overlaid(world: World, written: Sequence[Object]) -> World:
    """world with the policies and clusters of files in the place of stored ones of the same name."""
    namespace = namespace_of(world.template)
    by_kind: dict[str, list[Object]] = {}
    for obj in written:
        by_kind.setdefault(str(obj.get("kind")), []).append(obj)
    beside = [
        PropagationPolicy.from_json(obj)
        for obj in by_kind.get("PropagationPolicy", ())
        if namespace_of(obj) == namespace
    ]
    overrides = [
        OverridePolicy.from_json(obj)
        for obj in by_kind.get("OverridePolicy", ())
        if namespace_of(obj) == namespace
    ]
    everywhere = [PropagationPolicy.from_json(obj) for obj in by_kind.get("ClusterPropagationPolicy", ())]
    cluster_overrides = [OverridePolicy.from_json(obj) for obj in by_kind.get("ClusterOverridePolicy", ())]
    clusters = [Cluster.from_json(obj) for obj in by_kind.get("Cluster", ())]
    return World(
        template=world.template,
        namespaced_policies=_replaced(world.namespaced_policies, beside),
        cluster_policies=_replaced(world.cluster_policies, everywhere),
        clusters=_replaced(world.clusters, clusters),
        overrides=_replaced(world.overrides, overrides),
        cluster_overrides=_replaced(world.cluster_overrides, cluster_overrides),
        binding=world.binding,
        works=world.works,
    )


def _replaced(stored: Sequence[P], written: Sequence[P]) -> list[P]:
    names = {each.metadata.name for each in written}
    return [*written, *(each for each in stored if each.metadata.name not in names)]


def without_karmada_marks(obj: Object) -> Object:
    """obj without the labels and annotations that are Karmada's own book-keeping."""

    def kept(marks: Mapping[str, str]) -> dict[str, str] | None:
        shown = {key: value for key, value in marks.items() if KARMADA_DOMAIN not in key}
        shown.pop(LAST_APPLIED_ANNOTATION, None)
        return shown or None

    return with_metadata(obj, labels=kept(labels_of(obj)), annotations=kept(annotations_of(obj)))
