"""What the server itself knows about built-in Kubernetes kinds: rules() by (group, resource)."""

from collections.abc import Mapping
from typing import Final

from apiserver.admission.context import Rules
from apiserver.admission.kubernetes import (
    access,
    api_services,
    autoscaling,
    certificates,
    claims,
    configuration,
    jobs,
    limits,
    networking,
    pods,
    priorities,
    services,
    single_facts,
    webhook_configurations,
    workloads,
)
from apiserver.admission.kubernetes.service_addresses import ServiceAddresses

_CORE: Final[Mapping[str, Rules]] = {
    "configmaps": configuration.CONFIG_MAP_RULES,
    "endpoints": networking.ENDPOINTS_RULES,
    "events": single_facts.EVENT_RULES,
    "limitranges": limits.LIMIT_RANGE_RULES,
    "persistentvolumeclaims": claims.CLAIM_RULES,
    "persistentvolumes": claims.VOLUME_RULES,
    "podtemplates": workloads.POD_TEMPLATE_RULES,
    "replicationcontrollers": workloads.REPLICATION_CONTROLLER_RULES,
    "resourcequotas": limits.QUOTA_RULES,
    "secrets": configuration.SECRET_RULES,
}
_GROUPS: Final[Mapping[str, Mapping[str, Rules]]] = {
    "": _CORE,
    "apps": {
        "controllerrevisions": single_facts.REVISION_RULES,
        "daemonsets": workloads.DAEMON_SET_RULES,
        "deployments": workloads.DEPLOYMENT_RULES,
        "replicasets": workloads.REPLICA_SET_RULES,
        "statefulsets": workloads.STATEFUL_SET_RULES,
    },
    "admissionregistration.k8s.io": {
        "mutatingwebhookconfigurations": webhook_configurations.MUTATING_RULES,
        "validatingwebhookconfigurations": webhook_configurations.VALIDATING_RULES,
    },
    "autoscaling": {"horizontalpodautoscalers": autoscaling.AUTOSCALER_RULES},
    "batch": {"cronjobs": jobs.CRON_JOB_RULES, "jobs": jobs.JOB_RULES},
    "apiregistration.k8s.io": {"apiservices": api_services.RULES},
    "certificates.k8s.io": {"certificatesigningrequests": certificates.RULES},
    "coordination.k8s.io": {"leases": access.LEASE_RULES},
    "discovery.k8s.io": {"endpointslices": networking.ENDPOINT_SLICE_RULES},
    "flowcontrol.apiserver.k8s.io": {
        "flowschemas": single_facts.FLOW_SCHEMA_RULES,
        "prioritylevelconfigurations": single_facts.PRIORITY_LEVEL_RULES,
    },
    "networking.k8s.io": {
        "ingressclasses": networking.INGRESS_CLASS_RULES,
        "ingresses": networking.INGRESS_RULES,
        "ipaddresses": single_facts.IP_ADDRESS_RULES,
        "networkpolicies": networking.NETWORK_POLICY_RULES,
    },
    "node.k8s.io": {"runtimeclasses": single_facts.RUNTIME_CLASS_RULES},
    "policy": {"poddisruptionbudgets": autoscaling.BUDGET_RULES},
    "rbac.authorization.k8s.io": {
        "clusterrolebindings": access.BINDING_RULES,
        "clusterroles": access.ROLE_RULES,
        "rolebindings": access.BINDING_RULES,
        "roles": access.ROLE_RULES,
    },
    "scheduling.k8s.io": {"priorityclasses": priorities.RULES},
    "storage.k8s.io": {
        "csidrivers": single_facts.CSI_DRIVER_RULES,
        "storageclasses": claims.CLASS_RULES,
        "volumeattachments": single_facts.VOLUME_ATTACHMENT_RULES,
        "volumeattributesclasses": single_facts.VOLUME_ATTRIBUTES_RULES,
    },
}


def rules(addresses: ServiceAddresses, *, runs_pods: bool) -> dict[tuple[str, str], Rules]:
    """addresses: what Services of this control plane get theirs from. runs_pods: the ServiceAccount plugin,
    which only makes sense where pods run, is on; a Karmada control plane holds templates, and has it off."""
    table = {(group, resource): own for group, kinds in _GROUPS.items() for resource, own in kinds.items()}
    table["", "pods"] = pods.rules(service_accounts=runs_pods)
    table["", "services"] = services.service_rules(addresses)
    return table
