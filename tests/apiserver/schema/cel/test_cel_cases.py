"""What expressions come to, as Kubernetes 1.36 answers them: cases.json.

Values that JSON cannot hold are written as {"optional": [..]}, {"uint": 1}, {"map": [[key, value]]},
{"double": ".."}, {"bytes": hex} or {type name: text}.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from apiserver.schema.cel import CompileError, EvaluationError, compile_program
from apiserver.schema.cel.library.amounts import Quantity, Semver
from apiserver.schema.cel.library.formats import NamedFormat
from apiserver.schema.cel.types import DYN, INT, STRING, list_of, map_of
from apiserver.schema.cel.values import Opaque, Optional, UInt, name_of_type

CASES = json.loads((Path(__file__).parent / "cases.json").read_text())
VARIABLES = {"x": DYN, "s": STRING, "l": list_of(INT), "m": map_of(STRING, STRING)}
EMPTY: dict[str, Any] = {"x": None, "s": "", "l": [], "m": {}}


def shown(value: Any) -> Any:
    if isinstance(value, Optional):
        return {"optional": [shown(value.value)] if value.present else []}
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, UInt):
        return {"uint": int(value)}
    if isinstance(value, float):
        return {"double": repr(value)}
    if isinstance(value, dict):
        return {"map": [[shown(key), shown(item)] for key, item in value.items()]}
    if isinstance(value, list):
        return [shown(item) for item in value]
    return {name_of_type(value): text_of(value)} if isinstance(value, Opaque) else value


def text_of(value: Opaque) -> str:
    if isinstance(value, Quantity):
        return str(value.amount)
    if isinstance(value, Semver):
        return value.text
    if isinstance(value, NamedFormat):
        return value.name
    return getattr(value, "name", None) or str(compile_program("string(v)", {"v": DYN}).run(value))


@pytest.mark.parametrize("case", CASES, ids=[case["expression"] or "(empty)" for case in CASES])
def test_an_expression_comes_to_what_it_comes_to_in_kubernetes(case: dict[str, Any]) -> None:
    if "refused" in case:
        with pytest.raises(CompileError) as refusal:
            compile_program(case["expression"], VARIABLES)
        assert str(refusal.value) == case["refused"]
        return
    program = compile_program(case["expression"], VARIABLES)
    values = {**EMPTY, **case.get("variables", {})}.values()
    if "fails" in case:
        with pytest.raises(EvaluationError) as failure:
            program.run(*values)
        assert str(failure.value) == case["fails"]
        return
    assert shown(program.run(*values)) == case["value"]
