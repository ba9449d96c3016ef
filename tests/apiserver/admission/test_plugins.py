"""The admission steps a server always has."""

from apiserver.admission.plugins import stock_plugins
from karmada.runtime.clock import SYSTEM_CLOCK


def names(*, karmada: bool) -> list[str]:
    return [plugin.name for plugin in stock_plugins(karmada=karmada, clock=SYSTEM_CLOCK)]


def test_a_control_plane_protects_from_deletion_and_gives_pods_no_accounts() -> None:
    control_plane, member = names(karmada=True), names(karmada=False)
    assert set(control_plane) - set(member) == {"resourcedeletionprotection"}
    assert set(member) - set(control_plane) == {"ServiceAccount"}


def test_limits_come_before_what_depends_on_them() -> None:
    assert names(karmada=False)[:2] == ["LimitRanger", "ServiceAccount"]
