"""How a simulation is told: a table of what would move and sums per cluster, or the same as JSON. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from karmada.api.objects import Object
from karmada.cli.printers import format_table
from scheduler.what_if import Outcome, Replicas

NOTHING = "-"


@dataclass(frozen=True, slots=True)
class Report:
    """changes: the hypothesis in words."""

    changes: Sequence[str]
    outcomes: Sequence[Outcome]

    @property
    def moving(self) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if outcome.moves]

    @property
    def failing(self) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if outcome.error]

    def per_cluster(self) -> dict[str, tuple[int, int]]:
        """Replicas before and after, of every cluster that something is or would be on."""
        sums: dict[str, list[int]] = {}
        for outcome in self.outcomes:
            for index, replicas in enumerate((outcome.before, outcome.after)):
                for cluster, count in replicas.items():
                    sums.setdefault(cluster, [0, 0])[index] += count
        return {cluster: (before, after) for cluster, (before, after) in sorted(sums.items())}

    def summary(self) -> dict[str, int]:
        return {
            "bindings": len(self.outcomes),
            "moving": len(self.moving),
            "replicasLeaving": sum(_gained(outcome.after, outcome.before) for outcome in self.moving),
            "replicasComing": sum(_gained(outcome.before, outcome.after) for outcome in self.moving),
            "unschedulable": len(self.failing),
            "replicasWithoutPlace": sum(outcome.missing for outcome in self.failing),
        }


def to_json(report: Report) -> Object:
    return {
        "changes": list(report.changes),
        "summary": report.summary(),
        "bindings": [
            {
                **({"namespace": meta.namespace} if (meta := outcome.binding.metadata).namespace else {}),
                "name": meta.name,
                "kind": outcome.binding.spec.resource.kind,
                "resource": outcome.binding.spec.resource.name,
                "replicas": outcome.binding.spec.replicas,
                "before": dict(outcome.before),
                "after": dict(outcome.after),
                **({"error": outcome.error, "reason": outcome.reason} if outcome.error else {}),
                **({"replicasWithoutPlace": outcome.missing} if outcome.missing else {}),
            }
            for outcome in report.outcomes
            if outcome.moves or outcome.error
        ],
        "clusters": [
            {"name": cluster, "before": before, "after": after}
            for cluster, (before, after) in report.per_cluster().items()
        ],
    }


def to_text(report: Report) -> str:
    parts = [f"If {', '.join(report.changes)}:" if report.changes else "As it is now:"]
    shown = [outcome for outcome in report.outcomes if outcome.moves or outcome.error]
    if shown:
        rows = [
            (
                _title(outcome),
                outcome.binding.spec.replicas or NOTHING,
                _texts(outcome.before),
                _texts(outcome.after),
            )
            for outcome in shown
        ]
        parts.append(format_table(("object", "replicas", "before", "after"), rows))
        parts += [_trouble(outcome) for outcome in report.failing]
    moved = {cluster: sums for cluster, sums in report.per_cluster().items() if sums[0] != sums[1]}
    if moved:
        rows_ = [
            (cluster, before, after, f"{after - before:+d}") for cluster, (before, after) in moved.items()
        ]
        parts.append(format_table(("cluster", "replicas before", "after", "change"), rows_))
    parts.append(_sentence(report.summary()))
    return "\n\n".join(part for part in parts if part)


def _sentence(summary: Mapping[str, int]) -> str:
    text = f"{summary['moving']} of {summary['bindings']} bindings would change"
    if summary["moving"]:
        text += f": {summary['replicasLeaving']} replicas leave, {summary['replicasComing']} come"
    if summary["unschedulable"]:
        text += f"; {summary['unschedulable']} cannot be placed as asked"
    if summary["replicasWithoutPlace"]:
        text += f", {summary['replicasWithoutPlace']} replicas would have no place"
    return text + "."


def _title(outcome: Outcome) -> str:
    resource = outcome.binding.spec.resource
    place = f"{resource.namespace}/" if resource.namespace else ""
    return f"{place}{resource.kind}/{resource.name}"


def _trouble(outcome: Outcome) -> str:
    return f"{_title(outcome)}: {outcome.reason}: {outcome.error}"


def _texts(replicas: Replicas) -> str:
    texts = [f"{cluster}:{count}" if count else cluster for cluster, count in sorted(replicas.items())]
    return " ".join(texts) or NOTHING


def _gained(before: Replicas, after: Replicas) -> int:
    """Replicas that are in after and were not in before, cluster by cluster."""
    return sum(max(0, count - before.get(cluster, 0)) for cluster, count in after.items())
