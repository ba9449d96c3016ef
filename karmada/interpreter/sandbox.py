"""One script, run once: a fresh Lua 5.1 state with nothing in it that reaches outside, then its function.

In: a Call. Out: plain JSON values, or ScriptFailed with the words for the user. Every call gets its own
state, so that no global of one script is seen by another. Memory is bounded here; time is not, since no
limit inside the process stops a script that is deep in a library function or swallows errors: worker.py
runs this in a process that dies when the time is up.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from lupa.lua51 import LuaError, LuaMemoryError, LuaRuntime, LuaSyntaxError, lua_type

from karmada.interpreter.conversion import from_lua, to_lua, with_empties
from karmada.interpreter.errors import ScriptFailed
from karmada.interpreter.kube_library import FUNCTIONS, LibraryError, lua_name
from karmada.interpreter.syntax import BYTE_CODE, described

MAX_LUA_BYTES: Final = 128 * 2**20
CHUNK: Final = "=<string>"
# Keeps what the operations need, and gives stubs for what scripts ask for in vain. The functions of the
# library are wrapped, so that no script holds a Python object that it could look into.
_PREPARE: Final = """
local library = ...
local error, ipairs, pairs, type = error, ipairs, pairs, type
local function set(names)
  local found = {}
  for name in names:gmatch("%S+") do found[name] = true end
  return found
end
local function only(target, names)
  for name in pairs(target) do
    if not names[name] then target[name] = nil end
  end
end
only(string, set("byte char find format gmatch gsub len lower match rep reverse sub upper"))
only(table, set("concat insert maxn remove sort getn"))
only(os, set("time date"))
local kube = {}
for name, call in pairs(library) do
  kube[name] = function(...)
    local well, value = call(...)
    if not well then error(value, 2) end
    return value
  end
end
only(_G, set("_G _VERSION assert error ipairs math next os pairs pcall select string table " ..
             "tonumber tostring type unpack xpcall"))
function print() end
for name in pairs(set("collectgarbage dofile getfenv getmetatable load loadfile loadstring rawequal " ..
                      "rawget rawset setfenv setmetatable module newproxy")) do
  _G[name] = function()
    error("call function " .. name .. " is not supported in karmada customized resourceinterpreter.", 2)
  end
end
package = {loaded = {_G = _G, string = string, table = table, math = math, os = os}, preload = {}}
package.loaded.package = package
package.preload.kube = function() return kube end
local loaded, preload = package.loaded, package.preload
function require(name)
  if loaded[name] ~= nil then return loaded[name] end
  local loader = type(name) == "string" and preload[name]
  if type(loader) ~= "function" then error("module '" .. tostring(name) .. "' not found", 2) end
  local found = loader(name)
  loaded[name] = found == nil and true or found
  return loaded[name]
end
"""


_LEAKED: Final = (AttributeError, TypeError, ValueError, OverflowError, RecursionError)
"""What a script can bring about in the library's calls, beside what these report themselves."""


@dataclass(frozen=True, slots=True)
class Call:
    """One function of one script with its arguments, which hold no null."""

    source: str
    function: str
    arguments: Sequence[Any]
    returns: tuple[str, ...]
    """See Contract.returns."""
    keeps_empties: bool = False


class OutOfMemory(ScriptFailed):
    """The script reached the bound of its memory; the process should not be used again."""


def run(call: Call) -> list[Any]:
    """The returned values, one for each of call.returns. Raises ScriptFailed."""
    if call.source.startswith(BYTE_CODE):
        raise ScriptFailed("the script is compiled code")
    runtime = _fresh_runtime()
    try:
        runtime.execute(call.source, name=CHUNK)
        function = runtime.globals()[call.function]
        if lua_type(function) != "function":
            raise ScriptFailed(f"the script defines no function {call.function}")
        found = function(*(to_lua(runtime, argument) for argument in call.arguments))
    except LuaMemoryError as error:
        raise OutOfMemory(f"the script needs more than {MAX_LUA_BYTES // 2**20} MiB") from error
    except LuaSyntaxError as error:
        raise ScriptFailed(described(call.source, str(error))) from error
    except MemoryError as error:
        raise OutOfMemory("the script needs more memory than it may have") from error
    except (LuaError, *_LEAKED) as error:
        raise ScriptFailed(_message(error)) from error
    return _results(call, found)


def _results(call: Call, found: Any) -> list[Any]:
    values = list(found) if isinstance(found, tuple) else [found]
    values += [None] * (len(call.returns) - len(values))
    results = []
    for expected, value in zip(call.returns, values, strict=False):
        read = _checked(call.function, expected, value)
        if isinstance(read, dict | list):
            read = with_empties(read, call.arguments if call.keeps_empties else ())
        results.append(read)
    return results


def _checked(function: str, expected: str, value: Any) -> Any:
    """value as JSON if it is of the expected type."""
    wanted, optional = expected.rstrip("?"), expected.endswith("?")
    kind = lua_type(value) or lua_name(value)
    if kind == "nil" and optional:
        return None
    if kind != ("table" if wanted in ("object", "list") else wanted):
        raise ScriptFailed(f"{function} must return {_article(wanted)}, not {kind}")
    read = from_lua(value)
    if wanted == "object" and isinstance(read, list):
        if read:
            raise ScriptFailed(f"{function} must return an object, not a list")
        return {}
    if wanted == "list" and isinstance(read, dict):
        raise ScriptFailed(f"{function} must return a list, not an object")
    return read


def _article(noun: str) -> str:
    return f"an {noun}" if noun == "object" else f"a {noun}"


def _fresh_runtime() -> LuaRuntime:
    runtime = LuaRuntime(
        unpack_returned_tuples=True,
        register_eval=False,
        register_builtins=False,
        attribute_handlers=(_refuse, _refuse),
        overflow_handler=float,
        max_memory=MAX_LUA_BYTES,
    )
    library = {name: _lifted(runtime, function) for name, function in FUNCTIONS.items()}
    _prepare(runtime, library)
    return runtime


def _prepare(runtime: LuaRuntime, library: dict[str, Callable[..., Any]]) -> None:
    runtime.execute(_PREPARE, runtime.table_from(library), name="=sandbox")


def _lifted(runtime: LuaRuntime, function: Callable[..., Any]) -> Callable[..., tuple[bool, Any]]:
    """function between Lua values: (True, result) or (False, message)."""

    def call(*arguments: Any) -> tuple[bool, Any]:
        try:
            plain = (with_empties(from_lua(argument)) for argument in arguments)
            return True, to_lua(runtime, function(*plain))
        except (LibraryError, ScriptFailed) as error:
            return False, str(error)

    return call


def _refuse(*_: Any) -> NoReturn:
    """No script reads or sets an attribute of a Python object."""
    raise AttributeError("not accessible")


def _message(error: Exception) -> str:
    """What the script, or Lua, said; without the stack."""
    text = re.split(r"\nstack traceback:", str(error), maxsplit=1)[0].strip()
    return text[:1000] or "the script raised an error without a message"
