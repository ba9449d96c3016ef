"""Backends to test: every contract test runs on all of them."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from etcd import Backend, open_backend
from tests.support.etcd_server import etcd_url

__all__ = ["backend", "etcd_url", "prefix"]


@pytest.fixture(params=["memory", "sqlite", "etcd"])
async def backend(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Backend]:
    urls = {"memory": "memory://", "sqlite": f"sqlite://{tmp_path / 'store.db'}"}
    url = urls[request.param] if request.param in urls else request.getfixturevalue("etcd_url")
    async with open_backend(url) as backend:
        yield backend


@pytest.fixture
def prefix() -> bytes:
    """Keys of this test: the etcd server is shared."""
    return f"/registry/{uuid4().hex}/".encode()
