"""Probation: who may try what hung before."""

import asyncio

import pytest

from karmada.interpreter.probation import OnProbation, Probation


@pytest.fixture
async def probation() -> Probation[str]:
    probation: Probation[str] = Probation(trials=2, patience_seconds=0.02)
    for key in ("a", "b", "c"):
        probation.overran(key)
    return probation


async def test_one_trial_of_a_key_at_a_time(probation: Probation[str]) -> None:
    async with probation.trial("a") as trying:
        assert trying
        with pytest.raises(OnProbation):
            async with probation.trial("a"):
                pass
    async with probation.trial("a") as trying:
        assert trying


async def test_trials_of_all_keys_share_their_room(probation: Probation[str]) -> None:
    async with probation.trial("a"), probation.trial("b"):
        with pytest.raises(OnProbation):
            async with probation.trial("c"):
                pass
    async with probation.trial("c") as trying:
        assert trying


async def test_a_trial_that_ends_well_soon_is_waited_for() -> None:
    probation: Probation[str] = Probation(trials=1, patience_seconds=10)
    probation.overran("a")
    tried: list[bool] = []

    async def second() -> None:
        async with probation.trial("a") as trying:
            tried.append(trying)

    async with asyncio.TaskGroup() as group, probation.trial("a"):
        group.create_task(second())
        await asyncio.sleep(0.01)
        assert tried == [], "it waits"
        probation.passed("a")
    assert tried == [False], "there is nothing to try any more"


async def test_probation_ends_with_an_answer_in_time_or_a_new_configuration(
    probation: Probation[str],
) -> None:
    async with probation.trial("a"):
        probation.overran("a")
    assert "a" in probation
    async with probation.trial("a"):
        probation.passed("a")
    assert "a" not in probation
    probation.clear()
    assert "b" not in probation


async def test_a_trial_that_raises_makes_room_again(probation: Probation[str]) -> None:
    for _ in range(3):
        with pytest.raises(ConnectionError):
            async with probation.trial("a"):
                raise ConnectionError
    async with probation.trial("a") as trying:
        assert trying
