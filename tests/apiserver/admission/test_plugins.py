"""The admission steps a server always has."""

import pytest

from apiserver.admission.plugins import stock_plugins


@pytest.mark.parametrize(
    ("karmada", "expected"),
    [(True, ["resourcedeletionprotection"]), (False, [])],
    ids=["control-plane", "member"],
)
def test_only_a_control_plane_protects_from_deletion(*, karmada: bool, expected: list[str]) -> None:
    assert [plugin.name for plugin in stock_plugins(karmada=karmada)] == expected
