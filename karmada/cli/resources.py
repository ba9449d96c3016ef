"""What a user typed for a resource: `pods`, `po`, `deploy/nginx`, `deployments.apps`, `pods,services`.

In: words of a command line. Out: Wanted, then the discovered resource each one means. Keeps kubectl's rules.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from karmada.cli.scope import CommandError
from karmada.client.mapper import DiscoveredResource, Mapper, preferred_resources


@dataclass(frozen=True, slots=True)
class Wanted:
    """A resource as typed, and the names asked for (none: all of them)."""

    resource: str
    names: tuple[str, ...] = ()


def parse_wanted(words: Sequence[str]) -> list[Wanted]:
    """`TYPE NAME ...`, `TYPE,TYPE`, `TYPE/NAME TYPE/NAME`. Raises CommandError when they are mixed."""
    if any("/" in word for word in words):
        pairs = [word.partition("/") for word in words]
        if any("/" in name for _, _, name in pairs):
            raise CommandError("arguments in resource/name form may not have more than one slash")
        if not all(slash and resource and name for resource, slash, name in pairs):
            raise CommandError(
                "there is no need to specify a resource type as a separate argument when passing "
                "arguments in resource/name form"
            )
        return [Wanted(resource, (name,)) for resource, _, name in pairs]
    types, names = [each for each in words[0].split(",") if each], tuple(words[1:])
    if not types:
        raise CommandError("you must specify the type of resource to get")
    return [Wanted(each, names) for each in types]


async def find_resources(mapper: Mapper, wanted: Sequence[Wanted]) -> list[tuple[Wanted, DiscoveredResource]]:
    """The resource of each; a category (`all`, `karmada-io`) stands for several. Raises CommandError."""
    served = preferred_resources(await mapper.resources())
    found: list[tuple[Wanted, DiscoveredResource]] = []
    for each in wanted:
        matching = resources_named(served, each.resource)
        if not matching:
            raise CommandError(f'the server doesn\'t have a resource type "{each.resource}"')
        found.extend((each, resource) for resource in matching)
    return found


def resources_named(served: Sequence[DiscoveredResource], text: str) -> list[DiscoveredResource]:
    """Plural, singular, short name or kind, with or without a group; else a category. Earlier groups win."""
    name, _, group = text.lower().partition(".")
    for resource in served:
        names = (resource.gvr.resource, resource.singular, resource.kind.lower(), *resource.short_names)
        qualified = f"{resource.gvr.version}.{resource.gvr.group}".rstrip(".")
        if name in names and (resource.gvr.group.startswith(group) or group == qualified):
            return [resource]
    return [resource for resource in served if text in resource.categories and "list" in resource.verbs]
