"""What has to be read of a control plane to tell the journey of one object.

In: a Place and a template. Out: a World: policies, clusters, override policies, the object's binding and
Works, recent warnings. A kind that is not served (or may not be read) counts as having no objects.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from controllers.detector.desired import binding_scope
from karmada.api.errors import ApiError, Forbidden, NotFound
from karmada.api.groups.cluster import CLUSTERS, Cluster
from karmada.api.groups.policy import (
    CLUSTER_OVERRIDE_POLICIES,
    CLUSTER_PROPAGATION_POLICIES,
    OVERRIDE_POLICIES,
    PROPAGATION_POLICIES,
    OverridePolicy,
    PropagationPolicy,
)
from karmada.api.groups.work import WORKS, ResourceBinding, Work
from karmada.api.gvk import Resource
from karmada.api.names import binding_name
from karmada.api.objects import Object, name_of, namespace_of
from karmada.api.wellknown import (
    CLUSTER_RESOURCE_BINDING_PERMANENT_ID_LABEL,
    RESOURCE_BINDING_PERMANENT_ID_LABEL,
)
from karmada.cli.places import Place
from karmada.client.client import Client

T = TypeVar("T")
MAX_WARNINGS = 5


@dataclass(frozen=True, slots=True)
class World:
    """One template and everything that decides about it."""

    template: Object
    namespaced_policies: Sequence[PropagationPolicy] = ()
    cluster_policies: Sequence[PropagationPolicy] = ()
    clusters: Sequence[Cluster] = ()
    overrides: Sequence[OverridePolicy] = ()
    cluster_overrides: Sequence[OverridePolicy] = ()
    binding: ResourceBinding | None = None
    works: Sequence[Work] = ()
    warnings: Sequence[Object] = field(default=())
    """Events of type Warning on the template and its binding, newest last."""


async def read_world(place: Place, template: Object) -> World:
    client, namespace = place.client, namespace_of(template)
    namespaced, cluster_wide, clusters, overrides, cluster_overrides, binding = await asyncio.gather(
        _beside(client, PROPAGATION_POLICIES, namespace),
        _all(client, CLUSTER_PROPAGATION_POLICIES, ""),
        _all(client, CLUSTERS, ""),
        _beside(client, OVERRIDE_POLICIES, namespace),
        _all(client, CLUSTER_OVERRIDE_POLICIES, ""),
        read_binding(client, template),
    )
    works, warnings = await asyncio.gather(_works(client, binding), _warnings(client, template, binding))
    return World(
        template=template,
        namespaced_policies=namespaced,
        cluster_policies=cluster_wide,
        clusters=clusters,
        overrides=overrides,
        cluster_overrides=cluster_overrides,
        binding=binding,
        works=works,
        warnings=warnings,
    )


async def read_binding(client: Client, template: Object) -> ResourceBinding | None:
    scope = binding_scope(template)
    key = scope.key(namespace_of(template), binding_name(template["kind"], name_of(template)))
    try:
        return await client.get(scope, key)
    except (NotFound, Forbidden):
        return None


async def _all(client: Client, resource: Resource[T], namespace: str) -> list[T]:
    try:
        return (await client.list(resource, namespace=namespace)).items
    except (NotFound, Forbidden):
        return []


async def _beside(client: Client, resource: Resource[T], namespace: str) -> list[T]:
    """Those of the template's namespace; a cluster-scoped template has none."""
    return await _all(client, resource, namespace) if namespace else []


async def _works(client: Client, binding: ResourceBinding | None) -> list[Work]:
    if binding is None:
        return []
    label = (
        RESOURCE_BINDING_PERMANENT_ID_LABEL
        if binding.metadata.namespace
        else CLUSTER_RESOURCE_BINDING_PERMANENT_ID_LABEL
    )
    held_by = binding.metadata.labels.get(label)
    if not held_by:
        return []
    try:
        return (await client.list(WORKS, label_selector=f"{label}={held_by}")).items
    except (NotFound, Forbidden):
        return []


async def _warnings(client: Client, template: Object, binding: ResourceBinding | None) -> list[Object]:
    from karmada.api.groups.kubernetes import EVENTS

    names = [(name_of(template), template["kind"])]
    if binding is not None:
        names.append((binding.metadata.name, binding.kind))
    found: list[Object] = []
    for name, kind in names:
        selector = f"involvedObject.name={name},involvedObject.kind={kind},type=Warning"
        try:
            listed = await client.list_objects(
                EVENTS, namespace=namespace_of(template), field_selector=selector
            )
        except ApiError:
            continue
        found += listed.items
    return sorted(found, key=lambda event: event.get("lastTimestamp") or "")[-MAX_WARNINGS:]
