"""Which APIs a member has.

In: the discovery documents of a member. Out: API enablements and the condition that says how complete they
are. A server that knows aggregated discovery is asked "anything new?" and mostly says no; others are read
in full each time.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from karmada.api.errors import ApiError
from karmada.api.groups.cluster import APIEnablement, APIResource
from karmada.api.wellknown import (
    API_ENABLEMENTS_COMPLETE_REASON,
    API_ENABLEMENTS_EMPTY_REASON,
    API_ENABLEMENTS_PARTIAL_REASON,
)
from karmada.client.client import Client
from karmada.client.mapper import DiscoveredResource, aggregated_resources, discover

AGGREGATED: Final = (
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,"
    "application/json"
)
DOCUMENTS: Final = ("/api", "/apis")
NOT_MODIFIED: Final = 304


@dataclass(frozen=True, slots=True)
class Enablements:
    """complete: every group answered."""

    apis: list[APIEnablement]
    complete: bool

    @property
    def condition(self) -> tuple[str, str, str]:
        """Status, reason and message of CompleteAPIEnablements."""
        if not self.apis:
            return "False", API_ENABLEMENTS_EMPTY_REASON, "collected empty APIEnablements from the cluster"
        if not self.complete:
            text = f"might collect partial APIEnablements({len(self.apis)}) from the cluster"
            return "False", API_ENABLEMENTS_PARTIAL_REASON, text
        return "True", API_ENABLEMENTS_COMPLETE_REASON, "collected complete APIEnablements from the cluster"


class ApiReader:
    """Reads the APIs of one member again and again."""

    def __init__(self) -> None:
        self._client: Client | None = None
        self._tags: dict[str, str] = {}
        self._found: dict[str, tuple[list[DiscoveredResource], bool]] = {}
        self._known: Enablements | None = None

    async def read(self, client: Client) -> Enablements:
        """What the member has now. A member that gives no discovery at all has nothing."""
        if client is not self._client:
            self._client, self._tags, self._found, self._known = client, {}, {}, None
        try:
            news = False
            for path in DOCUMENTS:
                news = await self._read(client, path) or news
            if news or self._known is None:
                self._known = self._combined()
            return self._known
        except ApiError:
            self._known = None
            return Enablements([], complete=False)
        except _NotAggregated:
            return await _read_in_full(client)

    async def _read(self, client: Client, path: str) -> bool:
        """Whether the document is a new one."""
        headers = {"Accept": AGGREGATED}
        if path in self._tags:
            headers["If-None-Match"] = self._tags[path]
        answer = await client.request("GET", path, headers=headers)
        if answer.status == NOT_MODIFIED and path in self._found:
            return False
        document = answer.json()
        if not isinstance(document, dict) or document.get("kind") != "APIGroupDiscoveryList":
            raise _NotAggregated
        failed: dict[str, str] = {}
        found = aggregated_resources(document, failed)
        self._found[path] = (found, not failed)
        self._tags.pop(path, None)
        # A document with stale groups is worth a full look each time, whatever its tag.
        if (tag := answer.headers.get("ETag")) and not failed:
            self._tags[path] = tag
        return True

    def _combined(self) -> Enablements:
        parts = [self._found[path] for path in DOCUMENTS]
        resources = [resource for found, _ in parts for resource in found]
        return Enablements(enablements_of(resources), complete=all(complete for _, complete in parts))


class _NotAggregated(Exception):
    """The member is too old for aggregated discovery."""


async def _read_in_full(client: Client) -> Enablements:
    try:
        found = await discover(client)
    except ApiError:
        return Enablements([], complete=False)
    return Enablements(enablements_of(found.resources), complete=not found.failed)


def enablements_of(resources: Iterable[DiscoveredResource]) -> list[APIEnablement]:
    """Group versions in order, their resources by name."""
    groups: dict[str, list[APIResource]] = {}
    for resource in resources:
        groups.setdefault(resource.gvr.api_version, []).append(
            APIResource(name=resource.gvr.resource, kind=resource.kind)
        )
    return [
        APIEnablement(group_version=group_version, resources=sorted(found, key=lambda item: item.name))
        for group_version, found in sorted(groups.items())
    ]
