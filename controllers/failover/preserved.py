"""State that moves with a workload: labels made from what a cluster reports. Pure.

In: the rules of a policy, the aggregated status. Out: labels for the new copy. Raises StateNotPreserved when
a rule cannot be followed: moving without the state would lose it.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

import orjson

from karmada.api.errors import ApiError
from karmada.api.groups.policy import StatePreservation
from karmada.api.groups.work import AggregatedStatusItem

_EXPRESSION: Final = re.compile(r"\{([^{}]*)\}")
_STEP: Final = re.compile(r"\.((?:\\.|[^.\[\]\\])+)|\[(-?\d+)\]|\['([^']*)'\]|\[\"([^\"]*)\"\]")


class StateNotPreserved(ApiError):
    """What should move with the workload is not there."""

    code, reason = 422, "Invalid"


def preserved_labels(
    preservation: StatePreservation | None, items: Iterable[AggregatedStatusItem], cluster: str
) -> dict[str, str]:
    """The labels that the rules make of the status of one cluster; none without rules."""
    if preservation is None or not preservation.rules:
        return {}
    status = next((item.status for item in items if item.cluster_name == cluster), None)
    if status is None:
        raise StateNotPreserved(f"the target cluster({cluster}) has no status to preserve state from")
    return {rule.alias_label_name: expanded(rule.json_path, status) for rule in preservation.rules}


def expanded(template: str, status: Any) -> str:
    """template with each `{.path.to[0].value}` replaced by what is there; other text is kept."""
    parts, end = [], 0
    for match in _EXPRESSION.finditer(template):
        parts += [template[end : match.start()], _printed(_value_at(match[1], status))]
        end = match.end()
    return "".join([*parts, template[end:]])


def _value_at(path: str, status: Any) -> Any:
    value = status
    for step in _steps(path.strip()):
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError) as error:
            raise StateNotPreserved(f"jsonPath {{{path}}}: {step} is not found") from error
    return value


def _steps(path: str) -> Iterator[str | int]:
    """The names and indexes of a path."""
    rest = path.removeprefix("$").removeprefix("@")
    position = 0
    while position < len(rest) and rest[position:] != ".":
        match = _STEP.match(rest, position)
        if match is None:
            raise StateNotPreserved(f"jsonPath {{{path}}} is not understood: use names and indexes")
        name, index, *quoted = match.groups()
        if index is not None:
            yield int(index)
        else:
            yield re.sub(r"\\(.)", r"\1", name) if name is not None else next(filter(None, quoted), "")
        position = match.end()


def _printed(value: Any) -> str:
    """As Kubernetes prints JSONPath results."""
    if isinstance(value, str):
        return value
    if value is None:
        return "<nil>"
    return orjson.dumps(value).decode()
