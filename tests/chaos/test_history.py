"""The checker finds what it must find."""

import pytest

from tests.support.history import Seen, Write, wrong_with

WRITES = [Write("a", 5, 1), Write("b", 6, 1), Write("a", 8, 2)]
SEEN = [Seen("a", 5, 1), Seen("b", 6, 1), Seen("b", 7, 2), Seen("a", 8, 2)]
STATE = {"a": 2, "b": 2}


@pytest.mark.parametrize(
    ("writes", "seen", "state", "expected"),
    [
        pytest.param(WRITES, SEEN, STATE, [], id="an-unacknowledged-write-may-be-there"),
        pytest.param([], [], {}, [], id="nothing-at-all"),
        pytest.param(WRITES, SEEN[:1] + SEEN[2:], STATE, ["b=1 at 6 was never seen"], id="lost"),
        pytest.param(
            WRITES,
            [SEEN[0], *SEEN],
            STATE,
            ["revision 5 came after 5", "revision 5 was seen 2 times"],
            id="twice",
        ),
        pytest.param(
            WRITES, [SEEN[1], SEEN[0], *SEEN[2:]], STATE, ["revision 5 came after 6"], id="out-of-order"
        ),
        pytest.param(
            WRITES,
            [*SEEN[:3], Seen("a", 8, 9)],
            STATE,
            ["at 8: a=9, not a=2"],
            id="another-content",
        ),
        pytest.param(
            WRITES, SEEN, {"a": 1, "b": 2}, ["a is 1, though 2 was acknowledged"], id="state-fell-back"
        ),
        pytest.param(WRITES, SEEN, {"b": 2}, ["a is None, though 2 was acknowledged"], id="object-gone"),
    ],
)
def test_what_is_wrong_is_said(
    writes: list[Write], seen: list[Seen], state: dict[str, int], expected: list[str]
) -> None:
    assert wrong_with(writes, seen, state) == expected
