"""The file: restarts, locks, full disks, torn writes and growth. The protocol itself is in
test_contract.py.
"""

import asyncio
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from etcd import Backend, Compacted, Delete, Put, StoreError, Unavailable, WatchBatch, mod
from etcd.history import HistoryLimit
from etcd.sqlite import SqliteBackend
from etcd.sqlite_file import GARBAGE_ROWS
from karmada.runtime.clock import ManualClock
from tests.etcd.watching import Watching


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


async def put(backend: Backend, key: bytes, value: bytes, *, lease: int = 0) -> int:
    result = await backend.transaction(compare=[], success=[Put(key, value, lease)])
    return result.revision


def rows(path: Path) -> int:
    connection = sqlite3.connect(path)
    try:
        return int(connection.execute("SELECT count(*) FROM versions").fetchone()[0])
    finally:
        connection.close()


async def test_everything_is_there_after_a_restart_and_revisions_go_on(path: Path) -> None:
    async with SqliteBackend(path) as backend:
        await put(backend, b"/a", b"1")
        await put(backend, b"/a", b"2")
        await put(backend, b"/b", b"1")
        await backend.transaction(compare=[], success=[Delete(b"/b")])
        before = [(await backend.get_prefix(b"", revision=revision)).items for revision in range(1, 6)]
    async with SqliteBackend(path) as backend:
        after = [(await backend.get_prefix(b"", revision=revision)).items for revision in range(1, 6)]
        assert after == before
        assert await put(backend, b"/c", b"1") == 6


async def test_a_watch_resumes_over_a_restart(path: Path) -> None:
    async with SqliteBackend(path) as backend:
        seen = await put(backend, b"/a", b"1")
        await put(backend, b"/a", b"2")
        await backend.transaction(compare=[], success=[Delete(b"/a"), Put(b"/b", b"3")])
    async with SqliteBackend(path) as backend, Watching(backend, b"/", start_revision=seen + 1) as watching:
        await put(backend, b"/a", b"4")
        await watching.until(lambda watching: len(watching.events) == 4)
        assert watching.told() == [("put", b"2", 3), ("delete", b"2", 4), ("put", b"3", 4), ("put", b"4", 5)]


async def test_a_compaction_holds_after_a_restart(path: Path) -> None:
    async with SqliteBackend(path) as backend:
        for number in range(10):
            await put(backend, b"/a", b"%d" % number)
        await backend.compact(9)
    async with SqliteBackend(path) as backend:
        with pytest.raises(Compacted):
            await backend.get_prefix(b"", revision=8)
        assert [item.value for item in (await backend.get_prefix(b"", revision=9)).items] == [b"7"]
        assert await backend.current_revision() == 11


async def test_history_leaves_the_disk_too(path: Path) -> None:
    async with SqliteBackend(path, limit=HistoryLimit(changes=100)) as backend:
        for number in range(2 * GARBAGE_ROWS):
            await put(backend, b"/a%d" % (number % 5), b"%d" % number)
            if number % 7 == 0:
                await backend.transaction(compare=[], success=[Delete(b"/a%d" % (number % 5))])
        everything = await backend.get_prefix(b"")
    assert rows(path) <= 100 + 5 + GARBAGE_ROWS
    async with SqliteBackend(path) as backend:
        assert (await backend.get_prefix(b"")).items == everything.items


async def test_transactions_of_several_keys_are_compacted_row_by_row(path: Path) -> None:
    names = [b"/%d" % number for number in range(20)]
    async with SqliteBackend(path) as backend:
        for number in range(200):
            kept = [Put(name, b"%d" % number) for name in names if number % 20 != int(name[1:])]
            gone = [Delete(name) for name in names if number % 20 == int(name[1:])]
            await backend.transaction(compare=[], success=[*kept, *gone])
        everything = await backend.get_prefix(b"")
        await backend.compact(everything.revision)
        for number in range(6):  # each commit takes some of the garbage along
            await put(backend, b"/last", b"%d" % number)
    assert rows(path) <= 2 * len(names) + 6
    async with SqliteBackend(path) as backend:
        assert (await backend.get_prefix(b"", revision=everything.revision)).items == everything.items
        assert await backend.count_prefix(b"") == everything.count + 1


async def test_a_lease_runs_on_while_the_store_is_closed(path: Path) -> None:
    clock = ManualClock()
    async with SqliteBackend(path, clock=clock) as backend:
        short, long = await backend.lease(60), await backend.lease(600)
        await put(backend, b"/short", b"", lease=short)
        await put(backend, b"/long", b"", lease=long)
    later = ManualClock(clock.now() + timedelta(seconds=120))
    async with SqliteBackend(path, clock=later) as backend:
        async with Watching(backend, b"/", start_revision=4) as watching:
            later.advance(0)
            await watching.until(lambda watching: len(watching.events) == 1)
            assert [each.key for each in (await backend.get_prefix(b"/")).items] == [b"/long"]
            later.advance(480)
            await watching.until(lambda watching: len(watching.events) == 2)
        assert await backend.lease(10) not in (short, long)
    async with SqliteBackend(path, clock=later) as backend:
        assert await backend.count_prefix(b"/") == 0


async def test_writers_that_wait_share_one_commit(path: Path) -> None:
    async with SqliteBackend(path) as backend, Watching(backend, b"/") as watching:
        async with asyncio.TaskGroup() as group:
            for number in range(500):
                group.create_task(put(backend, b"/%d" % number, b""))
        assert len(watching.events) == 500
        assert len(watching.batches) < 10


async def test_one_of_many_who_want_the_same_key_gets_it(path: Path) -> None:
    async with SqliteBackend(path) as backend:

        async def create(number: int) -> bool:
            success = [Put(b"/k", b"%d" % number)]
            return (await backend.transaction(compare=[mod(b"/k") == 0], success=success)).succeeded

        outcomes = await asyncio.gather(*map(create, range(50)))
        assert sum(outcomes) == 1
        held = await backend.get(b"/k")
        assert held is not None
        assert held.value == b"%d" % outcomes.index(True)


async def test_a_cancelled_writer_disturbs_nobody(path: Path) -> None:
    async with SqliteBackend(path) as backend:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(put(backend, b"/%d" % number, b"")) for number in range(100)]
            await asyncio.sleep(0)
            for task in tasks[::2]:
                task.cancel()
        present = {item.key for item in (await backend.get_prefix(b"/")).items}
        assert {b"/%d" % number for number in range(1, 100, 2)} <= present


async def test_the_file_is_for_its_owner_only(path: Path) -> None:
    async with SqliteBackend(path) as backend:
        await put(backend, b"/secret", b"x")
        modes = {name.name: oct(name.stat().st_mode & 0o777) for name in path.parent.iterdir()}
        assert modes == {"store.db": "0o600", "store.db-wal": "0o600"}
    assert [name.name for name in path.parent.iterdir()] == ["store.db"]


# Locks


async def test_the_same_process_cannot_open_it_twice(path: Path) -> None:
    async with SqliteBackend(path) as backend:
        with pytest.raises(Unavailable, match=r"store .*store\.db is in use by another process"):
            await SqliteBackend(path).__aenter__()
        await put(backend, b"/a", b"1")


async def test_another_process_cannot_open_it_even_after_trying_twice(path: Path) -> None:
    program = f"import etcd.sqlite_file, pathlib; etcd.sqlite_file.SqliteFile(pathlib.Path({str(path)!r}))"
    async with SqliteBackend(path) as backend:
        with pytest.raises(Unavailable):
            await SqliteBackend(path).__aenter__()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, stderr=asyncio.subprocess.PIPE
        )
        _, errors = await process.communicate()
        assert process.returncode == 1
        assert b"is in use by another process" in errors
        await put(backend, b"/a", b"1")


# What is not a store


@pytest.mark.parametrize(
    "content", [b"x" * 10_000, b"SQLite format 3\0" + b"\0" * 5_000], ids=["text", "broken-header"]
)
def test_a_file_of_something_else_is_refused_and_kept(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"store\.db"):
        asyncio.run(SqliteBackend(path).__aenter__())
    assert path.read_bytes() == content


async def test_another_programs_database_is_refused(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE mine (a)")
    connection.commit()
    connection.close()
    with pytest.raises(StoreError, match="something else"):
        await SqliteBackend(path).__aenter__()


async def test_a_newer_format_is_refused(path: Path) -> None:
    async with SqliteBackend(path):
        pass
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.commit()
    connection.close()
    with pytest.raises(StoreError, match="format 99"):
        await SqliteBackend(path).__aenter__()


async def test_a_missing_revision_is_damage_not_silence(path: Path) -> None:
    async with SqliteBackend(path) as backend:
        for number in range(5):
            await put(backend, b"/%d" % number, b"")
    connection = sqlite3.connect(path)
    connection.execute("DELETE FROM versions WHERE id >> 20 = 4")
    connection.commit()
    connection.close()
    with pytest.raises(StoreError, match="revision 4 is missing"):
        await SqliteBackend(path).__aenter__()


async def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="file/store"):
        await SqliteBackend(tmp_path / "file" / "store.db").__aenter__()


# Torn writes


@pytest.fixture
async def crashed(path: Path) -> tuple[Path, int]:
    """A copy of the files of a running store, as a power cut would leave them, and how many keys were
    written.
    """
    copy = path.parent / "copy"
    copy.mkdir()
    async with SqliteBackend(path) as backend:
        for number in range(200):
            await put(backend, b"/%04d" % number, b"%d" % number * 100)
        for name in path.parent.glob("store.db*"):
            shutil.copy(name, copy)
    return copy / "store.db", 200


async def contents(path: Path) -> list[int]:
    async with SqliteBackend(path) as backend:
        found = await backend.get_prefix(b"/")
        assert found.revision == 1 + found.count
        assert all(item.value == b"%d" % int(item.key[1:]) * 100 for item in found.items)
        await put(backend, b"/again", b"")
        return [int(item.key[1:]) for item in found.items]


@pytest.mark.parametrize("seed", range(8))
async def test_a_torn_log_loses_only_its_end(crashed: tuple[Path, int], seed: int) -> None:
    path, written = crashed
    chance = random.Random(seed)
    log = path.with_name("store.db-wal")
    content = bytearray(log.read_bytes())
    cut = chance.randrange(len(content) // 2, len(content))
    if seed % 2:
        del content[cut:]
    else:  # the length is there already, the bytes are not
        content[cut : cut + 4096] = chance.randbytes(len(content[cut : cut + 4096]))
    log.write_bytes(content)
    found = await contents(path)
    assert found == list(range(len(found)))
    assert written // 4 <= len(found) < written


async def test_an_untouched_log_loses_nothing(crashed: tuple[Path, int]) -> None:
    path, written = crashed
    assert await contents(path) == list(range(written))


# Full disks


async def fill(backend: Backend) -> None:
    """Four keys per transaction until the store is full."""
    for number in range(1000):
        keys = [b"/%d/%d" % (number, part) for part in range(4)]
        await backend.transaction(compare=[], success=[Put(key, b"x" * 5_000) for key in keys])


async def test_a_full_database_refuses_writes_and_serves_reads(path: Path) -> None:
    async with SqliteBackend(path) as backend, Watching(backend, b"/") as watching:
        await put(backend, b"/before", b"1")
        limit = backend._file._connection.execute("PRAGMA page_count").fetchone()[0] + 20
        backend._file._connection.execute(f"PRAGMA max_page_count = {limit}")
        with pytest.raises(Unavailable, match="database or disk is full"):
            await fill(backend)
        stored = (await backend.count_prefix(b"/") - 1) // 4
        assert 0 < stored < 20
        assert await backend.count_prefix(b"/") == 1 + 4 * stored
        assert await backend.current_revision() == 2 + stored
        backend._file._connection.execute("PRAGMA max_page_count = 1000000")
        assert await put(backend, b"/after", b"1") == 3 + stored
        await watching.until(lambda watching: watching.revision == 3 + stored)
        assert len(watching.events) == 2 + 4 * stored
    async with SqliteBackend(path) as backend:
        assert await backend.count_prefix(b"/") == 2 + 4 * stored


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB."""
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if os.geteuid() != 0 or mount is None or umount is None:
        pytest.skip("needs root to mount a small tmpfs")
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], capture_output=True, check=False
    )
    if made.returncode != 0:
        pytest.skip(f"cannot mount a tmpfs: {made.stderr.decode().strip()}")
    yield disk
    subprocess.run([umount, disk], check=True)


async def test_a_full_disk_loses_nothing_acknowledged_and_heals(small_disk: Path) -> None:
    path, ballast = small_disk / "store.db", small_disk / "ballast"
    acknowledged: list[bytes] = []

    async def fill_one_by_one(backend: Backend, name: bytes) -> None:
        for number in range(1000):
            key = b"/%s/%d" % (name, number)
            await put(backend, key, b"x" * 3_000)
            acknowledged.append(key)

    ballast.write_bytes(b"x" * 500_000)
    async with SqliteBackend(path) as backend:
        with pytest.raises(Unavailable, match="disk"):
            await fill_one_by_one(backend, b"first")
        assert await backend.count_prefix(b"/") == len(acknowledged)
        ballast.unlink()
        await put(backend, b"/healed", b"")
        with pytest.raises(Unavailable, match="disk"):
            await fill_one_by_one(backend, b"second")
    async with SqliteBackend(path) as backend:
        found = {item.key for item in (await backend.get_prefix(b"/")).items}
    assert found == {*acknowledged, b"/healed"}


async def test_a_watch_of_a_closed_store_is_refused(path: Path) -> None:
    async with SqliteBackend(path) as backend:
        watch = backend.watch_prefix(b"/")
        assert await anext(watch) == WatchBatch(1, ())
    with pytest.raises(Unavailable, match="closed"):
        await anext(watch)
