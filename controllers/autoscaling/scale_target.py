"""The scale subresource of a template: read it, and set its replicas.

In: what a scaleTargetRef names, in a namespace of the control plane. Out: a Scale, or its spec.replicas
written. A scale write is an ordinary edit of the template: detector, scheduler and members follow.
"""

from controllers.templates import Templates
from karmada.api.errors import NotFound
from karmada.api.groups.autoscaling import CrossVersionObjectReference
from karmada.api.gvk import Resource
from karmada.api.objects import Object
from karmada.client.client import Client


class ScaleTargets:
    """Scales of templates, by reference."""

    def __init__(self, *, templates: Templates, client: Client) -> None:
        self._templates = templates
        self._client = client

    async def resource_of(self, target: CrossVersionObjectReference) -> Resource[Object]:
        """Raises NotFound when no such kind is served."""
        resource = await self._templates.resource_of(target.api_version, target.kind)
        if resource is None:
            raise NotFound(f'no matches for kind "{target.kind}" in version "{target.api_version}"')
        return resource

    async def set_replicas(self, target: CrossVersionObjectReference, namespace: str, replicas: int) -> None:
        """Nothing is written when it has that many. Raises NotFound, and what the server answers."""
        resource = await self.resource_of(target)
        key = resource.key(namespace if resource.namespaced else "", target.name)

        def change(scale: Object) -> Object:
            spec = scale.get("spec") or {}
            if spec.get("replicas", 0) == replicas:
                return scale
            return {**scale, "spec": {**spec, "replicas": replicas}}

        await self._client.update(resource, key, change, subresource="scale")
