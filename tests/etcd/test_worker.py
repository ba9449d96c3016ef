"""The thread behind sqlite.py."""

import asyncio
import threading

import pytest

from etcd.worker import Worker


async def test_jobs_run_in_order_in_one_other_thread() -> None:
    worker = Worker("test worker")
    seen: list[tuple[int, str]] = []

    def job(number: int) -> int:
        seen.append((number, threading.current_thread().name))
        return number

    answers = [worker.run(lambda number=number: job(number)) for number in range(20)]  # type: ignore[misc]
    assert await asyncio.gather(*answers) == list(range(20))
    assert seen == [(number, "test worker") for number in range(20)]
    worker.stop()


async def test_a_failing_job_fails_its_own_future_only() -> None:
    worker = Worker("test worker")
    failing, working = worker.run(lambda: 1 // 0), worker.run(lambda: 1)
    with pytest.raises(ZeroDivisionError):
        await failing
    assert await working == 1
    worker.stop()


async def test_a_cancelled_caller_does_not_stop_the_job() -> None:
    worker, started, go_on = Worker("test worker"), asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()
    done: list[int] = []

    def job() -> None:
        loop.call_soon_threadsafe(started.set)
        go_on.wait(10)
        done.append(1)

    answer = worker.run(job)
    await started.wait()
    answer.cancel()
    go_on.set()
    await worker.run(lambda: None)
    assert done == [1]
    worker.stop()
