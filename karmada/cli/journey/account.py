"""The whole story of one object, as data. Pure.

In: a World. Out: an Account with policies, scheduling, overrides, delivery and what it waits for; to_json is
what `karmadactl why -o json` prints, text.py what a person reads.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from controllers.binding.override import OverrideFailed, overridden
from controllers.targets import target_clusters
from karmada.api.conditions import find_condition
from karmada.api.groups.work import AggregatedStatusItem, Work
from karmada.api.names import execution_namespace
from karmada.api.objects import Object, name_of, namespace_of
from karmada.api.wellknown import WORK_APPLIED
from karmada.cli.journey.policies import PolicyVerdict, policy_verdicts
from karmada.cli.journey.waits import Wait, waits_of
from karmada.cli.journey.world import World
from scheduler.explain import Explanation, explain
from scheduler.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class OverrideStep:
    """One override rule that changes the object in one cluster, or the one that failed to."""

    cluster: str
    policy: str
    changes: tuple[str, ...]
    error: str = ""

    def to_json(self) -> Object:
        return {
            "cluster": self.cluster,
            "policy": self.policy,
            "changes": list(self.changes),
            **({"error": self.error} if self.error else {}),
        }


@dataclass(frozen=True, slots=True)
class Delivery:
    """How far it came in one target cluster."""

    cluster: str
    replicas: int
    work: str
    applied: str
    """True, False, or "" when nobody said so yet."""
    health: str
    required_by: str = ""
    """The binding it follows there, when it was not placed itself."""

    def to_json(self) -> Object:
        return {
            "cluster": self.cluster,
            "replicas": self.replicas,
            **({"work": self.work} if self.work else {}),
            "applied": self.applied or "Unknown",
            **({"health": self.health} if self.health else {}),
            **({"requiredBy": self.required_by} if self.required_by else {}),
        }


@dataclass(frozen=True, slots=True)
class Account:
    """Everything that is told about one object."""

    kind: str
    namespace: str
    name: str
    policies: Sequence[PolicyVerdict]
    scheduling: Explanation | None
    overrides: Sequence[OverrideStep]
    deliveries: Sequence[Delivery]
    waits: Sequence[Wait]
    warnings: Sequence[str]

    def to_json(self) -> Object:
        return {
            "kind": self.kind,
            **({"namespace": self.namespace} if self.namespace else {}),
            "name": self.name,
            "policies": [each.to_json() for each in self.policies],
            "scheduling": None if self.scheduling is None else self.scheduling.to_json(),
            "overrides": [each.to_json() for each in self.overrides],
            "delivery": [each.to_json() for each in self.deliveries],
            "waitsFor": [each.to_json() for each in self.waits],
            "warnings": list(self.warnings),
        }


def account_of(world: World) -> Account:
    binding, template = world.binding, world.template
    scheduling = None
    if binding is not None and binding.spec.placement is not None:
        scheduling = explain(binding, Snapshot.of(world.clusters))
    return Account(
        kind=template["kind"],
        namespace=namespace_of(template),
        name=name_of(template),
        policies=policy_verdicts(world),
        scheduling=scheduling,
        overrides=override_steps(world),
        deliveries=_deliveries(world),
        waits=waits_of(world),
        warnings=[f"{event.get('reason')}: {event.get('message')}" for event in world.warnings],
    )


def override_steps(world: World) -> list[OverrideStep]:
    """What each target cluster's override policies do to the template, in the order they do it."""
    if world.binding is None:
        return []
    clusters = {cluster.metadata.name: cluster for cluster in world.clusters}
    steps: list[OverrideStep] = []
    for target in target_clusters(world.binding.spec):
        cluster = clusters.get(target.name)
        if cluster is None:
            continue
        failure: OverrideFailed | None = None
        try:
            done = overridden(
                world.template, cluster, cluster_policies=world.cluster_overrides, policies=world.overrides
            )
        except OverrideFailed as error:
            done, failure = error.done, error
        steps += [
            OverrideStep(target.name, rule.title, changes_of(rule.overriders))
            for rule in (*done.cluster_overrides, *done.overrides)
        ]
        if failure is not None:
            steps.append(OverrideStep(target.name, failure.title, (), str(failure)))
    return steps


def changes_of(overriders: Object) -> tuple[str, ...]:
    """What a rule changes, in a few words each."""
    return tuple(_change(name, item) for name, items in overriders.items() for item in items or ())


def _change(name: str, item: Object) -> str:
    operator = item.get("operator") or "replace"
    if name == "plaintext":
        return f"{operator} {item.get('path')}"
    if name == "imageOverrider":
        return (
            f"{operator} image {str(item.get('component') or '').lower()} {item.get('value') or ''}".strip()
        )
    if name in ("labelsOverrider", "annotationsOverrider"):
        keys = ", ".join(sorted(item.get("value") or {}))
        return f"{operator} {name.removesuffix('Overrider')} {keys}"
    if name in ("commandOverrider", "argsOverrider"):
        return f"{operator} {name.removesuffix('Overrider')} of container {item.get('containerName')}"
    return f"{operator} {name} {item.get('fieldPath') or ''}".strip()


def _deliveries(world: World) -> list[Delivery]:
    if world.binding is None:
        return []
    works = {work.metadata.namespace: work for work in world.works}
    states = {item.cluster_name: item for item in world.binding.status.aggregated_status}
    own = {target.name for target in world.binding.spec.clusters}
    parents = {
        target.name: f"{parent.namespace + '/' if parent.namespace else ''}{parent.name}"
        for parent in world.binding.spec.required_by
        for target in parent.clusters
    }
    return [
        _delivery(
            target.name,
            target.replicas,
            works.get(execution_namespace(target.name)),
            states.get(target.name),
            "" if target.name in own else parents.get(target.name, ""),
        )
        for target in target_clusters(world.binding.spec)
    ]


def _delivery(
    cluster: str, replicas: int, work: Work | None, state: AggregatedStatusItem | None, parent: str
) -> Delivery:
    applied = find_condition(work.status.conditions, WORK_APPLIED) if work is not None else None
    return Delivery(
        cluster=cluster,
        replicas=replicas,
        work=f"{work.metadata.namespace}/{work.metadata.name}" if work is not None else "",
        applied=applied.status if applied is not None else "",
        health=state.health if state is not None else "",
        required_by=parent,
    )
