"""The pool: whatever a script does, its caller gets an answer and everybody else goes on."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from karmada.interpreter.errors import ScriptFailed, ScriptOverran
from karmada.interpreter.frames import HEADER
from karmada.interpreter.operations import CONTRACTS, Operation
from karmada.interpreter.pool import ScriptPool

REPLICAS = CONTRACTS[Operation.REPLICA]


@pytest.fixture
async def pool() -> AsyncIterator[ScriptPool]:
    async with ScriptPool(workers=2) as pool:
        yield pool


async def ask(pool: ScriptPool, body: str, argument: Any = None, *, script: str = "s") -> list[Any]:
    """GetReplicas with this body on obj."""
    source = f"function GetReplicas(obj) {body} end"
    return await pool.run(source, REPLICAS, [argument or {}], script=script)


async def test_a_script_is_answered(pool: ScriptPool) -> None:
    assert await ask(pool, "return obj.n, {namespace = 'x'}", {"n": 3}) == [3, {"namespace": "x"}]


async def test_null_is_absent_for_a_script(pool: ScriptPool) -> None:
    assert await ask(pool, "return obj.n == nil and #obj.l or -1", {"n": None, "l": [1, None, 2]}) == [
        2,
        None,
    ]


ENDLESS = [
    pytest.param("while true do end", id="a-plain-loop"),
    pytest.param("while true do pcall(function() while true do end end) end", id="a-loop-in-pcall"),
    pytest.param("repeat local ok = xpcall(error, function() while true do end end) until ok", id="xpcall"),
    pytest.param("local function f() return f() end f()", id="tail-calls"),
    pytest.param("(('a'):rep(40)):find(('a-'):rep(40) .. 'b')", id="one-library-call-in-c"),
    pytest.param("table.sort({3, 2, 1}, function() while true do end end)", id="a-comparison"),
    pytest.param("('x'):gsub('.', function() while true do end end)", id="a-replacement"),
    pytest.param("for _ = 1, 1e9 do pcall(string.rep, 'x', 2 ^ 30) end", id="an-allocation-bomb-in-pcall"),
]


@pytest.mark.parametrize("body", ENDLESS)
async def test_a_script_that_does_not_end_is_ended(pool: ScriptPool, body: str) -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0.01)

    async with asyncio.TaskGroup() as group:
        ticking = group.create_task(tick())
        with pytest.raises(ScriptOverran, match="did not end within 1 s"):
            await ask(pool, body)
        ticking.cancel()
    assert ticks > 20, "the event loop went on"
    assert await ask(pool, "return 1", script="other") == [1, None]


async def test_a_loop_while_the_script_is_loaded_is_ended_too(pool: ScriptPool) -> None:
    with pytest.raises(ScriptOverran):
        await pool.run("while true do end", REPLICAS, [{}], script="s")


async def test_scripts_of_others_go_on_beside_one_that_hangs(pool: ScriptPool) -> None:
    """Ten objects of a kind whose script hangs: they may not hold all workers for ten seconds."""
    async with asyncio.timeout(8):
        hanging = asyncio.gather(*(overran(pool) for _ in range(10)))
        answers = asyncio.gather(*(ask(pool, f"return {n}", script="well") for n in range(10)))
        assert [number for number, _ in await answers] == list(range(10))
        told_at_once = [message for message in await hanging if "tried again" in message]
    assert len(told_at_once) >= 6, "two workers and one trial hang, the others are told"


async def overran(pool: ScriptPool) -> str:
    with pytest.raises(ScriptOverran) as caught:
        await ask(pool, "while true do end", script="hangs")
    return str(caught.value)


async def test_one_object_on_which_a_script_hangs_is_not_felt_by_the_others(pool: ScriptPool) -> None:
    body = "while obj.hangs do end return 1"
    with pytest.raises(ScriptOverran):
        await ask(pool, body, {"hangs": True})
    answers = await asyncio.gather(*(ask(pool, body) for _ in range(20)))
    assert answers == [[1, None]] * 20


async def test_a_script_that_was_slow_once_is_welcome_again(pool: ScriptPool) -> None:
    body = "while obj.slow do end return 1"
    with pytest.raises(ScriptOverran):
        await ask(pool, body, {"slow": True})
    assert await ask(pool, body) == [1, None]
    first, second = await asyncio.gather(ask(pool, body), ask(pool, body))
    assert first == second == [1, None]


async def test_a_bomb_is_an_error_and_the_next_call_gets_a_fresh_process(pool: ScriptPool) -> None:
    for _ in range(2):
        with pytest.raises(ScriptFailed, match="128 MiB"):
            await ask(pool, "local t = {} for i = 1, 1e9 do t[i] = i end")
        assert await ask(pool, "return 1") == [1, None]


async def test_large_objects_count_towards_the_memory_of_a_script(pool: ScriptPool) -> None:
    huge = {"l": [f"{number:01000000}" for number in range(20)]}
    assert await ask(pool, "return #obj.l", huge) == [20, None]
    with pytest.raises(ScriptFailed, match="128 MiB"):
        await ask(pool, "local t = {} for i, x in ipairs(obj.l) do t[i] = x:rep(6) end", huge)
    assert await ask(pool, "return 1") == [1, None]


async def test_objects_without_a_form_in_json_are_refused(pool: ScriptPool) -> None:
    deep: Any = {}
    for _ in range(400):
        deep = {"a": deep}
    with pytest.raises(ScriptFailed, match="no form in JSON"):
        await ask(pool, "return 1", deep)


async def test_a_caller_that_gives_up_takes_its_process_with_it(pool: ScriptPool) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await ask(pool, "while true do end")
    assert await ask(pool, "return 1") == [1, None]


async def test_an_idle_process_that_somebody_killed_is_passed_over(pool: ScriptPool) -> None:
    before = children()
    await ask(pool, "return 1")
    (child,) = children() - before
    os.kill(child, signal.SIGKILL)
    async with asyncio.timeout(5):
        while child in children():  # noqa: ASYNC110 - only the kernel knows
            await asyncio.sleep(0.01)
    assert await ask(pool, "return 2") == [2, None]


async def test_leaving_ends_every_process_also_busy_ones() -> None:
    before = children()
    async with asyncio.TaskGroup() as group:
        async with ScriptPool() as pool:
            await ask(pool, "return 1")
            hanging = group.create_task(refused(pool))
            await asyncio.sleep(0.2)
        await hanging
    assert children() <= before
    with pytest.raises(ScriptFailed, match="no script is run any more"):
        await ask(pool, "return 1")


async def refused(pool: ScriptPool) -> None:
    with pytest.raises(ScriptFailed):
        await ask(pool, "while true do end")


async def test_a_worker_sees_nothing_of_our_environment(
    pool: ScriptPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KARMADA_TOKEN", "secret")
    before = children()
    await ask(pool, "return 1")
    (child,) = children() - before
    assert b"secret" not in environment_of(child)


def environment_of(process: int) -> bytes:
    return Path(f"/proc/{process}/environ").read_bytes()


def children() -> set[int]:
    listed = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
    return {int(child) for child in listed.split()}


def test_a_worker_whose_parent_is_gone_ends_by_itself() -> None:
    """Killed by its own timer: nobody is left who could."""
    call = {
        "source": "function F() while true do end end",
        "function": "F",
        "arguments": [],
        "returns": ["object"],
        "keepsEmpties": False,
    }
    frame = orjson.dumps(call)
    with subprocess.Popen(
        [sys.executable, "-m", "karmada.interpreter.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as worker:
        assert worker.stdin is not None
        worker.stdin.write(HEADER.pack(len(frame)) + frame)
        worker.stdin.close()
        assert worker.wait(timeout=10) == -signal.SIGALRM


def test_an_idle_worker_ends_with_its_parent() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "karmada.interpreter.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as worker:
        assert worker.stdin is not None
        worker.stdin.close()
        assert worker.wait(timeout=10) == 0


def test_processes_without_customizations_do_not_load_lua() -> None:
    program = "import sys, karmada.interpreter.configured; sys.exit('lupa' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
