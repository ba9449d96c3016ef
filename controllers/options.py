"""What can be set for every process that runs controllers: which of them, how members are served.

In: flags with Karmada's names and defaults. Out: frozen options; main/ and agent/ derive theirs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from typing_extensions import override

from controllers.cluster.status import ClusterStatusOptions
from controllers.members import MemberOptions
from karmada.client.process import LedProcessOptions
from karmada.runtime.gates import default_gates
from karmada.runtime.observe import StartError


@dataclass(frozen=True, slots=True)
class AcceptedOptions:
    """Flags that deployments of Karmada pass and that mean nothing here."""

    resync_period_seconds: float = 0.0
    """--resync-period: without effect; caches do not drift."""
    rate_limiter_base_delay_seconds: float = 0.005
    """--rate-limiter-base-delay: without effect; queues back off from 5ms."""
    rate_limiter_max_delay_seconds: float = 1000.0
    """--rate-limiter-max-delay: without effect; queues back off up to 30s."""
    rate_limiter_qps: float = 10.0
    """--rate-limiter-qps: without effect; each key backs off by itself."""
    rate_limiter_bucket_size: int = 100
    """--rate-limiter-bucket-size: without effect; each key backs off by itself."""


@dataclass(frozen=True)
class ControllerOptions(LedProcessOptions):
    """Flags of a process that runs controllers. SELECTABLE: every name --controllers takes."""

    OFF_BY_DEFAULT: ClassVar[frozenset[str]] = frozenset()
    SELECTABLE: ClassVar[frozenset[str]] = frozenset()

    health_probe_bind_address: str = ":10357"

    controllers: tuple[str, ...] = ("*",)
    """--controllers: controllers to run: * for all that are on by default, foo for foo, -foo to leave foo
    out."""

    concurrent_cluster_syncs: int = 5
    """--concurrent-cluster-syncs: Clusters reconciled at the same time."""

    concurrent_work_syncs: int = 5
    """--concurrent-work-syncs: Works, and objects of Works, reconciled at the same time in each member."""

    members: MemberOptions = field(default_factory=MemberOptions)
    cluster_status: ClusterStatusOptions = field(default_factory=ClusterStatusOptions)

    feature_gates: Mapping[str, bool] = field(default_factory=default_gates)
    """--feature-gates: features to turn on or off, as name=true,name=false."""

    accepted: AcceptedOptions = field(default_factory=AcceptedOptions)

    @override
    def check(self) -> None:
        """Raises StartError for what cannot work."""
        super().check()
        unknown = {token.removeprefix("-") for token in self.controllers} - self.SELECTABLE - {"*"}
        if unknown:
            raise StartError(f"--controllers: no such controller: {', '.join(sorted(unknown))}")

    def runs(self, name: str) -> bool:
        """Whether a selectable controller is on: the first token that names it decides, else `*`."""
        for token in self.controllers:
            if token.removeprefix("-") == name:
                return not token.startswith("-")
        return "*" in self.controllers and name not in self.OFF_BY_DEFAULT
