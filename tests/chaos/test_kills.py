"""kill -9 under load: every acknowledged write is there, and a watch that resumes sees each change exactly
once and in order.

An ordinary run kills once on each store; CHAOS_KILLS=20 kills more often.
"""

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import orjson
import pytest

from tests.apiserver.process.test_process import CONFIG_MAPS, flags, free_port, process, session_to
from tests.apiserver.serving import MERGE, config_map, until
from tests.support.etcd_server import EtcdServer
from tests.support.history import Seen, Write, wrong_with

KILLS = int(os.environ.get("CHAOS_KILLS") or 1)
WRITERS = 4
BETWEEN_KILLS = 40
"""Acknowledged writes between two kills."""

pytestmark = pytest.mark.timeout(60 + 20 * KILLS)


@dataclass
class Clients:
    """Writers and a watch that outlive the server."""

    session: aiohttp.ClientSession
    writes: list[Write] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    resumed: int = 0
    stopping: bool = False

    async def write(self, name: str) -> None:
        value = 0
        while not self.stopping:
            value += 1
            patch = orjson.dumps({"data": {"n": str(value)}})
            try:
                async with self.session.patch(
                    f"{CONFIG_MAPS}/{name}", data=patch, headers={"Content-Type": MERGE}
                ) as answer:
                    written = await answer.json()
                    if answer.status == 200:
                        revision = int(written["metadata"]["resourceVersion"])
                        self.writes.append(Write(name, revision, value))
            except (aiohttp.ClientError, ConnectionError):
                await asyncio.sleep(0.05)

    async def watch(self, revision: int) -> None:
        """Resumes where the last stream ended, as an informer does."""
        while not self.stopping:
            path = f"{CONFIG_MAPS}?watch=1&resourceVersion={revision}&timeoutSeconds=300"
            try:
                async with self.session.get(path, timeout=aiohttp.ClientTimeout(total=None)) as answer:
                    async for line in answer.content:
                        event = orjson.loads(line)
                        assert event["type"] == "MODIFIED", event
                        metadata = event["object"]["metadata"]
                        revision = int(metadata["resourceVersion"])
                        self.seen.append(Seen(metadata["name"], revision, int(event["object"]["data"]["n"])))
            except (aiohttp.ClientError, ConnectionError, orjson.JSONDecodeError):
                await asyncio.sleep(0.05)
            self.resumed += 1


@pytest.fixture(params=["sqlite", "etcd"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[str]]:
    if request.param == "sqlite":
        yield []
        return
    with EtcdServer(tmp_path) as etcd:
        yield [f"--storage={etcd.url.replace('http', 'etcd', 1)}"]


async def test_kills_lose_nothing_and_double_nothing(tmp_path: Path, storage: list[str]) -> None:
    port = free_port()
    given = [*flags(tmp_path, port), *storage]
    names = [f"c{number}" for number in range(WRITERS)]
    async with process(*given):
        session = await session_to(tmp_path, port)
        for name in names:
            assert (await session.post(CONFIG_MAPS, json=config_map(name, {"n": "0"}))).status == 201
        listed = await (await session.get(CONFIG_MAPS)).json()
    clients = Clients(session)
    async with session, asyncio.TaskGroup() as group:
        for name in names:
            group.create_task(clients.write(name))
        group.create_task(clients.watch(int(listed["metadata"]["resourceVersion"])))
        for number in range(KILLS + 1):
            async with process(*given):  # leaving is kill -9
                await _more_writes(clients)
                if number == KILLS:
                    await _check(clients)
    assert clients.resumed >= KILLS


async def _more_writes(clients: Clients) -> None:
    enough = len(clients.writes) + BETWEEN_KILLS
    await until(lambda: len(clients.writes) >= enough, seconds=40)


async def _check(clients: Clients) -> None:
    clients.stopping = True  # no writer begins another
    newest = max(write.revision for write in clients.writes)
    await until(lambda: bool(clients.seen) and clients.seen[-1].revision >= newest)
    listed = await (await clients.session.get(CONFIG_MAPS)).json()
    state = {
        item["metadata"]["name"]: int(item["data"]["n"]) for item in listed["items"] if "n" in item["data"]
    }
    newest_state = int(listed["metadata"]["resourceVersion"])
    writes = [write for write in clients.writes if write.revision <= newest]
    assert newest_state >= newest
    assert wrong_with(writes, clients.seen, state) == []
