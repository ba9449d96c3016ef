"""Words of a command line to arguments, as kubectl reads them: flags anywhere, `--flag=false`, `--`.

In: a command's registered flags and what was typed. Out: a Namespace; or a UsageError with the line kubectl
prints, for exit code 1. What stands behind `--` is in args.rest.
"""

import argparse
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

_WORDS_OF_TRUTH = {"true": True, "1": True, "t": True, "false": False, "0": False, "f": False}


class UsageError(Exception):
    """A command line that cannot be understood; the message is complete."""


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that complains as kubectl does."""

    def __init__(self, **keywords: Any) -> None:
        super().__init__(**{"allow_abbrev": False, **keywords})

    # Not @override: that comes with a module which takes longer to import than `version` to run.
    def error(self, message: str) -> NoReturn:  # type: ignore[explicit-override]
        raise UsageError(f"error: {_worded(message)}\nSee '{self.prog} --help' for usage.")


def parse(parser: argparse.ArgumentParser, words: Sequence[str]) -> argparse.Namespace:
    """Raises UsageError."""
    before, rest = list(words), []
    if "--" in before:
        split = before.index("--")
        before, rest = before[:split], before[split + 1 :]
    switches = dict(_switches(parser))
    kept: list[str] = []
    settings: dict[str, bool] = {}
    for word in before:
        name, equals, truth = word.partition("=")
        if equals and name in switches:
            if truth.lower() not in _WORDS_OF_TRUTH:
                raise UsageError(
                    f'error: invalid argument "{truth}" for "{name}" flag: true or false is expected'
                    f"\nSee '{parser.prog} --help' for usage."
                )
            settings[switches[name]] = _WORDS_OF_TRUTH[truth.lower()]
        else:
            kept.append(word)
    args = parser.parse_args(kept) if _has_commands(parser) else parser.parse_intermixed_args(kept)
    for destination, value in settings.items():
        setattr(args, destination, value)
    args.rest = rest
    return args


def add_switch(
    parser: argparse.ArgumentParser, *names: str, default: bool | None = False, **keywords: Any
) -> None:
    """A flag that is on or off: `--x`, `--x=true`, `--x=false`."""
    parser.add_argument(*names, action="store_true", default=default, **keywords)


def _switches(parser: argparse.ArgumentParser) -> Iterator[tuple[str, str]]:
    """(flag, destination) of everything that takes no value, those of sub-commands included."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from _switches(below)
        elif isinstance(action, argparse._StoreTrueAction):
            for name in action.option_strings:
                yield name, action.dest


def _has_commands(parser: argparse.ArgumentParser) -> bool:
    return any(isinstance(action, argparse._SubParsersAction) for action in parser._actions)


def _worded(message: str) -> str:
    """argparse's complaint in kubectl's words, where there are some."""
    head, colon, rest = message.partition(": ")
    if head == "unrecognized arguments":
        word = rest.split()[0]
        if word.startswith("--"):
            return f"unknown flag: {word.partition('=')[0]}"
        if word.startswith("-"):
            return f"unknown shorthand flag: '{word[1:2]}' in {word}"
        return f"unexpected argument {word!r}"
    if colon and rest == "expected one argument":
        return f"flag needs an argument: {head.removeprefix('argument ').split('/')[-1]}"
    return message
