"""What an agent may do in the control plane: as little as its stages need. Pure.

In: a cluster. Out: roles and their bindings, for the user of its certificate. `karmadactl register` makes
them, `unregister` takes them away.
"""

from collections.abc import Sequence
from typing import Final

from karmada.api.groups.kubernetes import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, ROLE_BINDINGS, ROLES
from karmada.api.gvk import Resource
from karmada.api.names import execution_namespace
from karmada.api.objects import Object
from karmada.api.wellknown import AGENT_USER_PREFIX
from karmada.client.system_objects import RBAC_GROUP, role_ref, system_object

_READ: Final = ("get", "list", "watch")


def agent_user(cluster: str) -> str:
    return AGENT_USER_PREFIX + cluster


def agent_rights(cluster: str, *, namespace: str) -> list[tuple[Resource[Object], Object]]:
    """Each role before its binding; namespace holds the Secrets of the cluster."""
    subject = {"apiGroup": RBAC_GROUP, "kind": "User", "name": agent_user(cluster)}
    made: list[tuple[Resource[Object], Object]] = []
    role = f"system:karmada:{cluster}:agent"
    made.append((CLUSTER_ROLES, system_object(CLUSTER_ROLES, name=role, rules=_everywhere(cluster))))
    binding = system_object(
        CLUSTER_ROLE_BINDINGS, name=role, roleRef=role_ref("ClusterRole", role), subjects=[subject]
    )
    made.append((CLUSTER_ROLE_BINDINGS, binding))
    for name, where, rules in (
        (f"{role}-secret", namespace, _secrets(cluster)),
        (f"{role}-work", execution_namespace(cluster), _works()),
    ):
        made.append((ROLES, system_object(ROLES, name=name, namespace=where, rules=rules)))
        binding = system_object(
            ROLE_BINDINGS, name=name, namespace=where, roleRef=role_ref("Role", name), subjects=[subject]
        )
        made.append((ROLE_BINDINGS, binding))
    return made


def _everywhere(cluster: str) -> list[Object]:
    # Leases by name: with those of the control plane's own components an agent could end their leadership.
    leases = (cluster, f"karmada-agent-{cluster}")
    return [
        _rule("cluster.karmada.io", ["clusters"], ("get", "delete"), names=(cluster,)),
        _rule("cluster.karmada.io", ["clusters"], ("create", "list", "watch")),
        _rule("cluster.karmada.io", ["clusters/status"], ("update",), names=(cluster,)),
        _rule(
            "config.karmada.io",
            ["resourceinterpretercustomizations", "resourceinterpreterwebhookconfigurations"],
            _READ,
        ),
        _rule("", ["namespaces"], ("get",)),
        _rule("coordination.k8s.io", ["leases"], ("get", "update"), names=leases),
        _rule("coordination.k8s.io", ["leases"], ("create",)),
        _rule("certificates.k8s.io", ["certificatesigningrequests"], ("get", "create")),
        _rule("", ["services"], ("list", "watch")),
        _rule("", ["events"], ("create", "patch", "update")),
    ]


def _secrets(cluster: str) -> list[Object]:
    return [
        _rule("", ["secrets"], ("get", "patch"), names=(cluster, f"{cluster}-impersonator")),
        _rule("", ["secrets"], ("create",)),
    ]


def _works() -> list[Object]:
    return [
        _rule("work.karmada.io", ["works"], ("get", "create", "list", "watch", "update", "delete")),
        _rule("work.karmada.io", ["works/status"], ("patch", "update")),
    ]


def _rule(group: str, resources: list[str], verbs: Sequence[str], *, names: Sequence[str] = ()) -> Object:
    rule: Object = {"apiGroups": [group], "resources": resources, "verbs": list(verbs)}
    return {**rule, "resourceNames": list(names)} if names else rule
