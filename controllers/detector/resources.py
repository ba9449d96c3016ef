"""Which resources are propagated: discovery to informers, which come and go with the APIs.

In: discovery, looked at again when a CustomResourceDefinition or APIService changes and every 30 s. Out: one
shared informer per resource, its changes to whoever subscribed (controller.py), and the templates that a
policy holds.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from controllers.detector.claim import CLUSTER, NAMESPACED, PolicyScope
from karmada.api.errors import NotFound
from karmada.api.groups.kubernetes import API_SERVICES, CUSTOM_RESOURCE_DEFINITIONS
from karmada.api.gvk import GroupVersionKind, GroupVersionResource, Resource
from karmada.api.names import is_reserved_namespace
from karmada.api.objects import Object, labels_of
from karmada.client.client import Client
from karmada.client.informer import Change, Informer, Informers
from karmada.client.mapper import DiscoveredResource, Mapper, preferred_resources
from karmada.runtime.controller import Requeue, WorkQueue

DISCOVERY_SECONDS: Final = 30.0
CRD_SETTLE_SECONDS: Final = 0.05
"""A new API is in discovery a moment after its definition."""
CLAIM_INDEX: Final = "claimed-by-policy"
DISCOVERY_KEY: Final = "discovery"

BUILT_IN_SKIPPED_APIS: Final = (
    "cluster.karmada.io;policy.karmada.io;work.karmada.io;config.karmada.io;networking.karmada.io;"
    "autoscaling.karmada.io;remedy.karmada.io;apps.karmada.io;events.k8s.io;coordination.k8s.io/v1;v1/Event"
)
AUTHENTICATION_CONFIG: Final = ("ConfigMap", "kube-system", "extension-apiserver-authentication")


@dataclass(frozen=True, slots=True)
class SkippedApis:
    """APIs that are never propagated: whole groups, group versions, kinds."""

    groups: frozenset[str]
    versions: frozenset[tuple[str, str]]
    kinds: frozenset[GroupVersionKind]

    @classmethod
    def parse(cls, flag: str) -> "SkippedApis":
        """The built-in ones plus `group`, `group/version`, `group/version/kind,kind`, `v1/kind,kind`, split
        by `;`.

        Raises ValueError.
        """
        groups: set[str] = set()
        versions: set[tuple[str, str]] = set()
        kinds: set[GroupVersionKind] = set()
        for entry in filter(None, (part.strip() for part in f"{BUILT_IN_SKIPPED_APIS};{flag}".split(";"))):
            match entry.split("/"):
                case ["v1", names]:
                    kinds |= {GroupVersionKind("", "v1", name) for name in names.split(",")}
                case [group]:
                    groups.add(group)
                case [group, version]:
                    versions.add((group, version))
                case [group, version, names]:
                    kinds |= {GroupVersionKind(group, version, name) for name in names.split(",")}
                case _:
                    raise ValueError(f"unsupported SkippedPropagatingAPIs: {entry}")
        return cls(frozenset(groups), frozenset(versions), frozenset(kinds))

    def covers(self, gvk: GroupVersionKind) -> bool:
        return gvk.group in self.groups or (gvk.group, gvk.version) in self.versions or gvk in self.kinds


class SkippedObjects:
    """Objects that are never propagated, whatever selects them. patterns: for namespaces, anchored."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = [re.compile(pattern) for pattern in patterns]

    def covers(self, kind: str, namespace: str, name: str) -> bool:
        # A cluster-scoped object has namespace "", which the patterns see as well: so does Karmada.
        return (
            is_reserved_namespace(namespace)
            or any(pattern.fullmatch(namespace) for pattern in self._patterns)
            or (kind, namespace, name) == AUTHENTICATION_CONFIG
        )


def propagatable(
    found: Iterable[DiscoveredResource], skipped: SkippedApis
) -> dict[GroupVersionResource, Resource[Object]]:
    """What can be deleted, listed and watched, each in one version, the preferred one if possible."""
    able = (item for item in found if {"delete", "list", "watch"} <= set(item.verbs))
    return {item.gvr: item.resource for item in preferred_resources(able) if not skipped.covers(item.gvk)}


class PropagatableResources:
    """A controller with one key: keeps one informer per propagatable resource."""

    name = "resource-discovery"

    def __init__(self, *, informers: Informers, client: Client, mapper: Mapper, skipped: SkippedApis) -> None:
        self._informers = informers
        self._client = client
        self._mapper = mapper
        self._skipped = skipped
        self._watched: dict[GroupVersionResource, Informer[Object]] = {}
        self._handlers: list[Callable[[Change[Object]], None]] = []
        self.discovered = False
        """Discovery was read once; before that "nothing is claimed" means nothing."""

    def subscribe(self, handler: Callable[[Change[Object]], None]) -> None:
        """Call handler for every object of every propagatable resource, now and later."""
        self._handlers.append(handler)
        for informer in self._watched.values():
            informer.add_handler(handler)

    def resource(self, gvr: GroupVersionResource) -> Resource[Object] | None:
        """None when it is not propagated (any more)."""
        informer = self._watched.get(gvr)
        return None if informer is None else informer.resource

    def of_kind(self, gvk: GroupVersionKind) -> Resource[Object] | None:
        """None when it is not propagated (any more)."""
        return next((item.resource for item in self._watched.values() if item.resource.gvk == gvk), None)

    async def claimed_by(self, scope: PolicyScope, policy_id: str) -> list[tuple[Resource[Object], Object]]:
        """Every template with the claim label of a policy; live where a cache is not complete yet."""
        found: list[tuple[Resource[Object], Object]] = []
        for informer in list(self._watched.values()):
            if informer.synced:
                items = informer.cache.by_index(CLAIM_INDEX, policy_id)
            else:
                items = await self._list(informer.resource, f"{scope.id_label}={policy_id}")
            found += [(informer.resource, item) for item in items]
        return found

    def watch(self, queue: WorkQueue[str]) -> None:
        queue.add(DISCOVERY_KEY)

        def look_again(change: Change[Object]) -> None:
            if not change.initial:
                queue.add_after(DISCOVERY_KEY, CRD_SETTLE_SECONDS)

        for resource in (CUSTOM_RESOURCE_DEFINITIONS, API_SERVICES):
            self._informers.ensure(resource).add_handler(look_again, name="resource-discovery")

    async def reconcile(self, key: str) -> Requeue | None:
        discovery = await self._mapper.discovery(refresh=True)
        wanted = propagatable(discovery.resources, self._skipped)
        for gvr, informer in list(self._watched.items()):
            # A group that does not answer at the moment is not gone.
            if gvr not in wanted and gvr.api_version not in discovery.failed:
                del self._watched[gvr]
                await self._informers.stop(informer.resource)
        for gvr, resource in wanted.items():
            if gvr not in self._watched:
                self._start(gvr, resource)
        self.discovered = True
        return Requeue(after=DISCOVERY_SECONDS)

    def _start(self, gvr: GroupVersionResource, resource: Resource[Object]) -> None:
        informer = self._informers.ensure(resource)
        informer.cache.add_index(CLAIM_INDEX, _policy_ids)
        self._watched[gvr] = informer
        for handler in self._handlers:
            informer.add_handler(handler)

    async def _list(self, resource: Resource[Object], label_selector: str) -> list[Object]:
        try:
            return (await self._client.list(resource, label_selector=label_selector)).items
        except NotFound:  # the API went meanwhile
            return []


def _policy_ids(template: Object) -> list[str]:
    labels = labels_of(template)
    return [labels[scope.id_label] for scope in (NAMESPACED, CLUSTER) if labels.get(scope.id_label)]
