"""Kyverno policies."""

from typing import Any

import pytest

from karmada.api.objects import Object
from karmada.interpreter.thirdparty.kyverno import KINDS
from tests.karmada.interpreter.thirdparty.samples import condition, items, kind, observed, ready, template

NAMES = ["ClusterPolicy", "Policy"]
NOW = "2026-03-02T00:00:00Z"
NONE = {"validate": 0, "generate": 0, "mutate": 0, "verifyimages": 0}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        pytest.param([], None, id="no-member"),
        pytest.param(
            [None], {"autogen": None, "ready": None, "rulecount": NONE, "conditions": []}, id="no-status"
        ),
        pytest.param(
            [
                {**ready("Succeeded"), "ready": True, "rulecount": {"validate": 1, "mutate": 2}},
                {
                    **ready("Succeeded"),
                    "ready": False,
                    "rulecount": {"validate": 3},
                    "autogen": {"rules": [1]},
                },
            ],
            {
                "autogen": {"rules": [1]},
                "ready": False,
                "rulecount": {**NONE, "validate": 4, "mutate": 2},
                "conditions": [condition("Ready", reason="Succeeded", message="member1=fine, member2=fine")],
            },
            id="two-members",
        ),
    ],
)
def test_rules_add_up(name: str, statuses: list[Object | None], expected: Object | None) -> None:
    obj = template(kind(name), status={"old": 1})
    assert KINDS[kind(name)].aggregate(obj, items(*statuses), NOW) == expected


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("status", "healthy"),
    [
        pytest.param({"ready": True}, True, id="the-old-field"),
        pytest.param({"ready": False, **ready("Succeeded")}, False, id="the-old-field-wins"),
        pytest.param(ready("Succeeded"), True, id="the-condition"),
        pytest.param(ready("Failed"), False, id="another-reason"),
        pytest.param({}, False, id="nothing-said"),
        pytest.param(None, False, id="no-status"),
    ],
)
def test_health(name: str, status: Any, healthy: bool) -> None:
    assert KINDS[kind(name)].healthy(observed(kind(name), status=status)) is healthy


@pytest.mark.parametrize("name", NAMES)
def test_members_send_four_fields(name: str) -> None:
    said = KINDS[kind(name)].reflect(observed(kind(name), status={"ready": True, "other": 1}))
    assert {field: value for field, value in said.items() if value is not None} == {"ready": True}
    assert not any(KINDS[kind(name)].reflect(template(kind(name))).values())
