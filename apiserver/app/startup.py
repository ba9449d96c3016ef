"""Objects a server makes when they are missing: namespaces, the kubernetes service, priority classes, RBAC
defaults.

In: what is stored. Out: the objects to create, in order. Restarting with everything in place writes nothing.
"""

import base64
import ipaddress
from collections.abc import Iterator
from typing import Final

import orjson

from apiserver.admission.kubernetes.service_addresses import SERVICE_NETWORK
from karmada.api.codec import dump_yaml
from karmada.api.objects import Object

NAMESPACES: Final = ("default", "kube-system", "kube-public", "kube-node-lease")
KARMADA_NAMESPACES: Final = ("karmada-system", "karmada-cluster")
SERVICE_ADDRESS: Final = "10.96.0.1"
_PRIORITIES: Final = {
    "system-cluster-critical": (
        2_000_000_000,
        "Used for system critical pods that must run in the cluster, but can be moved to another node if "
        "necessary.",
    ),
    "system-node-critical": (
        2_000_001_000,
        "Used for system critical pods that must not be moved from their current node.",
    ),
}


def namespaces(*, karmada: bool) -> list[Object]:
    names = (*NAMESPACES, *KARMADA_NAMESPACES) if karmada else NAMESPACES
    return [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in names]


def priority_classes() -> list[Object]:
    return [
        {
            "apiVersion": "scheduling.k8s.io/v1",
            "kind": "PriorityClass",
            "metadata": {"name": name},
            "value": value,
            "description": description,
        }
        for name, (value, description) in _PRIORITIES.items()
    ]


def service_range() -> Object:
    """The ServiceCIDR that says which addresses Services get; it is in use as long as this server runs."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "ServiceCIDR",
        "metadata": {"name": "kubernetes"},
        "spec": {"cidrs": [str(SERVICE_NETWORK)]},
    }


def front_proxy_settings(*, client_ca: bytes, front_proxy_ca: bytes) -> Object:
    """What servers behind this one need to believe its headers."""
    lists = {
        "requestheader-allowed-names": [],
        "requestheader-extra-headers-prefix": ["X-Remote-Extra-"],
        "requestheader-group-headers": ["X-Remote-Group"],
        "requestheader-uid-headers": ["X-Remote-Uid"],
        "requestheader-username-headers": ["X-Remote-User"],
    }
    data = {name: orjson.dumps(values).decode() for name, values in lists.items()}
    data |= {"client-ca-file": client_ca.decode(), "requestheader-client-ca-file": front_proxy_ca.decode()}
    metadata = {"name": "extension-apiserver-authentication", "namespace": "kube-system"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def cluster_info(*, url: str, ca: bytes) -> Object:
    """What a joining cluster may read before it has any identity: where we are, and our CA.

    The bootstrap signer of the controller manager signs it with the tokens that joining clusters hold.
    """
    cluster = {"certificate-authority-data": base64.b64encode(ca).decode(), "server": url}
    kubeconfig = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "", "cluster": cluster}],
        "contexts": [],
        "current-context": "",
        "preferences": {},
        "users": [],
    }
    metadata = {"name": "cluster-info", "namespace": "kube-public"}
    data = {"kubeconfig": dump_yaml(kubeconfig)}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def kubernetes_service(*, host: str, port: int) -> Iterator[Object]:
    """default/kubernetes, and where it leads unless that is a loopback address, which endpoints may not
    be."""
    labels = {"component": "apiserver", "provider": "kubernetes"}
    yield {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "kubernetes", "namespace": "default", "labels": labels},
        "spec": {
            "type": "ClusterIP",
            "clusterIP": SERVICE_ADDRESS,
            "clusterIPs": [SERVICE_ADDRESS],
            "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": port}],
        },
    }
    if not _is_usable(host):
        return
    yield {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {
            "name": "kubernetes",
            "namespace": "default",
            "labels": {"endpointslice.kubernetes.io/skip-mirror": "true"},
        },
        "subsets": [
            {"addresses": [{"ip": host}], "ports": [{"name": "https", "port": port, "protocol": "TCP"}]}
        ],
    }
    yield {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": "kubernetes",
            "namespace": "default",
            "labels": {"kubernetes.io/service-name": "kubernetes"},
        },
        "addressType": "IPv6" if ":" in host else "IPv4",
        "endpoints": [{"addresses": [host], "conditions": {"ready": True}}],
        "ports": [{"name": "https", "port": port, "protocol": "TCP"}],
    }


def _is_usable(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified or address.is_link_local)
