"""CEL tokens to a syntax tree.

In: the source. Out: an Expr, or a CompileError. Depth is bounded, so neither compiling nor running an
expression can exhaust the stack; `&&` and `||` chains become one call of many arguments. Macros are the
compiler's: here they are calls like others.
"""

from collections.abc import Callable
from typing import Final, NoReturn

from apiserver.schema.cel.lexer import RESERVED, Token, tokens
from apiserver.schema.cel.syntax import (
    Call,
    CompileError,
    Expr,
    Ident,
    Issue,
    ListExpr,
    Literal,
    MapExpr,
    MessageExpr,
    ParseError,
    Select,
)
from apiserver.schema.cel.values import INT_MAX

MAX_LENGTH_CHARACTERS: Final = 100_000
MAX_DEPTH: Final = 100
_BINARY: Final = {
    "<": 3, "<=": 3, ">": 3, ">=": 3, "==": 3, "!=": 3, "in": 3,
    "+": 4, "-": 4, "*": 5, "/": 5, "%": 5,
}  # fmt: skip
_STARTERS: Final = (
    "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, "
    "IDENTIFIER}"
)
_AFTER: Final = (
    "{<EOF>, '==', '!=', 'in', '<', '<=', '>=', '>', '&&', '||', '[', '{', '.', '-', '?', '+', '*', '/', '%'}"
)


def parse(source: str) -> Expr:
    """Raises CompileError."""
    if len(source) > MAX_LENGTH_CHARACTERS:
        text = f"expression code point size exceeds limit: size: {len(source)}, limit {MAX_LENGTH_CHARACTERS}"
        raise CompileError(source[:100], [Issue(0, text)])
    try:
        return _Parser(source).whole()
    except ParseError as error:
        raise CompileError(source, [error.issue]) from error
    except RecursionError as error:
        raise CompileError(source[:100], [Issue(0, f"max recursion depth exceeded: {MAX_DEPTH}")]) from error


class _Parser:
    def __init__(self, source: str) -> None:
        self._tokens = list(tokens(source))
        self._at = 0
        self._depth = 0

    # -- tokens ---------------------------------------------------------------------------------------------

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _is(self, operator: str) -> bool:
        token = self._tokens[self._at]
        return token.kind == "operator" and token.text == operator

    def _accept(self, operator: str) -> Token | None:
        return self._take() if self._is(operator) else None

    def _expect(self, operator: str) -> Token:
        if (token := self._accept(operator)) is not None:
            return token
        if self._next.kind == "end":
            raise ParseError(self._next.position, f"Syntax error: missing '{operator}' at '<EOF>'")
        return self._mismatch(f"'{operator}'")

    def _mismatch(self, expecting: str) -> NoReturn:
        token = self._next
        raise ParseError(
            token.position, f"Syntax error: mismatched input '{token.text}' expecting {expecting}"
        )

    # -- expressions ----------------------------------------------------------------------------------------

    def whole(self) -> Expr:
        expression = self._expression()
        token = self._next
        if token.kind == "end":
            return expression
        if self._tokens[self._at + 1].kind == "end":
            raise ParseError(token.position, f"Syntax error: extraneous input '{token.text}' expecting <EOF>")
        return self._mismatch(_AFTER)

    def _expression(self) -> Expr:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ParseError(self._next.position, f"expression recursion limit exceeded: {MAX_DEPTH}")
        condition = self._any()
        if question := self._accept("?"):
            chosen = self._any()
            self._expect(":")
            condition = Call(question.position, "_?_:_", (condition, chosen, self._expression()))
        self._depth -= 1
        return condition

    def _any(self) -> Expr:
        return self._chain("||", "_||_", self._all)

    def _all(self) -> Expr:
        return self._chain("&&", "_&&_", lambda: self._binary(3))

    def _chain(self, operator: str, function: str, below: Callable[[], Expr]) -> Expr:
        terms = [below()]
        position = self._next.position
        while self._accept(operator):
            terms.append(below())
        return Call(position, function, tuple(terms)) if len(terms) > 1 else terms[0]

    def _binary(self, level: int) -> Expr:
        left, links = self._unary(), 0
        while self._next.kind == "operator" and _BINARY.get(self._next.text, 0) >= level:
            operator = self._take()
            links += 1
            if links + self._depth > MAX_DEPTH:
                raise ParseError(operator.position, f"expression recursion limit exceeded: {MAX_DEPTH}")
            right = self._binary(_BINARY[operator.text] + 1)
            name = "@in" if operator.text == "in" else f"_{operator.text}_"
            left = Call(operator.position, name, (left, right))
        return left

    def _unary(self) -> Expr:
        for sign in ("!", "-"):
            if not self._is(sign):
                continue
            first = self._next.position
            count = 0
            while self._accept(sign):
                count += 1
            if sign == "-" and (folded := self._negative(first, count)) is not None:
                return self._postfix(folded)
            operand = self._postfix(self._primary())
            # An even number of signs takes itself back.
            return Call(first, f"{sign}_", (operand,)) if count % 2 else operand
        return self._postfix(self._checked(self._primary()))

    def _negative(self, position: int, count: int) -> Literal | None:
        value = self._next.value
        if self._next.kind == "value" and type(value) in (int, float) and count == 1:
            self._take()
            return Literal(position, -value)
        return None

    @staticmethod
    def _checked(expression: Expr) -> Expr:
        if isinstance(expression, Literal) and type(expression.value) is int and expression.value > INT_MAX:
            raise ParseError(expression.position, "invalid int literal")
        return expression

    def _primary(self) -> Expr:
        token = self._next
        if token.kind == "value":
            self._take()
            return Literal(token.position, token.value)
        if token.kind == "name":
            return self._name()
        if token.kind == "operator":
            if token.text == "(":
                self._take()
                inner = self._expression()
                self._expect(")")
                return inner
            if token.text == "[":
                return self._list()
            if token.text == "{":
                return self._map()
            if token.text == ".":
                self._take()
                return self._name(leading=".")
            if token.text in ("-", "!"):
                return self._unary()
        return self._mismatch(_STARTERS)

    def _name(self, leading: str = "") -> Expr:
        token = self._take()
        if token.kind != "name":
            self._at -= 1
            self._mismatch("IDENTIFIER")
        if token.text in RESERVED:
            raise ParseError(token.position, f"reserved identifier: {token.text}")
        if opened := self._accept("("):
            return Call(opened.position, token.text, self._arguments())
        return Ident(token.position, leading + token.text)

    def _arguments(self) -> tuple[Expr, ...]:
        found: list[Expr] = []
        if self._next.kind == "end":
            self._mismatch(_STARTERS.replace("'.'", "')', '.'"))
        if not self._is(")"):
            found.append(self._expression())
            while self._accept(","):
                found.append(self._expression())
        self._expect(")")
        return tuple(found)

    def _postfix(self, operand: Expr) -> Expr:
        links = 0
        while True:
            links += 1
            if links + self._depth > MAX_DEPTH:
                raise ParseError(self._next.position, f"expression recursion limit exceeded: {MAX_DEPTH}")
            if dot := self._accept("."):
                operand = self._member(operand, dot.position)
            elif opened := self._accept("["):
                optional = self._accept("?") is not None
                index = self._expression()
                self._expect("]")
                operand = Call(opened.position, "_[?_]" if optional else "_[_]", (operand, index))
            elif self._is("{") and (name := _dotted(operand)):
                operand = self._message(name)
            else:
                return operand

    def _member(self, operand: Expr, position: int) -> Expr:
        optional = self._accept("?") is not None
        token = self._next
        if token.kind == "quoted":
            raise ParseError(token.position, "unsupported syntax: '`'")
        if token.kind != "name":
            self._mismatch("IDENTIFIER" if optional else "{'?', IDENTIFIER, ESC_IDENTIFIER}")
        self._take()
        if not optional and (opened := self._accept("(")):
            return Call(opened.position, token.text, self._arguments(), operand)
        return Select(position, operand, token.text, optional)

    def _list(self) -> Expr:
        opened = self._expect("[")
        items: list[Expr] = []
        optional: set[int] = set()
        while not self._is("]"):
            if self._accept("?"):
                optional.add(len(items))
            items.append(self._expression())
            if not self._accept(",") or self._next.kind == "end":
                break
        self._expect("]")
        return ListExpr(opened.position, tuple(items), frozenset(optional))

    def _map(self) -> Expr:
        opened = self._expect("{")
        entries: list[tuple[Expr, Expr]] = []
        optional: set[int] = set()
        while not self._is("}"):
            if self._accept("?"):
                optional.add(len(entries))
            key = self._expression()
            self._expect(":")
            entries.append((key, self._expression()))
            if not self._accept(","):
                break
        self._expect("}")
        return MapExpr(opened.position, tuple(entries), frozenset(optional))

    def _message(self, name: str) -> Expr:
        opened = self._expect("{")
        fields: list[tuple[str, Expr, int]] = []
        optional: set[int] = set()
        while not self._is("}"):
            if self._accept("?"):
                optional.add(len(fields))
            token = self._take()
            if token.kind != "name":
                self._at -= 1
                self._mismatch("IDENTIFIER")
            self._expect(":")
            fields.append((token.text, self._expression(), token.position))
            if not self._accept(","):
                break
        self._expect("}")
        return MessageExpr(opened.position, name, tuple(fields), frozenset(optional))


def _dotted(expression: Expr) -> str:
    """`a.b.c` as one name; "" for anything else."""
    if isinstance(expression, Ident):
        return expression.name
    if isinstance(expression, Select) and not expression.optional:
        head = _dotted(expression.operand)
        return f"{head}.{expression.field}" if head else ""
    return ""
