"""The flow schemas and priority levels every control plane starts with: facts, turned into objects.

In: nothing. Out: complete objects for the server to create when they are missing.
"""

from functools import cache
from typing import Any, Final

from karmada.api.objects import Object

API_VERSION: Final = "flowcontrol.apiserver.k8s.io/v1"
_AUTO_UPDATE: Final = "apf.kubernetes.io/autoupdate-spec"

_LEVELS: Final[dict[str, tuple[int, int, tuple[int, int, int] | None]]] = {
    "catch-all": (5, 0, None),
    "global-default": (20, 50, (128, 6, 50)),
    "leader-election": (10, 0, (16, 4, 50)),
    "node-high": (40, 25, (64, 6, 50)),
    "system": (30, 33, (64, 6, 50)),
    "workload-high": (40, 50, (128, 6, 50)),
    "workload-low": (100, 90, (128, 6, 50)),
}
"""Shares, lendable percent, and (queues, hand size, queue length); None refuses at once."""


def _group(*names: str) -> list[Object]:
    return [{"kind": "Group", "group": {"name": name}} for name in names]


def _user(*names: str) -> list[Object]:
    return [{"kind": "User", "user": {"name": name}} for name in names]


def _system_accounts() -> list[Object]:
    return [{"kind": "ServiceAccount", "serviceAccount": {"namespace": "kube-system", "name": "*"}}]


_EVERYTHING: Final = {
    "resourceRules": [
        {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "clusterScope": True, "namespaces": ["*"]}
    ],
    "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
}
_PROBES: Final = {
    "nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": ["/healthz", "/livez", "/readyz"]}]
}
_LEADER_LEASES: Final = {
    "resourceRules": [
        {
            "verbs": ["get", "create", "update"],
            "apiGroups": ["coordination.k8s.io"],
            "resources": ["leases"],
            "namespaces": ["kube-system"],
        }
    ]
}
_NODE_HEARTBEATS: Final = {
    "resourceRules": [
        {
            "verbs": ["*"],
            "apiGroups": [""],
            "resources": ["nodes", "nodes/status"],
            "clusterScope": True,
            "namespaces": ["*"],
        },
        {
            "verbs": ["*"],
            "apiGroups": ["coordination.k8s.io"],
            "resources": ["leases"],
            "namespaces": ["kube-node-lease"],
        },
    ]
}
_EVERYBODY: Final = ("system:unauthenticated", "system:authenticated")
_CONTROLLERS: Final = ("system:kube-controller-manager", "system:kube-scheduler")

_SCHEMAS: Final[dict[str, tuple[str, int, str, list[Object], Object]]] = {
    "exempt": ("exempt", 1, "", _group("system:masters"), _EVERYTHING),
    "probes": ("exempt", 2, "", _group(*_EVERYBODY), _PROBES),
    "system-leader-election": (
        "leader-election",
        100,
        "ByUser",
        [*_user(*_CONTROLLERS), *_system_accounts()],
        _LEADER_LEASES,
    ),
    "system-node-high": ("node-high", 400, "ByUser", _group("system:nodes"), _NODE_HEARTBEATS),
    "system-nodes": ("system", 500, "ByUser", _group("system:nodes"), _EVERYTHING),
    "kube-controller-manager": ("workload-high", 800, "ByNamespace", _user(_CONTROLLERS[0]), _EVERYTHING),
    "kube-scheduler": ("workload-high", 800, "ByNamespace", _user(_CONTROLLERS[1]), _EVERYTHING),
    "kube-system-service-accounts": ("workload-high", 900, "ByNamespace", _system_accounts(), _EVERYTHING),
    "service-accounts": ("workload-low", 9000, "ByUser", _group("system:serviceaccounts"), _EVERYTHING),
    "global-default": ("global-default", 9900, "ByUser", _group(*_EVERYBODY), _EVERYTHING),
    "catch-all": ("catch-all", 10000, "ByUser", _group(*_EVERYBODY), _EVERYTHING),
}
"""Level, precedence, what tells flows apart ("" for nothing), whose requests, which requests."""


@cache
def flow_objects() -> tuple[Object, ...]:
    """Priority levels before schemas. Read-only: every caller gets the same objects."""
    exempt = {"type": "Exempt", "exempt": {"nominalConcurrencyShares": 0, "lendablePercent": 0}}
    levels = {"exempt": exempt, **{name: _limited(*facts) for name, facts in _LEVELS.items()}}
    schemas = {name: _schema(*facts) for name, facts in _SCHEMAS.items()}
    return (
        *(_object("PriorityLevelConfiguration", name, spec) for name, spec in levels.items()),
        *(_object("FlowSchema", name, spec) for name, spec in schemas.items()),
    )


def _limited(shares: int, lendable: int, queuing: tuple[int, int, int] | None) -> Object:
    response: Object = {"type": "Reject"}
    if queuing is not None:
        queues, hand, length = queuing
        response = {
            "type": "Queue",
            "queuing": {"queues": queues, "handSize": hand, "queueLengthLimit": length},
        }
    limited = {
        "nominalConcurrencyShares": shares,
        "lendablePercent": lendable,
        "limitResponse": response,
    }
    return {"type": "Limited", "limited": limited}


def _schema(
    level: str, precedence: int, distinguisher: str, subjects: list[Object], rules: dict[str, Any]
) -> Object:
    spec: Object = {
        "priorityLevelConfiguration": {"name": level},
        "matchingPrecedence": precedence,
        "rules": [{"subjects": subjects, **rules}],
    }
    if distinguisher:
        spec["distinguisherMethod"] = {"type": distinguisher}
    return spec


def _object(kind: str, name: str, spec: Object) -> Object:
    metadata = {"name": name, "annotations": {_AUTO_UPDATE: "true"}}
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}
