"""In which order groups and versions are listed: clients take the first they know.

In: group and version names. Out: priorities (higher first) and sort keys. The numbers are those that the
registration objects of built-in groups carry.
"""

import re
from typing import Final

_GROUPS: Final = {
    "": 18000,
    "apps": 17800,
    "events.k8s.io": 17750,
    "authentication.k8s.io": 17700,
    "authorization.k8s.io": 17600,
    "autoscaling": 17500,
    "batch": 17400,
    "certificates.k8s.io": 17300,
    "networking.k8s.io": 17200,
    "policy": 17100,
    "rbac.authorization.k8s.io": 17000,
    "storage.k8s.io": 16800,
    "admissionregistration.k8s.io": 16700,
    "apiextensions.k8s.io": 16700,
    "scheduling.k8s.io": 16600,
    "coordination.k8s.io": 16500,
    "node.k8s.io": 16300,
    "discovery.k8s.io": 16200,
    "resource.k8s.io": 16200,
    "flowcontrol.apiserver.k8s.io": 16100,
    "cluster.karmada.io": 2000,
    "search.karmada.io": 2000,
}
_VERSIONS: Final = {
    ("", "v1"): 1,
    ("autoscaling", "v2"): 30,
    ("cluster.karmada.io", "v1alpha1"): 10,
    ("search.karmada.io", "v1alpha1"): 10,
}
CUSTOM_PRIORITY: Final = (1000, 100)
BUILT_IN_VERSION_PRIORITY: Final = 15
FIRST_GROUP: Final = "apiregistration.k8s.io"

_VERSION = re.compile(r"^v(\d+)(?:(alpha|beta)(\d+))?$")
_STAGES: Final = {"alpha": 1, "beta": 2, None: 3}


def group_priority(group: str, version: str) -> tuple[int, int]:
    """(groupPriorityMinimum, versionPriority) of a group version that this server answers itself."""
    if group not in _GROUPS:
        return CUSTOM_PRIORITY
    return _GROUPS[group], _VERSIONS.get((group, version), BUILT_IN_VERSION_PRIORITY)


def group_rank(group: str, priority: int) -> tuple[bool, int, str]:
    """Sort key of a group with that priority."""
    return group != FIRST_GROUP, -priority, group


def version_rank(version: str) -> tuple[int, int, int, str]:
    """Sort key: stable before beta before alpha, higher numbers first, anything else last by name."""
    match = _VERSION.match(version)
    if match is None:
        return 0, 0, 0, version
    major, stage, minor = match.groups()
    return -_STAGES[stage], -int(major), -int(minor or 0), version
