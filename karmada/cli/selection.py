"""Which objects a command is about: `TYPE NAME`, `TYPE -l`, `TYPE/NAME`, `TYPE --all`, or those of files.

In: the words and flags of a command, a Place. Out: Selected, read from the server (select) or as written in
files (located). resources.py finds the types; manifests.py reads the files.
"""

import argparse
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace

from karmada.api.gvk import GroupVersionKind, ObjectKey
from karmada.api.objects import Object, name_of, namespace_of, with_metadata
from karmada.cli.manifests import Manifest, read_manifests
from karmada.cli.places import Place
from karmada.cli.resources import find_resources, parse_wanted
from karmada.cli.scope import CommandError
from karmada.client.mapper import DiscoveredResource, NoMatch

NOTHING_GIVEN = """\
You must provide one or more resources by argument or filename.
Example resource specifications include:
   '-f rsrc.yaml'
   '--filename=rsrc.json'
   '<resource> <name>'
   '<resource>'"""


@dataclass(frozen=True, slots=True)
class Selected:
    """One object of one resource. object is the live one, or what a file says."""

    resource: DiscoveredResource
    object: Object
    source: str = ""

    @property
    def key(self) -> ObjectKey:
        return self.resource.resource.key_of(self.object)

    @property
    def described(self) -> str:
        """`deployments "nginx"`, as errors name it."""
        return f'{self.resource.gvr.resource} "{name_of(self.object)}"'

    def with_object(self, obj: Object) -> "Selected":
        return replace(self, object=obj)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user typed about which objects."""

    words: Sequence[str] = ()
    filenames: Sequence[str] = ()
    recursive: bool = False
    selector: str = ""
    field_selector: str = ""
    everything: bool = False
    all_namespaces: bool = False

    @classmethod
    def of(cls, args: argparse.Namespace, words: Sequence[str]) -> "Wish":
        return cls(
            words=words,
            filenames=getattr(args, "filename", ()),
            recursive=getattr(args, "recursive", False),
            selector=getattr(args, "selector", ""),
            field_selector=getattr(args, "field_selector", ""),
            everything=getattr(args, "all", False),
            all_namespaces=getattr(args, "all_namespaces", False),
        )


async def select(place: Place, wish: Wish) -> list[Selected]:
    """The live objects. Raises CommandError for wishes that make no sense, NotFound for what is not there."""
    if wish.filenames:
        if wish.words:
            raise CommandError(
                "when paths, URLs, or stdin is provided as input, you may not specify resource "
                "arguments as well"
            )
        written = await located(place, read_manifests(wish.filenames, recursive=wish.recursive))
        return [each.with_object(await _live(place, each.resource, each.key)) for each in written]
    return [each async for each in _by_words(place, wish)]


async def _by_words(place: Place, wish: Wish) -> AsyncIterator[Selected]:
    if not wish.words:
        raise CommandError(NOTHING_GIVEN)
    by_many = bool(wish.selector or wish.field_selector or wish.everything)
    for wanted, resource in await find_resources(place.mapper, parse_wanted(wish.words)):
        if wanted.names:
            if by_many:
                raise CommandError(_contradiction(wish))
            if wish.all_namespaces:
                raise CommandError("a resource cannot be retrieved by name across all namespaces")
            for name in wanted.names:
                key = resource.resource.key(place.namespace, name)
                yield Selected(resource, await _live(place, resource, key))
        elif by_many:
            for item in await _many(place, resource, wish):
                yield Selected(resource, item)
        else:
            raise CommandError("resource(s) were provided, but no name was specified")


def _contradiction(wish: Wish) -> str:
    if wish.selector:
        return "name cannot be provided when a selector is specified"
    if wish.field_selector:
        return "name cannot be provided when a field selector is specified"
    return "setting 'all' parameter but found a non empty selector or a name"


async def _many(place: Place, resource: DiscoveredResource, wish: Wish) -> list[Object]:
    listed = await place.client.list_objects(
        resource.resource,
        namespace="" if wish.all_namespaces else place.namespace,
        label_selector=wish.selector,
        field_selector=wish.field_selector,
    )
    return listed.items


async def _live(place: Place, resource: DiscoveredResource, key: ObjectKey) -> Object:
    return await place.client.get(resource.resource, key)


async def located(place: Place, manifests: Sequence[Manifest]) -> list[Selected]:
    """The resource of each manifest, and its namespace filled in. Raises CommandError."""
    found = []
    served = {each.gvk: each for each in await place.mapper.resources()} if manifests else {}
    for manifest in manifests:
        gvk = GroupVersionKind.of(manifest.object)
        resource = served.get(gvk) or await _look_again(place, gvk, manifest)
        obj = _with_namespace(manifest.object, resource, place)
        found.append(Selected(resource, obj, manifest.source))
    return found


async def _look_again(place: Place, gvk: GroupVersionKind, manifest: Manifest) -> DiscoveredResource:
    """A kind that was not served a moment ago may come with a definition that was just applied."""
    try:
        await place.mapper.resource_for(gvk)
        return next(each for each in await place.mapper.resources() if each.gvk == gvk)
    except (NoMatch, StopIteration) as error:
        obj = manifest.object
        raise CommandError(
            f'resource mapping not found for name: "{name_of(obj)}" namespace: "{namespace_of(obj)}" from '
            f'"{manifest.source}": no matches for kind "{gvk.kind}" in version "{gvk.api_version}"\n'
            "ensure CRDs are installed first"
        ) from error


def _with_namespace(obj: Object, resource: DiscoveredResource, place: Place) -> Object:
    if not resource.namespaced:
        return with_metadata(obj, namespace=None) if namespace_of(obj) else obj
    written = namespace_of(obj)
    if not written:
        return with_metadata(obj, namespace=place.namespace)
    if place.namespace_given and written != place.namespace:
        raise CommandError(
            f'the namespace from the provided object "{written}" does not match the namespace '
            f"\"{place.namespace}\". You must pass '--namespace={written}' to perform this operation."
        )
    return obj
