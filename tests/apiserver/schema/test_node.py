"""Nodes."""

import pytest

from apiserver.schema.node import ANYTHING, MISSING, Node


@pytest.mark.parametrize(
    ("node", "ownership"),
    [
        pytest.param(Node(type="object"), "map", id="object"),
        pytest.param(Node(type="object", map_type="atomic"), "leaf", id="atomic-object"),
        pytest.param(Node(type="array"), "leaf", id="list"),
        pytest.param(Node(type="array", list_type="map"), "keyed", id="keyed-list"),
        pytest.param(Node(type="array", list_type="set"), "set", id="set"),
        pytest.param(Node(type="string"), "leaf", id="scalar"),
        pytest.param(Node(int_or_string=True), "leaf", id="int-or-string"),
        pytest.param(Node(preserve_unknown=True), "any", id="anything"),
    ],
)
def test_ownership_follows_the_type(node: Node, ownership: str) -> None:
    assert node.ownership == ownership


def test_what_is_not_described_may_be_anything() -> None:
    assert Node(type="object").child("x") is ANYTHING


def test_missing_is_false_but_not_none() -> None:
    assert not MISSING
    assert repr(MISSING) == "MISSING"
