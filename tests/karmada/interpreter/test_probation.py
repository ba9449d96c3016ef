"""Probation: who may try what hung before."""

import pytest

from karmada.interpreter.probation import OnProbation, Probation


def test_one_trial_of_a_key_at_a_time() -> None:
    probation: Probation[str] = Probation(trials=2)
    probation.overran("a")
    with probation.trial("a"), pytest.raises(OnProbation), probation.trial("a"):
        pass
    with probation.trial("a"):
        pass


def test_trials_of_all_keys_share_their_room() -> None:
    probation: Probation[str] = Probation(trials=1)
    probation.overran("a")
    probation.overran("b")
    with probation.trial("a"), pytest.raises(OnProbation), probation.trial("b"):
        pass


def test_probation_ends_with_an_answer_in_time_or_a_new_configuration() -> None:
    probation: Probation[str] = Probation(trials=1)
    probation.overran("a")
    with probation.trial("a"):
        probation.overran("a")
    assert "a" in probation
    with probation.trial("a"):
        probation.passed("a")
    assert "a" not in probation
    probation.overran("b")
    probation.clear()
    assert "b" not in probation


def test_a_trial_that_raises_makes_room_again() -> None:
    probation: Probation[str] = Probation(trials=1)
    probation.overran("a")
    with pytest.raises(RuntimeError), probation.trial("a"):
        raise RuntimeError
    with probation.trial("a"):
        pass
