"""Which clusters a ClusterAffinity means: compiled once, asked often. Pure.

In: an affinity as a policy wrote it, and a cluster: the model itself or whatever else knows the five things
that count. Out: yes or no. The scheduler, overrides, taint policies and quotas all ask here.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from karmada.api.groups.cluster import Cluster
from karmada.api.groups.meta import NodeSelectorRequirement
from karmada.api.groups.policy import ClusterAffinity
from karmada.api.selectors import (
    EVERYTHING,
    NOTHING,
    InvalidSelector,
    from_label_selector,
    from_node_selector,
)


class ClusterTraits(Protocol):
    """What affinities ask about a cluster."""

    @property
    def name(self) -> str: ...
    @property
    def labels(self) -> Mapping[str, str]: ...
    @property
    def provider(self) -> str: ...
    @property
    def region(self) -> str: ...
    @property
    def zones(self) -> Sequence[str]: ...


class AffinityMatcher:
    """A compiled ClusterAffinity. Everything given must hold; nothing given matches every cluster.

    A selector that is not valid never matches.
    """

    __slots__ = ("_excluded", "_fields", "_labels", "_names", "_zones")

    def __init__(self, affinity: ClusterAffinity) -> None:
        self._names = frozenset(affinity.cluster_names)
        self._excluded = frozenset(affinity.exclude)
        fields = affinity.field_selector.match_expressions if affinity.field_selector is not None else []
        self._zones = tuple(found for found in fields if found.key == "zone")
        self._labels = EVERYTHING
        try:
            if affinity.label_selector is not None:
                self._labels = from_label_selector(affinity.label_selector)
            self._fields = from_node_selector(found for found in fields if found.key != "zone")
        except InvalidSelector:
            self._fields = NOTHING

    def matches(self, cluster: ClusterTraits) -> bool:
        if cluster.name in self._excluded or (self._names and cluster.name not in self._names):
            return False
        if not self._labels.is_everything and not self._labels.matches(cluster.labels):
            return False
        if not all(_zones_hold(found, cluster.zones) for found in self._zones):
            return False
        return self._fields.is_everything or self._fields.matches(_fields_of(cluster))


def cluster_matches(affinity: ClusterAffinity, cluster: Cluster) -> bool:
    """Whether an affinity that is asked only once means the cluster."""
    return AffinityMatcher(affinity).matches(_Traits(cluster))


class _Traits:
    """A Cluster as affinities see it."""

    __slots__ = ("labels", "name", "provider", "region", "zones")

    def __init__(self, cluster: Cluster) -> None:
        self.name = cluster.metadata.name
        self.labels = cluster.metadata.labels
        self.provider = cluster.spec.provider
        self.region = cluster.spec.region
        self.zones = cluster.spec.zones


def _fields_of(cluster: ClusterTraits) -> dict[str, str]:
    """Properties as pseudo labels; an empty one is a missing one."""
    fields = {"provider": cluster.provider, "region": cluster.region}
    return {name: value for name, value in fields.items() if value}


def _zones_hold(requirement: NodeSelectorRequirement, zones: Sequence[str]) -> bool:
    match requirement.operator:
        case "In":
            return any(zone in requirement.values for zone in zones)
        case "NotIn":
            return not any(zone in requirement.values for zone in zones)
        case "Exists":
            return bool(zones)
        case "DoesNotExist":
            return not zones
        case _:
            return False
