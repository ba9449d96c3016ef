"""What `interpret` does with customizations: check them, run them on files, and lay them out for an editor.

In: ResourceInterpreterCustomizations and objects of files; no cluster is asked. Out: reports, result
documents, a `.lua` text and back. The scripts run where the controllers run them: in the interpreter's
sandbox.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from karmada.api.codec import dump_yaml
from karmada.api.groups.config import ResourceInterpreterCustomization
from karmada.api.groups.work import AggregatedStatusItem
from karmada.api.objects import Object
from karmada.cli.scope import CommandError
from karmada.interpreter.declarative import DeclarativeLayer
from karmada.interpreter.operations import CONTRACTS, Operation
from karmada.interpreter.pool import ScriptPool
from karmada.interpreter.syntax import syntax_error

RULE: Final = "-" * 35
RESULTS: Final[Mapping[Operation, tuple[str, ...]]] = {
    Operation.RETAIN: ("retained",),
    Operation.REPLICA: ("replica", "requires"),
    Operation.COMPONENT: ("components",),
    Operation.REVISE_REPLICA: ("revised",),
    Operation.STATUS: ("status",),
    Operation.AGGREGATE_STATUS: ("aggregatedStatus",),
    Operation.HEALTH: ("healthy",),
    Operation.DEPENDENCY: ("dependencies",),
}
FIELDS: Final[Mapping[Operation, str]] = {
    Operation.RETAIN: "retention",
    Operation.REPLICA: "replicaResource",
    Operation.COMPONENT: "componentResource",
    Operation.REVISE_REPLICA: "replicaRevision",
    Operation.STATUS: "statusReflection",
    Operation.AGGREGATE_STATUS: "statusAggregation",
    Operation.HEALTH: "healthInterpretation",
    Operation.DEPENDENCY: "dependencyInterpretation",
}
PARAMETERS: Final[Mapping[Operation, str]] = {
    Operation.RETAIN: "desiredObj, observedObj",
    Operation.REVISE_REPLICA: "obj, desiredReplica",
    Operation.AGGREGATE_STATUS: "obj, items",
}


@dataclass(frozen=True, slots=True)
class Inputs:
    """What an operation is tried on."""

    observed: Object | None = None
    desired: Object | None = None
    items: Sequence[AggregatedStatusItem] = ()
    replicas: int = 0


# --- check ------------------------------------------------------------------------------------------


def scripts_of(customization: Object) -> dict[Operation, str]:
    rules = (customization.get("spec") or {}).get("customizations") or {}
    return {operation: (rules.get(field) or {}).get("luaScript") or "" for operation, field in FIELDS.items()}


def report(customization: Object, source: str) -> tuple[list[str], bool]:
    """The lines of a check, and whether every script is Lua."""
    target = (customization.get("spec") or {}).get("target") or {}
    lines = [
        RULE,
        f"SOURCE: {source}",
        f"TARGET: {target.get('apiVersion', '')} {target.get('kind', '')}",
        "RULERS:",
    ]
    fine = True
    for operation, script in scripts_of(customization).items():
        verdict = "UNSET"
        if script:
            problem = syntax_error(script)
            verdict = f"ERROR: {problem}" if problem else "PASS"
            fine = fine and not problem
        lines.append(f"    {operation + ':':<22}{verdict}")
    return lines, fine


# --- execute ----------------------------------------------------------------------------------------


def operation_named(text: str) -> Operation:
    """Raises CommandError, listing the valid ones."""
    for operation in Operation:
        if operation.value.lower() == text.lower():
            return operation
    known = ", ".join(operation.value for operation in FIELDS)
    raise CommandError(f"operation {text} is not supported, valid operations are: {known}")


async def execute(
    customizations: Sequence[ResourceInterpreterCustomization], operation: Operation, inputs: Inputs
) -> list[str]:
    """A document per result. Raises CommandError for missing inputs, InterpreterError of the script."""
    if inputs.observed is None and inputs.desired is None:
        raise CommandError("observed file (--observed-file) is needed, or a desired one for a template")
    async with ScriptPool() as scripts:
        layer = DeclarativeLayer(customizations=lambda: customizations, scripts=scripts)
        values = await _asked(layer, operation, inputs)
    names = RESULTS[operation]
    return [
        f"---\n# [{number}/{len(names)}] {name}:\n{dump_yaml(value).rstrip()}"
        for number, (name, value) in enumerate(zip(names, values, strict=True), start=1)
    ]


async def _asked(layer: DeclarativeLayer, operation: Operation, inputs: Inputs) -> tuple[Any, ...]:
    obj = inputs.observed if inputs.observed is not None else inputs.desired
    assert obj is not None
    match operation:
        case Operation.RETAIN:
            if inputs.desired is None or inputs.observed is None:
                raise CommandError("Retain needs --desired-file and --observed-file")
            return (await layer.retain(inputs.desired, inputs.observed),)
        case Operation.REPLICA:
            count, requirements = await layer.get_replicas(obj)
            return count, requirements.to_json() if requirements is not None else None
        case Operation.COMPONENT:
            return ([component.to_json() for component in await layer.get_components(obj)],)
        case Operation.REVISE_REPLICA:
            return (await layer.revise_replica(obj, inputs.replicas),)
        case Operation.STATUS:
            return (await layer.reflect_status(obj),)
        case Operation.AGGREGATE_STATUS:
            return (await layer.aggregate_status(obj, inputs.items),)
        case Operation.HEALTH:
            return (await layer.interpret_health(obj),)
        case Operation.DEPENDENCY:
            return ([reference.to_json() for reference in await layer.get_dependencies(obj)],)


# --- edit -------------------------------------------------------------------------------------------


def as_lua(customization: Object, *, documented: bool) -> str:
    """The scripts one after another, each under its marker."""
    target = (customization.get("spec") or {}).get("target") or {}
    lines = [
        "-- Edit the rules below. Lines that begin with --- are markers: leave them as they are.",
        f"---@name: {(customization.get('metadata') or {}).get('name', '')}",
        f"---@apiVersion: {target.get('apiVersion', '')}",
        f"---@kind: {target.get('kind', '')}",
    ]
    for operation, script in scripts_of(customization).items():
        lines.append(f"---@rule: {operation}")
        if documented:
            parameters = PARAMETERS.get(operation, "obj")
            returned = ", ".join(CONTRACTS[operation].returns)
            lines.append(f"-- function {CONTRACTS[operation].function}({parameters}) -- returns {returned}")
        lines.extend(script.rstrip("\n").split("\n") if script else [""])
    return "\n".join(lines) + "\n"


def from_lua(text: str, customization: Object) -> Object:
    """customization with the scripts of an edited text; an empty rule is left out. Raises CommandError."""
    found: dict[Operation, list[str]] = {}
    current: list[str] | None = None
    for line in text.splitlines():
        marker = re.fullmatch(r"---@rule:\s*(\S+)\s*", line)
        if marker is not None:
            current = found.setdefault(operation_named(marker[1]), [])
        elif current is not None and not _is_documentation(line):
            current.append(line)
    rules = dict((customization.get("spec") or {}).get("customizations") or {})
    for operation, lines in found.items():
        script = "\n".join(lines).strip("\n")
        if script.strip():
            rules[FIELDS[operation]] = {**(rules.get(FIELDS[operation]) or {}), "luaScript": script + "\n"}
        else:
            rules.pop(FIELDS[operation], None)
    return {**customization, "spec": {**(customization.get("spec") or {}), "customizations": rules}}


def _is_documentation(line: str) -> bool:
    return any(line.startswith(f"-- function {contract.function}(") for contract in CONTRACTS.values())


def problems(customization: Object) -> Iterator[str]:
    for operation, script in scripts_of(customization).items():
        if script and (problem := syntax_error(script)):
            yield f"{operation}: {problem}"
