"""Feature gates of the control plane: what can be turned on or off with --feature-gates.

In: nothing. Out: every gate with its default, known to every process, so that one value serves them all. Each
process looks at the gates that concern it.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

FEATURE_GATES: Final[Mapping[str, bool]] = MappingProxyType(
    {
        "ContextualLogging": True,
        "ControllerPriorityQueue": True,
        "CustomizedClusterResourceModeling": True,
        "Failover": False,
        "FederatedQuotaEnforcement": False,
        "GracefulEviction": True,
        "LoggingAlphaOptions": False,
        "LoggingBetaOptions": True,
        "MultiClusterService": False,
        "MultiplePodTemplatesScheduling": False,
        "PriorityBasedScheduling": True,
        "PropagateDeps": True,
        "PropagationPolicyPreemption": False,
        "ResourceQuotaEstimate": False,
        "SchedulingOvercommitProtection": False,
        "StatefulFailoverInjection": False,
        "WorkloadAffinity": False,
    }
)


def default_gates() -> dict[str, bool]:
    """The gates as they are when nobody says otherwise; for a field of an options class."""
    return dict(FEATURE_GATES)
