"""Namespaces to members: every namespace of a user exists in every member.

In: namespaces, Clusters, ClusterOverridePolicies. Out: one Work per namespace and member, owned by the
namespace: it goes with it. Next: execution/ applies the Works. No binding and no policy is involved;
Karmada's own namespaces, `default` and those that opt out stay at home.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from controllers.works import Works
from karmada.api.errors import NotFound
from karmada.api.groups.cluster import Cluster
from karmada.api.groups.kubernetes import NAMESPACES
from karmada.api.groups.meta import OwnerReference
from karmada.api.groups.policy import OverridePolicy
from karmada.api.names import (
    cluster_of_execution_namespace,
    execution_namespace,
    is_execution_namespace,
    is_reserved_namespace,
    work_name,
)
from karmada.api.objects import Object, is_deleting, labels_of, name_of, uid_of
from karmada.api.wellknown import APPLIED_CLUSTER_OVERRIDES_ANNOTATION, NAMESPACE_SKIP_AUTO_PROPAGATION_LABEL
from karmada.client.informer import Change, Informer
from karmada.runtime.controller import LOW_PRIORITY, Requeue, WorkQueue

DEFAULT_NAMESPACE: Final = "default"


class Place(NamedTuple):
    """A namespace in a member."""

    namespace: str
    cluster: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """A namespace as one member gets it. overrides: what was applied, as the Work records it; "" for
    nothing."""

    manifest: Object
    overrides: str = ""


Render: TypeAlias = Callable[[Object, Cluster], Rendered]
"""Apply the cluster override policies; raises ApiError when one cannot be applied."""


class NamespaceSyncController:
    """Keys are namespaces in members: one that cannot be written holds up no other."""

    name = "namespace-sync-controller"

    def __init__(
        self,
        *,
        namespaces: Informer[Object],
        clusters: Informer[Cluster],
        overrides: Informer[OverridePolicy],
        works: Works,
        render: Render,
        skipped: Sequence[str],
    ) -> None:
        """skipped: regular expressions that a whole name matches. Raises re.error."""
        self._namespaces = namespaces
        self._clusters = clusters
        self._overrides = overrides
        self._works = works
        self._render = render
        self._skipped = [re.compile(pattern) for pattern in skipped]

    def watch(self, queue: WorkQueue[Place]) -> None:
        def namespace_changed(change: Change[Object]) -> None:
            if change.new is None:
                return
            priority = LOW_PRIORITY if change.initial else 0
            name = change.key.name
            if is_execution_namespace(name):
                if change.old is None:  # its member can be given Works from now on
                    self._add(queue, self._all(), [cluster_of_execution_namespace(name)], LOW_PRIORITY)
            elif self.is_synced(change.new):
                self._add(queue, [name], self._members(), priority)

        def cluster_changed(change: Change[Cluster]) -> None:
            if change.new is not None and (change.old is None or matches_otherwise(change.old, change.new)):
                self._add(queue, self._all(), [change.key.name], LOW_PRIORITY)

        def override_changed(change: Change[OverridePolicy]) -> None:
            if change.initial:
                return
            selected = [
                selected_namespaces(policy) for policy in (change.old, change.new) if policy is not None
            ]
            names = self._all() if None in selected else frozenset().union(*filter(None, selected))
            self._add(queue, names, self._members(), LOW_PRIORITY)

        self._namespaces.add_handler(namespace_changed, name=self.name)
        self._clusters.add_handler(cluster_changed, name=self.name)
        self._overrides.add_handler(override_changed, name=self.name)

    async def reconcile(self, key: Place) -> Requeue | None:
        namespace = self._namespaces.cache.named("", key.namespace)
        cluster = self._clusters.cache.named("", key.cluster)
        if namespace is None or cluster is None or not self.is_synced(namespace):
            return None
        if not self._has_room(key.cluster):
            return None  # its execution namespace comes with an event, or is on its way out
        rendered = self._render(without_members_own(namespace), cluster)
        try:
            await self._works.ensure(
                namespace=execution_namespace(key.cluster),
                name=work_name(NAMESPACES.kind, key.namespace, ""),
                manifests=[rendered.manifest],
                annotations={APPLIED_CLUSTER_OVERRIDES_ANNOTATION: rendered.overrides}
                if rendered.overrides
                else None,
                owner=owned_by(namespace),
            )
        except NotFound:
            if self._has_room(key.cluster):
                raise
        return None

    def is_synced(self, namespace: Object) -> bool:
        """Whether this namespace goes to the members."""
        name = name_of(namespace)
        return not (
            name == DEFAULT_NAMESPACE
            or is_reserved_namespace(name)
            or any(pattern.fullmatch(name) for pattern in self._skipped)
            or is_deleting(namespace)
            or opts_out(namespace)
        )

    def _has_room(self, cluster: str) -> bool:
        """Whether Works can be written for this member."""
        found = self._clusters.cache.named("", cluster)
        if found is None or found.metadata.deletion_timestamp is not None:
            return False
        space = self._namespaces.cache.named("", execution_namespace(cluster))
        return space is not None and not is_deleting(space)

    def _all(self) -> list[str]:
        return [name_of(item) for item in self._namespaces.cache.list() if self.is_synced(item)]

    def _members(self) -> list[str]:
        return [key.name for key in self._clusters.cache]

    def _add(
        self, queue: WorkQueue[Place], namespaces: Iterable[str], clusters: Iterable[str], priority: int
    ) -> None:
        members = list(clusters)
        for namespace in namespaces:
            for cluster in members:
                queue.add(Place(namespace, cluster), priority=priority)


def opts_out(namespace: Object) -> bool:
    return labels_of(namespace).get(NAMESPACE_SKIP_AUTO_PROPAGATION_LABEL, "").lower() == "true"


def selected_namespaces(policy: OverridePolicy) -> frozenset[str] | None:
    """The namespaces a ClusterOverridePolicy names; None when it may mean any."""
    selectors = policy.spec.resource_selectors
    meant = [item for item in selectors if (item.api_version, item.kind) == ("v1", NAMESPACES.kind)]
    if not selectors or any(not item.name for item in meant):
        return None
    return frozenset(item.name for item in meant)


def matches_otherwise(before: Cluster, after: Cluster) -> bool:
    """Whether an override policy may see another cluster now."""
    old, new = before.spec, after.spec
    return before.metadata.labels != after.metadata.labels or (old.provider, old.region, old.zones) != (
        new.provider,
        new.region,
        new.zones,
    )


def without_members_own(namespace: Object) -> Object:
    """namespace without its status: that is each member's own. (The Work prunes the rest.)"""
    return {name: value for name, value in namespace.items() if name != "status"}


def owned_by(namespace: Object) -> OwnerReference:
    return OwnerReference(
        api_version=NAMESPACES.api_version,
        kind=NAMESPACES.kind,
        name=name_of(namespace),
        uid=uid_of(namespace),
        controller=True,
        block_owner_deletion=True,
    )
