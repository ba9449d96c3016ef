"""karmadactl describe: an object in detail, with its events; of the control plane, or of a member.

In: objects by name, selector or file. Out: the layout of kubectl's describe (describing/).
"""

import argparse
from collections.abc import Iterable

from karmada.api.errors import NotFound
from karmada.api.groups.kubernetes import ENDPOINT_SLICES, LIMIT_RANGES, REPLICA_SETS, RESOURCE_QUOTAS
from karmada.api.objects import Object, name_of, namespace_of
from karmada.cli.describing import config, generic, pods, workloads
from karmada.cli.describing.events import event_lines, events_of
from karmada.cli.describing.layout import tabulated
from karmada.cli.manifests import add_file_flags
from karmada.cli.parsing import add_switch
from karmada.cli.places import Place, add_scope_flags, chosen_cluster, open_place
from karmada.cli.printers import Console
from karmada.cli.resources import find_resources, parse_wanted
from karmada.cli.scope import CommandError, add_connection_flags, add_namespace_flag
from karmada.cli.selection import NOTHING_GIVEN, Selected, Wish, select
from karmada.runtime.clock import SYSTEM_CLOCK

FORMS = {
    ("v1", "Pod"): pods.pod,
    ("v1", "ConfigMap"): config.config_map,
    ("v1", "Secret"): config.secret,
}
WITHOUT_EVENTS = frozenset({("v1", "Secret"), ("v1", "Namespace")})


def register(parser: argparse.ArgumentParser) -> None:
    add_connection_flags(parser)
    add_namespace_flag(parser)
    add_scope_flags(parser, short=True)
    parser.add_argument(
        "words", nargs="*", metavar="TYPE[/NAME]", help="TYPE, TYPE NAME_PREFIX, or TYPE/NAME"
    )
    add_file_flags(parser, purpose="that names what is described")
    parser.add_argument("-l", "--selector", default="", help="label selector")
    add_switch(parser, "-A", "--all-namespaces", help="objects of every namespace")
    add_switch(parser, "--show-events", default=True, help="with events")
    parser.add_argument("--chunk-size", type=int, default=500, help="objects per request of large lists")


async def run(args: argparse.Namespace, console: Console) -> int:
    cluster = chosen_cluster(args)
    async with open_place(args, cluster=cluster) as place:
        items = await _items(place, args)
        if not items:
            where = "" if args.all_namespaces else f" in {place.namespace} namespace."
            console.error(f"No resources found{where}")
            return 0
        for number, item in enumerate(items):
            text = await described(place, item, events=args.show_events)
            console.line(("\n\n" if number else "") + text)
    return 0


async def _items(place: Place, args: argparse.Namespace) -> list[Selected]:
    """Objects by name, by the prefix of a name, or all of a type."""
    wish = Wish.of(args, args.words)
    if wish.filenames:
        return await select(place, wish)
    if not wish.words:
        raise CommandError(NOTHING_GIVEN)
    try:
        wanted = parse_wanted(wish.words)
        if all(each.names for each in wanted) and not wish.selector:
            return await select(place, wish)
    except NotFound as error:
        found = await _by_prefix(place, wish)
        if not found:
            raise error
        return found
    return await select(
        place,
        Wish(
            words=wish.words,
            selector=wish.selector,
            everything=not wish.selector,
            all_namespaces=wish.all_namespaces,
        ),
    )


async def _by_prefix(place: Place, wish: Wish) -> list[Selected]:
    found: list[Selected] = []
    for wanted, resource in await find_resources(place.mapper, parse_wanted(wish.words)):
        listed = await place.client.list_objects(resource.resource, namespace=place.namespace)
        found += [
            Selected(resource, item)
            for item in listed.items
            if any(item["metadata"]["name"].startswith(name) for name in wanted.names)
        ]
    return found


async def described(place: Place, item: Selected, *, events: bool) -> str:
    obj = item.object
    key = (obj.get("apiVersion", ""), obj.get("kind", ""))
    lines = [*await _lines(place, obj, key)]
    if events and key not in WITHOUT_EVENTS:
        lines += event_lines(await events_of(place.client, obj), now=SYSTEM_CLOCK.now())
    return tabulated(lines)


async def _lines(place: Place, obj: Object, key: tuple[str, str]) -> Iterable[str]:
    """Some forms need what belongs to the object."""
    namespace, client = namespace_of(obj), place.client
    if key == ("apps/v1", "Deployment"):
        sets = await client.list_objects(REPLICA_SETS, namespace=namespace)
        return workloads.deployment(obj, sets.items)
    if key == ("v1", "Service"):
        selector = f"kubernetes.io/service-name={name_of(obj)}"
        slices = await client.list_objects(ENDPOINT_SLICES, namespace=namespace, label_selector=selector)
        return config.service(obj, slices.items)
    if key == ("v1", "Namespace"):
        quotas = await client.list_objects(RESOURCE_QUOTAS, namespace=name_of(obj))
        limits = await client.list_objects(LIMIT_RANGES, namespace=name_of(obj))
        return config.namespace(obj, quotas.items, limits.items)
    form = FORMS.get(key)
    return form(obj) if form is not None else generic.described(obj)
