"""Label and field selectors: text or JSON in, a matcher out. Pure; parse once, match often.

Grammar and messages are those of kube-apiserver, so that a bad selector is explained in the words users know.
Raises InvalidSelector, a BadRequest.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from typing_extensions import override

from karmada.api.errors import BadRequest
from karmada.api.groups.meta import LabelSelector, NodeSelectorRequirement
from karmada.api.validation import label_value_errors, qualified_name_errors

_NO_INTEGER: Final = "for 'Gt', 'Lt' operators, the value must be an integer"
_INTEGER: Final = re.compile(r"[+-]?[0-9]+")
_TOKEN: Final = re.compile(r"\s*(==|!=|[=!(),<>]|[^=!(),<>\s]+)")
_SYMBOLS: Final = frozenset(["==", "!=", "=", "!", "(", ")", ",", "<", ">"])
_OPERATORS: Final = {
    "in": "in",
    "notin": "notin",
    "=": "=",
    "==": "=",
    "!=": "!=",
    ">": "gt",
    "<": "lt",
}
_OBJECT_OPERATORS: Final = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}
_NODE_OPERATORS: Final = {**_OBJECT_OPERATORS, "Gt": "gt", "Lt": "lt"}


class InvalidSelector(BadRequest):
    """A selector that cannot be understood."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on a label. operator: in, notin, =, !=, exists, ! (absent), gt, lt."""

    key: str
    operator: str
    values: frozenset[str] = frozenset()

    def matches(self, labels: Mapping[str, str]) -> bool:
        value = labels.get(self.key)
        match self.operator:
            case "=" | "in":
                return value is not None and value in self.values
            case "!=" | "notin":
                return value is None or value not in self.values
            case "exists":
                return value is not None
            case "!":
                return value is None
        return value is not None and self._compares(value)

    def _compares(self, value: str) -> bool:
        if not _INTEGER.fullmatch(value):
            return False
        (bound,) = self.values
        return int(value) > int(bound) if self.operator == "gt" else int(value) < int(bound)

    @override
    def __str__(self) -> str:
        values = sorted(self.values)
        match self.operator:
            case "exists":
                return self.key
            case "!":
                return f"!{self.key}"
            case "in" | "notin":
                return f"{self.key} {self.operator} ({','.join(values) or ','})"
            case "gt" | "lt":
                return f"{self.key}{'>' if self.operator == 'gt' else '<'}{values[0]}"
        return f"{self.key}{self.operator}{values[0]}"


@dataclass(frozen=True, slots=True)
class LabelMatcher:
    """Requirements that must all hold. Without any it matches everything, as nothing it matches nothing."""

    requirements: tuple[Requirement, ...] = ()
    nothing: bool = False

    def matches(self, labels: Mapping[str, str]) -> bool:
        if self.nothing:
            return False
        for requirement in self.requirements:  # noqa: SIM110 - all() with a generator is twice as slow
            if not requirement.matches(labels):
                return False
        return True

    @property
    def is_everything(self) -> bool:
        return not self.requirements and not self.nothing

    @override
    def __str__(self) -> str:
        """The selector's text, requirements sorted by key; parses back to an equal matcher."""
        return ",".join(map(str, sorted(self.requirements, key=lambda requirement: requirement.key)))


EVERYTHING: Final = LabelMatcher()
NOTHING: Final = LabelMatcher(nothing=True)


def parse_label_selector(text: str) -> LabelMatcher:
    """The matcher of `a=b,c in (d,e),!f`; "" matches everything. Raises InvalidSelector."""
    return LabelMatcher(tuple(_Parser(text).requirements())) if text else EVERYTHING


def from_label_selector(selector: LabelSelector | Mapping[str, Any] | None) -> LabelMatcher:
    """The matcher of a selector in an object; None matches nothing, an empty one everything.

    Raises InvalidSelector for unknown operators, misplaced values and malformed keys or values.
    """
    if selector is None:
        return NOTHING
    if isinstance(selector, LabelSelector):
        labels = selector.match_labels
        expressions = [(item.key, item.operator, item.values) for item in selector.match_expressions]
    else:
        labels = selector.get("matchLabels") or {}
        expressions = [
            (item.get("key") or "", item.get("operator") or "", item.get("values") or [])
            for item in selector.get("matchExpressions") or []
        ]
    requirements = [_requirement(key, "=", [value]) for key, value in labels.items()]
    for key, operator, values in expressions:
        known = _OBJECT_OPERATORS.get(operator)
        if known is None:
            raise InvalidSelector(f'"{operator}" is not a valid label selector operator')
        requirements.append(_requirement(key, known, values))
    return LabelMatcher(tuple(requirements))


def from_node_selector(expressions: Iterable[NodeSelectorRequirement]) -> LabelMatcher:
    """The matcher of matchExpressions that also know Gt and Lt, as nodes and Clusters are selected by.

    Raises InvalidSelector as from_label_selector does.
    """
    requirements = []
    for item in expressions:
        known = _NODE_OPERATORS.get(item.operator)
        if known is None:
            raise InvalidSelector(f'"{item.operator}" is not a valid node selector operator')
        if known in ("gt", "lt") and len(item.values) != 1:
            raise InvalidSelector("for 'Gt', 'Lt' operators, exactly one value is required")
        requirements.append(_requirement(item.key, known, item.values))
    return LabelMatcher(tuple(requirements))


def from_labels(labels: Mapping[str, str]) -> LabelMatcher:
    """The matcher of a plain label map such as a Service's spec.selector; nothing is checked."""
    return LabelMatcher(tuple(Requirement(key, "=", frozenset([value])) for key, value in labels.items()))


def _requirement(key: str, operator: str, values: Iterable[str], *, checked_key: bool = False) -> Requirement:
    ordered = sorted(set(values))
    errors = [] if checked_key else _key_errors("key", key)
    errors += _operand_errors(operator, ordered)
    for index, value in enumerate(ordered):
        if broken := label_value_errors(value):
            errors.append(f'values[{index}][{key}]: Invalid value: "{value}": {"; ".join(broken)}')
    if errors:
        raise InvalidSelector(errors[0] if len(errors) == 1 else "[" + ", ".join(errors) + "]")
    return Requirement(key, operator, frozenset(ordered))


def _key_errors(path: str, key: str) -> list[str]:
    broken = qualified_name_errors(key)
    return [f'{path}: Invalid value: "{key}": {"; ".join(broken)}'] if broken else []


def _operand_errors(operator: str, values: list[str]) -> list[str]:
    match operator:
        case "in" | "notin" if not values:
            return ["values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty"]
        case "exists" | "!" if values:
            shown = ", ".join(f'"{value}"' for value in values)
            return [
                f"values: Invalid value: [{shown}]: values set must be empty for exists and does not exist"
            ]
        case "gt" | "lt":
            return [
                f'values[{index}]: Invalid value: "{value}": {_NO_INTEGER}'
                for index, value in enumerate(values)
                if not _INTEGER.fullmatch(value)
            ]
    return []


class _Parser:
    """Recursive descent over the tokens of one selector."""

    def __init__(self, text: str) -> None:
        self.tokens = [match.group(1) for match in _TOKEN.finditer(text)]
        self.position = 0

    def peek(self) -> str:
        """The next token; "" at the end."""
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.position += 1
        return token

    def requirements(self) -> Iterable[Requirement]:
        while token := self.peek():
            if token in _SYMBOLS and token != "!":
                raise InvalidSelector(f"found '{token}', expected: !, identifier, or 'end of string'")
            try:
                yield self.requirement()
            except InvalidSelector as error:
                raise InvalidSelector(f"unable to parse requirement: {error.message}") from None
            separator = self.take()
            if not separator:
                return
            if separator != ",":
                raise InvalidSelector(f"found '{separator}', expected: ',' or 'end of string'")
            following = self.peek()
            if not following or (following in _SYMBOLS and following != "!"):
                raise InvalidSelector(f"found '{following}', expected: identifier after ','")

    def requirement(self) -> Requirement:
        absent = self.peek() == "!"
        if absent:
            self.take()
        key = self.take()
        if not key or key in _SYMBOLS:
            raise InvalidSelector(f"found '{key}', expected: identifier")
        if errors := _key_errors("<nil>", key):
            raise InvalidSelector(errors[0])
        if self.peek() in ("", ","):
            return _requirement(key, "!" if absent else "exists", [], checked_key=True)
        if absent:
            return _requirement(key, "!", [], checked_key=True)
        found = self.take()
        operator = _OPERATORS.get(found)
        if operator is None:
            raise InvalidSelector(f"found '{found}', expected: in, notin, =, ==, !=, gt, lt")
        values = self.values() if operator in ("in", "notin") else [self.exact_value()]
        return _requirement(key, operator, values, checked_key=True)

    def exact_value(self) -> str:
        if self.peek() in ("", ","):
            return ""
        token = self.take()
        if token in _SYMBOLS:
            raise InvalidSelector(f"found '{token}', expected: identifier")
        return token

    def values(self) -> list[str]:
        opening = self.take()
        if opening != "(":
            raise InvalidSelector(f"found '{opening}' expected: '('")
        first = self.peek()
        if first == ")":
            self.take()
            return []
        if not first or (first in _SYMBOLS and first != ","):
            raise InvalidSelector(f"found '{first}', expected: ',', ')' or identifier")
        values: list[str] = []
        while True:
            if self.peek() in (",", ")"):
                values.append("")
            else:
                values.append(self.list_item())
            separator = self.take()
            if separator == ")":
                return values
            if separator != ",":
                raise InvalidSelector(f"found '{separator}', expected: ',' or ')'")

    def list_item(self) -> str:
        token = self.take()
        if not token or token in _SYMBOLS:
            raise InvalidSelector(f"found '{token}', expected: ',', or identifier")
        return token


@dataclass(frozen=True, slots=True)
class FieldRequirement:
    """A field that must, or must not, have exactly this text."""

    field: str
    value: str
    equal: bool = True


@dataclass(frozen=True, slots=True)
class FieldMatcher:
    """Requirements on fields that must all hold; without any it matches everything."""

    requirements: tuple[FieldRequirement, ...] = ()

    def matches(self, fields: Mapping[str, str]) -> bool:
        """fields holds texts, booleans as true/false; absent counts as empty."""
        return all((fields.get(item.field, "") == item.value) is item.equal for item in self.requirements)

    def exact(self, field: str) -> str | None:
        """The one value this field must have, if the selector says so."""
        return next((item.value for item in self.requirements if item.field == field and item.equal), None)

    @override
    def __str__(self) -> str:
        return ",".join(
            f"{item.field}{'=' if item.equal else '!='}{escape_field_value(item.value)}"
            for item in self.requirements
        )


def parse_field_selector(text: str) -> FieldMatcher:
    """The matcher of `metadata.name=a,status.phase!=Running`. Which fields a kind knows is the caller's
    business.

    Raises InvalidSelector.
    """
    found = [_field_requirement(text, term) for term in sorted(_terms(text))]
    return FieldMatcher(tuple(item for item in found if item.field or item.value))


def escape_field_value(value: str) -> str:
    return value.replace("\\", "\\\\").replace(",", "\\,").replace("=", "\\=")


def _terms(text: str) -> list[str]:
    """text split at commas that no backslash protects."""
    return re.findall(r"(?:[^,\\]|\\.|\\$)+", text)


def _field_requirement(text: str, term: str) -> FieldRequirement:
    found = re.search(r"!=|==|=", term)
    if found is None:
        raise InvalidSelector(f"invalid selector: '{text}'; can't understand '{term}'")
    return FieldRequirement(term[: found.start()], _unescape(term[found.end() :]), found.group() != "!=")


def _unescape(value: str) -> str:
    result: list[str] = []
    characters = iter(value)
    for character in characters:
        if character == "\\":
            escaped = next(characters, "")
            if escaped not in (",", "=", "\\"):
                raise InvalidSelector(f"invalid field selector: invalid escape sequence: \\{escaped}")
            result.append(escaped)
        elif character == "=":
            raise InvalidSelector(f"invalid field selector: unescaped character in value: {ord(character)}")
        else:
            result.append(character)
    return "".join(result)
