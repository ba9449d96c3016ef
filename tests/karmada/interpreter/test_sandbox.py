"""The sandbox: what scripts can do, what they cannot, and in which words they are told so.

Scripts that never end are in test_pool.py: nothing in this process would stop them.
"""

from typing import Any

import pytest

from karmada.interpreter.errors import ScriptFailed
from karmada.interpreter.sandbox import Call, OutOfMemory, run


def evaluate(body: str, *arguments: Any, returns: str = "object") -> Any:
    """What a function with this body returns for a, b, ..."""
    names = ", ".join("abc"[: len(arguments)])
    (value,) = run(Call(f"function F({names}) {body} end", "F", arguments, (returns,)))
    return value


NOT_SUPPORTED = "is not supported in karmada customized resourceinterpreter."


@pytest.mark.parametrize(
    "name",
    [
        *("collectgarbage", "dofile", "load", "loadfile", "loadstring", "module", "newproxy"),
        *("getfenv", "getmetatable", "rawequal", "rawget", "rawset", "setfenv", "setmetatable"),
    ],
)
def test_what_could_break_out_says_that_it_is_not_supported(name: str) -> None:
    with pytest.raises(ScriptFailed, match=f"<string>:1: call function {name} {NOT_SUPPORTED}"):
        evaluate(f"{name}('x') return {{}}")


@pytest.mark.parametrize(
    "path",
    [
        "io",
        "debug",
        "coroutine",
        "python",
        "gcinfo",
        "os.execute",
        "os.getenv",
        "os.exit",
        "os.remove",
        "os.tmpname",
        "os.setlocale",
        "string.dump",
        "package.loaders",
        "package.loadlib",
        "package.cpath",
        "package.loaded.io",
        "package.loaded.debug",
        "package.loaded.python",
        "_G.io",
        "('').dump",
    ],
)
def test_what_reaches_outside_is_not_there(path: str) -> None:
    assert evaluate(f"return {{t = type({path})}}") == {"t": "nil"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param("return {v = math.max(1, 7)}", 7, id="math"),
        pytest.param("return {v = string.rep('ab', 2)}", "abab", id="string"),
        pytest.param("return {v = ('x-y'):gsub('-', '+')}", "x+y", id="string-methods"),
        pytest.param("return {v = table.concat({'a', 'b'}, ',')}", "a,b", id="table"),
        pytest.param("return {v = type(os.time())}", "number", id="os-time"),
        pytest.param("return {v = os.date('!%Y', 0)}", "1970", id="os-date"),
        pytest.param("return {v = require('string').upper('a')}", "A", id="loaded-modules"),
        pytest.param("return {v = select('#', unpack({1, 2}))}", 2, id="unpack"),
        pytest.param("return {v = tostring(pcall(error, 'x'))}", "false", id="pcall"),
        pytest.param("print('quiet') return {v = _VERSION}", "Lua 5.1", id="print-goes-nowhere"),
        pytest.param("local s = 0 for _, x in ipairs({1, 2}) do s = s + x end return {v = s}", 3, id="loops"),
    ],
)
def test_the_safe_part_of_the_standard_library_is_there(body: str, expected: Any) -> None:
    assert evaluate(body) == {"v": expected}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(
            "local ok, e = pcall(kube.resourceAdd, string.char(200)) return {v = tostring(e.__class__)}",
            id="a-python-error-has-no-attributes",
        ),
        pytest.param(
            "local ok, e = pcall(kube.resourceAdd, string.char(200)) e.args = 1 return {}",
            id="a-python-error-cannot-be-changed",
        ),
        pytest.param("return {v = kube.resourceAdd.__globals__}", id="a-library-function-is-plain-lua"),
    ],
)
def test_no_python_object_can_be_looked_into(body: str) -> None:
    with pytest.raises(ScriptFailed, match=r"not accessible|attempt to index"):
        evaluate(f"local kube = require('kube') {body}")


def test_a_script_leaves_nothing_behind_for_the_next_one() -> None:
    evaluate("leak = 1 string.upper = nil require('kube').extra = 1 package.loaded.leak = {} return {}")
    assert evaluate(
        "return {leak = leak, upper = type(string.upper), extra = require('kube').extra, "
        "loaded = package.loaded.leak}"
    ) == {"upper": "function"}


@pytest.mark.parametrize(
    ("source", "message"),
    [
        pytest.param("", "defines no function F", id="no-function"),
        pytest.param("F = 1", "defines no function F", id="not-a-function"),
        pytest.param("local function F() end", "defines no function F", id="a-local-function"),
        pytest.param("function F(", "<string> at EOF:  syntax error", id="no-lua"),
        pytest.param("error('at load')", "<string>:1: at load", id="raises-while-loaded"),
        pytest.param("\x1bLua", "compiled code", id="byte-code"),
        pytest.param(
            "function F(a) return a.x.y end",
            r"<string>:1: attempt to index field 'x' \(a nil value\)",
            id="index-nil",
        ),
        pytest.param("function F() error({}) end", "error without a message", id="an-error-that-is-a-table"),
        pytest.param("function F() return F() + 1 end", "stack overflow", id="endless-recursion"),
        pytest.param("require('socket')", "module 'socket' not found", id="no-such-module"),
    ],
)
def test_a_script_that_fails_says_why_in_one_line(source: str, message: str) -> None:
    with pytest.raises(ScriptFailed, match=message) as caught:
        run(Call(source, "F", ({},), ("object",)))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("expected", "literal", "message"),
    [
        pytest.param("number", "'3'", "F must return a number, not string", id="text-for-number"),
        pytest.param("number", "nil", "F must return a number, not nil", id="nothing-for-number"),
        pytest.param("boolean", "1", "F must return a boolean, not number", id="number-for-boolean"),
        pytest.param("object", "nil", "F must return an object, not nil", id="nothing-for-object"),
        pytest.param("object", "{1}", "F must return an object, not a list", id="list-for-object"),
        pytest.param("list", "{a = 1}", "F must return a list, not an object", id="object-for-list"),
        pytest.param("list?", "false", "F must return a list, not boolean", id="false-is-not-nil"),
    ],
)
def test_a_wrong_return_type_is_an_error(expected: str, literal: str, message: str) -> None:
    with pytest.raises(ScriptFailed, match=message):
        evaluate(f"return {literal}", returns=expected)


@pytest.mark.parametrize(
    ("expected", "literal", "value"),
    [
        pytest.param("object", "{}", {}, id="an-empty-object"),
        pytest.param("list", "{}", [], id="an-empty-list"),
        pytest.param("object?", "nil", None, id="nil-where-it-is-allowed"),
        pytest.param("number", "2.5", 2.5, id="number"),
        pytest.param("boolean", "false", False, id="boolean"),
    ],
)
def test_results_have_the_type_of_the_contract(expected: str, literal: str, value: Any) -> None:
    assert evaluate(f"return {literal}", returns=expected) == value


def test_missing_and_surplus_results_are_nil_and_dropped() -> None:
    source = "function F() return 1 end function G() return 1, {a = 1}, 3 end"
    assert run(Call(source, "F", (), ("number", "object?"))) == [1, None]
    assert run(Call(source, "G", (), ("number", "object?"))) == [1, {"a": 1}]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("local t = {} for i = 1, 1e9 do t[i] = i end", id="a-table-that-grows"),
        pytest.param("return {s = string.rep('x', 2 ^ 30)}", id="one-huge-string"),
        pytest.param("local s = 'x' while true do s = s .. s end", id="a-string-that-doubles"),
        pytest.param(
            "local t = {} while true do t[#t + 1] = function() return t end end", id="functions-without-end"
        ),
    ],
)
def test_memory_has_a_bound(body: str) -> None:
    with pytest.raises(OutOfMemory, match="128 MiB"):
        evaluate(body)


def test_a_script_that_survives_its_memory_error_has_won_nothing() -> None:
    tries = "local ok for _ = 1, 2 do ok = pcall(string.rep, 'x', 2 ^ 30) end return {ok = ok}"
    assert evaluate(tries) == {"ok": False}
