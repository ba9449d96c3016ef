"""An Account as a person reads it: a paragraph per stage, the one that is stuck last. Pure."""

from collections.abc import Iterator, Sequence

from karmada.cli.journey.account import Account
from karmada.cli.journey.waits import Wait
from karmada.cli.printers import format_table
from scheduler.decide import MAX_REPLICAS
from scheduler.explain import ClusterExplained, Explanation, TrialExplained

INDENT = "  "


def account_text(account: Account) -> str:
    place = f"{account.namespace}/" if account.namespace else ""
    lines = [f"{account.kind} {place}{account.name}"]
    lines += ["", "Policies", *_policies(account)]
    if account.scheduling is not None:
        lines += ["", *_scheduling(account.scheduling)]
    if account.overrides:
        lines += ["", "Overrides", *_overrides(account)]
    if account.deliveries:
        lines += ["", "Delivery", *_deliveries(account)]
    lines += ["", *_waits(account.waits)]
    if account.warnings and account.waits:
        lines += ["", "Recent warnings", *(f"{INDENT}{text}" for text in account.warnings)]
    return "\n".join(lines)


def _policies(account: Account) -> list[str]:
    if not account.policies:
        return [f"{INDENT}there are none"]
    rows = []
    for policy in account.policies:
        word = "wins" if policy.wins else "loses" if policy.matches else "no match"
        held = " (holds it now)" if policy.holds and not policy.wins else ""
        rows.append((policy.title, word, policy.reason + held))
    return _indented(format_table(("", "", ""), rows, headers=False))


def _scheduling(found: Explanation) -> Iterator[str]:
    yield f"Placement: {found.division}"
    for trial in found.trials:
        if trial.group:
            yield f"{INDENT}affinity group {trial.group}"
        yield from _trial(trial)
        if trial.error:
            yield f"{INDENT}{trial.error}"
    if found.decision.error is not None and not any(trial.error for trial in found.trials):
        yield f"{INDENT}{found.decision.error}"


def _trial(trial: TrialExplained) -> list[str]:
    weighted = any(cluster.weight is not None for cluster in trial.clusters)
    tiered = any(cluster.tier for cluster in trial.clusters)
    header = ["CLUSTER", "VERDICT", "SCORE", "ROOM"]
    header += ["WEIGHT"] * weighted + ["TIER"] * tiered + ["REPLICAS", "WHY"]
    rows = []
    for cluster in sorted(trial.clusters, key=lambda each: (each.given is None, not each.fits, each.name)):
        row: list[object] = [cluster.name, _verdict(cluster), _score(cluster), _room(cluster)]
        row += [_figure(cluster.weight)] * weighted + [cluster.tier] * tiered
        rows.append([*row, _replicas(cluster), _why(cluster)])
    return _indented(format_table(header, rows)) if rows else [f"{INDENT}there is no cluster"]


def _verdict(cluster: ClusterExplained) -> str:
    if cluster.deleting:
        return "leaving"
    if not cluster.fits:
        return "refused"
    return "chosen" if cluster.given is not None else "fits"


def _score(cluster: ClusterExplained) -> str:
    return str(cluster.score) if cluster.scores else "-"


def _room(cluster: ClusterExplained) -> str:
    if cluster.room is None:
        return "-"
    return "any" if cluster.room == MAX_REPLICAS else str(cluster.room)


def _figure(value: int | None) -> str:
    return "-" if value is None else str(value)


def _replicas(cluster: ClusterExplained) -> str:
    if cluster.given is None:
        return "-" if cluster.held is None else f"gone (had {cluster.held})"
    if cluster.held is not None and cluster.held != cluster.given:
        return f"{cluster.given} (has {cluster.held})"
    return str(cluster.given)


def _why(cluster: ClusterExplained) -> str:
    if cluster.deleting:
        return "the cluster is being removed"
    if cluster.refusals:
        return "; ".join(f"{refusal.plugin}: {refusal.reason}" for refusal in cluster.refusals)
    if cluster.given is not None:
        return (
            ", ".join(f"{plugin} {score}" for plugin, score in cluster.scores if score)
            or "passes every filter"
        )
    return (
        "passes every filter, got nothing" if cluster.selected else "passes every filter, others were better"
    )


def _overrides(account: Account) -> list[str]:
    rows = [
        (step.cluster, step.policy, f"FAILED: {step.error}" if step.error else "; ".join(step.changes))
        for step in account.overrides
    ]
    return _indented(format_table(("", "", ""), rows, headers=False))


def _deliveries(account: Account) -> list[str]:
    header = ("CLUSTER", "REPLICAS", "APPLIED", "HEALTH", "WORK")
    rows = [
        (
            each.cluster,
            each.replicas,
            each.applied or "not yet",
            each.health or "-",
            each.work + (f" (follows {each.required_by})" if each.required_by else "") or "-",
        )
        for each in account.deliveries
    ]
    return _indented(format_table(header, rows))


def _waits(waits: Sequence[Wait]) -> Iterator[str]:
    if not waits:
        yield "Waits for nothing: everything is where it should be."
        return
    yield "Waits"
    for wait in waits:
        where = f"{wait.cluster}: " if wait.cluster else ""
        yield f"{INDENT}{where}{wait.text}"
        if wait.next:
            yield f"{INDENT}{INDENT}-> {wait.next}"


def _indented(table: str) -> list[str]:
    return [INDENT + line for line in table.splitlines()]
