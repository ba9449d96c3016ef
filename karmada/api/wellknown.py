"""Wire names: every label, annotation, finalizer, taint, condition type, reason and event reason of Karmada.

One home for each; users may rely on any of them. Namespaces and derived names are in names.py.
"""

from typing import Final

# Identity labels: random UUIDs that admission writes and that travel with what belongs together.
PROPAGATION_POLICY_PERMANENT_ID_LABEL: Final = "propagationpolicy.karmada.io/permanent-id"
CLUSTER_PROPAGATION_POLICY_PERMANENT_ID_LABEL: Final = "clusterpropagationpolicy.karmada.io/permanent-id"
RESOURCE_BINDING_PERMANENT_ID_LABEL: Final = "resourcebinding.karmada.io/permanent-id"
CLUSTER_RESOURCE_BINDING_PERMANENT_ID_LABEL: Final = "clusterresourcebinding.karmada.io/permanent-id"
WORK_PERMANENT_ID_LABEL: Final = "work.karmada.io/permanent-id"
MULTI_CLUSTER_SERVICE_PERMANENT_ID_LABEL: Final = "multiclusterservice.karmada.io/permanent-id"

# Other labels.
BINDING_MANAGED_BY_LABEL: Final = "binding.karmada.io/managed-by"
BINDING_DEPENDED_BY_LABEL_PREFIX: Final = "resourcebinding.karmada.io/depended-by-"
RESOURCE_TEMPLATE_CLAIMED_BY_LABEL: Final = "resourcetemplate.karmada.io/claimed-by"
RETAIN_REPLICAS_LABEL: Final = "resourcetemplate.karmada.io/retain-replicas"
RETAIN_REPLICAS_VALUE: Final = "true"
DELETION_PROTECTION_LABEL: Final = "resourcetemplate.karmada.io/deletion-protected"
DELETION_PROTECTION_ALWAYS: Final = "Always"
NAMESPACE_SKIP_AUTO_PROPAGATION_LABEL: Final = "namespace.karmada.io/skip-auto-propagation"
MANAGED_BY_KARMADA_LABEL: Final = "karmada.io/managed"
MANAGED_BY_KARMADA_VALUE: Final = "true"
KARMADA_SYSTEM_LABEL: Final = "karmada.io/system"
KARMADA_SYSTEM_VALUE: Final = "true"
BOOTSTRAPPING_LABEL: Final = "karmada.io/bootstrapping"
ETCD_NODE_LABEL: Final = "karmada.io/etcd"
ENDPOINT_SLICE_WORK_NAMESPACE_LABEL: Final = "endpointslice.karmada.io/namespace"
ENDPOINT_SLICE_WORK_NAME_LABEL: Final = "endpointslice.karmada.io/name"
ENDPOINT_SLICE_WORK_MANAGED_BY_LABEL: Final = "endpointslice.karmada.io/managed-by"
FEDERATED_RESOURCE_QUOTA_NAMESPACE_LABEL: Final = "federatedresourcequota.karmada.io/namespace"
FEDERATED_RESOURCE_QUOTA_NAME_LABEL: Final = "federatedresourcequota.karmada.io/name"
ENDPOINT_SLICE_MANAGED_BY_LABEL: Final = "endpointslice.kubernetes.io/managed-by"
ENDPOINT_SLICE_CONTROLLER_VALUE: Final = "endpointslice-controller.karmada.io"
ENDPOINT_SLICE_DISPATCH_CONTROLLER_VALUE: Final = "endpointslice-dispatch-controller.karmada.io"
SERVICE_NAME_LABEL: Final = "kubernetes.io/service-name"
DISABLE_CASCADING_DELETION_LABEL: Final = "operator.karmada.io/disable-cascading-deletion"
APP_MANAGED_BY_LABEL: Final = "app.kubernetes.io/managed-by"
OPERATOR_MANAGED_BY_VALUE: Final = "karmada-operator"
BOOTSTRAPPING_RBAC_VALUE: Final = "rbac-defaults"

# Labels on Works and annotations on Services and bindings alike.
MULTI_CLUSTER_SERVICE_NAMESPACE: Final = "multiclusterservice.karmada.io/namespace"
MULTI_CLUSTER_SERVICE_NAME: Final = "multiclusterservice.karmada.io/name"

# Annotations.
PROPAGATION_POLICY_NAMESPACE_ANNOTATION: Final = "propagationpolicy.karmada.io/namespace"
PROPAGATION_POLICY_NAME_ANNOTATION: Final = "propagationpolicy.karmada.io/name"
CLUSTER_PROPAGATION_POLICY_NAME_ANNOTATION: Final = "clusterpropagationpolicy.karmada.io/name"
RESOURCE_BINDING_NAMESPACE_ANNOTATION: Final = "resourcebinding.karmada.io/namespace"
RESOURCE_BINDING_NAME_ANNOTATION: Final = "resourcebinding.karmada.io/name"
CLUSTER_RESOURCE_BINDING_NAME_ANNOTATION: Final = "clusterresourcebinding.karmada.io/name"
WORK_NAMESPACE_ANNOTATION: Final = "work.karmada.io/namespace"
WORK_NAME_ANNOTATION: Final = "work.karmada.io/name"
CONFLICT_RESOLUTION_ANNOTATION: Final = "work.karmada.io/conflict-resolution"
CONFLICT_RESOLUTION_OVERWRITE: Final = "overwrite"
CONFLICT_RESOLUTION_ABORT: Final = "abort"
APPLIED_PLACEMENT_ANNOTATION: Final = "policy.karmada.io/applied-placement"
APPLIED_OVERRIDES_ANNOTATION: Final = "policy.karmada.io/applied-overrides"
APPLIED_CLUSTER_OVERRIDES_ANNOTATION: Final = "policy.karmada.io/applied-cluster-overrides"
DEPENDENCIES_ANNOTATION: Final = "resourcebinding.karmada.io/dependencies"
TEMPLATE_GENERATION_ANNOTATION: Final = "resourcetemplate.karmada.io/generation"
TEMPLATE_UID_ANNOTATION: Final = "resourcetemplate.karmada.io/uid"
MANAGED_ANNOTATIONS_ANNOTATION: Final = "resourcetemplate.karmada.io/managed-annotations"
MANAGED_LABELS_ANNOTATION: Final = "resourcetemplate.karmada.io/managed-labels"
ENDPOINT_SLICE_PROVISION_CLUSTER_ANNOTATION: Final = "endpointslice.karmada.io/provision-cluster"
CACHED_FROM_CLUSTER_ANNOTATION: Final = "resource.karmada.io/cached-from-cluster"
QUERY_FROM_CLUSTER_ANNOTATION: Final = "resource.karmada.io/query-from-cluster"

# Finalizers.
CLUSTER_FINALIZER: Final = "karmada.io/cluster-controller"
EXECUTION_FINALIZER: Final = "karmada.io/execution-controller"
BINDING_FINALIZER: Final = "karmada.io/binding-controller"
CLUSTER_RESOURCE_BINDING_FINALIZER: Final = "karmada.io/cluster-resource-binding-controller"
PROPAGATION_POLICY_FINALIZER: Final = "karmada.io/propagation-policy-controller"
CLUSTER_PROPAGATION_POLICY_FINALIZER: Final = "karmada.io/cluster-propagation-policy-controller"
BINDING_DEPENDENCIES_FINALIZER: Final = "karmada.io/binding-dependencies-distributor"
ENDPOINT_SLICE_FINALIZER: Final = "karmada.io/endpointslice-controller"
ENDPOINT_SLICE_DISPATCH_FINALIZER: Final = "karmada.io/mcs-endpointslice-dispatch-controller"
MULTI_CLUSTER_SERVICE_FINALIZER: Final = "karmada.io/multiclusterservice-controller"
OPERATOR_FINALIZER: Final = "operator.karmada.io/finalizer"

# Taints of clusters.
NOT_READY_TAINT: Final = "cluster.karmada.io/not-ready"
UNREACHABLE_TAINT: Final = "cluster.karmada.io/unreachable"
UNSCHEDULABLE_TAINT: Final = "cluster.karmada.io/unschedulable"
NO_SCHEDULE: Final = "NoSchedule"
PREFER_NO_SCHEDULE: Final = "PreferNoSchedule"
NO_EXECUTE: Final = "NoExecute"

# Keys of the Secrets that a Cluster refers to.
SECRET_TOKEN_KEY: Final = "token"
SECRET_CA_BUNDLE_KEY: Final = "caBundle"
CLUSTER_PROPERTY_ID: Final = "cluster.clusterset.k8s.io"

# Conditions of Cluster, with their reasons.
CLUSTER_READY: Final = "Ready"
CLUSTER_READY_REASON: Final = "ClusterReady"
CLUSTER_NOT_READY_REASON: Final = "ClusterNotReady"
CLUSTER_NOT_REACHABLE_REASON: Final = "ClusterNotReachable"
STATUS_COLLECTION_FAILED_REASON: Final = "StatusCollectionFailed"
CLUSTER_STATUS_NEVER_UPDATED_REASON: Final = "ClusterStatusNeverUpdated"
CLUSTER_STATUS_UNKNOWN_REASON: Final = "ClusterStatusUnknown"
COMPLETE_API_ENABLEMENTS: Final = "CompleteAPIEnablements"
API_ENABLEMENTS_COMPLETE_REASON: Final = "Complete"
API_ENABLEMENTS_PARTIAL_REASON: Final = "Partial"
API_ENABLEMENTS_EMPTY_REASON: Final = "Empty"
DOMAIN_NAME_RESOLUTION_READY: Final = "ServiceDomainNameResolutionReady"
DOMAIN_NAME_RESOLUTION_FAILED_REASON: Final = "ServiceDomainNameResolutionFailed"

# Conditions of Work.
WORK_APPLIED: Final = "Applied"
APPLIED_SUCCESSFUL_REASON: Final = "AppliedSuccessful"
APPLIED_FAILED_REASON: Final = "AppliedFailed"
WORK_DISPATCHING: Final = "Dispatching"
DISPATCHING_REASON: Final = "Dispatching"
SUSPEND_DISPATCHING_REASON: Final = "SuspendDispatching"

# Conditions of bindings.
SCHEDULED: Final = "Scheduled"
BINDING_SCHEDULED_REASON: Final = "Success"
NO_CLUSTER_FIT_REASON: Final = "NoClusterFit"
UNSCHEDULABLE_REASON: Final = "Unschedulable"
QUOTA_EXCEEDED_REASON: Final = "QuotaExceeded"
SCHEDULER_ERROR_REASON: Final = "SchedulerError"
FULLY_APPLIED: Final = "FullyApplied"
FULLY_APPLIED_SUCCESS_REASON: Final = "FullyAppliedSuccess"
FULLY_APPLIED_FAILED_REASON: Final = "FullyAppliedFailed"

# Graceful eviction tasks.
EVICTION_REASON_TAINT_UNTOLERATED: Final = "TaintUntolerated"
EVICTION_REASON_APPLICATION_FAILURE: Final = "ApplicationFailure"
EVICTION_PRODUCER_TAINT_MANAGER: Final = "TaintManager"

# Conditions of MultiClusterService; kinds that manage bindings and Works.
MULTI_CLUSTER_SERVICE_KIND: Final = "MultiClusterService"
SERVICE_EXPORT_KIND: Final = "ServiceExport"
SERVICE_APPLIED: Final = "ServiceApplied"
SERVICE_APPLIED_SUCCEED_REASON: Final = "ServiceAppliedSucceed"
SERVICE_APPLIED_FAILED_REASON: Final = "ServiceAppliedFailed"
ENDPOINT_SLICE_DISPATCHED: Final = "EndpointSliceDispatched"
ENDPOINT_SLICE_DISPATCHED_SUCCEED_REASON: Final = "EndpointSliceDispatchedSucceed"
ENDPOINT_SLICE_DISPATCHED_FAILED_REASON: Final = "EndpointSliceDispatchedFailed"

# Results of WorkloadRebalancer; approval of agents' certificate requests.
REBALANCE_SUCCESSFUL: Final = "Successful"
REBALANCE_FAILED: Final = "Failed"
REFERENCED_BINDING_NOT_FOUND_REASON: Final = "ReferencedBindingNotFound"
AUTO_APPROVED_REASON: Final = "AutoApproved"

# Health as interpreters judge it.
HEALTHY: Final = "Healthy"
UNHEALTHY: Final = "Unhealthy"
UNKNOWN: Final = "Unknown"

# How the old copy of an evicted workload goes.
PURGE_DIRECTLY: Final = "Directly"
PURGE_GRACEFULLY: Final = "Gracefully"
PURGE_NEVER: Final = "Never"

# Pull mode identities.
AGENTS_GROUP: Final = "system:karmada:agents"
AGENT_USER_PREFIX: Final = "system:karmada:agent:"
AGENT_RBAC_GENERATOR_USER: Final = "system:karmada:agent:rbac-generator"
BOOTSTRAP_TOKEN_GROUP: Final = "system:bootstrappers:karmada:default-cluster-token"

DEFAULT_SCHEDULER: Final = "default-scheduler"
KUBE_SYSTEM_NAMESPACE: Final = "kube-system"

# Types of events.
NORMAL: Final = "Normal"
WARNING: Final = "Warning"

# Event reasons, by the object they are about. Succeed ones are Normal, Failed ones are Warning.
# Cluster
EVENT_CREATE_EXECUTION_SPACE_SUCCEED: Final = "CreateExecutionSpaceSucceed"
EVENT_CREATE_EXECUTION_SPACE_FAILED: Final = "CreateExecutionSpaceFailed"
EVENT_REMOVE_EXECUTION_SPACE_SUCCEED: Final = "RemoveExecutionSpaceSucceed"
EVENT_REMOVE_EXECUTION_SPACE_FAILED: Final = "RemoveExecutionSpaceFailed"
EVENT_TAINT_CLUSTER_SUCCEED: Final = "TaintClusterSucceed"
EVENT_TAINT_CLUSTER_FAILED: Final = "TaintClusterFailed"
EVENT_SYNC_IMPERSONATION_CONFIG_SUCCEED: Final = "SyncImpersonationConfigSucceed"
EVENT_SYNC_IMPERSONATION_CONFIG_FAILED: Final = "SyncImpersonationConfigFailed"
# Work; SyncSucceed and SyncFailed also on the resource template
EVENT_REFLECT_STATUS_SUCCEED: Final = "ReflectStatusSucceed"
EVENT_REFLECT_STATUS_FAILED: Final = "ReflectStatusFailed"
EVENT_INTERPRET_HEALTH_SUCCEED: Final = "InterpretHealthSucceed"
EVENT_INTERPRET_HEALTH_FAILED: Final = "InterpretHealthFailed"
EVENT_WORK_DISPATCHING: Final = "WorkDispatching"
EVENT_SYNC_SUCCEED: Final = "SyncSucceed"
EVENT_SYNC_FAILED: Final = "SyncFailed"
# bindings
EVENT_CLEANUP_WORK_FAILED: Final = "CleanupWorkFailed"
EVENT_SYNC_SCHEDULE_RESULT_TO_DEPENDENCIES_SUCCEED: Final = "SyncScheduleResultToDependenciesSucceed"
EVENT_SYNC_SCHEDULE_RESULT_TO_DEPENDENCIES_FAILED: Final = "SyncScheduleResultToDependenciesFailed"
EVENT_DEPENDENCY_POLICY_CONFLICT: Final = "DependencyPolicyConflict"
# bindings and the resource template
EVENT_SYNC_WORK_SUCCEED: Final = "SyncWorkSucceed"
EVENT_SYNC_WORK_FAILED: Final = "SyncWorkFailed"
EVENT_AGGREGATE_STATUS_SUCCEED: Final = "AggregateStatusSucceed"
EVENT_AGGREGATE_STATUS_FAILED: Final = "AggregateStatusFailed"
EVENT_SCHEDULE_BINDING_SUCCEED: Final = "ScheduleBindingSucceed"
EVENT_SCHEDULE_BINDING_FAILED: Final = "ScheduleBindingFailed"
EVENT_DESCHEDULE_BINDING_SUCCEED: Final = "DescheduleBindingSucceed"
EVENT_DESCHEDULE_BINDING_FAILED: Final = "DescheduleBindingFailed"
EVENT_EVICT_WORKLOAD_SUCCEED: Final = "EvictWorkloadFromClusterSucceed"
EVENT_EVICT_WORKLOAD_FAILED: Final = "EvictWorkloadFromClusterFailed"
# resource template
EVENT_APPLY_POLICY_SUCCEED: Final = "ApplyPolicySucceed"
EVENT_APPLY_POLICY_FAILED: Final = "ApplyPolicyFailed"
EVENT_APPLY_OVERRIDE_POLICY_SUCCEED: Final = "ApplyOverridePolicySucceed"
EVENT_APPLY_OVERRIDE_POLICY_FAILED: Final = "ApplyOverridePolicyFailed"
EVENT_GET_DEPENDENCIES_SUCCEED: Final = "GetDependenciesSucceed"
EVENT_GET_DEPENDENCIES_FAILED: Final = "GetDependenciesFailed"
EVENT_GET_COMPONENTS_SUCCEED: Final = "GetComponentsSucceed"
EVENT_GET_COMPONENTS_FAILED: Final = "GetComponentsFailed"
EVENT_GET_REPLICAS_SUCCEED: Final = "GetReplicasSucceed"
EVENT_GET_REPLICAS_FAILED: Final = "GetReplicasFailed"
EVENT_PREEMPT_POLICY_SUCCEED: Final = "PreemptPolicySucceed"
EVENT_PREEMPT_POLICY_FAILED: Final = "PreemptPolicyFailed"
# FederatedResourceQuota
EVENT_COLLECT_OVERALL_STATUS_SUCCEED: Final = "CollectOverallStatusSucceed"
EVENT_COLLECT_OVERALL_STATUS_FAILED: Final = "CollectOverallStatusFailed"
# ServiceImport and MultiClusterService
EVENT_SYNC_DERIVED_SERVICE_SUCCEED: Final = "SyncDerivedServiceSucceed"
EVENT_SYNC_DERIVED_SERVICE_FAILED: Final = "SyncDerivedServiceFailed"
EVENT_SYNC_SERVICE_SUCCEED: Final = "SyncServiceSucceed"
EVENT_SYNC_SERVICE_FAILED: Final = "SyncServiceFailed"
EVENT_DISPATCH_ENDPOINT_SLICE_SUCCEED: Final = "DispatchEndpointSliceSucceed"
EVENT_DISPATCH_ENDPOINT_SLICE_FAILED: Final = "DispatchEndpointSliceFailed"
EVENT_CLUSTER_NOT_FOUND: Final = "ClusterNotFound"
EVENT_API_INCOMPATIBLE: Final = "APIIncompatible"


def is_karmada_owned_key(key: str) -> bool:
    """Whether a label or annotation counts as written by Karmada, so that its change is no user's change."""
    return ".karmada.io" in key and key != NAMESPACE_SKIP_AUTO_PROPAGATION_LABEL
