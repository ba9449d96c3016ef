"""Why an object could not be interpreted.

    InterpreterError      the object, or what answers for its kind, is at fault
    ├── ScriptFailed      a customization's script is wrong, or raised an error
    │   └── ScriptOverran it used up its time
    └── WebhookFailed     an interpreter webhook refused, or answered nonsense
        └── WebhookOverran it did not answer in time

Internal errors for whoever asked, as Karmada has them: they say so on the object and come back later, with
growing pauses. Nobody else's API call failed, so no other ApiError fits.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from karmada.api.errors import InternalError

P = ParamSpec("P")
R = TypeVar("R")


class InterpreterError(InternalError):
    """An operation failed on an object."""


class ScriptFailed(InterpreterError):
    """A script cannot be run, raised an error, or returned what its operation does not allow."""


class ScriptOverran(ScriptFailed):
    """A script used up its time, or did so before and is being tried by somebody else."""


class WebhookFailed(InterpreterError):
    """A webhook cannot be reached, said no, or answered what the protocol does not allow."""


class WebhookOverran(WebhookFailed):
    """A webhook did not answer in time, or did so before and is being tried by somebody else."""


def ask(rule: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run a rule; an object that is not shaped like its kind is the caller's to report, not a crash."""
    try:
        return rule(*args, **kwargs)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise InterpreterError(f"the object cannot be read as its kind: {error}") from error
