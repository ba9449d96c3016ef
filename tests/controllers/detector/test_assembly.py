"""The parts of the detector put together."""

import pytest

from controllers.detector.controller import DetectorOptions
from tests.controllers.detector.plane import Plane, detector


async def test_options_that_make_no_sense_are_refused_at_the_start(user: Plane) -> None:
    with pytest.raises(ValueError, match="a/b/c/d"):
        async with detector(user, options=DetectorOptions(skipped_propagating_apis="a/b/c/d")):
            raise AssertionError("unreachable")
