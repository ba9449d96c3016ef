"""Whether a script is Lua at all: compiled, never executed. Pure.

In: the text of a script. Out: "" or one line that says where it stops being Lua, in the words users of
Karmada know. For admission, and for those who check customizations offline.
"""

import re
from typing import Final

BYTE_CODE: Final = "\x1b"
"""Lua 5.1 loads compiled code without checking it; it begins with this."""
MAX_COMPILER_BYTES: Final = 64 * 2**20
_END: Final = "<eof>"
_LOADING: Final = "error loading code: "
_REPORT: Final = re.compile(r"<string>:(?P<line>\d+): (?P<message>.*?)(?: near '(?P<token>.*)')?", re.DOTALL)


def syntax_error(script: str) -> str:
    """Where and why script cannot be compiled; "" when it can."""
    from lupa.lua51 import LuaMemoryError, LuaRuntime, LuaSyntaxError

    if script.startswith(BYTE_CODE):
        return "<string> line:1(column:1): compiled code is not accepted"
    runtime = LuaRuntime(register_eval=False, register_builtins=False, max_memory=MAX_COMPILER_BYTES)
    try:
        runtime.compile(script, name="=<string>")
    except LuaSyntaxError as error:
        return described(script, str(error))
    except (LuaMemoryError, UnicodeEncodeError) as error:
        return f"<string>: {error}"
    return ""


def described(script: str, report: str) -> str:
    """A message of the Lua compiler in the words of syntax_error."""
    found = _REPORT.fullmatch(report.removeprefix(_LOADING).strip())
    if found is None:
        return report.strip()
    token, message = found["token"] or "", found["message"]
    what = "syntax error" if message == "unexpected symbol" else f"syntax error: {message}"
    if token == _END:
        return f"<string> at EOF:  {what}"
    line = int(found["line"])
    return f"<string> line:{line}(column:{_column(script, line, token)}) near '{token}':  {what}"


def _column(script: str, line: int, token: str) -> int:
    """Where the token ends in its line. Lua names the line only: the first match may be an earlier twin."""
    lines = script.split("\n")
    text = lines[line - 1] if line <= len(lines) else ""
    edge = r"\b" if token.isidentifier() else ""
    found = re.search(f"{edge}{re.escape(token)}{edge}", text)
    return found.end() if found else len(text)
