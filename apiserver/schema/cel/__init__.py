"""CEL, as Kubernetes has it: expressions compiled to closures, typed, and bounded in what they cost.

source -> lexer.py -> parser.py -> compiler.py (types, names, closures) -> Program. library/ holds the
functions. Used by custom resources' validation rules and by admission.
"""

from apiserver.schema.cel.program import CALL_BUDGET, Program, ResultError, compile_program
from apiserver.schema.cel.syntax import CompileError
from apiserver.schema.cel.values import BudgetExceeded, EvaluationError, Meter

__all__ = [
    "CALL_BUDGET",
    "BudgetExceeded",
    "CompileError",
    "EvaluationError",
    "Meter",
    "Program",
    "ResultError",
    "compile_program",
]
