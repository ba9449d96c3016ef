"""What the server itself knows about built-in Kubernetes kinds: RULES by (group, resource)."""

from collections.abc import Mapping
from typing import Final

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

RULES: Final[Mapping[tuple[str, str], Rules]] = {
    ("", "pods"): pods.RULES,
    **autoscaling.RULES,
    **configuration.RULES,
    **jobs.RULES,
    **networking.RULES,
    **services.RULES,
    **storage.RULES,
    **workloads.RULES,
}
