"""One filter or score each, and the framework made of the enabled ones.

The table below is the order in which filters run, so that the reason given for a cluster never depends on
chance. Plugins do not know each other.
"""

from collections.abc import Callable, Iterable
from typing import Any

from scheduler.framework import Framework, Gates, enabled_names
from scheduler.plugins.api_enablement import APIEnablement
from scheduler.plugins.cluster_affinity import ClusterAffinity
from scheduler.plugins.cluster_eviction import ClusterEviction
from scheduler.plugins.cluster_locality import ClusterLocality
from scheduler.plugins.spread_constraint import SpreadConstraint
from scheduler.plugins.taint_toleration import TaintToleration
from scheduler.plugins.workload_affinity import WorkloadAffinity
from scheduler.plugins.workload_anti_affinity import WorkloadAntiAffinity

_PLUGINS: dict[str, Callable[[], Any]] = {
    "APIEnablement": APIEnablement,
    "TaintToleration": TaintToleration,
    "ClusterAffinity": ClusterAffinity,
    "SpreadConstraint": SpreadConstraint,
    "ClusterEviction": ClusterEviction,
    "WorkloadAntiAffinity": WorkloadAntiAffinity,
    "WorkloadAffinity": WorkloadAffinity,
    "ClusterLocality": ClusterLocality,
}
_NEEDS_WORKLOAD_AFFINITY = ("WorkloadAntiAffinity", "WorkloadAffinity")


def build_framework(gates: Gates, *, wanted: Iterable[str] = ("*",)) -> Framework:
    """The framework of the plugins that wanted names (the value of --plugins, split at commas)."""
    known = [name for name in _PLUGINS if gates.workload_affinity or name not in _NEEDS_WORKLOAD_AFFINITY]
    plugins = [_PLUGINS[name]() for name in enabled_names(known, wanted)]
    return Framework(
        filters=[plugin for plugin in plugins if hasattr(plugin, "filter")],
        scores=[plugin for plugin in plugins if hasattr(plugin, "scores")],
    )
