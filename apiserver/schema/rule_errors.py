"""Whether the rules in CEL of a schema may be used: judged when a CustomResourceDefinition is written.

In: an openAPIV3Schema, its path. Out: field errors in Kubernetes' words: first what is wrong as written, and
only where nothing is, what does not compile or could cost too much.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from apiserver.schema.bounds import Step, plain_text
from apiserver.schema.cel import CompileError, Program, ResultError, compile_program
from apiserver.schema.cel.types import BOOL, DYN, STRING
from apiserver.schema.custom import root_node
from apiserver.schema.node import Node
from apiserver.schema.rule import path_steps, variables_of
from apiserver.schema.rule_types import MAX_REQUEST_BYTES, least_bytes, type_of
from karmada.api.errors import FieldError

RULE_LIMIT: Final = 10_000_000
SCHEMA_LIMIT: Final = 100_000_000
MAX_MESSAGE_CHARACTERS: Final = 2048
_ADVICE: Final = (
    "(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and "
    "strings are declared)"
)


@dataclass(frozen=True, slots=True)
class _Place:
    """A node with rules, where it is, and how often it can occur in one object."""

    node: Node
    path: str
    is_root: bool
    count: float
    uncorrelatable: str
    """The path of the list or map above through which no predecessor is found; "" when one is."""

    def entries(self) -> Iterator[tuple[Mapping[str, Any], str]]:
        for index, entry in enumerate(self.node.rules):
            yield entry, f"{self.path}.x-kubernetes-validations[{index}]"


def rule_errors(schema: Mapping[str, Any], path: str) -> list[FieldError]:
    places = list(_places(root_node(schema), path, is_root=True))
    errors = [error for place in places for error in _written_errors(place)]
    return errors or _compiled_errors(places, path)


def _places(
    node: Node, path: str, *, is_root: bool = False, count: float = 1, uncorrelatable: str = ""
) -> Iterator[_Place]:
    """Those below first."""
    for name, child in node.properties.items():
        yield from _places(child, f"{path}.properties[{name}]", count=count, uncorrelatable=uncorrelatable)
    own = type_of(node, is_root=is_root)
    times = count * (own.max_size or 1) if own is not None else count
    if node.items is not None:
        bound = times if own is not None else count * MAX_REQUEST_BYTES / (least_bytes(node.items) + 1)
        lost = uncorrelatable or ("" if node.list_type == "map" else path)
        yield from _places(node.items, f"{path}.items", count=bound, uncorrelatable=lost)
    if node.additional is not None:
        yield from _places(
            node.additional, f"{path}.additionalProperties", count=times, uncorrelatable=uncorrelatable
        )
    if node.rules:
        yield _Place(node, path, is_root or node.embedded_resource, count, uncorrelatable)


# -- as written ---------------------------------------------------------------------------------------------


def _invalid(path: str, value: Any, text: str) -> FieldError:
    return FieldError("FieldValueInvalid", path, f"Invalid value: {plain_text(value)}: {text}")


def _forbidden(path: str, text: str) -> FieldError:
    return FieldError("FieldValueForbidden", path, f"Forbidden: {text}")


def _written_errors(place: _Place) -> Iterator[FieldError]:
    for entry, below in place.entries():
        if not (entry.get("rule") or "").strip():
            text = "Required value: rule is not specified"
            yield FieldError("FieldValueRequired", f"{below}.rule", text)
        for key in ("message", "messageExpression"):
            given = entry.get(key) or ""
            if given and not given.strip():
                yield _invalid(f"{below}.{key}", given, "must be non-empty if specified")
        message = (entry.get("message") or "").strip()
        if "\n" in message:
            yield _invalid(f"{below}.message", entry["message"], "must not contain line breaks")
        if len(message) > MAX_MESSAGE_CHARACTERS:
            shown = f"{message[:10]}..."
            text = f"message must have a maximum length of {MAX_MESSAGE_CHARACTERS} characters"
            yield _invalid(f"{below}.message", shown, text)
        path = entry.get("fieldPath") or ""
        if path and not _leads(place.node, path_steps(path)):
            yield _invalid(f"{below}.fieldPath", path, "must be a valid path")


def _leads(node: Node, steps: tuple[Step, ...] | None) -> bool:
    """Whether the schema knows the place that steps lead to."""
    if not steps:
        return False
    current: Node | None = node
    for step in steps:
        current = (current.properties.get(str(step)) or current.additional) if current is not None else None
    return current is not None


# -- as compiled --------------------------------------------------------------------------------------------


def _compiled_errors(places: list[_Place], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    costs: list[tuple[str, float]] = []
    for place in places:
        for entry, below in place.entries():
            _judge(place, entry, below, errors, costs)
    total = sum(cost for _, cost in costs)
    if total > SCHEMA_LIMIT:
        text = "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema"
        errors += [_forbidden(field, text) for field, cost in costs if cost > SCHEMA_LIMIT / 100]
        factor = _factor(total / SCHEMA_LIMIT)
        text = f"x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema {factor}"
        errors.append(_forbidden(path, text))
    return errors


def _judge(
    place: _Place,
    entry: Mapping[str, Any],
    below: str,
    errors: list[FieldError],
    costs: list[tuple[str, float]],
) -> None:
    self_type = type_of(place.node, is_root=place.is_root) or DYN
    old_optional = bool(entry.get("optionalOldSelf"))
    variables = variables_of(self_type, old_optional=old_optional)

    def compiled(key: str, compile_it: Callable[[], Program], wrong: str, prefix: str) -> Program | None:
        try:
            program = compile_it()
        except CompileError as error:
            errors.append(_invalid_rule(f"{below}.{key}", entry, f"{prefix}compilation failed: {error}"))
            return None
        except ResultError:
            errors.append(_invalid_rule(f"{below}.{key}", entry, wrong))
            return None
        cost = program.estimate * place.count
        costs.append((f"{below}.{key}", cost))
        if cost > RULE_LIMIT:
            text = f"estimated {key} cost {_factor(cost / RULE_LIMIT)}"
            errors.append(_forbidden(f"{below}.{key}", text))
        return program

    rule = compiled(
        "rule",
        lambda: compile_program(entry["rule"], variables, result=[BOOL]),
        "cel expression must evaluate to a bool",
        "",
    )
    if rule is not None:
        errors.extend(_transition_errors(place, entry, rule, below))
    if entry.get("messageExpression"):
        compiled(
            "messageExpression",
            lambda: compile_program(entry["messageExpression"], variables, result=[STRING]),
            "messageExpression must evaluate to a string",
            "messageExpression ",
        )


def _transition_errors(
    place: _Place, entry: Mapping[str, Any], rule: Program, below: str
) -> Iterator[FieldError]:
    looks_back = "oldSelf" in rule.variables
    if looks_back and place.uncorrelatable:
        text = "oldSelf cannot be used on the uncorrelatable portion of the schema within "
        yield _invalid(f"{below}.rule", entry["rule"], text + place.uncorrelatable)
    if not looks_back and entry.get("optionalOldSelf") is not None:
        text = "may not be set if oldSelf is not used in rule"
        yield _invalid(f"{below}.optionalOldSelf", entry["optionalOldSelf"], text)


def _factor(times: float) -> str:
    words = "more than 100x" if times > 100 else f"{times:.1f}x"
    return f"exceeds budget by factor of {words} {_ADVICE}"


def _invalid_rule(path: str, entry: Mapping[str, Any], text: str) -> FieldError:
    """The whole entry is shown, as kube-apiserver knows it inside."""
    shown = {
        "Rule": entry.get("rule") or "",
        "Message": entry.get("message") or "",
        "MessageExpression": entry.get("messageExpression") or "",
        "Reason": entry.get("reason"),
        "FieldPath": entry.get("fieldPath") or "",
        "OptionalOldSelf": entry.get("optionalOldSelf"),
    }
    value = json.dumps(shown, separators=(",", ":"), ensure_ascii=False)
    for mark in "<>&":
        value = value.replace(mark, f"\\u{ord(mark):04x}")
    return FieldError("FieldValueInvalid", path, f"Invalid value: {value}: {text}")
