"""The control plane that the tests of the running detector use."""

from collections.abc import AsyncIterator

import pytest

from tests.controllers.detector.plane import Plane, plane


@pytest.fixture
async def user() -> AsyncIterator[Plane]:
    """A control plane with the namespace shop; its detector is started by the test."""
    async with plane() as made:
        await made.namespaces("shop")
        yield made
