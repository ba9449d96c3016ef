"""Who sits, who waits and who is sent away."""

import asyncio
from typing import Any

import pytest

from apiserver.filters.fair_queuing import Level, Refused, Seats, hand_of, level_of
from apiserver.filters.flow_defaults import flow_objects
from karmada.api.objects import Object


def configuration(name: str, shares: int, *, queues: int = 0, **limited: Any) -> Object:
    response: Object = {"type": "Reject"}
    if queues:
        queuing = {"queues": queues, "handSize": 1, "queueLengthLimit": 2}
        response = {"type": "Queue", "queuing": queuing}
    spec = {"nominalConcurrencyShares": shares, "limitResponse": response, **limited}
    return {"metadata": {"name": name}, "spec": {"type": "Limited", "limited": spec}}


def seats_of(total: int, *configurations: Object) -> Seats:
    """catch-all has no share, so that the numbers are plain."""
    seats = Seats(total)
    seats.use([*configurations, configuration("catch-all", 0)])
    return seats


async def enter(seats: Seats, level: Level, *, width: int = 1, flow: int = 0, patience: float = 10) -> None:
    """As the filter does it."""
    if not level.queues and seats.free_for(level, width):
        seats.take(level, width)
    else:
        await seats.wait(level, flow=flow, seats=width, patience=patience)


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def test_seats_are_shared_out_by_shares() -> None:
    seats = Seats(600)
    seats.use(one for one in flow_objects() if one["kind"] == "PriorityLevelConfiguration")
    nominal = {name: level.nominal for name, level in seats.levels.items()}
    assert (nominal["workload-low"], nominal["catch-all"], nominal["exempt"]) == (245, 13, 0)
    assert seats.levels["workload-low"].kept == 25


async def test_a_level_that_refuses_does_so_at_once() -> None:
    seats = seats_of(2, configuration("a", 1, borrowingLimitPercent=0), configuration("b", 1))
    level = seats.levels["a"]
    await enter(seats, level)
    with pytest.raises(Refused, match="concurrency-limit"):
        await enter(seats, level)
    seats.leave(level, 1)
    await enter(seats, level)


async def test_idle_seats_are_borrowed_as_far_as_they_are_lent() -> None:
    seats = seats_of(10, configuration("a", 5), configuration("b", 5, lendablePercent=40))
    level = seats.levels["a"]
    for _ in range(7):
        await enter(seats, level)
    with pytest.raises(Refused):
        await enter(seats, level)
    await enter(seats, seats.levels["b"])


async def test_flows_take_turns() -> None:
    seats = seats_of(1, configuration("a", 1, queues=4))
    level = seats.levels["a"]
    order: list[str] = []
    await enter(seats, level)

    async def run(name: str, flow: int) -> None:
        await enter(seats, level, flow=flow)
        order.append(name)
        await asyncio.sleep(0)
        seats.leave(level, 1)

    async with asyncio.TaskGroup() as group:
        for name, flow in (("greedy1", 0), ("greedy2", 0), ("modest", 1)):
            group.create_task(run(name, flow))
            await settled()
        seats.leave(level, 1)
    assert order == ["greedy1", "modest", "greedy2"]
    assert (level.seats, level.executing, level.waiting, seats.in_line) == (0, 0, 0, 0)


async def test_a_full_queue_refuses_others_of_its_flow_only() -> None:
    seats = seats_of(1, configuration("a", 1, queues=4))
    level = seats.levels["a"]
    await enter(seats, level)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(enter(seats, level, flow=0)) for _ in range(2)]
        await settled()
        with pytest.raises(Refused, match="queue-full"):
            await enter(seats, level, flow=0)
        tasks.append(group.create_task(enter(seats, level, flow=1)))
        await settled()
        assert level.waiting == 3
        for task in tasks:
            task.cancel()
    assert (level.executing, level.waiting) == (1, 0)


async def test_who_waits_too_long_is_told_so() -> None:
    seats = seats_of(1, configuration("a", 1, queues=1))
    level = seats.levels["a"]
    await enter(seats, level)
    with pytest.raises(Refused, match="time-out"):
        await enter(seats, level, patience=0.01)
    assert (level.waiting, level.queues) == (0, {})


async def test_a_turn_that_comes_while_giving_up_goes_to_the_next() -> None:
    seats = seats_of(1, configuration("a", 1, queues=1))
    level = seats.levels["a"]
    await enter(seats, level)
    async with asyncio.TaskGroup() as group:
        first = group.create_task(enter(seats, level))
        second = group.create_task(enter(seats, level))
        await settled()
        seats.leave(level, 1)  # the first one's turn has come
        first.cancel()
        await second
    assert (level.executing, level.waiting) == (1, 0)


async def test_a_wide_request_runs_alone_if_it_must() -> None:
    seats = seats_of(2, configuration("a", 1, queues=1))
    level = seats.levels["a"]
    await enter(seats, level, width=10)
    with pytest.raises(Refused):
        await enter(seats, level, patience=0.01)
    seats.leave(level, 10)
    assert level.seats == 0


async def test_a_level_that_goes_lets_its_queue_in() -> None:
    seats = seats_of(1, configuration("a", 1, queues=1))
    level = seats.levels["a"]
    await enter(seats, level)
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(enter(seats, level))
        await settled()
        seats.use(())
        await waiting
    assert set(seats.levels) == {"exempt", "catch-all"}


async def test_more_seats_let_more_in() -> None:
    seats = seats_of(2, configuration("a", 1, queues=1, borrowingLimitPercent=0), configuration("b", 1))
    level = seats.levels["a"]
    await enter(seats, level)
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(enter(seats, level))
        await settled()
        seats.use([configuration("a", 1, queues=1), configuration("catch-all", 0)])
        await waiting
    assert seats.levels["a"] is level


def test_hands_are_dealt_without_repeats() -> None:
    for flow in range(2000):
        hand = hand_of(flow * 7919, 8, 4)
        assert len(set(hand)) == 4
        assert all(0 <= card < 8 for card in hand)


def test_what_is_not_said_has_defaults() -> None:
    level = level_of({"metadata": {"name": "x"}, "spec": {"type": "Limited", "limited": {}}})
    assert (level.shares, level.queuing) == (30, None)
    queue = {"limitResponse": {"type": "Queue"}}
    assert level_of({"metadata": {"name": "x"}, "spec": {"limited": queue}}).queuing == (64, 8, 50)
