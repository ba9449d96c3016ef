"""Hostile expressions: none of them hangs, fills the memory, or breaks the stack."""

from contextlib import suppress
from typing import Any

import pytest

from apiserver.schema.cel import BudgetExceeded, CompileError, EvaluationError, Meter, compile_program
from apiserver.schema.cel.types import DYN, Type, list_of

TEXTS = list_of(Type("string"))
THOUSAND = list(range(1000))
LONG = "a" * 100_000

ENDLESS = {
    "four nested loops": ("x.all(a, x.all(b, x.all(c, x.all(d, a + b + c + d >= 0))))", THOUSAND),
    "a list that squares itself": (
        "x.map(a, x).map(b, b.map(c, x)).map(d, d.map(e, e.map(f, x))).size() > 0",
        THOUSAND,
    ),
    "a text that doubles": (
        "x.map(a, x.map(b, '" + "y" * 1000 + "').join(''))" + ".map(t, t + t)" * 9 + ".size() > 0",
        THOUSAND,
    ),
    "a replacement that explodes": ("x.replace('a', x) == ''", LONG),
    "a join that explodes": ("[1, 2, 3, 4, 5].map(i, x).map(t, t.split('').join(x)).size() > 0", LONG),
    "a format that explodes": ("x.map(i, x.map(j, '%s'.format([x])))", THOUSAND),
    "equality of large lists": ("x.all(a, x.all(b, x == x.map(c, c)))", THOUSAND),
    "membership in a large list": ("x.all(a, x.all(b, a in x))", THOUSAND),
    "sets of large lists": (
        "sets.equivalent(x.map(a, a + 0), x.map(b, 999 - b)) && x.all(a, sets.contains(x, x))",
        THOUSAND,
    ),
    "a range": ("lists.range(1000000000).size() > 0", None),
    "distinct": ("x.map(a, a).distinct().map(b, x.distinct()).size() > 0", THOUSAND),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_an_expression_that_costs_too_much_is_stopped(name: str) -> None:
    source, value = ENDLESS[name]
    program = compile_program(source, {"x": DYN})
    with pytest.raises(BudgetExceeded, match="actual cost limit exceeded"):
        program.run(value)


def test_errors_are_absorbed_and_an_empty_budget_is_not() -> None:
    program = compile_program("true || x.all(a, x.all(b, x.all(c, true)))", {"x": DYN})
    assert program.run(THOUSAND) is True
    program = compile_program("x.all(a, x.all(b, x.all(c, true))) || true", {"x": DYN})
    with pytest.raises(BudgetExceeded):
        program.run(THOUSAND)


def test_runs_that_share_a_budget_end_together() -> None:
    program = compile_program("x.all(a, x.exists(b, b == a))", {"x": DYN})
    meter = Meter(1_000)
    assert program.run(THOUSAND[:10], meter=meter) is True
    with pytest.raises(BudgetExceeded):
        program.run(THOUSAND[:30], meter=meter)


@pytest.mark.parametrize(
    "source",
    [
        "(" * 5000 + "1" + ")" * 5000,
        "[" * 5000 + "]" * 5000,
        "x" + ".a" * 5000,
        "x" + "[0]" * 5000,
        "1" + " + 1" * 5000,
        "!(" * 3000 + "true" + ")" * 3000,
        "true ? " * 3000 + "1" + " : 2" * 3000,
        "1" * 200_000,
        "'" + "a" * 200_000 + "'",
    ],
    ids=["parentheses", "lists", "fields", "indices", "sums", "negations", "conditions", "digits", "text"],
)
def test_an_expression_too_deep_or_too_long_is_refused(source: str) -> None:
    with pytest.raises(CompileError):
        compile_program(source, {"x": DYN})


def test_a_long_chain_of_conditions_is_no_depth() -> None:
    program = compile_program(" && ".join(["x"] * 3000), {"x": DYN})
    assert program.run(True) is True
    assert program.run(False) is False


def test_a_pattern_that_backtracks_elsewhere_is_linear() -> None:
    program = compile_program("x.matches('^(a+)+$')", {"x": DYN})
    assert program.run("a" * 5000 + "!") is False


BACKREFERENCE = "(a)" + chr(92) + "1"


@pytest.mark.parametrize("pattern", ["(", "a{1,100000}", "(?=a)", BACKREFERENCE])
def test_a_pattern_re2_does_not_know_is_refused(pattern: str) -> None:
    with pytest.raises(CompileError, match="invalid matches argument"):
        compile_program(f"x.matches(r'{pattern}')", {"x": DYN})
    program = compile_program("x.matches(y)", {"x": DYN, "y": DYN})
    with pytest.raises(EvaluationError):
        program.run("a", pattern)


SOURCES = (
    "x.a.b",
    "x[0]",
    "x + 1",
    "x.all(i, i)",
    "x.size() > 0",
    "x ? 1 : 2",
    "x < 2",
    "-x",
    "x.matches('a')",
    "x in x",
    "x.join(',')",
    "x.sum() > 1",
    "[x].map(i, i)[0].lowerAscii()",
    "ip(x).family()",
    "duration(x).getHours()",
)


@pytest.mark.parametrize("value", [None, 1, 1.5, "a", True, [], {}, [1], {"a": {}}], ids=repr)
@pytest.mark.parametrize("source", SOURCES)
def test_any_value_in_any_place_gives_a_value_or_an_evaluation_error(source: str, value: Any) -> None:
    program = compile_program(source, {"x": DYN})
    with suppress(EvaluationError):
        program.run(value)
