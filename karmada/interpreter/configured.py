"""The front door: an interpreter that follows the configuration objects of a control plane.

In: informers and client of the control plane. Out: an Interpreter whose layers are customizations,
webhooks, and what Karmada knows by itself. Nothing is started until one of the first two is needed.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from karmada.api.groups.config import (
    RESOURCE_INTERPRETER_CUSTOMIZATIONS,
    RESOURCE_INTERPRETER_WEBHOOK_CONFIGURATIONS,
    ServiceReference,
)
from karmada.api.groups.kubernetes import SERVICES
from karmada.api.objects import Object
from karmada.client.client import Client
from karmada.client.informer import Informers
from karmada.interpreter.chain import Interpreter, built_in
from karmada.interpreter.declarative import DeclarativeLayer
from karmada.interpreter.pool import ScriptPool
from karmada.interpreter.webhook import WebhookLayer
from karmada.runtime.clock import SYSTEM_CLOCK, Clock


@asynccontextmanager
async def configured_interpreter(
    informers: Informers, client: Client, *, clock: Clock = SYSTEM_CLOCK
) -> AsyncIterator[Interpreter]:
    """Complete once the informers are synced; the caller waits for that before it interprets anything.

    Leaving ends the processes that run scripts.
    """
    customizations = informers.ensure(RESOURCE_INTERPRETER_CUSTOMIZATIONS)
    configurations = informers.ensure(RESOURCE_INTERPRETER_WEBHOOK_CONFIGURATIONS)

    async def find_service(reference: ServiceReference) -> Object | None:
        services = informers.get(SERVICES)
        if services is not None and services.synced:
            return services.cache.named(reference.namespace, reference.name)
        # A list rather than a get: an agent may do no more.
        found = await client.list(
            SERVICES, namespace=reference.namespace, field_selector=f"metadata.name={reference.name}"
        )
        return found.items[0] if found.items else None

    async with (
        ScriptPool() as scripts,
        WebhookLayer(configurations=configurations.cache.list, find_service=find_service) as webhook,
    ):
        declarative = DeclarativeLayer(customizations=customizations.cache.list, scripts=scripts)
        customizations.add_handler(lambda _: declarative.changed(), name="interpreter customizations")
        configurations.add_handler(lambda _: webhook.changed(), name="interpreter webhooks")
        yield Interpreter(layers=(declarative, webhook, *built_in(clock)))
