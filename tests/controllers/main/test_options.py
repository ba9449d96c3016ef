"""Flags of karmada-controller-manager: Karmada's names and defaults, and clear words for what cannot be."""

import pytest

from controllers.main.builders import BUILDERS, not_built
from controllers.main.options import NAME, OFF_BY_DEFAULT, SELECTABLE, ControllerManagerOptions
from karmada.runtime.observe import StartError
from karmada.runtime.options import flags_of, parse_flags


def parse(*arguments: str) -> ControllerManagerOptions:
    return parse_flags(ControllerManagerOptions, arguments, prog=NAME)


@pytest.mark.parametrize(
    ("flag", "default"),
    [
        ("controllers", ("*",)),
        ("health-probe-bind-address", ":10357"),
        ("metrics-bind-address", ":8080"),
        ("cluster-status-update-frequency", 10.0),
        ("cluster-success-threshold", 30.0),
        ("cluster-failure-threshold", 30.0),
        ("cluster-cache-sync-timeout", 120.0),
        ("enable-cluster-resource-modeling", True),
        ("cluster-monitor-period", 5.0),
        ("cluster-monitor-grace-period", 40.0),
        ("cluster-startup-grace-period", 60.0),
        ("skipped-propagating-apis", ""),
        ("skipped-propagating-namespaces", ("kube-.*",)),
        ("concurrent-cluster-syncs", 5),
        ("concurrent-work-syncs", 5),
        ("concurrent-namespace-syncs", 1),
        ("concurrent-resourcebinding-syncs", 5),
        ("concurrent-clusterresourcebinding-syncs", 5),
        ("concurrent-resource-template-syncs", 5),
        ("concurrent-propagation-policy-syncs", 1),
        ("concurrent-cluster-propagation-policy-syncs", 1),
        ("leader-elect", True),
        ("leader-elect-resource-name", "karmada-controller-manager"),
        ("leader-elect-resource-namespace", "karmada-system"),
        ("leader-elect-lease-duration", 15.0),
        ("leader-elect-renew-deadline", 10.0),
        ("leader-elect-retry-period", 2.0),
    ],
)
def test_flags_have_the_names_and_defaults_of_karmada(flag: str, default: object) -> None:
    (found,) = [item for item in flags_of(ControllerManagerOptions) if item.name == flag]
    assert found.default == default


@pytest.mark.parametrize(
    ("value", "on", "off"),
    [
        pytest.param("*", {"binding", "cluster"}, OFF_BY_DEFAULT, id="all-that-are-on-by-default"),
        pytest.param("cluster", {"cluster"}, {"binding", "clusterStatus"}, id="only-one"),
        pytest.param("*,-binding", {"cluster"}, {"binding"}, id="all-but-one"),
        pytest.param("-binding,*", {"cluster"}, {"binding"}, id="in-any-order"),
        pytest.param("binding,-binding", {"binding"}, {"cluster"}, id="the-first-mention-counts"),
        pytest.param("*,hpaScaleTargetMarker", {"hpaScaleTargetMarker"}, set(), id="off-by-default"),
        pytest.param("-cluster", set(), {"cluster", "binding"}, id="without-a-star-nothing-else"),
    ],
)
def test_controllers_are_chosen_by_name(value: str, on: set[str], off: set[str]) -> None:
    options = parse(f"--controllers={value}")
    options.check()
    assert {name for name in on | off if options.runs(name)} == on


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        pytest.param("--controllers=*,binsing", "no such controller: binsing", id="unknown-controller"),
        pytest.param("--health-probe-bind-address=10357", "is no address", id="port-alone"),
        pytest.param("--metrics-bind-address=:99999", "is no address", id="port-too-high"),
        pytest.param("--skipped-propagating-namespaces=kube-(", "kube-(", id="not-a-regular-expression"),
        pytest.param("--skipped-propagating-apis=a/b/c/d", "--skipped-propagating-apis", id="not-an-api"),
    ],
)
def test_what_cannot_work_is_told_in_one_line(argument: str, message: str) -> None:
    with pytest.raises(StartError) as error:
        parse(argument).check()
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_every_controller_that_exists_can_be_named() -> None:
    assert BUILDERS.keys() <= SELECTABLE


def test_what_is_asked_for_by_name_and_not_there_is_told() -> None:
    (absent, *_) = sorted(SELECTABLE - BUILDERS.keys())
    assert not_built(parse(f"--controllers=*,{absent}")) == [absent]
    assert not_built(parse("--controllers=*")) == []
    assert not_built(parse(f"--controllers=-{absent},*")) == []
