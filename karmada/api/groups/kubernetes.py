"""Built-in Kubernetes resources, read as plain JSON.

Only those that our own code names; all served ones are in scheme.py, all a server offers in client/mapper.py.
"""

from typing import Final

from karmada.api.gvk import GroupVersionResource, Resource
from karmada.api.objects import Object


def _resource(group: str, version: str, plural: str, kind: str, *, namespaced: bool) -> Resource[Object]:
    return Resource(GroupVersionResource(group, version, plural), kind, namespaced)


NAMESPACES: Final = _resource("", "v1", "namespaces", "Namespace", namespaced=False)
NODES: Final = _resource("", "v1", "nodes", "Node", namespaced=False)
PODS: Final = _resource("", "v1", "pods", "Pod", namespaced=True)
POD_TEMPLATES: Final = _resource("", "v1", "podtemplates", "PodTemplate", namespaced=True)
REPLICATION_CONTROLLERS: Final = _resource(
    "", "v1", "replicationcontrollers", "ReplicationController", namespaced=True
)
SERVICES: Final = _resource("", "v1", "services", "Service", namespaced=True)
ENDPOINTS: Final = _resource("", "v1", "endpoints", "Endpoints", namespaced=True)
CONFIG_MAPS: Final = _resource("", "v1", "configmaps", "ConfigMap", namespaced=True)
SECRETS: Final = _resource("", "v1", "secrets", "Secret", namespaced=True)
SERVICE_ACCOUNTS: Final = _resource("", "v1", "serviceaccounts", "ServiceAccount", namespaced=True)
EVENTS: Final = _resource("", "v1", "events", "Event", namespaced=True)
LIMIT_RANGES: Final = _resource("", "v1", "limitranges", "LimitRange", namespaced=True)
RESOURCE_QUOTAS: Final = _resource("", "v1", "resourcequotas", "ResourceQuota", namespaced=True)
PERSISTENT_VOLUMES: Final = _resource("", "v1", "persistentvolumes", "PersistentVolume", namespaced=False)
PERSISTENT_VOLUME_CLAIMS: Final = _resource(
    "", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", namespaced=True
)
DEPLOYMENTS: Final = _resource("apps", "v1", "deployments", "Deployment", namespaced=True)
REPLICA_SETS: Final = _resource("apps", "v1", "replicasets", "ReplicaSet", namespaced=True)
STATEFUL_SETS: Final = _resource("apps", "v1", "statefulsets", "StatefulSet", namespaced=True)
DAEMON_SETS: Final = _resource("apps", "v1", "daemonsets", "DaemonSet", namespaced=True)
CONTROLLER_REVISIONS: Final = _resource(
    "apps", "v1", "controllerrevisions", "ControllerRevision", namespaced=True
)
JOBS: Final = _resource("batch", "v1", "jobs", "Job", namespaced=True)
CRON_JOBS: Final = _resource("batch", "v1", "cronjobs", "CronJob", namespaced=True)
HORIZONTAL_POD_AUTOSCALERS: Final = _resource(
    "autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", namespaced=True
)
POD_DISRUPTION_BUDGETS: Final = _resource(
    "policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", namespaced=True
)
INGRESSES: Final = _resource("networking.k8s.io", "v1", "ingresses", "Ingress", namespaced=True)
INGRESS_CLASSES: Final = _resource(
    "networking.k8s.io", "v1", "ingressclasses", "IngressClass", namespaced=False
)
NETWORK_POLICIES: Final = _resource(
    "networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", namespaced=True
)
ENDPOINT_SLICES: Final = _resource(
    "discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", namespaced=True
)
LEASES: Final = _resource("coordination.k8s.io", "v1", "leases", "Lease", namespaced=True)
ROLES: Final = _resource("rbac.authorization.k8s.io", "v1", "roles", "Role", namespaced=True)
ROLE_BINDINGS: Final = _resource(
    "rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding", namespaced=True
)
CLUSTER_ROLES: Final = _resource(
    "rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", namespaced=False
)
CLUSTER_ROLE_BINDINGS: Final = _resource(
    "rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", namespaced=False
)
PRIORITY_CLASSES: Final = _resource(
    "scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", namespaced=False
)
STORAGE_CLASSES: Final = _resource("storage.k8s.io", "v1", "storageclasses", "StorageClass", namespaced=False)
CERTIFICATE_SIGNING_REQUESTS: Final = _resource(
    "certificates.k8s.io", "v1", "certificatesigningrequests", "CertificateSigningRequest", namespaced=False
)
CUSTOM_RESOURCE_DEFINITIONS: Final = _resource(
    "apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", namespaced=False
)
API_SERVICES: Final = _resource("apiregistration.k8s.io", "v1", "apiservices", "APIService", namespaced=False)
MUTATING_WEBHOOK_CONFIGURATIONS: Final = _resource(
    "admissionregistration.k8s.io",
    "v1",
    "mutatingwebhookconfigurations",
    "MutatingWebhookConfiguration",
    namespaced=False,
)
VALIDATING_WEBHOOK_CONFIGURATIONS: Final = _resource(
    "admissionregistration.k8s.io",
    "v1",
    "validatingwebhookconfigurations",
    "ValidatingWebhookConfiguration",
    namespaced=False,
)
VALIDATING_ADMISSION_POLICIES: Final = _resource(
    "admissionregistration.k8s.io",
    "v1",
    "validatingadmissionpolicies",
    "ValidatingAdmissionPolicy",
    namespaced=False,
)
VALIDATING_ADMISSION_POLICY_BINDINGS: Final = _resource(
    "admissionregistration.k8s.io",
    "v1",
    "validatingadmissionpolicybindings",
    "ValidatingAdmissionPolicyBinding",
    namespaced=False,
)
TOKEN_REVIEWS: Final = _resource(
    "authentication.k8s.io", "v1", "tokenreviews", "TokenReview", namespaced=False
)
SUBJECT_ACCESS_REVIEWS: Final = _resource(
    "authorization.k8s.io", "v1", "subjectaccessreviews", "SubjectAccessReview", namespaced=False
)
SELF_SUBJECT_ACCESS_REVIEWS: Final = _resource(
    "authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview", namespaced=False
)
