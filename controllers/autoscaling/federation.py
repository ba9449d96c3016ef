"""Where the replicas of a template run: its binding, the Ready clusters of it, their scales and pods.

In: the scaleTargetRef of a FederatedHPA. Out: a Federation, or a Trouble that names the condition and event
reason. Members are asked live, each pass; one that does not answer is left out, as one that is not Ready.
"""

import asyncio
import logging
from dataclasses import dataclass
from typing import Final

from controllers.autoscaling.scale_target import ScaleTargets
from controllers.members import Members
from karmada.api.conditions import is_condition_true
from karmada.api.errors import ApiError
from karmada.api.groups.autoscaling import CrossVersionObjectReference
from karmada.api.groups.cluster import Cluster
from karmada.api.groups.kubernetes import PODS
from karmada.api.groups.work import ResourceBinding
from karmada.api.gvk import Resource
from karmada.api.names import binding_name
from karmada.api.objects import Object
from karmada.client.client import Client
from karmada.client.informer import Informer

log = logging.getLogger(__name__)

MEMBER_SECONDS: Final = 10.0
"""How long a member may take to tell scale and pods."""


class Trouble(Exception):
    """Why there is nothing to scale. reason: of the condition; event: of the event, "" for none."""

    def __init__(self, reason: str, message: str, *, event: str = "") -> None:
        super().__init__(message)
        self.reason = reason
        self.event = event or reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Federation:
    """A template and what its Ready clusters run of it."""

    resource: Resource[Object]
    replicas: int
    """Of the template."""
    selector: str
    """Of its pods, the first member's that has one."""
    desired: int
    """Replicas the measured members should run."""
    running: int
    """Replicas they do run."""
    pods: tuple[Object, ...]


@dataclass(frozen=True, slots=True)
class _Share:
    desired: int
    running: int
    selector: str
    pods: tuple[Object, ...]


class Federations:
    """Finds the federation of a target."""

    def __init__(
        self,
        *,
        targets: ScaleTargets,
        bindings: Informer[ResourceBinding],
        clusters: Informer[Cluster],
        members: Members,
        client: Client,
    ) -> None:
        self._targets = targets
        self._bindings = bindings
        self._clusters = clusters
        self._members = members
        self._client = client

    async def of(self, target: CrossVersionObjectReference, namespace: str) -> Federation:
        """Raises Trouble."""
        try:
            resource = await self._targets.resource_of(target)
            key = resource.key(namespace if resource.namespaced else "", target.name)
            scale = await self._client.get(resource, key, subresource="scale")
        except ApiError as error:
            raise Trouble("FailedGetScaleTargetRef", str(error)) from error
        ready = self._ready_clusters(target, namespace)
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(self._share(name, resource, namespace, target.name)) for name in ready]
        shares = [share for task in asked if (share := task.result()) is not None]
        desired = sum(share.desired for share in shares)
        if not desired:
            text = "failed to get replicas in any of clusters, possibly because all of clusters are not ready"
            raise Trouble("FailedGetScale", text)
        return Federation(
            resource=resource,
            replicas=(scale.get("spec") or {}).get("replicas") or 0,
            selector=next((share.selector for share in shares if share.selector), ""),
            desired=desired,
            running=sum(share.running for share in shares),
            pods=tuple(pod for share in shares for pod in share.pods),
        )

    def _ready_clusters(self, target: CrossVersionObjectReference, namespace: str) -> list[str]:
        """The clusters of the target's binding that are Ready."""
        binding = self._bindings.cache.named(namespace, binding_name(target.kind, target.name))
        if binding is None:
            text = f"failed to find the binding of {target.kind} {namespace}/{target.name}"
            raise Trouble("FailedGetBinding", text, event="FailedGetBindings")
        if not binding.spec.clusters:
            text = f"binding {binding.metadata.name} has no target clusters"
            raise Trouble("FailedGetTargetClusters", text)
        ready = []
        for each in binding.spec.clusters:
            cluster = self._clusters.cache.named("", each.name)
            if cluster is None:
                raise Trouble(
                    "FailedGetTargetClusters", f'clusters.cluster.karmada.io "{each.name}" not found'
                )
            if is_condition_true(cluster.status.conditions, "Ready"):
                ready.append(each.name)
        return ready

    async def _share(
        self, cluster: str, resource: Resource[Object], namespace: str, name: str
    ) -> _Share | None:
        """What a member runs; None when it does not tell."""
        try:
            async with asyncio.timeout(MEMBER_SECONDS):
                member = await self._members.client(cluster)
                scale = await member.get(resource, resource.key(namespace, name), subresource="scale")
                selector = (scale.get("status") or {}).get("selector") or ""
                pods: list[Object] = []
                if selector:
                    pods = (await member.list(PODS, namespace=namespace, label_selector=selector)).items
        except (ApiError, TimeoutError) as error:
            log.warning("member left out", extra={"cluster": cluster, "target": name, "error": str(error)})
            return None
        spec, status = scale.get("spec") or {}, scale.get("status") or {}
        return _Share(spec.get("replicas") or 0, status.get("replicas") or 0, selector, tuple(pods))
