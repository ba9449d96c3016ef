"""kill -9 at any moment: what was acknowledged is there, and what is there is whole.

A subprocess writes from several tasks and says on its standard output what was acknowledged.
"""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from etcd.history import HistoryLimit
from etcd.sqlite import SqliteBackend

WRITER = """
import asyncio, os, sys
from etcd import Delete, Put, mod
from etcd.history import HistoryLimit
from etcd.sqlite import SqliteBackend

async def write(backend, writer):
    number = 0
    while True:
        old = await backend.get(b"/last/%d" % writer)
        number = int(old.value) + 1 if old else 0
        key = b"/%d/%d" % (writer, number)
        result = await backend.transaction(
            compare=[mod(b"/last/%d" % writer) == (old.mod_revision if old else 0)],
            success=[Put(key, b"%d" % number * 300), Put(b"/last/%d" % writer, b"%d" % number),
                     Delete(b"/%d/%d" % (writer, number - 50))],
        )
        assert result.succeeded
        os.write(1, b"%d %d %d\\n" % (writer, number, result.revision))

async def main():
    async with SqliteBackend(sys.argv[1], limit=HistoryLimit(changes=200)) as backend:
        os.write(1, b"open\\n")
        async with asyncio.TaskGroup() as group:
            for writer in range(8):
                group.create_task(write(backend, writer))

asyncio.run(main())
"""


def killed_writer(path: Path, *, seconds: float) -> list[tuple[int, int, int]]:
    """writer, number and revision of everything acknowledged before the process was killed."""
    process = subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"open\n"
    time.sleep(seconds)
    process.kill()
    output = process.stdout.read()
    process.stdout.close()
    process.wait()
    lines = [line.split() for line in output.splitlines(keepends=True) if line.endswith(b"\n")]
    return [(int(writer), int(number), int(revision)) for writer, number, revision in lines]


@pytest.mark.parametrize("seed", range(3))
async def test_nothing_acknowledged_is_lost_when_the_process_is_killed(tmp_path: Path, seed: int) -> None:
    path, chance = tmp_path / "store.db", random.Random(seed)
    newest = dict.fromkeys(range(8), -1)
    for _ in range(4):
        acknowledged = killed_writer(path, seconds=chance.uniform(0.05, 0.5))
        assert acknowledged
        for writer, number, _ in acknowledged:
            newest[writer] = max(newest[writer], number)
        async with SqliteBackend(path, limit=HistoryLimit(changes=200)) as backend:
            found = await backend.get_prefix(b"/")
            assert found.revision >= max(revision for *_, revision in acknowledged)
            for writer in range(8):
                last = await backend.get(b"/last/%d" % writer)
                count = int(last.value) if last is not None else -1
                assert count >= newest[writer]
                newest[writer] = count
                held = await backend.get_prefix(b"/%d/" % writer)
                numbers = {int(item.key.split(b"/")[-1]): item.value for item in held.items}
                assert set(numbers) == set(range(max(0, count - 49), count + 1))
                assert all(value == b"%d" % number * 300 for number, value in numbers.items())
