"""Roles of a Karmada control plane: its components, users of its kinds, and members that register themselves.

Facts in the form bootstrap.py turns into objects. Least rights wherever a smaller set than everything exists.
"""

from typing import Any, Final

from apiserver.rbac.index import GROUP
from karmada.api.objects import Object
from karmada.api.wellknown import AGENT_RBAC_GENERATOR_USER, BOOTSTRAP_TOKEN_GROUP

AGENTS_GROUP: Final = "system:karmada:agents"
_READ: Final = ["get", "list", "watch"]
_WRITE: Final = ["create", "delete", "deletecollection", "patch", "update"]
_CHANGE: Final = ["patch", "update"]
_CERTIFICATES: Final = "certificates.k8s.io"
_NAMESPACED: Final = {
    "autoscaling.karmada.io": ("cronfederatedhpas", "federatedhpas"),
    "multicluster.x-k8s.io": ("serviceexports", "serviceimports"),
    "networking.karmada.io": ("multiclusteringresses", "multiclusterservices"),
    "policy.karmada.io": ("overridepolicies", "propagationpolicies"),
    "work.karmada.io": ("resourcebindings", "works"),
}
"""What a namespace's viewers and editors see of Karmada; cluster-scoped kinds stay with administrators."""


def _rule(groups: str, resources: str, verbs: list[str]) -> Object:
    """groups and resources are separated by blanks; the core group is written `core`."""
    named = ["" if group == "core" else group for group in groups.split()]
    return {"apiGroups": named, "resources": resources.split(), "verbs": verbs}


def _role(name: str, *rules: Object, aggregate_to: str = "") -> dict[str, Any]:
    labels = {f"{GROUP}/aggregate-to-{aggregate_to}": "true"} if aggregate_to else {}
    return {"kind": "ClusterRole", "name": name, "labels": labels, "rules": list(rules)}


def _binding(name: str, role: str, kind: str, subject: str) -> dict[str, Any]:
    return {
        "kind": "ClusterRoleBinding",
        "name": name,
        "roleRef": {"kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": GROUP, "kind": kind, "name": subject}],
    }


def _namespaced(verbs: list[str]) -> list[Object]:
    return [
        _rule(group, " ".join(f"{name} {name}/status" for name in names), verbs)
        for group, names in _NAMESPACED.items()
    ]


_USERS: Final = [
    _role("karmada-view", *_namespaced(_READ), aggregate_to="view"),
    _role("karmada-edit", *_namespaced(_WRITE), aggregate_to="edit"),
]

_COMPONENTS: Final = [
    # Templates of any kind, members' secrets, and the roles given to agents: there is no smaller set.
    _role(
        "system:karmada:controller-manager",
        _rule("*", "*", ["*"]),
        {"nonResourceURLs": ["*"], "verbs": ["get"]},
    ),
    _binding(
        "system:karmada:controller-manager",
        "system:karmada:controller-manager",
        "User",
        "system:karmada:controller-manager",
    ),
    _role(
        "system:karmada:scheduler",
        _rule("cluster.karmada.io", "clusters", _READ),
        _rule("policy.karmada.io", "*", _READ),
        _rule("policy.karmada.io", "federatedresourcequotas/status", _CHANGE),
        _rule("work.karmada.io", "resourcebindings clusterresourcebindings", [*_READ, *_CHANGE]),
        _rule("work.karmada.io", "resourcebindings/status clusterresourcebindings/status", _CHANGE),
        _rule("config.karmada.io", "*", _READ),
        _rule("core", "namespaces services endpoints", _READ),
        _rule("discovery.k8s.io", "endpointslices", _READ),
        _rule("core events.k8s.io", "events", ["create", *_CHANGE]),
        _rule("coordination.k8s.io", "leases", [*_READ, "create", *_CHANGE]),
    ),
    _binding("system:karmada:scheduler", "system:karmada:scheduler", "User", "system:karmada:scheduler"),
]

_DISCOVERY_ROLE: Final = "system:karmada:bootstrap-signer-clusterinfo"
_GENERATOR_ROLE: Final = "system:karmada:agent-rbac-generator"
_APPROVER_ROLE: Final = "system:karmada:certificatesigningrequest:autoapprover"
_SELF_APPROVER_ROLE: Final = "system:karmada:certificatesigningrequest:selfautoapprover"

_REGISTRATION: Final[list[dict[str, Any]]] = [
    # A member that registers looks for the control plane's CA before it has any identity.
    {
        "kind": "Role",
        "name": _DISCOVERY_ROLE,
        "namespace": "kube-public",
        "rules": [{**_rule("core", "configmaps", ["get"]), "resourceNames": ["cluster-info"]}],
    },
    {
        "kind": "RoleBinding",
        "name": _DISCOVERY_ROLE,
        "namespace": "kube-public",
        "roleRef": {"kind": "Role", "name": _DISCOVERY_ROLE},
        "subjects": [{"apiGroup": GROUP, "kind": "User", "name": "system:anonymous"}],
    },
    # It may send a certificate request with its token, which is approved without anybody looking.
    _binding("system:karmada:agent-bootstrap", "system:node-bootstrapper", "Group", BOOTSTRAP_TOKEN_GROUP),
    _role(_APPROVER_ROLE, _rule(_CERTIFICATES, "certificatesigningrequests/clusteragent", ["create"])),
    _binding("system:karmada:agent-autoapprove-bootstrap", _APPROVER_ROLE, "Group", BOOTSTRAP_TOKEN_GROUP),
    _role(
        _SELF_APPROVER_ROLE, _rule(_CERTIFICATES, "certificatesigningrequests/selfclusteragent", ["create"])
    ),
    _binding(
        "system:karmada:agent-autoapprove-certificate-rotation", _SELF_APPROVER_ROLE, "Group", AGENTS_GROUP
    ),
    # With that short-lived identity it makes the agent's roles: it holds what it gives, not the right to give
    # anything.
    _role(
        _GENERATOR_ROLE,
        _rule(GROUP, "clusterroles clusterrolebindings roles rolebindings", ["get", *_WRITE]),
        _rule("cluster.karmada.io", "clusters", [*_READ, "create", "delete"]),
        _rule("cluster.karmada.io", "clusters/status", ["update"]),
        _rule("config.karmada.io", "*", _READ),
        _rule("work.karmada.io", "works", [*_READ, "create", "update", "delete"]),
        _rule("work.karmada.io", "works/status", _CHANGE),
        _rule("core", "namespaces", ["get", "create"]),
        _rule("core", "secrets", ["get", "patch", "create"]),
        _rule("core", "services", ["list", "watch"]),
        _rule("coordination.k8s.io", "leases", ["get", "create", "update"]),
        _rule(_CERTIFICATES, "certificatesigningrequests", ["get", "create", "delete"]),
        _rule("core events.k8s.io", "events", ["create", *_CHANGE]),
    ),
    _binding(_GENERATOR_ROLE, _GENERATOR_ROLE, "User", AGENT_RBAC_GENERATOR_USER),
]

KARMADA_ROLES: Final[list[dict[str, Any]]] = [*_USERS, *_COMPONENTS, *_REGISTRATION]
