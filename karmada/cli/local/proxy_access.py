"""The administrator may use the cluster proxy: what `karmadactl init` grants, granted on this machine.

Without it `karmadactl get -s members` is refused: members let in only whom the control plane's roles name.
"""

from typing import Final

from karmada.api.errors import AlreadyExists
from karmada.api.groups.kubernetes import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES
from karmada.client.client import Client

NAME: Final = "cluster-proxy-admin"
ADMINISTRATOR: Final = "system:admin"
RBAC: Final = "rbac.authorization.k8s.io"


async def grant_proxy(client: Client) -> None:
    """Create the role and its binding unless they are there."""
    role = {
        "apiVersion": f"{RBAC}/v1",
        "kind": "ClusterRole",
        "metadata": {"name": NAME},
        "rules": [{"apiGroups": ["cluster.karmada.io"], "resources": ["clusters/proxy"], "verbs": ["*"]}],
    }
    binding = {
        "apiVersion": f"{RBAC}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": NAME},
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": NAME},
        "subjects": [{"apiGroup": RBAC, "kind": "User", "name": ADMINISTRATOR}],
    }
    for create in (client.create(CLUSTER_ROLES, role), client.create(CLUSTER_ROLE_BINDINGS, binding)):
        try:
            await create
        except AlreadyExists:
            continue
