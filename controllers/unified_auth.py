"""Who may use the proxy of a cluster is known to the member: what its karmada-impersonator may impersonate.

In: ClusterRoles and ClusterRoleBindings of the control plane, Clusters. Out: per member a Work with the
ClusterRole `karmada-impersonator` and one with its binding. Next: execution/ applies them. The cluster proxy
acts as that account and impersonates the caller, who needs rights of its own in the member.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from controllers.works import Works, Written
from karmada.api.errors import ApiError
from karmada.api.groups.cluster import CLUSTERS, Cluster, LocalSecretReference
from karmada.api.groups.kubernetes import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES
from karmada.api.groups.meta import OwnerReference
from karmada.api.gvk import ObjectKey
from karmada.api.names import (
    IMPERSONATOR_NAME,
    cluster_of_execution_namespace,
    execution_namespace,
    is_execution_namespace,
    work_name,
)
from karmada.api.objects import Object, is_deleting, name_of
from karmada.api.wellknown import (
    EVENT_SYNC_IMPERSONATION_CONFIG_FAILED,
    EVENT_SYNC_IMPERSONATION_CONFIG_SUCCEED,
    KARMADA_SYSTEM_LABEL,
    KARMADA_SYSTEM_VALUE,
)
from karmada.client.events import EventRecorder
from karmada.client.informer import Change, Informer
from karmada.runtime.controller import LOW_PRIORITY, Requeue, WorkQueue

RBAC_GROUP: Final = "rbac.authorization.k8s.io"
CLUSTER_PROXY: Final = ("cluster.karmada.io", "clusters/proxy")
SEARCH_PROXY: Final = ("search.karmada.io", "proxying/proxy")
KINDS: Final = {"User": "users", "ServiceAccount": "serviceaccounts", "Group": "groups"}


@dataclass(frozen=True, slots=True)
class Reach:
    """The clusters whose proxy a role opens."""

    all: bool = False
    names: frozenset[str] = frozenset()

    def covers(self, cluster: str) -> bool:
        return self.all or cluster in self.names

    def __bool__(self) -> bool:
        return self.all or bool(self.names)


@dataclass(frozen=True, slots=True)
class Subjects:
    """Who may be impersonated, by resource: users, serviceaccounts, groups."""

    names: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def rules(self) -> list[Object]:
        return [
            {
                "verbs": ["impersonate"],
                "apiGroups": [""],
                "resources": [resource],
                "resourceNames": sorted(names),
            }
            for resource in KINDS.values()
            if (names := self.names.get(resource))
        ]


def reach_of(role: Object) -> Reach:
    """Which proxies a ClusterRole opens."""
    names: set[str] = set()
    for rule in role.get("rules") or ():
        if _means(rule, *SEARCH_PROXY):
            return Reach(all=True)
        if _means(rule, *CLUSTER_PROXY):
            if not rule.get("resourceNames"):
                return Reach(all=True)
            names.update(rule["resourceNames"])
    return Reach(names=frozenset(names))


def subjects_for(cluster: str, reaches: Mapping[str, Reach], bindings: Iterable[Object]) -> Subjects:
    """The subjects of all ClusterRoleBindings to roles that open the proxy of cluster."""
    found: dict[str, set[str]] = {}
    for binding in bindings:
        reach = reaches.get(role_of(binding))
        if reach is None or not reach.covers(cluster):
            continue
        for subject in binding.get("subjects") or ():
            if is_own_component(subject):
                continue
            resource = KINDS.get(subject.get("kind") or "")
            if resource and subject.get("name"):
                found.setdefault(resource, set()).add(subject["name"])
    return Subjects({resource: frozenset(names) for resource, names in found.items()})


def is_own_component(subject: Object) -> bool:
    """The control plane's own processes reach members by their tokens, never as a user of the proxy."""
    return subject.get("kind") == "User" and str(subject.get("name", "")).startswith("system:karmada:")


def role_of(binding: Object) -> str:
    """The ClusterRole a binding refers to; "" for anything else."""
    reference = binding.get("roleRef") or {}
    return reference.get("name") or "" if reference.get("kind") == CLUSTER_ROLES.kind else ""


class UnifiedAuthController:
    """Keys are Clusters."""

    name = "unified-auth-controller"

    def __init__(
        self,
        *,
        clusters: Informer[Cluster],
        namespaces: Informer[Object],
        roles: Informer[Object],
        bindings: Informer[Object],
        works: Works,
        recorder: EventRecorder,
    ) -> None:
        """roles and bindings are the cluster-wide ones."""
        self._clusters = clusters
        self._namespaces = namespaces
        self._roles = roles
        self._bindings = bindings
        self._works = works
        self._recorder = recorder
        self._reaches: dict[str, Reach] = {}

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        self._watch_rights(queue)
        self._watch_clusters(queue)

    def _watch_rights(self, queue: WorkQueue[ObjectKey]) -> None:
        def add(reach: Reach) -> None:
            for key in self._clusters.cache if reach else ():
                if reach.covers(key.name):
                    queue.add(key, priority=LOW_PRIORITY)

        def role_changed(change: Change[Object]) -> None:
            before = self._reaches.pop(change.key.name, Reach())
            after = reach_of(change.new) if change.new is not None else Reach()
            if after:
                self._reaches[change.key.name] = after
            if before != after:
                add(before)
                add(after)

        def binding_changed(change: Change[Object]) -> None:
            for binding in (change.old, change.new):
                if binding is not None:
                    add(self._reaches.get(role_of(binding), Reach()))

        self._roles.add_handler(role_changed, name=self.name)
        self._bindings.add_handler(binding_changed, name=self.name)

    def _watch_clusters(self, queue: WorkQueue[ObjectKey]) -> None:
        def cluster_changed(change: Change[Cluster]) -> None:
            before, after = change.old, change.new
            if after is not None and (
                before is None or before.metadata.generation != after.metadata.generation
            ):
                queue.add(change.key, priority=LOW_PRIORITY if change.initial else 0)

        def namespace_changed(change: Change[Object]) -> None:
            if change.old is None and change.new is not None and is_execution_namespace(change.key.name):
                queue.add(CLUSTERS.key("", cluster_of_execution_namespace(change.key.name)))

        self._clusters.add_handler(cluster_changed, name=self.name)
        self._namespaces.add_handler(namespace_changed, name=self.name)

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        cluster = self._clusters.cache.get(key)
        if cluster is None or cluster.metadata.deletion_timestamp is not None:
            return None
        secret = cluster.spec.impersonator_secret_ref
        if secret is None or not self._has_room(key.name):
            return None  # its execution namespace comes with an event, or is on its way out
        if not (self._roles.synced and self._bindings.synced):
            return Requeue(after=0.1)  # half of the rights would be taken away for a moment
        try:
            written = await self._write(cluster, secret)
        except ApiError as error:
            if self._has_room(key.name):
                self._tell(cluster, EVENT_SYNC_IMPERSONATION_CONFIG_FAILED, str(error))
                raise
            return None
        if written:
            text = "Sync impersonation config succeed."
            self._tell(cluster, EVENT_SYNC_IMPERSONATION_CONFIG_SUCCEED, text)
        return None

    async def _write(self, cluster: Cluster, secret: LocalSecretReference) -> bool:
        """Whether there was something to write."""
        name = cluster.metadata.name
        subjects = subjects_for(name, self._reaches, self._bindings.cache.list())
        wrote = False
        for manifest in (impersonator_role(subjects), impersonator_binding(secret)):
            written = await self._works.ensure(
                namespace=execution_namespace(name),
                name=work_name(manifest["kind"], name_of(manifest), ""),
                manifests=[manifest],
                owner=owned_by(cluster),
            )
            wrote = wrote or written is not Written.NOTHING
        return wrote

    def _has_room(self, cluster: str) -> bool:
        space = self._namespaces.cache.named("", execution_namespace(cluster))
        return space is not None and not is_deleting(space)

    def _tell(self, cluster: Cluster, reason: str, message: str) -> None:
        kind = "Warning" if reason == EVENT_SYNC_IMPERSONATION_CONFIG_FAILED else "Normal"
        self._recorder.event(cluster, type=kind, reason=reason, message=message)


def impersonator_role(subjects: Subjects) -> Object:
    role = _system_object(CLUSTER_ROLES.kind)
    role["rules"] = subjects.rules
    return role


def impersonator_binding(secret: LocalSecretReference) -> Object:
    """The account lives in the namespace of the member that has the name of the Secret's in the control
    plane."""
    binding = _system_object(CLUSTER_ROLE_BINDINGS.kind)
    binding["roleRef"] = {"apiGroup": RBAC_GROUP, "kind": CLUSTER_ROLES.kind, "name": IMPERSONATOR_NAME}
    binding["subjects"] = [
        {"kind": "ServiceAccount", "name": IMPERSONATOR_NAME, "namespace": secret.namespace}
    ]
    return binding


def owned_by(cluster: Cluster) -> OwnerReference:
    return OwnerReference(
        api_version=CLUSTERS.api_version,
        kind=CLUSTERS.kind,
        name=cluster.metadata.name,
        uid=cluster.metadata.uid,
        controller=True,
        block_owner_deletion=True,
    )


def _system_object(kind: str) -> Object:
    labels = {KARMADA_SYSTEM_LABEL: KARMADA_SYSTEM_VALUE}
    return {
        "apiVersion": f"{RBAC_GROUP}/v1",
        "kind": kind,
        "metadata": {"name": IMPERSONATOR_NAME, "labels": labels},
    }


def _means(rule: Mapping[str, Any], group: str, resource: str) -> bool:
    """Whether a rule is about the resource; `*` is about everything."""
    groups, resources = rule.get("apiGroups") or (), rule.get("resources") or ()
    return ("*" in groups or group in groups) and ("*" in resources or resource in resources)
