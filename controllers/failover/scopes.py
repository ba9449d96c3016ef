"""What differs between both kinds of bindings: names. And what failover tells about a binding.

Shared by graceful.py, application.py and taint_manager.py.
"""

from typing import Final

from karmada.api.groups.work import ResourceBinding
from karmada.api.gvk import Resource
from karmada.api.wellknown import EVENT_EVICT_WORKLOAD_FAILED, EVENT_EVICT_WORKLOAD_SUCCEED, NORMAL, WARNING
from karmada.client.events import EventRecorder

SCHEDULED_INDEX: Final = "scheduled-cluster"


def controller_name(scope: Resource[ResourceBinding], duty: str) -> str:
    """As Karmada calls the controllers: `resource-binding-<duty>`, `cluster-resource-binding-<duty>`."""
    return f"{'resource' if scope.namespaced else 'cluster-resource'}-binding-{duty}"


def scheduled_clusters(binding: ResourceBinding) -> list[str]:
    return [cluster.name for cluster in binding.spec.clusters]


def say_evicted(recorder: EventRecorder, binding: ResourceBinding, cluster: str) -> None:
    """On the binding and on the template."""
    message = f"Evict from cluster {cluster} succeed."
    for subject in (binding, binding.spec.resource.to_json()):
        recorder.event(subject, type=NORMAL, reason=EVENT_EVICT_WORKLOAD_SUCCEED, message=message)


def say_not_evicted(
    recorder: EventRecorder, binding: ResourceBinding, cluster: str, error: Exception
) -> None:
    message = f"Evict from cluster {cluster} failed: {error}"
    for subject in (binding, binding.spec.resource.to_json()):
        recorder.event(subject, type=WARNING, reason=EVENT_EVICT_WORKLOAD_FAILED, message=message)
