"""What the server itself knows about built-in Kubernetes kinds: rules() by (group, resource)."""

from collections.abc import Mapping

from apiserver.admission.context import Rules
from apiserver.admission.kubernetes import (
    autoscaling,
    configuration,
    jobs,
    networking,
    pods,
    services,
    storage,
    workloads,
)


def rules(*, runs_pods: bool) -> Mapping[tuple[str, str], Rules]:
    """runs_pods: the plugins that only make sense where pods run, ServiceAccount and
    StorageObjectInUseProtection, are on. A Karmada control plane holds templates, and has them off."""
    return {
        ("", "pods"): pods.rules(service_accounts=runs_pods),
        **autoscaling.RULES,
        **configuration.RULES,
        **jobs.RULES,
        **networking.RULES,
        **services.RULES,
        **storage.rules(protection=runs_pods),
        **workloads.RULES,
    }
