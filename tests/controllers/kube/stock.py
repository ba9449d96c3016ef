"""A cluster with the stock duties of a control plane, for tests."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from controllers.kube.certificate_signing import SigningOptions
from controllers.kube.wiring import MetadataInformers, stock_duties
from karmada.api.groups.kubernetes import CONFIG_MAPS
from karmada.api.objects import Object
from karmada.client.client import Client
from karmada.client.informer import Informers
from karmada.client.mapper import Mapper
from karmada.runtime.clock import SYSTEM_CLOCK, Clock
from karmada.runtime.controller import run_controller
from tests.controllers.cluster.live import Plane, background, control_plane


@asynccontextmanager
async def stock_plane(
    signing: SigningOptions | None = None, *, clock: Clock = SYSTEM_CLOCK
) -> AsyncIterator[Plane]:
    """clock is the controllers'; the API server keeps the machine's."""
    async with (
        control_plane() as plane,
        Client(plane.access) as client,
        Informers(client) as informers,
        MetadataInformers(client, clock=SYSTEM_CLOCK) as metadata,
    ):
        duties = stock_duties(
            informers=informers,
            metadata=metadata,
            client=client,
            mapper=Mapper(client),
            signing=signing or SigningOptions(),
            clock=clock,
        )
        async with AsyncExitStack() as stack:
            for controller in duties.controllers:
                work = run_controller(controller, workers=2, clock=clock)
                await stack.enter_async_context(background(work, controller.name))
            await stack.enter_async_context(background(duties.collector.run_discovery(), "discovery"))
            yield plane


async def config_map(plane: Plane, name: str, *owners: Object, finalizers: tuple[str, ...] = ()) -> Object:
    """A ConfigMap in default; owners are objects."""
    references = [
        {
            "apiVersion": owner["apiVersion"],
            "kind": owner["kind"],
            "name": owner["metadata"]["name"],
            "uid": owner["metadata"]["uid"],
            "blockOwnerDeletion": True,
        }
        for owner in owners
    ]
    metadata: Object = {"name": name, "namespace": "default", "ownerReferences": references}
    if finalizers:
        metadata["finalizers"] = list(finalizers)
    return await plane.create(CONFIG_MAPS, {"metadata": metadata})


async def names(plane: Plane) -> set[str]:
    """The ConfigMaps in default."""
    found = await plane.client.list(CONFIG_MAPS, namespace="default")
    return {item["metadata"]["name"] for item in found.items}
