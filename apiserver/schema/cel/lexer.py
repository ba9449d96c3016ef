"""CEL source to tokens: numbers, texts with their escapes, names, operators.

In: the source. Out: Tokens, the last one of kind `end`. Raises ParseError. parser.py reads them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from apiserver.schema.cel.syntax import ParseError
from apiserver.schema.cel.values import INT_MAX, UINT_MAX, UInt

TokenKind = Literal["value", "name", "quoted", "operator", "end"]
RESERVED: Final = frozenset(
    {
        "as", "break", "const", "continue", "else", "for", "function", "if", "import",
        "let", "loop", "package", "namespace", "return", "var", "void", "while",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Token:
    kind: TokenKind
    text: str
    position: int
    value: Any = None


_TOKEN: Final = re.compile(
    r"""
    (?P<space>(?:[\s]|//[^\n]*)+)
    |(?P<float>\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)
    |(?P<int>(?:0x[0-9a-fA-F]+|\d+)[uU]?)
    |(?P<text>(?:[bB][rR]|[rR][bB]?|[bB])?(?:\"\"\"|'''|\"|'))
    |(?P<name>[A-Za-z_][A-Za-z_0-9]*)
    |(?P<quoted>`[A-Za-z0-9_.\-/ ]+`)
    |(?P<operator>&&|\|\||==|!=|<=|>=|[-+*/%<>!?:.,\[\](){}])
    """,
    re.VERBOSE,
)
_WORDS: Final[dict[str, Any]] = {"true": True, "false": False, "null": None}
_ESCAPES: Final = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
    "\\": "\\", "'": "'", '"': '"', "`": "`", "?": "?",
}  # fmt: skip
_CODE: Final = re.compile(r"x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})")


def tokens(source: str) -> Iterator[Token]:
    position = 0
    while position < len(source):
        found = _TOKEN.match(source, position)
        if found is None:
            raise _unrecognized(source, position)
        kind, text, start = found.lastgroup, found.group(), position
        position = found.end()
        if kind == "text":
            value, position = _quoted_text(source, start, text)
            yield Token("value", source[start:position], start, value)
        elif kind != "space":
            yield _plain(kind or "", text, start)
    yield Token("end", "<EOF>", len(source))


def _unrecognized(source: str, position: int) -> ParseError:
    return ParseError(position, f"Syntax error: token recognition error at: '{source[position]}'")


def _plain(kind: str, text: str, start: int) -> Token:
    if kind == "float":
        return Token("value", text, start, float(text))
    if kind == "int":
        return Token("value", text, start, _integer(text, start))
    if kind == "name":
        if text in _WORDS:
            return Token("value", text, start, _WORDS[text])
        return Token("operator" if text == "in" else "name", text, start)
    if kind == "quoted":
        return Token("quoted", text[1:-1], start)
    return Token("operator", text, start)


def _integer(text: str, start: int) -> int:
    digits = text.rstrip("uU")
    value = int(digits, 16 if digits.startswith("0x") else 10) if len(digits) < 40 else UINT_MAX + 1
    if digits != text:
        if value > UINT_MAX:
            raise ParseError(start, "invalid uint literal")
        return UInt(value)
    # One more than the largest: the parser folds a minus sign in front of it.
    if value > INT_MAX + 1:
        raise ParseError(start, "invalid int literal")
    return value


def _quoted_text(source: str, start: int, opening: str) -> tuple[str | bytes, int]:
    """The value of a text literal and where it ends."""
    prefix = opening.rstrip("\"'").lower()
    quote = opening[len(prefix) :]
    begin = start + len(opening)
    end = begin
    while not source.startswith(quote, end):
        if end >= len(source) or (source[end] == "\n" and len(quote) == 1):
            broken = source[start:end]
            raise ParseError(start, f"Syntax error: token recognition error at: '{broken}'")
        end += 2 if source[end] == "\\" and "r" not in prefix else 1
    body = source[begin:end].replace("\r\n", "\n")
    if "b" in prefix:
        raw = body.encode() if "r" in prefix else _bytes(body, start)
        return raw, end + len(quote)
    return (body if "r" in prefix else _unescaped(body, start)), end + len(quote)


def _unescaped(body: str, start: int) -> str:
    if "\\" not in body:
        return body
    return "".join(chr(part) if isinstance(part, int) else part for part in _parts(body, start))


def _bytes(body: str, start: int) -> bytes:
    parts = _parts(body, start)
    return b"".join(bytes([part & 0xFF]) if isinstance(part, int) else part.encode() for part in parts)


def _parts(body: str, start: int) -> Iterator[str | int]:
    """Plain texts, and escaped codes as numbers."""
    position = 0
    while (at := body.find("\\", position)) >= 0:
        yield body[position:at]
        code = _CODE.match(body, at + 1)
        letter = body[at + 1 : at + 2]
        if letter in _ESCAPES and letter:
            yield _ESCAPES[letter]
            position = at + 2
        elif code is not None:
            number = int(code.group(4), 8) if code.group(4) else int(code.group()[1:], 16)
            if number > 0x10FFFF or 0xD800 <= number < 0xE000:
                raise ParseError(start, "invalid string literal: invalid unicode code point")
            yield number
            position = code.end()
        else:
            raise ParseError(start + at, "Syntax error: token recognition error at: '\\'")
    yield body[position:]
