"""Member clusters as the controllers use them: a client, informers, and writes that remember their version.

In: Clusters and the Secrets they refer to. Out: member objects. One client and one set of informers per
member, dropped when the Cluster goes or is reached another way. Informers hold only what Karmada manages:
memory grows with that, not with what a member holds; anything else is read live.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import Final, TypeAlias

from karmada.api.errors import ApiError, NotFound
from karmada.api.groups.cluster import Cluster
from karmada.api.groups.kubernetes import SECRETS
from karmada.api.groups.work import WORKS
from karmada.api.gvk import GroupVersionResource, ObjectKey, Resource
from karmada.api.objects import Object, annotations_of, labels_of, resource_version_of
from karmada.api.wellknown import (
    MANAGED_BY_KARMADA_LABEL,
    MANAGED_BY_KARMADA_VALUE,
    WORK_NAME_ANNOTATION,
    WORK_NAMESPACE_ANNOTATION,
)
from karmada.client.client import Client
from karmada.client.informer import Change, Informer
from karmada.client.kubeconfig import Access, KubeconfigError
from karmada.client.member import MemberAccessError, member_access, member_client
from karmada.runtime.clock import SYSTEM_CLOCK, Clock
from karmada.runtime.tasks import Tasks

log = logging.getLogger(__name__)

MemberHandler: TypeAlias = Callable[[str, Change[Object]], None]
SYNC_SECONDS: Final = 10.0
MANAGED_SELECTOR: Final = f"{MANAGED_BY_KARMADA_LABEL}={MANAGED_BY_KARMADA_VALUE}"


class MemberUnavailable(Exception):
    """The member cannot be reached as its Cluster and Secret stand."""


@dataclass(frozen=True, slots=True)
class MemberOptions:
    """How hard a member may be asked."""

    qps: float = 400.0
    """--cluster-api-qps: requests per second to one member."""
    burst: int = 600
    """--cluster-api-burst: requests to one member that may exceed that for a moment."""


@dataclass(slots=True)
class _Member:
    """What is kept of one member while it is reached in one way."""

    reach: tuple[object, ...]
    client: Client
    informers: dict[GroupVersionResource, Informer[Object]] = field(default_factory=dict)
    versions: dict[ObjectKey, str] = field(default_factory=dict)


class Members:
    """An async context manager; leaving closes every client and informer."""

    def __init__(
        self,
        *,
        clusters: Informer[Cluster],
        plane: Client,
        options: MemberOptions,
        user_agent: str = "karmada-controller-manager",
        fence: Callable[[], None] | None = None,
        own: Access | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """fence is called before each write to a member, and raises if this process may not. own: how an
        agent reaches the member it is in, whatever the Cluster says."""
        self._clusters = clusters
        self._plane = plane
        self._options = options
        self._user_agent = user_agent
        self._fence = fence
        self._own = own
        self._clock = clock
        self._members: dict[str, _Member] = {}
        self._handlers: list[MemberHandler] = []
        self._opening: dict[str, asyncio.Lock] = {}
        self._tasks = Tasks("members")

    async def __aenter__(self) -> "Members":
        await self._tasks.__aenter__()
        self._clusters.add_handler(self._cluster_changed, name="members")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._clusters.remove_handler(self._cluster_changed)
        members, self._members = list(self._members.values()), {}
        for member in members:
            await _close(member)
        await self._tasks.__aexit__(kind, error, trace)

    def add_handler(self, handler: MemberHandler) -> None:
        """Hear of every change of a managed object in any member. Synchronous, as handlers of an informer."""
        self._handlers.append(handler)
        position = len(self._handlers)
        for cluster, member in self._members.items():
            for informer in member.informers.values():
                informer.add_handler(partial(handler, cluster), name=f"member {position}")

    async def client(self, cluster: str) -> Client:
        """Raises MemberUnavailable."""
        return (await self._member(cluster)).client

    async def informer(self, cluster: str, resource: Resource[Object]) -> Informer[Object]:
        """The shared informer of managed objects, started; it may not be synced yet. Raises
        MemberUnavailable."""
        member = await self._member(cluster)
        informer = member.informers.get(resource.gvr)
        if informer is None:
            informer = Informer(member.client, resource, label_selector=MANAGED_SELECTOR)
            for position, handler in enumerate(self._handlers, 1):
                informer.add_handler(partial(handler, cluster), name=f"member {position}")
            member.informers[resource.gvr] = informer
            informer.start()
        return informer

    def cached(self, cluster: str, key: ObjectKey) -> Object | None:
        """A managed object as last seen; None says nothing about the member."""
        member = self._members.get(cluster)
        informer = member.informers.get(key.resource) if member is not None else None
        return informer.cache.get(key) if informer is not None else None

    async def observe(
        self, cluster: str, resource: Resource[Object], key: ObjectKey, *, live: bool = True
    ) -> Object | None:
        """The object in the member, from the cache where that is not older than our own last write.

        live: wait for the first sync and ask the member before saying that it is not there.
        """
        if live:
            await self._synced(await self.informer(cluster, resource))
        found = self.cached(cluster, key)
        if found is not None and self.version(cluster, key) in ("", resource_version_of(found)):
            return found
        if found is None and not live:
            return None
        try:
            return await (await self.client(cluster)).get(resource, key)
        except NotFound:
            return None

    async def _synced(self, informer: Informer[Object]) -> None:
        """A cold cache is worth a moment: thousands of objects need not be read one by one after a start."""
        if informer.synced:
            return
        try:
            async with asyncio.timeout(SYNC_SECONDS):
                await informer.wait_synced()
        except TimeoutError:
            return

    async def create(self, cluster: str, resource: Resource[Object], manifest: Object) -> Object:
        """Raises AlreadyExists: then the object has to be looked at before it is touched."""
        member = await self._member(cluster)
        created = await member.client.create(resource, manifest)
        member.versions[resource.key_of(created)] = resource_version_of(created)
        return created

    async def replace(self, cluster: str, resource: Resource[Object], manifest: Object) -> Object:
        member = await self._member(cluster)
        replaced = await member.client.replace(resource, manifest)
        member.versions[resource.key_of(replaced)] = resource_version_of(replaced)
        return replaced

    async def delete(self, cluster: str, resource: Resource[Object], key: ObjectKey) -> None:
        """Delete a managed object in the background; one that is not managed is left alone."""
        member = await self._member(cluster)
        found = await self.observe(cluster, resource, key)
        if found is not None and is_managed(found):
            await member.client.delete(resource, key, propagation_policy="Background")
        member.versions.pop(key, None)

    def record(self, cluster: str, key: ObjectKey, version: str) -> None:
        """This version is known to be what we want."""
        if (member := self._members.get(cluster)) is not None:
            member.versions[key] = version

    def version(self, cluster: str, key: ObjectKey) -> str:
        """The version last written or verified by this process; "" when there is none."""
        member = self._members.get(cluster)
        return member.versions.get(key, "") if member is not None else ""

    async def _member(self, name: str) -> _Member:
        cluster = self._clusters.cache.named("", name)
        if cluster is None:
            raise MemberUnavailable(f"cluster {name} does not exist")
        member = self._members.get(name)
        if member is not None and member.reach == self._reach(cluster):
            return member
        async with self._opening.setdefault(name, asyncio.Lock()):
            member = self._members.get(name)
            if member is not None and member.reach == self._reach(cluster):
                return member
            if member is not None:
                await _close(self._members.pop(name))
            opened = await self._open(cluster)
            self._members[name] = opened
            return opened

    async def _open(self, cluster: Cluster) -> _Member:
        try:
            access = self._own or member_access(cluster, await self._secret(cluster))
        except (MemberAccessError, ApiError) as error:
            raise MemberUnavailable(str(error)) from error

        async def fresh_token() -> str | None:
            return member_access(cluster, await self._secret(cluster)).token

        try:
            client = member_client(
                access,
                user_agent=self._user_agent,
                qps=self._options.qps,
                burst=self._options.burst,
                on_unauthorized=None if self._own else fresh_token,
            )
        except KubeconfigError as error:
            raise MemberUnavailable(str(error)) from error
        client.set_fence(self._fence)
        return _Member(reach=self._reach(cluster), client=client)

    async def _secret(self, cluster: Cluster) -> Object | None:
        reference = cluster.spec.secret_ref
        if reference is None:
            return None
        try:
            return await self._plane.get(SECRETS, SECRETS.key(reference.namespace, reference.name))
        except NotFound:
            return None

    def _reach(self, cluster: Cluster) -> tuple[object, ...]:
        return (cluster.metadata.uid,) if self._own is not None else _reach(cluster)

    def _cluster_changed(self, change: Change[Cluster]) -> None:
        member = self._members.get(change.key.name)
        if member is None:
            return
        if change.new is None or member.reach != self._reach(change.new):
            self._members.pop(change.key.name, None)
            self._opening.pop(change.key.name, None)
            self._tasks.start(_close(member), name=f"close {change.key.name}")


def is_managed(obj: Object) -> bool:
    return labels_of(obj).get(MANAGED_BY_KARMADA_LABEL) == MANAGED_BY_KARMADA_VALUE


def work_of(obj: Object | None) -> ObjectKey | None:
    """The Work a member object comes from; None when it is not one of ours."""
    if obj is None or not is_managed(obj):
        return None
    annotations = annotations_of(obj)
    namespace, name = annotations.get(WORK_NAMESPACE_ANNOTATION), annotations.get(WORK_NAME_ANNOTATION)
    return WORKS.key(namespace, name) if namespace and name else None


def _reach(cluster: Cluster) -> tuple[object, ...]:
    """Another value means another way to reach the member."""
    spec = cluster.spec
    secret = (spec.secret_ref.namespace, spec.secret_ref.name) if spec.secret_ref is not None else None
    return (
        cluster.metadata.uid,
        spec.api_endpoint,
        spec.insecure_skip_tls_verification,
        spec.proxy_url,
        tuple(sorted(spec.proxy_header.items())),
        secret,
    )


async def _close(member: _Member) -> None:
    for informer in member.informers.values():
        await informer.close()
    await member.client.close()
