"""autoscaling.karmada.io: scaling of workloads over all their clusters, by metrics and by the clock."""

from typing import Final

from karmada.api.groups.meta import LabelSelector, Root
from karmada.api.gvk import GroupVersionResource, Resource
from karmada.api.model import Int32, Int64, Model, QuantityText, Time, empty, field

GROUP: Final = "autoscaling.karmada.io"
VERSION: Final = "v1alpha1"


class CrossVersionObjectReference(Model):
    """A workload by kind and name."""

    api_version: str = field("ApiVersion.", default="")
    kind: str = field("Kind.", default="", required=True)
    name: str = field("Name.", default="", required=True)


class MetricIdentifier(Model):
    """Which metric."""

    name: str = field("Metric name.", default="", required=True)
    selector: LabelSelector | None = field("Narrows the metric series.")


class MetricTarget(Model):
    """The value to aim at."""

    average_utilization: Int32 | None = field("Target percentage of requests, averaged.")
    average_value: QuantityText | None = field("Target value averaged over pods.")
    type: str = field("Utilization, Value or AverageValue.", default="", required=True)
    value: QuantityText | None = field("Absolute target.")


class MetricValueStatus(Model):
    """The value that was read."""

    average_utilization: Int32 | None = field("Percentage.")
    average_value: QuantityText | None = field("Average.")
    value: QuantityText | None = field("Absolute value.")


class HPAScalingPolicy(Model):
    """How much may change in a period."""

    period_seconds: Int32 = field("Window of the policy.", default=0, required=True)
    type: str = field("Pods or Percent.", default="", required=True)
    value: Int32 = field("Amount.", default=0, required=True)


class HPAScalingRules(Model):
    """How to scale in one direction."""

    policies: list[HPAScalingPolicy] = field("Permitted changes.", factory=list, list_type="atomic")
    select_policy: str | None = field("Max, Min or Disabled.")
    stabilization_window_seconds: Int32 | None = field("Look-back window.")
    tolerance: QuantityText | None = field("Accepted by the schema, but lost (see mutation).")


class HorizontalPodAutoscalerBehavior(Model):
    """How to scale up and down."""

    scale_down: HPAScalingRules | None = field("Rules for scaling down.")
    scale_up: HPAScalingRules | None = field("Rules for scaling up.")


class ContainerResourceMetricSource(Model):
    """A resource metric of one container in each pod."""

    container: str = field("Container name.", default="", required=True)
    name: str = field("Resource name.", default="", required=True)
    target: MetricTarget = field("Target.", factory=empty(MetricTarget), required=True)


class ExternalMetricSource(Model):
    """A metric from outside the cluster."""

    metric: MetricIdentifier = field("Metric.", factory=empty(MetricIdentifier), required=True)
    target: MetricTarget = field("Target.", factory=empty(MetricTarget), required=True)


class ObjectMetricSource(Model):
    """A metric of one object."""

    described_object: CrossVersionObjectReference = field(
        "That object.",
        factory=empty(CrossVersionObjectReference),
        required=True,
    )
    metric: MetricIdentifier = field("Metric.", factory=empty(MetricIdentifier), required=True)
    target: MetricTarget = field("Target.", factory=empty(MetricTarget), required=True)


class PodsMetricSource(Model):
    """A metric averaged over pods."""

    metric: MetricIdentifier = field("Metric.", factory=empty(MetricIdentifier), required=True)
    target: MetricTarget = field("Target.", factory=empty(MetricTarget), required=True)


class ResourceMetricSource(Model):
    """A resource metric of the pods."""

    name: str = field("Resource name.", default="", required=True)
    target: MetricTarget = field("Target.", factory=empty(MetricTarget), required=True)


class MetricSpec(Model):
    """One metric to scale by."""

    container_resource: ContainerResourceMetricSource | None = field("Resource metric of one container.")
    external: ExternalMetricSource | None = field(
        "External metric (schema allows it, webhook refuses type External).",
    )
    object: ObjectMetricSource | None = field("Metric of one object.")
    pods: PodsMetricSource | None = field("Metric averaged over pods.")
    resource: ResourceMetricSource | None = field("Cpu or memory of pods.")
    type: str = field("Object, Pods, Resource, ContainerResource.", default="", required=True)


class FederatedHPASpec(Model):
    """What to scale, by which metrics and how far."""

    behavior: HorizontalPodAutoscalerBehavior | None = field(
        "Scaling behaviour; absent = HPA defaults without rate rules.",
    )
    max_replicas: Int32 = field("Upper limit.", default=0, required=True)
    metrics: list[MetricSpec] = field("Metrics; the largest proposal wins.", factory=list)
    min_replicas: Int32 | None = field("Lower limit, webhook default 1.")
    scale_target_ref: CrossVersionObjectReference = field(
        "Workload to scale.",
        factory=empty(CrossVersionObjectReference),
        required=True,
    )


class HorizontalPodAutoscalerCondition(Model):
    """One aspect of the autoscaler's state."""

    last_transition_time: Time | None = field("Last change.")
    message: str = field("Explanation.", default="")
    reason: str = field("Reason.", default="")
    status: str = field("Status.", default="", required=True)
    type: str = field("Type.", default="", required=True)


class ContainerResourceMetricStatus(Model):
    """Last reading of a container's resource metric."""

    container: str = field("Container name.", default="", required=True)
    current: MetricValueStatus = field("Value.", factory=empty(MetricValueStatus), required=True)
    name: str = field("Resource name.", default="", required=True)


class ExternalMetricStatus(Model):
    """Last reading of an external metric."""

    current: MetricValueStatus = field("Value.", factory=empty(MetricValueStatus), required=True)
    metric: MetricIdentifier = field("Metric.", factory=empty(MetricIdentifier), required=True)


class ObjectMetricStatus(Model):
    """Last reading of an object's metric."""

    current: MetricValueStatus = field("Value.", factory=empty(MetricValueStatus), required=True)
    described_object: CrossVersionObjectReference = field(
        "That object.",
        factory=empty(CrossVersionObjectReference),
        required=True,
    )
    metric: MetricIdentifier = field("Metric.", factory=empty(MetricIdentifier), required=True)


class PodsMetricStatus(Model):
    """Last reading of a metric averaged over pods."""

    current: MetricValueStatus = field("Value.", factory=empty(MetricValueStatus), required=True)
    metric: MetricIdentifier = field("Metric.", factory=empty(MetricIdentifier), required=True)


class ResourceMetricStatus(Model):
    """Last reading of a resource metric."""

    current: MetricValueStatus = field("Value.", factory=empty(MetricValueStatus), required=True)
    name: str = field("Resource name.", default="", required=True)


class MetricStatus(Model):
    """Last reading of one metric."""

    container_resource: ContainerResourceMetricStatus | None = field("Container metric.")
    external: ExternalMetricStatus | None = field("External metric.")
    object: ObjectMetricStatus | None = field("Object metric.")
    pods: PodsMetricStatus | None = field("Pods metric.")
    resource: ResourceMetricStatus | None = field("Resource metric.")
    type: str = field("Metric source type.", default="", required=True)


class HorizontalPodAutoscalerStatus(Model):
    """What the autoscaler saw and did."""

    conditions: list[HorizontalPodAutoscalerCondition] = field(
        "Observed conditions.",
        factory=list,
        list_type="map",
        list_map_keys=("type",),
    )
    current_metrics: list[MetricStatus] = field("Last metric readings.", factory=list, list_type="atomic")
    current_replicas: Int32 = field("Replicas at last check.", default=0)
    desired_replicas: Int32 = field("Last computed replicas.", default=0, required=True)
    last_scale_time: Time | None = field("Last rescale.")
    observed_generation: Int64 | None = field("Generation handled.")


class FederatedHPA(Root):
    """An autoscaler over all clusters of a workload."""

    spec: FederatedHPASpec = field("Desired behaviour.", factory=empty(FederatedHPASpec), required=True)
    status: HorizontalPodAutoscalerStatus = field(
        "Autoscaling/v2 HorizontalPodAutoscalerStatus.",
        factory=empty(HorizontalPodAutoscalerStatus),
    )


class CronFederatedHPARule(Model):
    """What to set when."""

    failed_history_limit: Int32 | None = field("Failed runs kept.", schema_default=3, minimum=0, maximum=32)
    name: str = field(
        "Rule name, unique; identity of its history.",
        default="",
        required=True,
        min_length=1,
        max_length=32,
    )
    schedule: str = field("Cron expression.", default="", required=True)
    successful_history_limit: Int32 | None = field(
        "Successful runs kept.",
        schema_default=3,
        minimum=1,
        maximum=32,
    )
    suspend: bool | None = field("Stop executing.", schema_default=False)
    target_max_replicas: Int32 | None = field("New maxReplicas, for FederatedHPA targets.")
    target_min_replicas: Int32 | None = field("New minReplicas, for FederatedHPA targets.")
    target_replicas: Int32 | None = field("New replica count, for other targets.")
    time_zone: str | None = field("IANA zone; absent = zone of the controller process.")


class CronFederatedHPASpec(Model):
    """What to scale on which schedules."""

    rules: list[CronFederatedHPARule] = field("Scale rules (may be empty).", factory=list, required=True)
    scale_target_ref: CrossVersionObjectReference = field(
        "Workload or FederatedHPA.",
        factory=empty(CrossVersionObjectReference),
        required=True,
    )


class FailedExecution(Model):
    """A run that failed."""

    execution_time: Time | None = field("Actual time.", required=True)
    message: str = field("Error.", default="", required=True)
    schedule_time: Time | None = field("Planned time.", required=True)


class SuccessfulExecution(Model):
    """A run that scaled."""

    applied_max_replicas: Int32 | None = field("Applied maximum.")
    applied_min_replicas: Int32 | None = field("Applied minimum.")
    applied_replicas: Int32 | None = field("Applied count.")
    execution_time: Time | None = field("Actual time.", required=True)
    schedule_time: Time | None = field("Planned time.", required=True)


class ExecutionHistory(Model):
    """Past and next runs of a rule."""

    failed_executions: list[FailedExecution] = field("Failed runs.", factory=list)
    next_execution_time: Time | None = field("Next run; absent = suspended.")
    rule_name: str = field("Rule.", default="", required=True)
    successful_executions: list[SuccessfulExecution] = field("Successful runs.", factory=list)


class CronFederatedHPAStatus(Model):
    """Past and next runs."""

    execution_histories: list[ExecutionHistory] = field("History per rule.", factory=list)


class CronFederatedHPA(Root):
    """Scaling by the clock."""

    spec: CronFederatedHPASpec = field("Schedules.", factory=empty(CronFederatedHPASpec), required=True)
    status: CronFederatedHPAStatus = field("History.", factory=empty(CronFederatedHPAStatus))


FEDERATED_HPAS: Final[Resource[FederatedHPA]] = Resource(
    GroupVersionResource(GROUP, VERSION, "federatedhpas"),
    "FederatedHPA",
    namespaced=True,
    model=FederatedHPA,
)
CRON_FEDERATED_HPAS: Final[Resource[CronFederatedHPA]] = Resource(
    GroupVersionResource(GROUP, VERSION, "cronfederatedhpas"),
    "CronFederatedHPA",
    namespaced=True,
    model=CronFederatedHPA,
)
