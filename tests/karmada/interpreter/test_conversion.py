"""Conversion: what survives the way from JSON to Lua and back, and what empty tables become."""

from typing import Any

import pytest
from lupa.lua51 import LuaRuntime

from karmada.interpreter.conversion import MAX_DEPTH, from_lua, to_lua, with_empties, without_nulls
from karmada.interpreter.errors import ScriptFailed


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("text", "text", id="text"),
        pytest.param("grüße 🌍", "grüße 🌍", id="text-beyond-ascii"),
        pytest.param("", "", id="empty-text"),
        pytest.param(True, True, id="true-is-no-number"),
        pytest.param(False, False, id="false-is-no-nil"),
        pytest.param(0, 0, id="zero"),
        pytest.param(-7, -7, id="negative"),
        pytest.param(2.5, 2.5, id="fraction"),
        pytest.param(3.0, 3, id="a-whole-double-is-an-integer-again"),
        pytest.param(2**53 + 1, 2**53, id="integers-are-doubles-on-the-way"),
        pytest.param(2**64, float(2**64), id="what-no-integer-holds-is-a-double"),
        pytest.param({"a": {"b": [1, "x", {"c": True}]}}, {"a": {"b": [1, "x", {"c": True}]}}, id="nested"),
        pytest.param({"1": "a", "2": "b"}, {"1": "a", "2": "b"}, id="names-that-look-like-numbers"),
        pytest.param([[1], [2]], [[1], [2]], id="lists-of-lists"),
        pytest.param({}, [], id="an-empty-object-is-an-empty-table"),
        pytest.param([], [], id="an-empty-list-is-an-empty-table"),
    ],
)
def test_values_come_back_as_lua_keeps_them(value: Any, expected: Any) -> None:
    runtime = LuaRuntime(overflow_handler=float)
    boxed = runtime.execute("return function(v) return {v = v} end")
    found = from_lua(boxed(to_lua(runtime, value)))
    assert found == {"v": expected}
    assert type(found["v"]) is type(expected)


def test_null_is_absent_for_lua() -> None:
    assert without_nulls({"a": None, "b": [1, None, {"c": None}]}) == {"b": [1, {}]}


def test_what_is_nested_too_deep_is_refused_before_lua_sees_it() -> None:
    value: Any = None
    for _ in range(MAX_DEPTH + 2):
        value = [value]
    with pytest.raises(ScriptFailed, match="nested deeper"):
        without_nulls(value)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        pytest.param("{1, 2, a = 3}", "both names and numbers", id="mixed-keys"),
        pytest.param("{[1] = 'a', [3] = 'c'}", "holes", id="a-hole"),
        pytest.param("{[0] = 'a'}", "does not begin at 1", id="counted-from-zero"),
        pytest.param("{[1.5] = 'a'}", "keys", id="fractional-key"),
        pytest.param("{[true] = 'a'}", "keys", id="boolean-key"),
        pytest.param("{f = print}", "function cannot be part", id="function"),
        pytest.param("{c = coroutine.create(function() end)}", "cannot be part of an object", id="coroutine"),
        pytest.param("{n = 0/0}", "no form in JSON", id="not-a-number"),
        pytest.param("{n = 1/0}", "no form in JSON", id="infinite"),
        pytest.param("{s = string.char(200)}", "not UTF-8", id="broken-text"),
        pytest.param("{[string.char(200)] = 1}", "not UTF-8", id="broken-name"),
    ],
)
def test_what_json_cannot_say_is_refused(source: str, message: str) -> None:
    with pytest.raises(ScriptFailed, match=message):
        from_lua(LuaRuntime().execute(f"return {source}"))


def test_a_list_filled_backwards_keeps_its_order() -> None:
    table = LuaRuntime().execute("local t = {} for i = 9, 1, -1 do t[i] = i end return t")
    assert from_lua(table) == list(range(1, 10))


def test_a_part_may_appear_twice_but_not_within_itself() -> None:
    runtime = LuaRuntime()
    assert from_lua(runtime.execute("local p = {x = 1} return {p, p}")) == [{"x": 1}, {"x": 1}]
    with pytest.raises(ScriptFailed, match="contains itself"):
        from_lua(runtime.execute("local t = {} t.t = t return t"))


def test_a_small_table_that_unfolds_to_a_huge_value_is_refused() -> None:
    doubling = "local t = {x = 1} for _ = 1, 60 do t = {a = t, b = t} end return t"
    with pytest.raises(ScriptFailed, match="larger than"):
        from_lua(LuaRuntime().execute(doubling))


REFERENCE = {
    "emptyDir": {},
    "args": [],
    "spec": {"volumes": [{"name": "v", "emptyDir": {}}], "rules": [{}]},
}


@pytest.mark.parametrize(
    ("value", "references", "expected"),
    [
        pytest.param({"emptyDir": []}, [REFERENCE], {"emptyDir": {}}, id="was-an-object"),
        pytest.param({"args": []}, [REFERENCE], {"args": []}, id="was-a-list"),
        pytest.param({"new": [], "x": 1}, [REFERENCE], {"x": 1}, id="unknown-is-dropped"),
        pytest.param({"emptyDir": [], "x": 1}, [], {"x": 1}, id="without-reference-all-are-dropped"),
        pytest.param(
            {"spec": {"volumes": [{"name": "new"}, {"name": "v", "emptyDir": []}]}},
            [REFERENCE],
            {"spec": {"volumes": [{"name": "new"}, {"name": "v", "emptyDir": {}}]}},
            id="items-may-have-moved",
        ),
        pytest.param({"spec": {"rules": [[]]}}, [REFERENCE], {"spec": {"rules": [{}]}}, id="an-empty-item"),
        pytest.param({"l": [[], 1]}, [], {"l": [{}, 1]}, id="an-item-is-never-dropped"),
        pytest.param({"args": []}, [{}, REFERENCE], {"args": []}, id="any-reference-counts"),
        pytest.param({"a": {"b": []}}, [], {"a": {}}, id="what-becomes-empty-by-it-stays"),
    ],
)
def test_an_empty_table_becomes_what_the_arguments_had_there(
    value: Any, references: list[Any], expected: Any
) -> None:
    assert with_empties(value, references) == expected
