"""OpenKruise workloads: CloneSet, StatefulSet, DaemonSet, UnitedDeployment, SidecarSet. Pure.

They count as the built-in workloads do. Their jobs are in kruise_jobs.py.
"""

from collections.abc import Callable, Mapping
from typing import Final

from karmada.api.gvk import GroupVersionKind
from karmada.api.objects import Object, namespace_of, with_metadata
from karmada.interpreter.native import health
from karmada.interpreter.native.aggregate import DAEMON_SET_COUNTERS, Items, Rule, reported
from karmada.interpreter.native.pod_references import pod_references
from karmada.interpreter.native.replicas import Replicas
from karmada.interpreter.thirdparty.components import replicas_in, revised_in
from karmada.interpreter.thirdparty.kind import Kind
from karmada.interpreter.thirdparty.references import Dependencies, of_template, referred
from karmada.interpreter.thirdparty.statuses import (
    conditions_of,
    last,
    number,
    observed_generation,
    status_of,
    totals,
    with_generations,
)

CLONE_SET_COUNTERS: Final = (
    "replicas",
    "updatedReplicas",
    "readyReplicas",
    "availableReplicas",
    "updatedReadyReplicas",
    "expectedUpdatedReplicas",
)
STATEFUL_SET_COUNTERS: Final = (
    "replicas",
    "readyReplicas",
    "currentReplicas",
    "updatedReplicas",
    "availableReplicas",
    "updatedReadyReplicas",
)
UNITED_DEPLOYMENT_COUNTERS: Final = (
    "replicas",
    "updatedReplicas",
    "readyReplicas",
    "availableReplicas",
    "unavailableReplicas",
)
SIDECAR_SET_COUNTERS: Final = ("matchedPods", "updatedPods", "readyPods")
REVISIONS: Final = ("updateRevision", "currentRevision")


def _reflected(*fields: str) -> Callable[[Object], Object]:
    """These fields and the generations; nothing while there is no status."""

    def reflect(obj: Object) -> Object:
        if obj.get("status") is None:
            return {}
        names = (*fields, "observedGeneration")
        return with_generations(obj, {name: status_of(obj).get(name) for name in names})

    return reflect


def _counted(counters: tuple[str, ...], *texts: str) -> Rule:
    """Sums of counters, the last word on texts, other fields kept; in no cluster everything is zero."""

    def rule(template: Object, items: Items, now: str) -> Object:
        words = {name: last(reported(items), name, "") for name in texts}
        return {**_sums(counters, template, items), **words}

    return rule


def _sums(counters: tuple[str, ...], template: Object, items: Items) -> Object:
    return {
        **status_of(template),
        **totals(list(reported(items)), counters),
        "observedGeneration": observed_generation(template, items),
    }


def _daemon_set(template: Object, items: Items, now: str) -> Object:
    status = _sums(DAEMON_SET_COUNTERS, template, items)
    return {**status, "daemonSetHash": last(reported(items), "daemonSetHash")}


def _united_deployment(template: Object, items: Items, now: str) -> Object:
    status = _sums(UNITED_DEPLOYMENT_COUNTERS, template, items)
    by_type = {each.get("type"): each for one in reported(items) for each in conditions_of(one)}
    return {**status, "conditions": list(by_type.values())} if by_type else status


# --- SidecarSet -------------------------------------------------------------------------------------


def _no_replicas(obj: Object) -> Replicas:
    return 0, None  # its containers run in the pods of others


def _sidecar_set_status(obj: Object) -> Object:
    status = obj.get("status")
    return {} if status is None else {name: number(status.get(name)) for name in SIDECAR_SET_COUNTERS}


def _sidecar_set(template: Object, items: Items, now: str) -> Object:
    return totals(list(reported(items)), SIDECAR_SET_COUNTERS)


def _sidecar_set_is_healthy(obj: Object) -> bool:
    status = obj.get("status")
    if status is None:
        return False
    matched = number(status.get("matchedPods"))
    return matched in (0, number(status.get("updatedPods")))


def _sidecar_set_dependencies(obj: Object) -> Dependencies:
    """Config maps and secrets of its containers and volumes, in the namespace whose pods it matches."""
    spec = obj.get("spec") or {}
    pods = {name: spec.get(name) for name in ("containers", "initContainers", "volumes")}
    found = (pair for pair in pod_references(pods) if pair[0] in ("ConfigMap", "Secret"))
    namespace = namespace_of(obj) or spec.get("namespace") or ""
    return referred(with_metadata(obj, namespace=namespace), found)


KINDS: Final[Mapping[GroupVersionKind, Kind]] = {
    GroupVersionKind("apps.kruise.io", "v1alpha1", "CloneSet"): Kind(
        replicas=replicas_in("replicas"),
        revise=revised_in("replicas"),
        aggregate=_counted(CLONE_SET_COUNTERS, *REVISIONS, "labelSelector"),
        reflect=_reflected(*CLONE_SET_COUNTERS, *REVISIONS, "labelSelector"),
        healthy=health.deployment,
        dependencies=of_template,
    ),
    GroupVersionKind("apps.kruise.io", "v1beta1", "StatefulSet"): Kind(
        replicas=replicas_in("replicas"),
        revise=revised_in("replicas"),
        aggregate=_counted(STATEFUL_SET_COUNTERS, *REVISIONS),
        reflect=_reflected(*STATEFUL_SET_COUNTERS, *REVISIONS),
        healthy=health.deployment,
        dependencies=of_template,
    ),
    GroupVersionKind("apps.kruise.io", "v1alpha1", "UnitedDeployment"): Kind(
        replicas=replicas_in("replicas"),
        revise=revised_in("replicas"),
        aggregate=_united_deployment,
        reflect=_reflected(*UNITED_DEPLOYMENT_COUNTERS, "conditions"),
        healthy=health.deployment,
        dependencies=of_template,
    ),
    GroupVersionKind("apps.kruise.io", "v1alpha1", "DaemonSet"): Kind(
        aggregate=_daemon_set,
        reflect=_reflected(*DAEMON_SET_COUNTERS, "daemonSetHash"),
        healthy=health.daemon_set,
        dependencies=of_template,
    ),
    GroupVersionKind("apps.kruise.io", "v1alpha1", "SidecarSet"): Kind(
        replicas=_no_replicas,
        retain=lambda desired, observed: desired,
        aggregate=_sidecar_set,
        reflect=_sidecar_set_status,
        healthy=_sidecar_set_is_healthy,
        dependencies=_sidecar_set_dependencies,
    ),
}
