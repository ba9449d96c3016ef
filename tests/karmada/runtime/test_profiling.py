"""Profiles over HTTP."""

import asyncio
import sys
from collections.abc import AsyncIterator

import aiohttp
import pytest

from karmada.runtime.observe import StartError
from karmada.runtime.profiling import serve_profiles


@pytest.fixture
async def base() -> AsyncIterator[str]:
    async with serve_profiles("127.0.0.1", 0) as port:
        yield f"http://127.0.0.1:{port}/debug/pprof"


async def get(url: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, await answer.text()


@pytest.mark.parametrize(
    ("path", "text"),
    [
        pytest.param("", "/debug/pprof/profile", id="index"),
        pytest.param("cmdline", sys.argv[0], id="command-line"),
        pytest.param("goroutine", "tasks", id="tasks"),
        pytest.param("heap", "dict", id="heap"),
        pytest.param("profile?seconds=0.05", "function calls", id="profile"),
    ],
)
async def test_a_process_says_what_it_is_busy_with(base: str, path: str, text: str) -> None:
    status, body = await get(f"{base}/{path}")
    assert status == 200
    assert text in body


@pytest.mark.parametrize("seconds", ["x", "-1", "9999", "nan"])
async def test_bad_times_are_refused(base: str, seconds: str) -> None:
    assert (await get(f"{base}/profile?seconds={seconds}"))[0] == 400


async def test_one_profile_at_a_time(base: str) -> None:
    answers = await asyncio.gather(*(get(f"{base}/profile?seconds=0.3") for _ in range(2)))
    assert sorted(status for status, _ in answers) == [200, 409]


async def test_an_address_in_use_is_told() -> None:
    async with serve_profiles("127.0.0.1", 0) as port:
        with pytest.raises(StartError, match="--profiling-bind-address"):
            async with serve_profiles("127.0.0.1", port, flag="--profiling-bind-address"):
                pass
