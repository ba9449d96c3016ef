"""Who waits where, for how long, and who goes first."""

import asyncio

import pytest

from karmada.api.groups.work import RESOURCE_BINDINGS
from karmada.api.gvk import ObjectKey
from karmada.runtime.clock import ManualClock
from scheduler.queue import FifoBindingQueue, PriorityBindingQueue, backoff_seconds


def key(name: str) -> ObjectKey:
    return RESOURCE_BINDINGS.key("default", name)


async def drain(queue: PriorityBindingQueue | FifoBindingQueue) -> list[str]:
    """Everything that is active, in order."""
    names = []
    while queue.sizes()["active"]:
        item = await queue.pop()
        names.append(item.key.name)
        queue.forget(item)
    return names


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def queue(clock: ManualClock) -> PriorityBindingQueue:
    return PriorityBindingQueue(clock=clock)


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    [pytest.param(n, s, id=f"{n}-attempts") for n, s in enumerate([0, 1, 2, 4, 8, 10, 10])],
)
def test_the_back_off_doubles_up_to_ten_seconds(attempts: int, seconds: float) -> None:
    assert backoff_seconds(attempts) == seconds


def test_a_million_attempts_wait_no_longer() -> None:
    assert backoff_seconds(10**6) == 10


async def test_larger_priority_goes_first_then_the_older(
    queue: PriorityBindingQueue, clock: ManualClock
) -> None:
    for name, priority in [("low", 0), ("high", 10), ("low-too", 0), ("negative", -5)]:
        queue.add(key(name), priority=priority)
        clock.advance(0.1)
    assert await drain(queue) == ["high", "low", "low-too", "negative"]


async def test_a_key_waits_once(queue: PriorityBindingQueue) -> None:
    for _ in range(3):
        queue.add(key("a"), priority=0)
    assert await drain(queue) == ["a"]


async def test_a_key_being_worked_on_comes_back_when_it_changed(queue: PriorityBindingQueue) -> None:
    queue.add(key("a"), priority=0)
    item = await queue.pop()
    queue.add(key("a"), priority=0)
    assert queue.sizes()["active"] == 0
    queue.forget(item)
    assert await drain(queue) == ["a"]


async def test_pop_waits_for_a_key(queue: PriorityBindingQueue) -> None:
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        popping = group.create_task(queue.pop(), name="pop")
        await asyncio.sleep(0)
        assert not popping.done()
        queue.add(key("a"), priority=0)
    assert popping.result().key == key("a")


async def test_a_failure_comes_back_after_its_back_off(
    queue: PriorityBindingQueue, clock: ManualClock
) -> None:
    queue.add(key("a"), priority=0)
    for seconds in (1, 2, 4):
        item = await queue.pop()
        queue.retry(item)
        assert queue.sizes() == {"active": 0, "backoff": 1, "unschedulable": 0}
        clock.advance(seconds - 0.1)
        queue.flush_backoff()
        assert queue.sizes()["active"] == 0
        clock.advance(0.1)
        queue.flush_backoff()
        assert queue.sizes() == {"active": 1, "backoff": 0, "unschedulable": 0}


async def test_the_loop_flushes_by_itself(queue: PriorityBindingQueue, clock: ManualClock) -> None:
    for name in ("failed", "parked"):
        queue.add(key(name), priority=0)
    queue.retry(await queue.pop())
    queue.park(await queue.pop())
    async with asyncio.TaskGroup() as group:
        loop = group.create_task(queue.run(), name="flush")
        await clock.run_for(2)
        assert queue.sizes() == {"active": 1, "backoff": 0, "unschedulable": 1}
        await clock.run_for(330)
        assert queue.sizes() == {"active": 2, "backoff": 0, "unschedulable": 0}
        loop.cancel()


async def test_what_found_no_room_is_tried_when_figures_change(
    queue: PriorityBindingQueue, clock: ManualClock
) -> None:
    queue.add(key("a"), priority=0)
    queue.park(await queue.pop())
    async with asyncio.TaskGroup() as group:
        loop = group.create_task(queue.run(), name="flush")
        await clock.run_for(12)
        assert queue.sizes()["unschedulable"] == 1
        queue.room_changed()
        await clock.run_for(1)
        assert queue.sizes() == {"active": 1, "backoff": 0, "unschedulable": 0}
        loop.cancel()


async def test_an_event_ends_any_waiting(queue: PriorityBindingQueue) -> None:
    for name in ("failed", "parked"):
        queue.add(key(name), priority=0)
    queue.retry(await queue.pop())
    queue.park(await queue.pop())
    for name in ("failed", "parked"):
        queue.add(key(name), priority=0)
    assert queue.sizes() == {"active": 2, "backoff": 0, "unschedulable": 0}
    assert (await queue.pop()).attempts == 1


async def test_a_key_that_changed_meanwhile_does_not_wait(queue: PriorityBindingQueue) -> None:
    queue.add(key("a"), priority=0)
    item = await queue.pop()
    queue.add(key("a"), priority=0)
    queue.retry(item)
    assert queue.sizes() == {"active": 1, "backoff": 0, "unschedulable": 0}


async def test_what_is_gone_waits_for_nothing(queue: PriorityBindingQueue, clock: ManualClock) -> None:
    queue.add(key("a"), priority=0)
    queue.retry(await queue.pop())
    queue.discard(key("a"))
    clock.advance(60)
    queue.flush_backoff()
    assert queue.sizes() == {"active": 0, "backoff": 0, "unschedulable": 0}


async def test_without_the_gate_first_in_is_first_out(clock: ManualClock) -> None:
    queue = FifoBindingQueue(clock=clock)
    for name, priority in [("first", 0), ("second", 100)]:
        queue.add(key(name), priority=priority)
    assert await drain(queue) == ["first", "second"]


async def test_without_the_gate_failures_wait_ever_longer(clock: ManualClock) -> None:
    queue = FifoBindingQueue(base_seconds=1, max_seconds=3, clock=clock)
    queue.add(key("a"), priority=0)
    for seconds in (1, 2, 3, 3):
        queue.retry(await queue.pop())
        clock.advance(seconds - 0.1)
        assert queue.sizes()["active"] == 0
        clock.advance(0.1)
        assert queue.sizes()["active"] == 1
    queue.forget(await queue.pop())
    queue.add(key("a"), priority=0)
    queue.park(await queue.pop())
    clock.advance(1)
    assert queue.sizes()["active"] == 1


async def test_without_the_gate_all_failures_share_a_bucket(clock: ManualClock) -> None:
    queue = FifoBindingQueue(base_seconds=0.001, per_second=10, burst=2, clock=clock)
    for name in "abcd":
        queue.add(key(name), priority=0)
    for _ in "abcd":
        queue.retry(await queue.pop())
    clock.advance(0.05)
    assert queue.sizes()["active"] == 2
    clock.advance(0.1)
    assert queue.sizes()["active"] == 3
    clock.advance(0.1)
    assert queue.sizes()["active"] == 4
