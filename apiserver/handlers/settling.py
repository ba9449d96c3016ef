"""A change that the server itself makes to a stored object, such as a condition: read, change, write.

In: a change as a function. Out: the stored object changed; equal means no write. Nothing is checked: what
comes here is our own.
"""

from collections.abc import Callable

from apiserver.handlers.preparation import is_finished, stored_value
from apiserver.resources.definition import ResourceDefinition
from apiserver.storage.entries import Entry
from apiserver.storage.store import Keep, Remove, Store, Verdict, Write
from karmada.api.objects import Object


async def settle_object(
    store: Store, definition: ResourceDefinition, path: str, change: Callable[[Object], Object]
) -> None:
    """Nothing happens when there is no such object. change may run several times."""

    async def decide(entry: Entry | None) -> Verdict:
        if entry is None:
            return Keep()
        old = definition.decode(entry)
        new = change(old)
        if new == old:
            return Keep()
        return Remove() if is_finished(new, old) else Write(await stored_value(definition, new))

    if store.cache.collection(definition.collection).get(path) is not None:
        await store.settle(definition.collection, path, decide)
