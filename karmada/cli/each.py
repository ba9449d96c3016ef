"""Do the same to many objects: what fails for one is told and does not hold up the others.

In: selected objects and what to do with each. Out: an exit code, 1 when anything failed.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from karmada.api.errors import ApiError
from karmada.cli.complaints import complaint
from karmada.cli.printers import Console
from karmada.cli.scope import CommandError

T = TypeVar("T")


async def for_each(
    items: Iterable[T],
    act: Callable[[T], Awaitable[str]],
    console: Console,
    *,
    doing: Callable[[T], str] = lambda _: "",
) -> int:
    """Print what act says of each item. doing words the error of one that failed."""
    code = 0
    for item in items:
        try:
            if said := await act(item):
                console.line(said)
        except (ApiError, CommandError) as error:
            console.error(complaint(error, doing=doing(item)))
            code = 1
    return code
