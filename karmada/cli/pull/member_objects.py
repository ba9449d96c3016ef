"""What `karmadactl register` leaves in a member: the agent's kubeconfig, and the agent. Pure.

In: what was typed, the kubeconfig. Out: the objects, in the order in which they are made. Where no pods run,
the agent is a process (local/agent.py) and only the namespace and the kubeconfig are made.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from karmada.api.groups.kubernetes import (
    CLUSTER_ROLE_BINDINGS,
    CLUSTER_ROLES,
    DEPLOYMENTS,
    NAMESPACES,
    SECRETS,
    SERVICE_ACCOUNTS,
)
from karmada.api.gvk import Resource
from karmada.api.names import KARMADA_CLUSTER_NAMESPACE, KARMADA_KUBECONFIG_SECRET, KARMADA_SYSTEM_NAMESPACE
from karmada.api.objects import Object
from karmada.client.system_objects import role_ref, system_object

AGENT: Final = "karmada-agent"
ACCOUNT: Final = "karmada-agent-sa"
KUBECONFIG_FOLDER: Final = "/etc/kubeconfig"
HEALTH_PORT: Final = 10357
METRICS_PORT: Final = 8080


@dataclass(frozen=True, slots=True)
class AgentPlan:
    """How the agent of a cluster is to run; endpoint: where the control plane reaches the member."""

    cluster: str
    endpoint: str = ""
    namespace: str = KARMADA_SYSTEM_NAMESPACE
    cluster_namespace: str = KARMADA_CLUSTER_NAMESPACE
    provider: str = ""
    region: str = ""
    zones: Sequence[str] = ()
    proxy: str = ""
    cert_rotation: bool = False
    image: str = ""
    replicas: int = 1

    @property
    def flags(self) -> list[str]:
        """What the agent is told about the cluster, wherever it runs."""
        return [
            f"--cluster-name={self.cluster}",
            f"--cluster-api-endpoint={self.endpoint}",
            f"--cluster-provider={self.provider}",
            f"--cluster-region={self.region}",
            f"--cluster-zones={','.join(self.zones)}",
            f"--proxy-server-address={self.proxy}",
            f"--controllers={'*,certRotation' if self.cert_rotation else '*'}",
            f"--cluster-namespace={self.cluster_namespace}",
            f"--karmada-kubeconfig-namespace={self.namespace}",
            "--cluster-status-update-frequency=10s",
        ]


def kubeconfig_objects(plan: AgentPlan, kubeconfig: str) -> list[tuple[Resource[Object], Object]]:
    """The namespace and the Secret."""
    data = {KARMADA_KUBECONFIG_SECRET: base64.b64encode(kubeconfig.encode()).decode()}
    secret = system_object(SECRETS, name=KARMADA_KUBECONFIG_SECRET, namespace=plan.namespace, data=data)
    return [(NAMESPACES, system_object(NAMESPACES, name=plan.namespace)), (SECRETS, secret)]


def agent_objects(plan: AgentPlan) -> list[tuple[Resource[Object], Object]]:
    """The account with its rights (everything in its own cluster), and the Deployment."""
    rules = [
        {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
        {"nonResourceURLs": ["*"], "verbs": ["get"]},
    ]
    subject = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": plan.namespace}
    binding = system_object(
        CLUSTER_ROLE_BINDINGS, name=AGENT, roleRef=role_ref("ClusterRole", AGENT), subjects=[subject]
    )
    return [
        (CLUSTER_ROLES, system_object(CLUSTER_ROLES, name=AGENT, rules=rules)),
        (SERVICE_ACCOUNTS, system_object(SERVICE_ACCOUNTS, name=ACCOUNT, namespace=plan.namespace)),
        (CLUSTER_ROLE_BINDINGS, binding),
        (DEPLOYMENTS, _deployment(plan)),
    ]


def _deployment(plan: AgentPlan) -> Object:
    labels = {"app": AGENT}
    template = {"metadata": {"labels": labels}, "spec": _pod(plan)}
    spec = {"replicas": plan.replicas, "selector": {"matchLabels": labels}, "template": template}
    made = system_object(DEPLOYMENTS, name=AGENT, namespace=plan.namespace, spec=spec)
    made["metadata"]["labels"] |= labels
    return made


def _pod(plan: AgentPlan) -> Object:
    container = {
        "name": AGENT,
        "image": plan.image,
        "command": [
            AGENT,
            f"--karmada-kubeconfig={KUBECONFIG_FOLDER}/{KARMADA_KUBECONFIG_SECRET}",
            *plan.flags,
            f"--leader-elect-resource-namespace={plan.namespace}",
            f"--metrics-bind-address=:{METRICS_PORT}",
            f"--health-probe-bind-address=0.0.0.0:{HEALTH_PORT}",
        ],
        "livenessProbe": {
            "httpGet": {"path": "/healthz", "port": HEALTH_PORT, "scheme": "HTTP"},
            "initialDelaySeconds": 15,
            "periodSeconds": 15,
            "timeoutSeconds": 5,
            "failureThreshold": 3,
        },
        "ports": [{"name": "metrics", "containerPort": METRICS_PORT, "protocol": "TCP"}],
        "volumeMounts": [{"name": "kubeconfig", "mountPath": KUBECONFIG_FOLDER}],
    }
    return {
        "serviceAccountName": ACCOUNT,
        "containers": [container],
        "tolerations": [{"key": "node-role.kubernetes.io/control-plane", "operator": "Exists"}],
        "volumes": [{"name": "kubeconfig", "secret": {"secretName": KARMADA_KUBECONFIG_SECRET}}],
    }
