"""What a kind can be asked."""

import pytest

from karmada.interpreter.errors import InterpreterError
from karmada.interpreter.operations import Operation
from karmada.interpreter.thirdparty.kind import RULES, Kind


def test_a_kind_can_do_what_it_has_rules_for() -> None:
    made = Kind(healthy=lambda obj: True, reflect=lambda obj: {})
    assert made.operations() == {Operation.HEALTH, Operation.STATUS}
    assert set(RULES) == set(Operation)


def test_a_rule_that_is_not_there_says_so() -> None:
    with pytest.raises(InterpreterError, match="nothing is known about this operation"):
        Kind().healthy({})
