"""One real server per test module."""

from collections.abc import AsyncIterator

import pytest

from tests.apiserver.serving import Plane, running_plane

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"


@pytest.fixture
async def plane() -> AsyncIterator[Plane]:
    async with running_plane() as running:
        yield running
