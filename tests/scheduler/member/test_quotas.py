"""What ResourceQuotas leave room for."""

from typing import Any

import pytest

from karmada.api.objects import Object
from scheduler.member.quotas import UNLIMITED, admitted_replicas, admitted_sets
from scheduler.snapshot import AssumedComponent, AssumedWorkload

FOO = "foo-priority"


def quota(hard: dict[str, str], used: dict[str, str], *, namespace: str = "shop", **spec: Any) -> Object:
    return {"metadata": {"namespace": namespace}, "spec": spec, "status": {"hard": hard, "used": used}}


SCOPED = quota(
    {"cpu": "1", "memory": "4Mi", "example.org/gpu": "5"},
    {"cpu": "200m", "memory": "1Mi", "example.org/gpu": "2"},
    scopeSelector={"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": [FOO]}]},
)


def asked(priority_class: str = FOO, replicas: int = 1, **request: str) -> AssumedComponent:
    named = {
        name.replace("gpu", "example.org/gpu").replace("_", "-"): amount for name, amount in request.items()
    }
    return AssumedComponent(replicas, named, "", priority_class)


@pytest.mark.parametrize(
    ("component", "assumed", "expected"),
    [
        pytest.param(asked(cpu="200m"), (), 4, id="E12-cpu"),
        pytest.param(asked(memory="2Mi"), (), 1, id="E13-memory"),
        pytest.param(asked(gpu="1"), (), 3, id="E14-extended"),
        pytest.param(asked(cpu="2", memory="2Mi", gpu="1"), (), 0, id="E15-no-room"),
        pytest.param(asked(ephemeral_storage="1Gi"), (), UNLIMITED, id="E16-not-counted"),
        pytest.param(
            asked(cpu="200m"),
            (AssumedWorkload("shop", (asked(replicas=2, cpu="200m"),)),),
            2,
            id="E17-in-flight",
        ),
        pytest.param(
            asked(cpu="200m"),
            (AssumedWorkload("other", (asked(replicas=2, cpu="200m"),)),),
            4,
            id="in-flight-elsewhere",
        ),
        pytest.param(
            asked(cpu="200m"),
            (AssumedWorkload("shop", (asked(replicas=20, cpu="200m"),)),),
            0,
            id="more-in-flight-than-there-is",
        ),
        pytest.param(asked("other", cpu="200m"), (), UNLIMITED, id="another-priority-class"),
    ],
)
def test_replicas_are_admitted(
    component: AssumedComponent, assumed: tuple[AssumedWorkload, ...], expected: int
) -> None:
    assert admitted_replicas([SCOPED], "shop", component, assumed) == expected


def test_sets_are_admitted() -> None:
    """E18: three of (50m, 200Ki) and two of (100m, 500Ki)."""
    components = (asked(replicas=3, cpu="50m", memory="200Ki"), asked(replicas=2, cpu="100m", memory="500Ki"))
    assert admitted_sets([SCOPED], "shop", components) == 1


@pytest.mark.parametrize(
    ("hard", "used", "expected"),
    [
        pytest.param({"cpu": "2"}, {"cpu": "0"}, 2, id="plain"),
        pytest.param({"requests.cpu": "3"}, {"requests.cpu": "0"}, 3, id="requests"),
        pytest.param(
            {"cpu": "9", "requests.cpu": "1"}, {"cpu": "0", "requests.cpu": "0"}, 1, id="requests-win"
        ),
        pytest.param({"cpu": "2"}, {}, UNLIMITED, id="without-used-it-says-nothing"),
        pytest.param({"limits.cpu": "1"}, {"limits.cpu": "0"}, UNLIMITED, id="limits-do-not-count"),
        pytest.param({"pods": "1"}, {"pods": "1"}, UNLIMITED, id="pods-do-not-count"),
        pytest.param({"cpu": "1"}, {"cpu": "5"}, 0, id="more-used-than-allowed"),
    ],
)
def test_of_a_quota_only_requests_count(hard: dict[str, str], used: dict[str, str], expected: int) -> None:
    assert admitted_replicas([quota(hard, used)], "shop", asked("", cpu="1")) == expected


@pytest.mark.parametrize(
    ("spec", "priority_class", "concerned"),
    [
        pytest.param({}, "", True, id="no-scope"),
        pytest.param({"scopes": ["PriorityClass"]}, FOO, True, id="any-class"),
        pytest.param({"scopes": ["PriorityClass"]}, "", False, id="no-class"),
        pytest.param({"scopes": ["BestEffort"]}, FOO, False, id="a-scope-that-never-matches"),
        pytest.param({"scopes": ["BestEffort", "PriorityClass"]}, FOO, True, id="any-scope-is-enough"),
    ],
)
def test_a_quota_concerns_whom_its_scopes_select(
    spec: dict[str, Any], priority_class: str, concerned: bool
) -> None:
    found = admitted_replicas(
        [quota({"cpu": "1"}, {"cpu": "0"}, **spec)], "shop", asked(priority_class, cpu="1")
    )
    assert (found == 1) is concerned


@pytest.mark.parametrize(
    ("operator", "values", "matching"),
    [
        pytest.param("In", [FOO], {FOO}, id="in"),
        pytest.param("NotIn", [FOO], {"", "bar"}, id="not-in"),
        pytest.param("Exists", [], {FOO, "bar"}, id="exists"),
        pytest.param("DoesNotExist", [], {""}, id="does-not-exist"),
        pytest.param("Near", [FOO], set(), id="unknown"),
    ],
)
def test_scope_expressions(operator: str, values: list[str], matching: set[str]) -> None:
    selector = {"scopeName": "PriorityClass", "operator": operator, "values": values}
    made = quota({"cpu": "1"}, {"cpu": "0"}, scopeSelector={"matchExpressions": [selector]})
    found = {
        name for name in ("", FOO, "bar") if admitted_replicas([made], "shop", asked(name, cpu="1")) == 1
    }
    assert found == matching


def test_the_tightest_quota_counts_and_those_elsewhere_do_not() -> None:
    quotas = [
        quota({"cpu": "5"}, {"cpu": "0"}),
        quota({"cpu": "3"}, {"cpu": "0"}),
        quota({"cpu": "1"}, {"cpu": "0"}, namespace="other"),
    ]
    assert admitted_replicas(quotas, "shop", asked("", cpu="1")) == 3
