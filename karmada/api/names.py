"""Names that Karmada derives from other names: execution namespaces, bindings, Works, policies, services.

Pure text functions; every stage and the CLI use them, so that names agree with those of the original. The
hash suffix is FNV-1a (32 bit) of the text, written in decimal with letters that form no words.
"""

from typing import Final

from karmada.api.gvk import GroupVersionKind

EXECUTION_NAMESPACE_PREFIX: Final = "karmada-es-"
KARMADA_SYSTEM_NAMESPACE: Final = "karmada-system"
KARMADA_CLUSTER_NAMESPACE: Final = "karmada-cluster"
KARMADA_KUBECONFIG_SECRET: Final = "karmada-kubeconfig"
"""In a pull-mode member: the Secret, and its key, that hold the agent's kubeconfig."""
IMPERSONATOR_NAME: Final = "karmada-impersonator"
DEFAULT_ESTIMATOR_PREFIX: Final = "karmada-scheduler-estimator"

_ALPHABET: Final = "bcdfghjklmnpqrstvwxz2456789"
_SAFE: Final = str.maketrans({digit: _ALPHABET[ord(digit) % 27] for digit in "0123456789"})


def fnv1a32(text: str) -> int:
    """The 32-bit FNV-1a hash of the UTF-8 bytes."""
    value = 2166136261
    for byte in text.encode():
        value = ((value ^ byte) * 16777619) & 0xFFFFFFFF
    return value


def hash_suffix(text: str) -> str:
    """1 to 10 characters that stand for text in a name."""
    return str(fnv1a32(text)).translate(_SAFE)


def execution_namespace(cluster: str) -> str:
    """The namespace of the control plane that holds the Works of a cluster."""
    return EXECUTION_NAMESPACE_PREFIX + cluster


def cluster_of_execution_namespace(namespace: str) -> str:
    """The cluster an execution namespace belongs to. Raises ValueError for any other namespace."""
    if not is_execution_namespace(namespace):
        raise ValueError(
            f"the execution space({namespace}) is not prefixed with {EXECUTION_NAMESPACE_PREFIX}"
        )
    return namespace.removeprefix(EXECUTION_NAMESPACE_PREFIX)


def is_execution_namespace(namespace: str) -> bool:
    return namespace.startswith(EXECUTION_NAMESPACE_PREFIX)


def is_reserved_namespace(namespace: str) -> bool:
    """Whether objects in this namespace are Karmada's own and never propagated."""
    return namespace in (KARMADA_SYSTEM_NAMESPACE, KARMADA_CLUSTER_NAMESPACE) or is_execution_namespace(
        namespace
    )


def binding_name(kind: str, name: str) -> str:
    """The (Cluster)ResourceBinding of an object. Its group is no part of it: equal kinds collide."""
    return f"{name.replace(':', '.')}-{kind}".lower()


def work_name(kind: str, name: str, namespace: str) -> str:
    """The Work of an object, the same for every cluster. namespace is "" for cluster-scoped objects."""
    safe = name.replace(":", ".").lower()
    hashed = f"{namespace}-{safe}-{kind}" if namespace else f"{safe}-{kind}"
    return f"{safe}-{hash_suffix(hashed.lower())}"


def binding_reference_key(namespace: str, name: str) -> str:
    """How an attached binding's depended-by label ends. namespace is "" for a ClusterResourceBinding."""
    return hash_suffix(f"{namespace}/{name}" if namespace else name)


def policy_name(namespace: str, name: str, gvk: GroupVersionKind) -> str:
    """The policy that `karmadactl promote` and `apply` make for an object."""
    safe = name.replace(":", ".")
    return f"{safe}-{hash_suffix(f'{namespace}{gvk}')}".lower()


def service_account_name(cluster: str) -> str:
    """The ServiceAccount in a member that the control plane acts as."""
    return f"karmada-{cluster}"


def role_name(service_account: str) -> str:
    return f"karmada-controller-manager:{service_account}"


def impersonation_secret_name(cluster: str) -> str:
    return f"{cluster}-impersonator"


def imported_endpoint_slice_name(cluster: str, slice_name: str) -> str:
    return f"imported-{cluster}-{slice_name}"


def dispatched_endpoint_slice_name(cluster: str, slice_name: str) -> str:
    """The copy in a consumer of a slice of the provider cluster."""
    return f"{cluster}-{slice_name}"


def derived_service_name(service_import: str) -> str:
    return f"derived-{service_import}"


def estimator_service_name(prefix: str, cluster: str) -> str:
    return f"{prefix}-{cluster}"


def estimator_deployment_name(cluster: str) -> str:
    return f"{DEFAULT_ESTIMATOR_PREFIX}-{cluster}"


def namespaced_key(namespace: str, name: str) -> str:
    """namespace/name, or name alone."""
    return f"{namespace}/{name}" if namespace else name


def affinity_group(label_key: str, label_value: str) -> str:
    return f"{label_key}={label_value}"


def agent_user(cluster: str) -> str:
    """The user a pull-mode agent authenticates as."""
    return f"system:karmada:agent:{cluster}"
