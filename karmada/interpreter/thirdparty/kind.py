"""Kind: the rules for one kind of a project, an operation each.

In: rules, pure functions as in native/*.py. Out: what layer.py asks. A rule that is not given must not
be asked: catalogue.py lists those that are.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

from karmada.api.groups.config import DependentObjectReference
from karmada.api.groups.work import Component
from karmada.api.objects import Object
from karmada.interpreter.errors import InterpreterError
from karmada.interpreter.native.aggregate import Rule
from karmada.interpreter.native.replicas import Replicas
from karmada.interpreter.operations import Operation


def unknown(*_: object) -> NoReturn:
    """The rule of an operation that a kind does not have."""
    raise InterpreterError("nothing is known about this operation for this kind")


@dataclass(frozen=True, slots=True)
class Kind:
    """Rules raise what errors.ask turns into an InterpreterError; they change no argument."""

    replicas: Callable[[Object], Replicas] = unknown
    components: Callable[[Object], list[Component]] = unknown
    revise: Callable[[Object, int], Object] = unknown
    retain: Callable[[Object, Object], Object] = unknown
    """(desired, observed) -> desired."""
    aggregate: Rule = unknown
    """(template, items by cluster, now) -> the whole new status, or None to leave the old one alone."""
    reflect: Callable[[Object], Object] = unknown
    healthy: Callable[[Object], bool] = unknown
    dependencies: Callable[[Object], Sequence[DependentObjectReference]] = unknown

    def operations(self) -> frozenset[Operation]:
        """What this kind has a rule for."""
        return frozenset(operation for operation, name in RULES.items() if getattr(self, name) is not unknown)


RULES: Final = {
    Operation.REPLICA: "replicas",
    Operation.COMPONENT: "components",
    Operation.REVISE_REPLICA: "revise",
    Operation.RETAIN: "retain",
    Operation.AGGREGATE_STATUS: "aggregate",
    Operation.STATUS: "reflect",
    Operation.HEALTH: "healthy",
    Operation.DEPENDENCY: "dependencies",
}
"""The attribute of Kind that answers an operation."""
