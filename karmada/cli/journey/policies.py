"""Which policy wins a template, and why each other one does not. Pure.

In: a World. Out: a PolicyVerdict per policy, the winner first. The winner is that of
controllers.detector.matching; here its rule is only put into words.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from controllers.detector.claim import claim_of
from controllers.detector.matching import explicit_priority, winner
from karmada.api.groups.policy import PropagationPolicy, ResourceSelector
from karmada.api.objects import Object, labels_of, name_of, namespace_of
from karmada.api.selection import MATCHES_ALL, MATCHES_LABELS, NO_MATCH, highest_rank
from karmada.cli.journey.world import World

PRECISION = {0: "not at all", MATCHES_ALL: "by kind", MATCHES_LABELS: "by labels", 3: "by name"}


@dataclass(frozen=True, slots=True)
class PolicyVerdict:
    """One policy about one template."""

    kind: str
    namespace: str
    name: str
    matches: bool
    wins: bool
    holds: bool
    """It is the policy the template is claimed by now."""
    reason: str

    @property
    def title(self) -> str:
        return f"{self.kind} {self.namespace + '/' if self.namespace else ''}{self.name}"

    def to_json(self) -> Object:
        return {
            "kind": self.kind,
            **({"namespace": self.namespace} if self.namespace else {}),
            "name": self.name,
            "matches": self.matches,
            "wins": self.wins,
            "holds": self.holds,
            "reason": self.reason,
        }


def winning_policy(world: World) -> PropagationPolicy | None:
    """A namespaced policy goes before any cluster policy."""
    return winner(world.namespaced_policies, world.template) or winner(world.cluster_policies, world.template)


def policy_verdicts(world: World) -> list[PolicyVerdict]:
    """The winner first, then those that match, then the others."""
    best = winning_policy(world)
    claim = claim_of(world.template)
    verdicts = []
    for policy in (*world.namespaced_policies, *world.cluster_policies):
        meta = policy.metadata
        rank = highest_rank(policy.spec.resource_selectors, world.template)
        holds = claim is not None and (claim.namespace, claim.name) == (meta.namespace, meta.name)
        verdicts.append(
            PolicyVerdict(
                kind="PropagationPolicy" if meta.namespace else "ClusterPropagationPolicy",
                namespace=meta.namespace,
                name=meta.name,
                matches=rank != NO_MATCH,
                wins=policy is best,
                holds=holds,
                reason=_reason(policy, best, world.template, rank),
            )
        )
    return sorted(
        verdicts, key=lambda each: (not each.wins, not each.matches, each.namespace == "", each.name)
    )


def _reason(policy: PropagationPolicy, best: PropagationPolicy | None, template: Object, rank: int) -> str:
    if rank == NO_MATCH:
        return mismatch(policy.spec.resource_selectors, template)
    how = f"selects it {PRECISION[rank]}, priority {explicit_priority(policy)}"
    if policy is best:
        return how
    if policy.metadata.deletion_timestamp:
        return "is being deleted"
    assert best is not None  # a policy that matches and stays has at least itself as a winner
    if best.metadata.namespace and not policy.metadata.namespace:
        return f"{how}; a namespaced policy goes first"
    if explicit_priority(best) != explicit_priority(policy):
        return f"{how}; {best.metadata.name} has priority {explicit_priority(best)}"
    best_rank = highest_rank(best.spec.resource_selectors, template)
    if best_rank != rank:
        return f"{how}; {best.metadata.name} selects it {PRECISION[best_rank]}, which is more precise"
    return f"{how}; {best.metadata.name} comes first in the alphabet"


def mismatch(selectors: Sequence[ResourceSelector], template: Object) -> str:
    """Why none of the selectors means the template: what the nearest one lacks."""
    if not selectors:
        return "has no resource selectors"
    return max((_difference(selector, template) for selector in selectors), key=lambda found: found[0])[1]


def _difference(selector: ResourceSelector, template: Object) -> tuple[int, str]:
    """How near a selector comes, and the first thing that differs."""
    if selector.kind != template.get("kind"):
        return 0, f"selects {selector.kind}, not {template.get('kind')}"
    if selector.api_version != template.get("apiVersion"):
        return 1, f"selects {selector.kind} of {selector.api_version}, not of {template.get('apiVersion')}"
    if selector.namespace and selector.namespace != namespace_of(template):
        return 2, f"selects in namespace {selector.namespace}"
    if selector.name:
        return 3, f'selects {selector.kind} "{selector.name}", not "{name_of(template)}"'
    wanted = selector.label_selector
    labels = ",".join(f"{key}={value}" for key, value in sorted(labels_of(template).items())) or "none"
    asked = ",".join(f"{key}={value}" for key, value in sorted(wanted.match_labels.items())) if wanted else ""
    return 4, f"its label selector{' ' + asked if asked else ''} does not match; the labels are: {labels}"
