"""The admission steps a server always has."""

from typing import Any

import pytest

from apiserver.admission.plugins import stock_plugins


class Signer:
    def sign(self, claims: dict[str, Any]) -> str:
        return ""


@pytest.mark.parametrize(
    ("karmada", "expected"),
    [
        (True, ["ServiceAccountTokenSecrets", "resourcedeletionprotection"]),
        (False, ["ServiceAccountTokenSecrets"]),
    ],
    ids=["control-plane", "member"],
)
def test_only_a_control_plane_protects_from_deletion(*, karmada: bool, expected: list[str]) -> None:
    assert [plugin.name for plugin in stock_plugins(karmada=karmada, signer=Signer(), ca=b"")] == expected
