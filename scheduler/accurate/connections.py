"""One gRPC connection per member's estimator: where it is, kept while the Cluster is there.

In: Clusters that come, change and go; Services of the control plane. Out: a channel for a cluster, or none.
An estimator that cannot be reached is tried again by the queue; nobody waits for it meanwhile.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import grpc
import grpc.aio

from karmada.api.errors import ApiError, NotFound, ServiceUnavailable
from karmada.api.groups.cluster import Cluster
from karmada.api.groups.kubernetes import SERVICES
from karmada.api.objects import Object
from karmada.client.client import Client
from karmada.client.informer import Change, Informer
from karmada.runtime.workqueue import Requeue, WorkQueue
from scheduler.accurate.options import EstimatorClientOptions

log = logging.getLogger(__name__)

CONNECT_SECONDS: Final = 5.0
CLOSE_SECONDS: Final = 1.0
WELL: Final = (grpc.ChannelConnectivity.READY, grpc.ChannelConnectivity.IDLE)
"""Nobody needs to look where the estimator is."""


def credentials_of(options: EstimatorClientOptions) -> grpc.ChannelCredentials | None:
    """TLS as the flags ask for it; None: plain text."""
    if not options.ca_file:
        return None
    key = Path(options.key_file).read_bytes() if options.cert_file and options.key_file else None
    certificate = Path(options.cert_file).read_bytes() if key is not None else None
    return grpc.ssl_channel_credentials(Path(options.ca_file).read_bytes(), key, certificate)


def addresses_of(service: Object | None, options: EstimatorClientOptions, cluster: str) -> list[str]:
    """Where to try, in order. Without a Service its names inside a cluster are tried.

    Raises ServiceUnavailable.
    """
    name, port = options.service_name(cluster), options.port
    if service is None:
        inside = f"{name}.{options.service_namespace}.svc"
        return [f"{inside}.cluster.local:{port}", f"{inside}:{port}"]
    spec = service.get("spec") or {}
    if spec.get("type") != "ExternalName":
        raise ServiceUnavailable(f"Service {name} has type {spec.get('type')}, not ExternalName")
    for entry in spec.get("ports") or ():
        target = entry.get("targetPort")
        if entry.get("port") == port and isinstance(target, int):
            return [f"{spec.get('externalName')}:{target}"]
    raise ServiceUnavailable(f"Service {name} has no port {port} with a number as its targetPort")


class Connections:
    """The controller of connections; keys are cluster names.

    skip_pull: clusters in pull mode are not asked, they may be unreachable from here.
    """

    name = "scheduler-estimator"

    def __init__(
        self,
        clusters: Informer[Cluster],
        client: Client,
        options: EstimatorClientOptions,
        *,
        skip_pull: bool = False,
    ) -> None:
        self._clusters = clusters
        self._client = client
        self._options = options
        self._skip_pull = skip_pull
        self._channels: dict[str, tuple[Sequence[str], Any]] = {}

    def watch(self, queue: WorkQueue[str]) -> None:
        def changed(change: Change[Cluster]) -> None:
            queue.add(change.key.name)

        self._clusters.add_handler(changed, name="estimators of clusters")

    def channel(self, cluster: str) -> Any | None:
        known = self._channels.get(cluster)
        return known[1] if known is not None else None

    async def reconcile(self, key: str) -> Requeue | None:
        """Connected where a Cluster is and its estimator says so, disconnected otherwise."""
        cluster = self._clusters.cache.named("", key)
        if cluster is None or (self._skip_pull and cluster.spec.sync_mode == "Pull"):
            await self._disconnect(key)
            return None
        known = self._channels.get(key)
        if known is not None and known[1].get_state() in WELL:
            return None
        addresses = addresses_of(await self._service(key), self._options, key)
        if known is not None and known[0] == addresses:
            return None  # it connects again by itself
        channel = await self._connected(addresses)
        await self._disconnect(key)
        self._channels[key] = (addresses, channel)
        log.info("estimator connected", extra={"cluster": key})
        return None

    async def try_all(self) -> None:
        """One try of every known cluster, all at once; what fails is tried again later, by its key."""

        async def one(cluster: str) -> None:
            with suppress(ApiError):
                await self.reconcile(cluster)

        with suppress(TimeoutError):
            async with asyncio.timeout(CONNECT_SECONDS), asyncio.TaskGroup() as group:
                for key in self._clusters.cache:
                    group.create_task(one(key.name), name=f"estimator {key.name}")

    async def close(self) -> None:
        for cluster in list(self._channels):
            await self._disconnect(cluster)

    async def _service(self, cluster: str) -> Object | None:
        key = SERVICES.key(self._options.service_namespace, self._options.service_name(cluster))
        try:
            return await self._client.get(SERVICES, key)
        except NotFound:
            return None

    async def _connected(self, addresses: Sequence[str]) -> grpc.aio.Channel:
        """A channel to the first address that answers. Raises ServiceUnavailable."""
        for address in addresses:
            credentials = credentials_of(self._options)
            if credentials is None:
                channel = grpc.aio.insecure_channel(address)
            else:
                channel = grpc.aio.secure_channel(address, credentials)
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    await channel.channel_ready()
            except TimeoutError:
                await channel.close()
            except BaseException:
                await channel.close()
                raise
            else:
                return channel
        raise ServiceUnavailable(f"no estimator answers at {', '.join(addresses)}")

    async def _disconnect(self, cluster: str) -> None:
        known = self._channels.pop(cluster, None)
        if known is not None:
            await known[1].close(CLOSE_SECONDS)
