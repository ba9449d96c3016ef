"""RayService: applications served by a Ray cluster whose workers can be divided among clusters. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final

from karmada.api.gvk import GroupVersionKind
from karmada.api.objects import Object
from karmada.interpreter.native.aggregate import Items, reported
from karmada.interpreter.native.pod_template import resource_request
from karmada.interpreter.native.replicas import Replicas, replica_requirements
from karmada.interpreter.thirdparty.components import count, with_largest, with_spec
from karmada.interpreter.thirdparty.kind import Kind
from karmada.interpreter.thirdparty.ray import groups_of, head_of, templates_of, worst
from karmada.interpreter.thirdparty.references import Dependencies, at, of_templates
from karmada.interpreter.thirdparty.statuses import (
    conditions_of,
    copied_when_single,
    is_true,
    latest,
    number,
    status_of,
    total,
)

APPLICATION_ORDER: Final = ("RUNNING", "NOT_STARTED", "DEPLOYING", "DELETING", "UNHEALTHY", "DEPLOY_FAILED")
"""The later, the worse."""


def _replicas(obj: Object) -> Replicas:
    """The head and all workers, each as large as the largest, where the head may run."""
    cluster = at(obj, "spec", "rayClusterConfig")
    if (head := head_of(cluster)) is None:
        return 0, None
    requests = [resource_request((template or {}).get("spec") or {}) for template in templates_of(cluster)]
    workers = sum(count(group.get("replicas"), 0) for group in groups_of(cluster))
    return 1 + workers, with_largest(replica_requirements(head), requests)


def _revise(obj: Object, replicas: int) -> Object:
    """One of the replicas is the head; the others are workers, in the groups as they were divided before."""
    cluster = at(obj, "spec", "rayClusterConfig")
    if not (groups := groups_of(cluster)):
        return obj
    shares = divided(max(0, replicas - 1), [count(group.get("replicas"), 0) for group in groups])
    revised = [{**group, "replicas": share} for group, share in zip(groups, shares, strict=True)]
    return with_spec(obj, rayClusterConfig={**cluster, "workerGroupSpecs": revised})


def divided(workers: int, before: Sequence[int]) -> list[int]:
    """workers in the proportions of before, rounded half up, the rest to the last; evenly if all were 0."""
    whole = sum(before)
    shares: list[int] = []
    for position, share in enumerate(before[:-1]):
        if whole:
            wanted = (2 * workers * share + whole) // (2 * whole)
        else:
            wanted = workers // len(before) + (1 if position < workers % len(before) else 0)
        # Rounded up several times there may be less left than wanted.
        shares.append(min(wanted, workers - sum(shares)))
    return [*shares, workers - sum(shares)]


def _is_healthy(obj: Object) -> bool:
    return is_true(status_of(obj), "Ready")


def _aggregate(template: Object, items: Items, now: str) -> Object:
    statuses = list(reported(items))
    actives = [
        each["activeServiceStatus"] for each in statuses if each.get("activeServiceStatus") is not None
    ]
    pending = [
        each["pendingServiceStatus"] for each in statuses if each.get("pendingServiceStatus") is not None
    ]
    status: Object = {
        "conditions": [condition for each in statuses for condition in conditions_of(each)],
        "numServeEndpoints": total(statuses, "numServeEndpoints"),
        "lastUpdateTime": latest(statuses, "lastUpdateTime"),
        "observedGeneration": max((number(each.get("observedGeneration")) for each in statuses), default=0),
        "serviceStatus": "" if any(each.get("serviceStatus") == "" for each in statuses) else "Running",
    }
    if actives:
        status["activeServiceStatus"] = {**actives[0], "applicationStatuses": _applications(actives)}
    if pending:
        status["pendingServiceStatus"] = pending[0]
    return status


def _applications(actives: Sequence[Object]) -> dict[str, Object]:
    """Each application as it is where it is worst."""
    told: dict[str, list[Object]] = {}
    for active in actives:
        for name, application in (active.get("applicationStatuses") or {}).items():
            told.setdefault(name, []).append(application)
    return {name: _worst_of(each) for name, each in told.items()}


def _worst_of(applications: Sequence[Object]) -> Object:
    state = worst(APPLICATION_ORDER, (each.get("status") or "" for each in applications))
    return next(each for each in applications if (each.get("status") or "") == state)


def _dependencies(obj: Object) -> Dependencies:
    return of_templates(obj, templates_of(at(obj, "spec", "rayClusterConfig")))


KINDS: Final[Mapping[GroupVersionKind, Kind]] = {
    GroupVersionKind("ray.io", "v1", "RayService"): Kind(
        replicas=_replicas,
        revise=_revise,
        aggregate=copied_when_single(_aggregate),
        healthy=_is_healthy,
        dependencies=_dependencies,
    ),
}
