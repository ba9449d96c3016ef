"""Operations: what can be asked about an object, and what a customization's script must look like to answer.

Used by every layer; light enough for the processes that run scripts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Operation(StrEnum):
    """What can be asked; the values are those of interpreter configurations."""

    REPLICA = "InterpretReplica"
    COMPONENT = "InterpretComponent"
    REVISE_REPLICA = "ReviseReplica"
    RETAIN = "Retain"
    AGGREGATE_STATUS = "AggregateStatus"
    STATUS = "InterpretStatus"
    HEALTH = "InterpretHealth"
    DEPENDENCY = "InterpretDependency"


@dataclass(frozen=True, slots=True)
class Contract:
    """How a customization answers one operation."""

    rule: str
    """The attribute of CustomizationRules that holds the script."""
    function: str
    """The global function that the script defines; fixed, unlike the names of its parameters."""
    returns: tuple[str, ...]
    """number, boolean, object or list per returned value; with ? when it may be nil."""
    keeps_empties: bool = False
    """Empty objects and lists of the arguments come back as what they were; elsewhere they are dropped."""


CONTRACTS: Final[Mapping[Operation, Contract]] = {
    Operation.RETAIN: Contract("retention", "Retain", ("object",), keeps_empties=True),
    Operation.REPLICA: Contract("replica_resource", "GetReplicas", ("number", "object?")),
    Operation.COMPONENT: Contract("component_resource", "GetComponents", ("list?",)),
    Operation.REVISE_REPLICA: Contract("replica_revision", "ReviseReplica", ("object",), keeps_empties=True),
    Operation.STATUS: Contract("status_reflection", "ReflectStatus", ("object",)),
    Operation.AGGREGATE_STATUS: Contract("status_aggregation", "AggregateStatus", ("object",)),
    Operation.HEALTH: Contract("health_interpretation", "InterpretHealth", ("boolean",)),
    Operation.DEPENDENCY: Contract("dependency_interpretation", "GetDependencies", ("list",)),
}
"""In the order in which customizations are checked and listed."""
