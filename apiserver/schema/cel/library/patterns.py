"""Regular expressions in CEL: RE2's syntax and its linear time, so that no pattern can hang the server."""

from functools import lru_cache
from typing import Any

from apiserver.schema.cel.values import EvaluationError


@lru_cache(maxsize=512)
def compiled(pattern: str) -> Any:
    """Raises EvaluationError for what RE2 does not know."""
    import re2

    options = re2.Options()
    options.log_errors = False
    options.max_mem = 8 << 20
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        text = error.args[0]
        reason = text.decode() if isinstance(text, bytes) else str(text)
        raise EvaluationError(f"error parsing regexp: {reason}") from error


def check_pattern(pattern: Any) -> None:
    if isinstance(pattern, str):
        compiled(pattern)


def matches(text: str, pattern: str) -> bool:
    return compiled(pattern).search(text) is not None


def find(text: str, pattern: str) -> str:
    found = compiled(pattern).search(text)
    return found.group() if found is not None else ""


def find_all(text: str, pattern: str, limit: int = -1) -> list[str]:
    found: list[str] = []
    for match in compiled(pattern).finditer(text):
        if limit >= 0 and len(found) >= limit:
            break
        found.append(match.group())
    return found
