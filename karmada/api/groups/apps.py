"""apps.karmada.io: WorkloadRebalancer, a request to schedule workloads again."""

from typing import Final

from karmada.api.groups.meta import Root
from karmada.api.gvk import GroupVersionResource, Resource
from karmada.api.model import Int32, Int64, Model, Time, empty, field

GROUP: Final = "apps.karmada.io"
VERSION: Final = "v1alpha1"


class ObjectReference(Model):
    """A workload of the control plane."""

    api_version: str = field("ApiVersion.", default="", required=True)
    kind: str = field("Kind.", default="", required=True)
    name: str = field("Name.", default="", required=True)
    namespace: str = field("Namespace, empty for cluster-scoped.", default="")


class WorkloadRebalancerSpec(Model):
    """Which workloads to schedule again."""

    ttl_seconds_after_finished: Int32 | None = field(
        "Delete the object this many seconds after it finished; absent = never, 0 = at once.",
    )
    workloads: list[ObjectReference] = field(
        "Workloads to rebalance.",
        factory=list,
        required=True,
        min_items=1,
    )


class ObservedWorkload(Model):
    """What became of one workload."""

    reason: str = field("Failure reason, only ReferencedBindingNotFound.", default="")
    result: str = field("Successful or Failed, empty = pending (not enforced).", default="")
    workload: ObjectReference = field("The workload.", factory=empty(ObjectReference), required=True)


class WorkloadRebalancerStatus(Model):
    """What became of the request."""

    finish_time: Time | None = field("When all workloads were handled.")
    observed_generation: Int64 = field("Generation handled.", default=0)
    observed_workloads: list[ObservedWorkload] = field("Result per workload.", factory=list)


class WorkloadRebalancer(Root):
    """A request to schedule workloads again, as if they were new."""

    spec: WorkloadRebalancerSpec = field("Request.", factory=empty(WorkloadRebalancerSpec), required=True)
    status: WorkloadRebalancerStatus = field("Progress.", factory=empty(WorkloadRebalancerStatus))


WORKLOAD_REBALANCERS: Final[Resource[WorkloadRebalancer]] = Resource(
    GroupVersionResource(GROUP, VERSION, "workloadrebalancers"),
    "WorkloadRebalancer",
    namespaced=False,
    model=WorkloadRebalancer,
)
