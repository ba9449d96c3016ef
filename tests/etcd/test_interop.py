"""The public etcd3 package and we on one server: what one writes, the other reads, watches and compares.

etcd3 0.12.0 needs protobuf's pure Python implementation, so it lives in an environment of its own, made
once per machine and kept in the user's cache.
"""

import asyncio
import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from etcd import Put, mod, open_backend
from tests.etcd.watching import Watching

CACHE: Final = (
    Path.home() / ".cache" / "karmada-tests" / f"etcd3-0.12.0-py{sys.version_info[0]}{sys.version_info[1]}"
)

PROGRAM: Final = """
import json, sys
import etcd3

host, port, prefix = sys.argv[1:]
client = etcd3.client(host=host, port=int(port), timeout=10)
events, cancel = client.watch_prefix(prefix + "watched/")
print("watching", flush=True)
value, meta = client.get(prefix + "ours")
key = prefix + "ours"
stale = client.transaction(
    compare=[client.transactions.mod(key) == meta.mod_revision - 1],
    success=[client.transactions.put(key, "stale")], failure=[])[0]
fresh = client.transaction(
    compare=[client.transactions.mod(key) == meta.mod_revision],
    success=[client.transactions.put(key, "theirs")], failure=[])[0]
lease = client.lease(600)
client.put(prefix + "leased", "1", lease)
seen = []
for event in events:
    seen.append([type(event).__name__, event.key.decode(), event.value.decode(), event.mod_revision])
    if len(seen) == 2:
        break
cancel()
lease.revoke()
listed = sorted([meta.key.decode(), value.decode()] for value, meta in client.get_prefix(prefix))
report = {"read": value.decode(), "version": meta.version, "stale": stale, "fresh": fresh}
print(json.dumps({**report, "seen": seen, "listed": listed}), flush=True)
"""


@pytest.fixture(scope="session")
def etcd3_python() -> Path:
    """The interpreter of an environment with etcd3."""
    python = CACHE / "bin" / "python"
    CACHE.parent.mkdir(parents=True, exist_ok=True)
    with (CACHE.parent / f"{CACHE.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ready = CACHE / "ready"
        if not ready.exists():
            for command in (
                [sys.executable, "-m", "venv", "--clear", str(CACHE)],
                [str(python), "-m", "pip", "install", "--quiet", "etcd3==0.12.0"],
            ):
                made = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
                if made.returncode != 0:
                    pytest.skip(f"cannot make an environment with etcd3: {made.stderr.strip()[-300:]}")
            ready.touch()
    return python


@pytest.mark.timeout(300)
async def test_the_etcd3_package_and_we_understand_each_other(
    etcd3_python: Path, etcd_url: str, prefix: bytes
) -> None:
    host, port = etcd_url.removeprefix("http://").split(":")
    name = prefix.decode()
    async with open_backend(etcd_url) as backend, Watching(backend, prefix) as watching:
        created = await backend.transaction(
            compare=[mod(prefix + b"ours") == 0], success=[Put(prefix + b"ours", b"1")]
        )
        process = await asyncio.create_subprocess_exec(
            etcd3_python,
            "-c",
            PROGRAM,
            host,
            port,
            name,
            env={**os.environ, "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python"},
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        async with asyncio.timeout(60):
            assert await process.stdout.readline() == b"watching\n"
            await watching.until(lambda watching: len(watching.events) == 3)
            one = await backend.transaction(compare=[], success=[Put(prefix + b"watched/1", b"one")])
            two = await backend.transaction(compare=[], success=[Put(prefix + b"watched/2", b"two")])
            report = json.loads(await process.stdout.readline())
            assert await process.wait() == 0
        await watching.until(lambda watching: len(watching.events) == 6)
        held = await backend.get(prefix + b"ours")
    assert report == {
        "read": "1",
        "version": 1,
        "stale": False,
        "fresh": True,
        "seen": [
            ["PutEvent", f"{name}watched/1", "one", one.revision],
            ["PutEvent", f"{name}watched/2", "two", two.revision],
        ],
        "listed": [[f"{name}ours", "theirs"], [f"{name}watched/1", "one"], [f"{name}watched/2", "two"]],
    }
    assert held is not None
    assert (held.value, held.create_revision, held.version) == (b"theirs", created.revision, 2)
    assert [event.type for event in watching.events] == ["put", "put", "put", "put", "put", "delete"]
