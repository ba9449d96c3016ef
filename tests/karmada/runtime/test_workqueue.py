"""karmada.runtime.workqueue: no key lost, none doubled, none in two hands."""

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from prometheus_client import REGISTRY

from karmada.runtime.clock import ManualClock
from karmada.runtime.workqueue import LOW_PRIORITY, QueueClosed, Requeue, WorkQueue


def queue_with_clock() -> tuple[WorkQueue[str], ManualClock]:
    clock = ManualClock()
    return WorkQueue("test", clock=clock), clock


async def take_all(queue: WorkQueue[str]) -> list[str]:
    taken = []
    while len(queue):
        key = await queue.get()
        queue.settle(key, None)
        taken.append(key)
    return taken


async def test_a_key_waits_once_however_often_it_is_added() -> None:
    queue, _ = queue_with_clock()
    for key in "abab":
        queue.add(key)
    assert await take_all(queue) == ["a", "b"]


async def test_higher_priority_goes_first_and_adding_again_raises_it() -> None:
    queue, _ = queue_with_clock()
    for key in "abc":
        queue.add(key, priority=LOW_PRIORITY)
    queue.add("d")
    queue.add("c", priority=5)
    queue.add("d", priority=LOW_PRIORITY)
    assert await take_all(queue) == ["c", "d", "a", "b"]


async def test_a_key_in_work_is_not_handed_out_again_before_it_is_settled() -> None:
    queue, _ = queue_with_clock()
    queue.add("a")
    assert await queue.get() == "a"
    queue.add("a", priority=3)
    queue.add("b")
    assert await queue.get() == "b"
    assert len(queue) == 0
    queue.settle("a", None)
    assert await queue.get() == "a"


async def test_failures_wait_longer_each_time_up_to_the_cap() -> None:
    queue, clock = queue_with_clock()
    queue.add("a")
    delays = []
    for _ in range(16):
        await queue.get()
        delays.append(queue.retry("a"))
        assert len(queue) == 0
        clock.advance(delays[-1])
    assert delays[:4] == [0.005, 0.01, 0.02, 0.04]
    assert delays[-1] == 30.0
    assert queue.failures("a") == 16
    await queue.get()
    queue.settle("a", None)
    assert queue.failures("a") == 0


async def test_a_failed_key_that_changed_meanwhile_is_tried_at_once() -> None:
    queue, _ = queue_with_clock()
    queue.add("a")
    await queue.get()
    queue.add("a")
    assert queue.retry("a") == 0.0
    assert len(queue) == 1


async def test_a_failed_key_keeps_its_priority() -> None:
    queue, clock = queue_with_clock()
    queue.add("low", priority=LOW_PRIORITY)
    await queue.get()
    clock.advance(queue.retry("low"))
    queue.add("live")
    assert await take_all(queue) == ["live", "low"]


async def test_delayed_keys_come_in_time_the_shortest_delay_counts() -> None:
    queue, clock = queue_with_clock()
    queue.add_after("a", 10)
    queue.add_after("b", 5)
    queue.add_after("a", 2)
    queue.add_after("a", 20)
    clock.advance(1.9)
    assert len(queue) == 0
    clock.advance(0.1)
    assert await take_all(queue) == ["a"]
    clock.advance(3)
    assert await take_all(queue) == ["b"]
    clock.advance(100)
    assert len(queue) == 0


async def test_a_requeue_comes_back_without_counting_a_failure() -> None:
    queue, clock = queue_with_clock()
    queue.add("a")
    await queue.get()
    queue.settle("a", Requeue(after=60))
    assert queue.failures("a") == 0
    clock.advance(60)
    assert await queue.get() == "a"


async def test_one_timer_serves_every_delay() -> None:
    queue, clock = queue_with_clock()
    for number in range(1000):
        queue.add_after(f"k{number}", 10 + number / 1000)
    assert clock.sleepers == 1
    for _ in range(500):  # the same key over and over must not pile up
        for delay in (9.0, 8.0, 7.0):
            queue.add_after("again", delay)
        clock.advance(0.001)
    clock.advance(20)
    assert len(queue) == 1001
    assert clock.sleepers == 0


async def test_waiting_workers_get_one_key_each() -> None:
    queue, _ = queue_with_clock()
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        workers = [group.create_task(queue.get()) for _ in range(3)]
        await asyncio.sleep(0)
        for key in "abc":
            queue.add(key)
    assert sorted(worker.result() for worker in workers) == ["a", "b", "c"]


async def test_a_worker_that_leaves_passes_its_wake_up_on() -> None:
    queue, _ = queue_with_clock()
    leaving, staying = asyncio.create_task(queue.get()), asyncio.create_task(queue.get())  # noqa: TID251
    await asyncio.sleep(0)
    queue.add("a")
    leaving.cancel()
    async with asyncio.timeout(5):
        assert await staying == "a"


async def test_closing_ends_every_wait_and_ignores_later_adds() -> None:
    queue, clock = queue_with_clock()
    queue.add_after("later", 1)
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(ends_closed(queue.get))
        await asyncio.sleep(0)
        queue.close()
    assert waiting.result()
    queue.add("a")
    queue.add_after("b", 1)
    clock.advance(2)
    assert len(queue) == 0


async def ends_closed(get: Callable[[], object]) -> bool:
    try:
        await get()  # type: ignore[misc]
    except QueueClosed:
        return True
    return False


async def test_metrics_follow_the_queue() -> None:
    clock = ManualClock()
    queue: WorkQueue[str] = WorkQueue("measured", clock=clock)

    def value(name: str) -> float:
        return REGISTRY.get_sample_value(name, {"name": "measured"}) or 0.0

    queue.add("a")
    queue.add("b")
    queue.add("b")
    assert (value("workqueue_depth"), value("workqueue_adds_total")) == (2, 2)
    clock.advance(3)
    await queue.get()
    clock.advance(4)
    queue.retry("a")
    assert value("workqueue_retries_total") == 1
    assert value("workqueue_queue_duration_seconds_sum") == 3
    assert value("workqueue_work_duration_seconds_sum") == 4
    queue.close()
    assert value("workqueue_depth") == 0


class QueueMachine(RuleBasedStateMachine):
    """Against a model: every added key is handed out later, exactly once at a time."""

    keys = st.sampled_from("abcde")
    priorities = st.sampled_from([LOW_PRIORITY, 0, 7])

    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock()
        self.queue: WorkQueue[str] = WorkQueue("machine", clock=self.clock)
        self.owed: set[str] = set()
        self.held: list[str] = []

    @rule(key=keys, priority=priorities)
    def add(self, key: str, priority: int) -> None:
        self.queue.add(key, priority=priority)
        self.owed.add(key)

    @rule(key=keys, priority=priorities, seconds=st.floats(0.001, 5))
    def add_later(self, key: str, priority: int, seconds: float) -> None:
        self.queue.add_after(key, seconds, priority=priority)
        self.clock.advance(seconds)
        self.owed.add(key)

    @rule()
    def take(self) -> None:
        if len(self.queue):
            key = asyncio.run(self.queue.get())
            assert key not in self.held
            assert key in self.owed
            self.owed.discard(key)
            self.held.append(key)

    @rule(after=st.none() | st.floats(0.1, 3))
    def settle(self, after: float | None) -> None:
        if self.held:
            key = self.held.pop(0)
            self.queue.settle(key, None if after is None else Requeue(after))
            if after is not None:
                self.clock.advance(after)
                self.owed.add(key)

    @rule()
    def fail(self) -> None:
        if self.held:
            key = self.held.pop()
            self.clock.advance(self.queue.retry(key))
            self.owed.add(key)

    @invariant()
    def what_is_owed_waits_or_is_held_until_settled(self) -> None:
        assert self.owed - set(self.held) == set(self.queue._waiting)


TestQueueMachine = QueueMachine.TestCase
TestQueueMachine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


@pytest.mark.parametrize("count", [0, 1, 5])
def test_len_counts_waiting_keys(count: int) -> None:
    queue, _ = queue_with_clock()
    for number in range(count):
        queue.add(str(number))
    assert len(queue) == count
    assert queue.idle is (count == 0)
