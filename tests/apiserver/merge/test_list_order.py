"""The order of merged lists."""

from typing import Any

import pytest

from apiserver.merge.list_order import in_order, partition, without_repeats
from apiserver.merge.refusals import UnclassifiedError


@pytest.mark.parametrize(
    ("wanted", "others", "server", "expected"),
    [
        pytest.param(["b", "a"], [], ["a", "b"], ["b", "a"], id="the-wanted-order-wins"),
        pytest.param(["a", "n"], ["s"], ["a", "s"], ["a", "n", "s"], id="others-after-what-they-followed"),
        pytest.param(["z"], ["s", "t"], ["s", "z", "t"], ["s", "z", "t"], id="others-around"),
        pytest.param(["n"], ["s"], ["s"], ["n", "s"], id="new-ones-first"),
    ],
)
def test_others_slip_in_where_the_server_had_them(
    wanted: list[str], others: list[str], server: list[str], expected: list[str]
) -> None:
    assert in_order(wanted, others, wanted, server, "") == expected


def test_elements_are_told_apart_by_their_key() -> None:
    items: list[Any] = [{"k": 1, "v": 1}, {"k": 2}]
    assert partition(items, [{"k": 2}], "k") == ([{"k": 2}], [{"k": 1, "v": 1}])
    with pytest.raises(UnclassifiedError, match="does not contain declared merge key: k"):
        partition([{"v": 1}], [], "k")


def test_each_scalar_stays_once() -> None:
    assert without_repeats(["c", "d", "d", "a"]) == ["c", "d", "a"]
