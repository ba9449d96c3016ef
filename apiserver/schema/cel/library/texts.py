"""The strings extension and Kubernetes' find and findAll."""

from typing import Any, Final

from apiserver.schema.cel.library.formatting import format_text
from apiserver.schema.cel.library.patterns import check_pattern, find, find_all
from apiserver.schema.cel.terms import Overload, function, member
from apiserver.schema.cel.types import DYN, INT, STRING, list_of
from apiserver.schema.cel.values import EvaluationError, Meter

_SPACE: Final = (
    " \t\n\v\f\r\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
_LOWER: Final = {code: code + 32 for code in range(65, 91)}
_UPPER: Final = {code: code - 32 for code in range(97, 123)}
_QUOTED: Final = {
    "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v",
    "\\": "\\\\", '"': '\\"',
}  # fmt: skip


def _char_at(text: str, index: int) -> str:
    if not 0 <= index <= len(text):
        raise EvaluationError(f"index out of range: {index}")
    return text[index : index + 1]


def _index_of(text: str, part: str, start: int = 0) -> int:
    if not 0 <= start <= len(text):
        raise EvaluationError(f"index out of range: {start}")
    return text.find(part, start)


def _last_index_of(text: str, part: str, last: int | None = None) -> int:
    if last is None:
        return text.rfind(part)
    if not 0 <= last <= len(text):
        raise EvaluationError(f"index out of range: {last}")
    return text.rfind(part, 0, last + len(part))


def _substring(text: str, start: int, end: int | None = None) -> str:
    last = len(text) if end is None else end
    if not 0 <= start <= len(text):
        raise EvaluationError(f"index out of range: {start}")
    if not 0 <= last <= len(text):
        raise EvaluationError(f"index out of range: {last}")
    if start > last:
        raise EvaluationError(f"invalid substring range. start: {start}, end: {last}")
    return text[start:last]


def _replace(meter: Meter, text: str, old: str, new: str, limit: int = -1) -> str:
    # Paid before it is made: a short text can become a very long one.
    count = text.count(old) if old else len(text) + 1
    if limit >= 0:
        count = min(count, limit)
    meter.charge((len(text) + count * len(new)) >> 3)
    return text.replace(old, new, limit)


def _split(meter: Meter, text: str, separator: str, limit: int = -1) -> list[str]:
    meter.charge(len(text) >> 3)
    if limit == 0:
        return []
    if separator:
        parts = text.split(separator, limit - 1 if limit > 0 else -1)
    elif limit > 0 and limit < len(text):
        parts = [*text[: limit - 1], text[limit - 1 :]]
    else:
        parts = list(text)
    meter.charge(len(parts))
    return parts


def _join(meter: Meter, items: list[Any], separator: str = "") -> str:
    if any(type(item) is not str for item in items):
        raise EvaluationError("no such overload")
    meter.charge((sum(map(len, items)) + len(items) * (len(separator) + 8)) >> 3)
    return separator.join(items)


def _quote(text: str) -> str:
    return '"' + "".join(_QUOTED.get(letter, letter) for letter in text) + '"'


def _find_all(meter: Meter, text: str, pattern: str, limit: int = -1) -> list[str]:
    meter.charge(len(text) >> 1)
    found = find_all(text, pattern, limit)
    meter.charge(len(found))
    return found


def _plain() -> list[Overload]:
    size: dict[str, Any] = {"sized": True, "result_size": lambda *sizes: sizes[0]}
    texts = list_of(STRING)
    return [
        member("charAt", [STRING, INT], STRING, _char_at),
        member("indexOf", [STRING, STRING], INT, _index_of, sized=True),
        member("indexOf", [STRING, STRING, INT], INT, _index_of, sized=True),
        member("lastIndexOf", [STRING, STRING], INT, _last_index_of, sized=True),
        member("lastIndexOf", [STRING, STRING, INT], INT, _last_index_of, sized=True),
        member("lowerAscii", [STRING], STRING, lambda text: text.translate(_LOWER), **size),
        member("upperAscii", [STRING], STRING, lambda text: text.translate(_UPPER), **size),
        member("trim", [STRING], STRING, lambda text: text.strip(_SPACE), **size),
        member("substring", [STRING, INT], STRING, _substring, **size),
        member("substring", [STRING, INT, INT], STRING, _substring, **size),
        function("strings.quote", [STRING], STRING, _quote, **size),
        member("replace", [STRING, STRING, STRING], STRING, _replace, metered=True),
        member("replace", [STRING, STRING, STRING, INT], STRING, _replace, metered=True),
        member("split", [STRING, STRING], texts, _split, metered=True),
        member("split", [STRING, STRING, INT], texts, _split, metered=True),
        member("join", [texts], STRING, _join, metered=True),
        member("join", [texts, STRING], STRING, _join, metered=True),
        member("format", [STRING, list_of(DYN)], STRING, format_text, metered=True),
    ]


def _patterns() -> list[Overload]:
    texts = list_of(STRING)
    return [
        member("find", [STRING, STRING], STRING, find, sized=True, check=check_pattern),
        member("findAll", [STRING, STRING], texts, _find_all, metered=True, check=check_pattern),
        member("findAll", [STRING, STRING, INT], texts, _find_all, metered=True),
    ]


TEXTS: Final = [*_plain(), *_patterns()]
