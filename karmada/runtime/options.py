"""Flags from frozen dataclasses: each field with a docstring `--flag: what it does` is a flag, and
nothing else is.

In: argv. Out: a frozen options object; or one line on standard error and exit code 2. Field types: str,
int, float, bool, `*_seconds: float` (Go durations such as 1m30s), tuple[str, ...] (commas, repeatable),
Mapping[str, bool] (feature gates), X | None, Literal, and other options classes, whose flags join in.
"""

import argparse
import ast
import dataclasses
import inspect
import re
import textwrap
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

O = TypeVar("O")  # noqa: E741 - an options class

_UNIT_SECONDS: Final = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,
    "μs": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
}
_DURATION_PART: Final = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_TRUE: Final = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_FALSE: Final = frozenset({"0", "f", "F", "false", "FALSE", "False"})


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag. path is where its value lives: field names from the options class down."""

    name: str
    path: tuple[str, ...]
    kind: str
    default: Any
    help: str
    choices: tuple[str, ...] = ()


_FLAGS: Final[dict[type[Any], tuple[Flag, ...]]] = {}


def parse_flags(options: type[O], argv: Sequence[str], *, prog: str, description: str = "") -> O:
    """The options argv asks for. Exits with code 2 and a clear line for anything it cannot mean."""
    parser = argparse.ArgumentParser(prog=prog, description=description, allow_abbrev=False)
    add_flags(parser, options)
    return from_namespace(options, parser.parse_args(argv))


def add_flags(parser: argparse.ArgumentParser, options: type[Any]) -> None:
    """Add the flags of an options class; from_namespace reads them back."""
    for flag in flags_of(options):
        keywords: dict[str, Any] = {"dest": _dest(flag), "default": argparse.SUPPRESS, "help": _help(flag)}
        keywords["type"] = _TYPES[flag.kind](flag)
        keywords["metavar"] = flag.kind
        if flag.kind == "bool":
            keywords |= {"nargs": "?", "const": True}
        elif flag.kind in ("strings", "gates"):
            keywords["action"] = "append"
        parser.add_argument(f"--{flag.name}", **keywords)


def from_namespace(options: type[O], parsed: argparse.Namespace) -> O:
    """The options object of parsed flags; what was not given has its default."""
    given: dict[tuple[str, ...], Any] = {}
    for flag in flags_of(options):
        if hasattr(parsed, _dest(flag)):
            value = getattr(parsed, _dest(flag))
            if flag.kind == "strings":
                value = tuple(item for part in value for item in part)
            elif flag.kind == "gates":
                value = {**flag.default, **{gate: on for part in value for gate, on in part.items()}}
            given[flag.path] = value
    return cast(O, _build(options, given, ()))


def to_flags(options: Any) -> list[str]:
    """The flags that give these options, without those at their default."""
    arguments = []
    for flag in flags_of(type(options)):
        value: Any = options
        for name in flag.path:
            value = getattr(value, name)
        if value != flag.default and value is not None:
            arguments.append(f"--{flag.name}={_text(flag.kind, value)}")
    return arguments


def flags_of(options: type[Any]) -> tuple[Flag, ...]:
    """Every flag of an options class, in order."""
    known = _FLAGS.get(options)
    if known is None:
        known = _FLAGS[options] = tuple(_read_flags(options))
    return known


def _read_flags(options: type[Any]) -> list[Flag]:
    hints = get_type_hints(options)
    documents = _field_documents(options)
    flags: list[Flag] = []
    for item in dataclasses.fields(options):
        hint = hints[item.name]
        if dataclasses.is_dataclass(hint):
            flags += [
                dataclasses.replace(flag, path=(item.name, *flag.path))
                for flag in flags_of(cast(type[Any], hint))
            ]
            continue
        name, colon, help_text = documents.get(item.name, "").partition(":")
        if not name.startswith("--") or not colon:
            continue
        kind, choices = _kind_of(item.name, hint)
        flags.append(
            Flag(
                name[2:].strip(), (item.name,), kind, _default_of(item), " ".join(help_text.split()), choices
            )
        )
    return flags


def parse_duration(text: str) -> float:
    """Seconds of a Go duration: `10s`, `1h30m`, `1.5s`, `-5m`, `0`. Raises ValueError."""
    sign, rest = (-1.0, text[1:]) if text.startswith("-") else (1.0, text.removeprefix("+"))
    if rest == "0":
        return 0.0
    parts = list(_DURATION_PART.finditer(rest))
    if not rest or "".join(part.group() for part in parts) != rest:
        raise ValueError(f'invalid duration "{text}": use for example 30s, 5m or 1h30m')
    return sign * sum(float(part[1]) * _UNIT_SECONDS[part[2]] for part in parts)


def format_duration(seconds: float) -> str:
    """As Go writes durations: `1m30s`, `0s`, `250ms`."""
    if seconds < 0:
        return f"-{format_duration(-seconds)}"
    if 0 < seconds < 1:
        for unit in ("ms", "us", "ns"):
            amount = seconds / _UNIT_SECONDS[unit]
            if amount >= 1:
                return f"{_plain(amount)}{unit}"
    whole, fraction = divmod(seconds, 60)
    hours, minutes = divmod(int(whole), 60)
    text = f"{_plain(fraction)}s"
    if hours:
        return f"{hours}h{minutes}m{text}"
    return f"{minutes}m{text}" if minutes else text


def parse_feature_gates(text: str, known: Mapping[str, bool]) -> dict[str, bool]:
    """`A=true,B=false`. Raises ValueError for a gate that is not known."""
    gates: dict[str, bool] = {}
    for part in filter(None, (item.strip() for item in text.split(","))):
        name, equals, value = part.partition("=")
        if not equals:
            raise ValueError(f"missing bool value for feature gate {name}: use {name}=true or {name}=false")
        if name not in known:
            raise ValueError(f"unrecognized feature gate: {name}")
        try:
            gates[name] = parse_bool(value)
        except ValueError as error:
            raise ValueError(f"invalid value of {name}={value}: {error}") from error
    return gates


def parse_bool(text: str) -> bool:
    """As Go reads booleans. Raises ValueError."""
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise ValueError(f'"{text}" is neither true nor false')


def _kind_of(name: str, hint: Any) -> tuple[str, tuple[str, ...]]:
    """What sort of flag a field type is, and its choices."""
    if get_origin(hint) in (Union, types.UnionType):
        hint = next(part for part in get_args(hint) if part is not type(None))
    if get_origin(hint) is Literal:
        return "choice", tuple(map(str, get_args(hint)))
    if hint is float and name.endswith("_seconds"):
        return "duration", ()
    if isinstance(hint, type) and hint in _SIMPLE:
        return _SIMPLE[hint], ()
    origin = get_origin(hint)
    if origin in (tuple, list) or origin is Sequence:
        return "strings", ()
    if origin is dict or origin is Mapping:
        return "gates", ()
    raise TypeError(f"no flag can hold {name}: {hint}")


def _argument(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """A parser whose ValueError becomes argparse's own message."""

    def convert(text: str) -> Any:
        try:
            return parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return convert


def _chosen(flag: Flag) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in flag.choices:
            raise ValueError(f'invalid value "{text}": use one of {", ".join(flag.choices)}')
        return text

    return parse


def _number(convert: Callable[[str], Any], what: str) -> Callable[[str], Any]:
    def parse(text: str) -> Any:
        try:
            return convert(text)
        except ValueError as error:
            raise ValueError(f'invalid value "{text}": not {what}') from error

    return parse


_SIMPLE: Final = {bool: "bool", int: "int", float: "float", str: "string"}
_TYPES: Final[dict[str, Callable[[Flag], Callable[[str], Any]]]] = {
    "bool": lambda flag: _argument(parse_bool),
    "int": lambda flag: _argument(_number(int, "a whole number")),
    "float": lambda flag: _argument(_number(float, "a number")),
    "string": lambda flag: str,
    "duration": lambda flag: _argument(parse_duration),
    "choice": lambda flag: _argument(_chosen(flag)),
    "strings": lambda flag: lambda text: [item.strip() for item in text.split(",") if item.strip()],
    "gates": lambda flag: _argument(lambda text: parse_feature_gates(text, flag.default)),
}


def _text(kind: str, value: Any) -> str:
    """A value as it is written behind the flag."""
    if kind == "bool":
        return "true" if value else "false"
    if kind == "duration":
        return format_duration(value)
    if kind == "strings":
        return ",".join(value)
    if kind == "gates":
        return ",".join(f"{name}={'true' if on else 'false'}" for name, on in sorted(value.items()))
    return str(value)


def _build(options: type[Any], given: Mapping[tuple[str, ...], Any], at: tuple[str, ...]) -> Any:
    hints = get_type_hints(options)
    values: dict[str, Any] = {}
    for item in dataclasses.fields(options):
        path = (*at, item.name)
        if dataclasses.is_dataclass(hints[item.name]):
            values[item.name] = _build(cast(type[Any], hints[item.name]), given, path)
        elif path in given:
            values[item.name] = given[path]
    return options(**values)


def _default_of(item: "dataclasses.Field[Any]") -> Any:
    if item.default_factory is not dataclasses.MISSING:
        return item.default_factory()
    return None if item.default is dataclasses.MISSING else item.default


def _field_documents(options: type[Any]) -> dict[str, str]:
    """The string that follows each field in the source of the class and its bases."""
    documents: dict[str, str] = {}
    for owner in reversed(options.__mro__):
        if not dataclasses.is_dataclass(owner):
            continue
        tree = ast.parse(textwrap.dedent(inspect.getsource(owner)))
        body = cast(ast.ClassDef, tree.body[0]).body
        for statement, following in pairwise(body):
            if (
                isinstance(statement, ast.AnnAssign)
                and isinstance(statement.target, ast.Name)
                and isinstance(following, ast.Expr)
                and isinstance(following.value, ast.Constant)
                and isinstance(following.value.value, str)
            ):
                documents[statement.target.id] = inspect.cleandoc(following.value.value)
    return documents


def _dest(flag: Flag) -> str:
    return "flag " + ".".join(flag.path)


def _help(flag: Flag) -> str:
    text = flag.help
    if flag.choices:
        text += f" One of {', '.join(flag.choices)}."
    if flag.kind == "gates":
        text += " Known: " + ", ".join(sorted(flag.default)) + "."
    elif flag.default not in (None, "", (), []):
        text += f" (default {_text(flag.kind, flag.default)})"
    return text.replace("%", "%%")


def _plain(number: float) -> str:
    return f"{number:.9f}".rstrip("0").rstrip(".")
