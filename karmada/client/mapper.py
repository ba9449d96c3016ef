"""Discovery: which resources a server serves, from kind to resource and back.

In: the discovery documents (aggregated where the server has them, else group by group). Out: Resources
and kinds. What was found is kept; a kind that is not in it makes the mapper look once more before it says
NoMatch.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from karmada.api.errors import ApiError
from karmada.api.gvk import GroupVersionKind, GroupVersionResource, Resource, split_api_version
from karmada.api.objects import Object
from karmada.client.client import Client
from karmada.runtime.clock import SYSTEM_CLOCK, Clock

_AGGREGATED: Final = (
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,"
    "application/json"
)
MISS_SECONDS: Final = 1.0
"""So long a kind that was just looked for and not found is not looked for again."""


class NoMatch(ApiError):
    """The server does not serve such a kind or resource."""

    code, reason = 404, "NotFound"


@dataclass(frozen=True, slots=True)
class DiscoveredResource:
    """One served resource. preferred: its version is the one the server recommends for its group."""

    gvr: GroupVersionResource
    kind: str
    singular: str
    namespaced: bool
    verbs: tuple[str, ...]
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    preferred: bool = True

    @property
    def gvk(self) -> GroupVersionKind:
        return GroupVersionKind(self.gvr.group, self.gvr.version, self.kind)

    @property
    def resource(self) -> Resource[Object]:
        return Resource(self.gvr, self.kind, self.namespaced)


@dataclass(frozen=True, slots=True)
class Discovery:
    """Everything found at one time. failed: group versions that are announced but did not answer, and why."""

    resources: tuple[DiscoveredResource, ...]
    failed: dict[str, str] = field(default_factory=dict)


class Mapper:
    """The resources of one server, remembered."""

    def __init__(self, client: Client, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self._client = client
        self._clock = clock
        self._discovery: Discovery | None = None
        self._by_kind: dict[GroupVersionKind, DiscoveredResource] = {}
        self._by_resource: dict[GroupVersionResource, DiscoveredResource] = {}
        self._missed: dict[object, float] = {}
        self._refreshing = asyncio.Lock()
        self._begun = 0
        self._read = 0

    async def resource_for(self, gvk: GroupVersionKind) -> Resource[Object]:
        """Raises NoMatch, and ApiError when the server cannot be asked."""
        found = self._by_kind.get(gvk)
        if found is None and await self._look_again(gvk):
            found = self._by_kind.get(gvk)
        if found is None:
            self._missed[gvk] = self._clock.monotonic()
            raise NoMatch(f'no matches for kind "{gvk.kind}" in version "{gvk.api_version}"')
        return found.resource

    async def kind_for(self, gvr: GroupVersionResource) -> GroupVersionKind:
        """Raises NoMatch, and ApiError when the server cannot be asked."""
        found = self._by_resource.get(gvr)
        if found is None and await self._look_again(gvr):
            found = self._by_resource.get(gvr)
        if found is None:
            self._missed[gvr] = self._clock.monotonic()
            raise NoMatch(f"no matches for {gvr}")
        return found.gvk

    async def resources(self, *, refresh: bool = False) -> list[DiscoveredResource]:
        """Everything served, in the server's order."""
        return list((await self.discovery(refresh=refresh)).resources)

    async def discovery(self, *, refresh: bool = False) -> Discovery:
        """As resources, with the group versions that did not answer."""
        if refresh or self._discovery is None:
            await self._refresh()
        assert self._discovery is not None
        return self._discovery

    def forget(self) -> None:
        """Ask the server again at the next question."""
        self._discovery = None
        self._by_kind, self._by_resource = {}, {}
        self._missed.clear()

    async def _look_again(self, wanted: object) -> bool:
        missed = self._missed.get(wanted)
        if missed is not None and self._clock.monotonic() - missed < MISS_SECONDS:
            return False
        await self._refresh()
        return True

    async def _refresh(self) -> None:
        """Read discovery; those who ask together share a reading that began after their question."""
        asked = self._begun
        async with self._refreshing:
            if self._read > asked:
                return
            self._begun += 1
            found = await discover(self._client)
            self._read = self._begun
            now = self._clock.monotonic()
            self._missed = {key: at for key, at in self._missed.items() if now - at < MISS_SECONDS}
            self._discovery = found
            self._by_kind, self._by_resource = {}, {}
            for item in found.resources:
                self._by_kind.setdefault(item.gvk, item)
                self._by_resource[item.gvr] = item


def preferred_resources(found: Iterable[DiscoveredResource]) -> list[DiscoveredResource]:
    """Each resource of each group once: in the preferred version, or the first that has it."""
    chosen: dict[tuple[str, str], DiscoveredResource] = {}
    for each in found:
        key = (each.gvr.group, each.gvr.resource)
        known = chosen.get(key)
        if known is None or (each.preferred and not known.preferred):
            chosen[key] = each
    return list(chosen.values())


async def discover(client: Client) -> Discovery:
    """Read what the server serves now."""
    core, groups = await asyncio.gather(_document(client, "/api"), _document(client, "/apis"))
    resources: list[DiscoveredResource] = []
    failed: dict[str, str] = {}
    for document, prefix in ((core, "/api"), (groups, "/apis")):
        if document.get("kind") == "APIGroupDiscoveryList":
            resources.extend(aggregated_resources(document, failed))
        else:
            await _read_each(client, document, prefix, resources, failed)
    return Discovery(tuple(resources), failed)


async def _document(client: Client, path: str) -> Object:
    body = (await client.request("GET", path, headers={"Accept": _AGGREGATED})).json()
    if not isinstance(body, dict):
        raise ApiError(f"the server's answer to {path} is not a discovery document")
    return body


async def _read_each(
    client: Client, document: Object, prefix: str, resources: list[DiscoveredResource], failed: dict[str, str]
) -> None:
    """Group version by group version, as servers before 1.26 need it.

    One that fails does not hide the others.
    """
    wanted: list[tuple[str, bool]] = []
    if prefix == "/api":
        wanted = [(version, True) for version in document.get("versions") or []]
    for group in document.get("groups") or []:
        preferred = (group.get("preferredVersion") or {}).get("groupVersion")
        wanted += [
            (version["groupVersion"], version["groupVersion"] == preferred)
            for version in group.get("versions") or []
        ]

    async def read(group_version: str) -> Object | ApiError:
        try:
            return await _document(client, f"{prefix}/{group_version}")
        except ApiError as error:
            return error

    answers = await asyncio.gather(*(read(group_version) for group_version, _ in wanted))
    for (group_version, is_preferred), answer in zip(wanted, answers, strict=True):
        if isinstance(answer, ApiError):
            failed[group_version] = answer.message
        else:
            resources.extend(listed_resources(answer, group_version, preferred=is_preferred))


def listed_resources(document: Object, group_version: str, *, preferred: bool) -> list[DiscoveredResource]:
    """The resources of an APIResourceList."""
    group, version = split_api_version(group_version)
    entries = [entry for entry in document.get("resources") or [] if entry.get("name")]
    subresources: dict[str, list[str]] = {}
    for entry in entries:
        parent, slash, name = entry["name"].partition("/")
        if slash:
            subresources.setdefault(parent, []).append(name)
    return [
        DiscoveredResource(
            gvr=GroupVersionResource(group, version, entry["name"]),
            kind=entry.get("kind") or "",
            singular=entry.get("singularName") or "",
            namespaced=bool(entry.get("namespaced")),
            verbs=_texts(entry.get("verbs")),
            short_names=_texts(entry.get("shortNames")),
            categories=_texts(entry.get("categories")),
            subresources=tuple(subresources.get(entry["name"], ())),
            preferred=preferred,
        )
        for entry in entries
        if "/" not in entry["name"]
    ]


def aggregated_resources(document: Object, failed: dict[str, str]) -> list[DiscoveredResource]:
    """The resources of an APIGroupDiscoveryList; stale group versions go to failed."""
    found: list[DiscoveredResource] = []
    for item in document.get("items") or []:
        group = (item.get("metadata") or {}).get("name") or ""
        for position, served in enumerate(item.get("versions") or []):
            version = served.get("version") or ""
            if served.get("freshness") == "Stale":
                failed[f"{group}/{version}" if group else version] = "stale group version discovery"
            found += [
                DiscoveredResource(
                    gvr=GroupVersionResource(group, version, entry["resource"]),
                    kind=(entry.get("responseKind") or {}).get("kind") or "",
                    singular=entry.get("singularResource") or "",
                    namespaced=entry.get("scope") == "Namespaced",
                    verbs=_texts(entry.get("verbs")),
                    short_names=_texts(entry.get("shortNames")),
                    categories=_texts(entry.get("categories")),
                    subresources=_texts(sub.get("subresource") for sub in entry.get("subresources") or ()),
                    preferred=position == 0,
                )
                for entry in served.get("resources") or []
                if entry.get("resource")
            ]
    return found


def _texts(values: Iterable[Any] | None) -> tuple[str, ...]:
    return tuple(str(value) for value in values or ())
