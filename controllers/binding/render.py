"""A binding and its template -> what each Work should say. Pure.

In: a binding, the template, for each target the manifest with its replicas and overrides applied. Out: target
clusters, shares of a Job's completions, labels and annotations of manifest and Work. controller.py asks the
interpreter, override.py changes manifests, works.py writes.
"""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from controllers.binding.override import Overridden, applied_annotation
from karmada.api import wellknown
from karmada.api.groups.work import (
    CLUSTER_RESOURCE_BINDINGS,
    RESOURCE_BINDINGS,
    ResourceBinding,
    ResourceBindingSpec,
    TargetCluster,
)
from karmada.api.gvk import Resource
from karmada.api.names import execution_namespace, fnv1a32, work_name
from karmada.api.objects import (
    Object,
    annotations_of,
    generation_of,
    name_of,
    namespace_of,
    uid_of,
    with_annotations,
    with_labels,
)


class MissingShare(Exception):
    """A target for which no share of the completions was computed."""


@dataclass(frozen=True, slots=True)
class BindingScope:
    """What differs between ResourceBinding and ClusterResourceBinding."""

    bindings: Resource[ResourceBinding]
    id_label: str
    name_annotation: str
    namespace_annotation: str
    """"" for cluster-scoped bindings."""
    finalizer: str
    controller: str


NAMESPACED: Final = BindingScope(
    bindings=RESOURCE_BINDINGS,
    id_label=wellknown.RESOURCE_BINDING_PERMANENT_ID_LABEL,
    name_annotation=wellknown.RESOURCE_BINDING_NAME_ANNOTATION,
    namespace_annotation=wellknown.RESOURCE_BINDING_NAMESPACE_ANNOTATION,
    finalizer=wellknown.BINDING_FINALIZER,
    controller="binding-controller",
)
CLUSTER: Final = BindingScope(
    bindings=CLUSTER_RESOURCE_BINDINGS,
    id_label=wellknown.CLUSTER_RESOURCE_BINDING_PERMANENT_ID_LABEL,
    name_annotation=wellknown.CLUSTER_RESOURCE_BINDING_NAME_ANNOTATION,
    namespace_annotation="",
    finalizer=wellknown.CLUSTER_RESOURCE_BINDING_FINALIZER,
    controller="cluster-resource-binding-controller",
)


@dataclass(frozen=True, slots=True)
class RenderedWork:
    """One Work, as works.py wants it."""

    namespace: str
    name: str
    manifest: Object
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    suspend_dispatching: bool
    preserve_resources_on_deletion: bool


def purged_clusters(spec: ResourceBindingSpec) -> set[str]:
    """Clusters that must be empty before anything else is written."""
    return {
        task.from_cluster
        for task in spec.graceful_eviction_tasks
        if task.purge_mode == wellknown.PURGE_DIRECTLY
    }


def is_workload(spec: ResourceBindingSpec) -> bool:
    return spec.replicas > 0 or spec.replica_requirements is not None or bool(spec.components)


def completions_by_cluster(
    spec: ResourceBindingSpec, template: Object, targets: Sequence[TargetCluster]
) -> dict[str, int] | None:
    """The share of each cluster in the completions of a divided Job; None when they are not divided."""
    job = template.get("spec")
    completions = job.get("completions") if isinstance(job, dict) else None
    strategy = None if spec.placement is None else spec.placement.replica_scheduling
    if (
        template.get("kind") != "Job"
        or spec.replicas <= 0
        or not isinstance(completions, int)
        or strategy is None
        or strategy.replica_scheduling_type != "Divided"
    ):
        return None
    votes = {cluster.name: cluster.replicas for cluster in targets}
    return webster(completions, votes, uid=uid_of(template)) or None


def webster(seats: int, votes: Mapping[str, int], *, uid: str) -> dict[str, int]:
    """Seats per party, each next one to the party with the highest votes / (2 * its seats + 1).

    Ties go to the party with fewer seats, then by name: ascending if uid is empty or hashes to an even
    number, else descending. Without any votes there is no result.
    """
    if not any(votes.values()):
        return {}
    names = sorted(votes, reverse=bool(uid) and fnv1a32(uid) % 2 == 1)
    won = _sure_seats(seats, votes)
    queue = [(-votes[name] / (2 * won[name] + 1), won[name], place) for place, name in enumerate(names)]
    heapq.heapify(queue)
    for _ in range(seats - sum(won.values())):
        _, seated, place = queue[0]
        won[names[place]] = seated + 1
        heapq.heapreplace(queue, (-votes[names[place]] / (2 * seated + 3), seated + 1, place))
    return won


def _sure_seats(seats: int, votes: Mapping[str, int]) -> dict[str, int]:
    """Seats that are won at a divisor so large that some stay free: the rest is few, however many seats there
    are.
    """
    total, sure = sum(votes.values()), max(seats - len(votes), 0)
    return {name: -(-2 * votes[name] * sure // total) // 2 for name in sorted(votes)}


def with_completions(manifest: Object, shares: Mapping[str, int], cluster: str) -> Object:
    """manifest with the cluster's share. Raises MissingShare."""
    if cluster not in shares:
        raise MissingShare(f"no share of the job completions for cluster {cluster}")
    spec = manifest.get("spec")
    if not isinstance(spec, dict) or "completions" not in spec:
        return manifest
    return {**manifest, "spec": {**spec, "completions": shares[cluster]}}


def rendered_work(
    scope: BindingScope,
    binding: ResourceBinding,
    template: Object,
    overridden: Overridden,
    *,
    cluster: str,
    injected_labels: Mapping[str, str] | None = None,
) -> RenderedWork:
    """The Work of one target. injected_labels: state that moves along in a failover."""
    own_labels = {scope.id_label: binding.metadata.labels.get(scope.id_label, "")}
    own_annotations = {scope.name_annotation: binding.metadata.name}
    if scope.namespace_annotation:
        own_annotations[scope.namespace_annotation] = binding.metadata.namespace
    marks = dict(own_annotations)
    if generation := generation_of(template):
        marks[wellknown.TEMPLATE_GENERATION_ANNOTATION] = str(generation)
    manifest = with_labels(overridden.manifest, {**own_labels, **(injected_labels or {})})
    manifest = with_annotations(manifest, marks)
    return RenderedWork(
        namespace=execution_namespace(cluster),
        name=work_name(manifest["kind"], name_of(manifest), namespace_of(manifest)),
        manifest=manifest,
        labels=own_labels,
        annotations=own_annotations | _work_annotations(binding.spec, overridden),
        suspend_dispatching=is_suspended(binding.spec, cluster),
        preserve_resources_on_deletion=bool(binding.spec.preserve_resources_on_deletion),
    )


def _work_annotations(spec: ResourceBindingSpec, overridden: Overridden) -> dict[str, str]:
    annotations = {wellknown.CONFLICT_RESOLUTION_ANNOTATION: conflict_resolution(spec, overridden.manifest)}
    if overridden.cluster_overrides:
        annotations[wellknown.APPLIED_CLUSTER_OVERRIDES_ANNOTATION] = applied_annotation(
            overridden.cluster_overrides
        )
    if overridden.overrides:
        annotations[wellknown.APPLIED_OVERRIDES_ANNOTATION] = applied_annotation(overridden.overrides)
    return annotations


def conflict_resolution(spec: ResourceBindingSpec, manifest: Object) -> str:
    """overwrite or abort: the user's word on the template, after overrides, if it is one of the two."""
    choices = (wellknown.CONFLICT_RESOLUTION_OVERWRITE, wellknown.CONFLICT_RESOLUTION_ABORT)
    asked = annotations_of(manifest).get(wellknown.CONFLICT_RESOLUTION_ANNOTATION, "")
    if asked in choices:
        return asked
    return choices[0] if spec.conflict_resolution == "Overwrite" else choices[1]


def is_suspended(spec: ResourceBindingSpec, cluster: str) -> bool:
    suspension = spec.suspension
    if suspension is None:
        return False
    held = suspension.dispatching_on_clusters
    return bool(suspension.dispatching) or (held is not None and cluster in held.cluster_names)


def preserved_labels(spec: ResourceBindingSpec, targets: Sequence[TargetCluster]) -> Mapping[str, str]:
    """Labels that carry state from the failed copy to its one replacement."""
    if len(targets) != 1 or not spec.graceful_eviction_tasks:
        return {}
    task = spec.graceful_eviction_tasks[-1]
    if task.purge_mode != wellknown.PURGE_DIRECTLY or targets[0].name in task.clusters_before_failover:
        return {}
    return task.preserved_label_state
