"""An interpreter for one command: the customizations and webhooks of a control plane, read once.

In: a Client, or nothing for what Karmada knows by itself; customizations of files on top. Out: an Interpreter
with the layers the controllers use. Scripts run in processes of their own, which start when one is needed.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

from karmada.api.errors import Forbidden, NotFound
from karmada.api.groups.config import (
    RESOURCE_INTERPRETER_CUSTOMIZATIONS,
    RESOURCE_INTERPRETER_WEBHOOK_CONFIGURATIONS,
    ResourceInterpreterCustomization,
    ServiceReference,
)
from karmada.api.groups.kubernetes import SERVICES
from karmada.api.gvk import Resource
from karmada.api.objects import Object
from karmada.client.client import Client
from karmada.interpreter.chain import Interpreter, Layer, built_in
from karmada.interpreter.declarative import DeclarativeLayer
from karmada.interpreter.pool import ScriptPool
from karmada.interpreter.webhook import WebhookLayer
from karmada.runtime.clock import SYSTEM_CLOCK

T = TypeVar("T")


@asynccontextmanager
async def command_layers(
    client: Client | None, *, written: Sequence[ResourceInterpreterCustomization] = ()
) -> AsyncIterator[dict[str, Layer]]:
    """The layers by the name a user is told, in the order they are asked. written replaces by name."""
    mine = {each.metadata.name for each in written}
    stored = await _all(client, RESOURCE_INTERPRETER_CUSTOMIZATIONS)
    customizations = [*written, *(each for each in stored if each.metadata.name not in mine)]
    configurations = await _all(client, RESOURCE_INTERPRETER_WEBHOOK_CONFIGURATIONS)

    async def find_service(reference: ServiceReference) -> Object | None:
        if client is None:
            return None
        try:
            return await client.get(SERVICES, SERVICES.key(reference.namespace, reference.name))
        except NotFound:
            return None

    async with (
        ScriptPool() as scripts,
        WebhookLayer(configurations=lambda: configurations, find_service=find_service) as webhook,
    ):
        third_party, native = built_in(SYSTEM_CLOCK)
        yield {
            "customized": DeclarativeLayer(customizations=lambda: customizations, scripts=scripts),
            "webhook": webhook,
            "third-party": third_party,
            "default": native,
        }


@asynccontextmanager
async def command_interpreter(
    client: Client | None, *, written: Sequence[ResourceInterpreterCustomization] = ()
) -> AsyncIterator[Interpreter]:
    async with command_layers(client, written=written) as layers:
        yield Interpreter(layers=tuple(layers.values()))


async def _all(client: Client | None, resource: Resource[T]) -> list[T]:
    if client is None:
        return []
    try:
        return (await client.list(resource)).items
    except (NotFound, Forbidden):
        return []
