"""kubectl's jsonpath templates: text, `{.path}`, `{range ...}...{end}`, `{"literal"}`.

In: a template and a JSON document. Out: text. The paths themselves are karmada.api.jsonpath; this adds what
stands around them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from karmada.api.jsonpath import compile_path

_RELAXED = re.compile(r"^\{\.?([^{}]+)\}$|^\.?([^{}]+)$")


class TemplateError(ValueError):
    """A template that cannot be read."""


@dataclass(slots=True)
class _Block:
    """A run of parts; path is that of the range it repeats over, None for the whole template."""

    path: str | None = None
    parts: list["str | _Path | _Block"] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Path:
    text: str


def render(template: str, document: Any) -> str:
    """template filled in from document. Raises TemplateError."""
    return "".join(_rendered(_parsed(template), document, document))


def find_all(template: str, document: Any) -> list[Any]:
    """The values of the paths of a template, for jsonpath-as-json."""
    block = _parsed(template)
    return [value for part in block.parts if isinstance(part, _Path) for value in _found(part.text, document)]


def column(path: str, document: Any, *, missing: str) -> str:
    """One cell of custom-columns: `.metadata.name`, `metadata.name` or `{.metadata.name}`."""
    match = _RELAXED.match(path)
    if match is None:
        raise TemplateError(f"unexpected path string {path!r}, expected a 'name1.name2' or '.name1.name2'")
    values = _found("." + (match[1] or match[2]), document)
    return ",".join(text_of(value) for value in values) if values else missing


def text_of(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    return str(value)


def _rendered(block: _Block, document: Any, root: Any) -> Iterator[str]:
    for part in block.parts:
        if isinstance(part, str):
            yield part
        elif isinstance(part, _Path):
            yield " ".join(text_of(value) for value in _found(part.text, document, root))
        else:
            for item in _found(part.path or "", document, root):
                yield from _rendered(part, item, root)


def _found(path: str, document: Any, root: Any = None) -> list[Any]:
    try:
        text = path.strip()
        if text.startswith("$") and root is not None:
            return compile_path(text).find(root)
        return compile_path(text.removeprefix("@")).find(document)
    except ValueError as error:
        raise TemplateError(str(error)) from error


def _parsed(template: str) -> _Block:
    stack = [_Block()]
    position = 0
    while position < len(template):
        start = template.find("{", position)
        if start < 0:
            stack[-1].parts.append(template[position:])
            break
        if start > position:
            stack[-1].parts.append(template[position:start])
        end = _closing(template, start)
        _add(stack, template[start + 1 : end].strip())
        position = end + 1
    if len(stack) > 1:
        raise TemplateError("unexpected end of template: {end} is missing")
    return stack[0]


def _add(stack: list[_Block], content: str) -> None:
    if content == "end":
        if len(stack) == 1:
            raise TemplateError("not in range, nothing to end")
        stack.pop()
    elif content.startswith("range ") or content == "range":
        block = _Block(content.removeprefix("range").strip())
        stack[-1].parts.append(block)
        stack.append(block)
    elif content[:1] in ("'", '"') and content[-1:] == content[:1] and len(content) > 1:
        stack[-1].parts.append(_unescaped(content[1:-1]))
    elif content:
        stack[-1].parts.append(_Path(content))


def _closing(template: str, start: int) -> int:
    """Where the brace at start closes; quotes are respected."""
    quote = ""
    position = start + 1
    while position < len(template):
        character = template[position]
        if character == "\\":
            position += 1
        elif quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character == "}":
            return position
        position += 1
    raise TemplateError("unclosed action")


def _unescaped(text: str) -> str:
    escapes = {"n": "\n", "t": "\t", "r": "\r"}
    return re.sub(r"\\(.)", lambda match: escapes.get(match[1], match[1]), text)
