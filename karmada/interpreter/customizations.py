"""ResourceInterpreterCustomizations as a table: which scripts answer for a kind and operation. Pure.

In: the customizations there are. Out: script_table() for the declarative layer, customization_error() for
admission. Of several customizations for one kind the first by name wins each operation; dependencies are the
exception: there every script has its say.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from karmada.api.groups.config import ResourceInterpreterCustomization
from karmada.api.gvk import GroupVersionKind, split_api_version
from karmada.interpreter.operations import CONTRACTS, Operation
from karmada.interpreter.syntax import syntax_error


@dataclass(frozen=True, slots=True)
class Script:
    """A script and the customization it comes from."""

    customization: str
    source: str


ScriptTable: TypeAlias = Mapping[GroupVersionKind, Mapping[Operation, tuple[Script, ...]]]


def script_table(customizations: Iterable[ResourceInterpreterCustomization]) -> ScriptTable:
    """The scripts of every kind, those that answer only: one per operation, all for dependencies."""
    table: dict[GroupVersionKind, dict[Operation, tuple[Script, ...]]] = {}
    for customization in sorted(customizations, key=lambda each: each.metadata.name):
        scripts = table.setdefault(_target(customization), {})
        for operation, source in defined_scripts(customization).items():
            script = Script(customization.metadata.name, source)
            if operation is Operation.DEPENDENCY:
                scripts[operation] = (*scripts.get(operation, ()), script)
            else:
                scripts.setdefault(operation, (script,))
    return table


def defined_scripts(customization: ResourceInterpreterCustomization) -> dict[Operation, str]:
    """The non-empty scripts of a customization."""
    rules = customization.spec.customizations
    found = {operation: getattr(rules, contract.rule) for operation, contract in CONTRACTS.items()}
    return {operation: rule.lua_script for operation, rule in found.items() if rule and rule.lua_script}


def customization_error(
    customization: ResourceInterpreterCustomization,
    existing: Iterable[ResourceInterpreterCustomization],
) -> str:
    """Why customization must be refused beside the existing ones; "" when it is fine. The first reason wins:
    an operation that another one already defines for the kind, then a script that is not Lua."""
    mine = defined_scripts(customization)
    for other in sorted(existing, key=lambda each: each.metadata.name):
        if other.metadata.name == customization.metadata.name or _target(other) != _target(customization):
            continue
        theirs = defined_scripts(other)
        for operation in mine:
            if operation in theirs and operation is not Operation.DEPENDENCY:
                return (
                    f"conflicting with InterpreterOperation({operation}) of existing "
                    f"ResourceInterpreterCustomization({other.metadata.name})"
                )
    for operation, source in mine.items():
        if error := syntax_error(source):
            return f"InterpreterOperation({operation}) Lua script error: {error}"
    return ""


def _target(customization: ResourceInterpreterCustomization) -> GroupVersionKind:
    target = customization.spec.target
    return GroupVersionKind(*split_api_version(target.api_version), target.kind)
