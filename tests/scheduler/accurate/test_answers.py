"""Fetched answers in a decision."""

import pytest

from scheduler.accurate.answers import AnswersNeeded, FetchedAnswers
from scheduler.decide import schedule
from scheduler.estimator.general import GeneralEstimator
from scheduler.snapshot import Snapshot
from tests.scheduler.build import DYNAMIC, binding, cluster, placed_by

TWO = Snapshot.of([cluster("m1", cpu=10), cluster("m2", cpu=10)])


def test_a_decision_says_whose_answers_it_needs_and_then_uses_them() -> None:
    asked = binding(placed_by(DYNAMIC), replicas=4, request={"cpu": "1"})
    answers = FetchedAnswers()
    with pytest.raises(AnswersNeeded) as needed:
        schedule(asked, TWO, estimators=(GeneralEstimator(), answers))
    assert (needed.value.clusters, needed.value.sets) == (["m1", "m2"], False)
    answers.add({"m1": 3, "m2": 1})
    decision = schedule(asked, TWO, estimators=(GeneralEstimator(), answers))
    assert {target.name: target.replicas for target in decision.targets or ()} == {"m1": 3, "m2": 1}


def test_who_did_not_answer_takes_nothing_away_from_the_others() -> None:
    asked = binding(placed_by(DYNAMIC), replicas=12, request={"cpu": "1"})
    answers = FetchedAnswers()
    answers.add({"m1": 2, "m2": -1})
    decision = schedule(asked, TWO, estimators=(GeneralEstimator(), answers))
    assert {target.name: target.replicas for target in decision.targets or ()} == {"m1": 2, "m2": 10}


def test_without_replicas_nobody_is_asked() -> None:
    assert schedule(binding({}), TWO, estimators=(FetchedAnswers(),)).error is None
