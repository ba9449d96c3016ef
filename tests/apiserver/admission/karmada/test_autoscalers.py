"""FederatedHPA and CronFederatedHPA: what is filled in, and what is refused."""

from typing import Any

import pytest

from apiserver.admission.karmada.autoscalers import (
    CRON_RULES,
    FEDERATED_RULES,
    cron_errors,
    is_time_zone,
)
from karmada.api.errors import Forbidden
from karmada.api.objects import Object
from tests.apiserver.admission.contexts import admitted, refused, texts

WEB = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
SCALER = {"apiVersion": "autoscaling.karmada.io/v1alpha1", "kind": "FederatedHPA", "name": "web"}


def autoscaler(kind: str, **spec: Any) -> Object:
    return {
        "apiVersion": "autoscaling.karmada.io/v1alpha1",
        "kind": kind,
        "metadata": {"name": "a", "namespace": "shop"},
        "spec": {"scaleTargetRef": WEB, **spec},
    }


def test_a_federated_autoscaler_is_completed() -> None:
    given = autoscaler("FederatedHPA", maxReplicas=3, behavior={"scaleUp": {"tolerance": "0.1"}})
    spec = admitted(FEDERATED_RULES, given)["spec"]
    assert spec["minReplicas"] == 1
    assert spec["metrics"][0]["resource"]["name"] == "cpu"
    assert "tolerance" not in spec["behavior"]["scaleUp"]
    assert spec["behavior"]["scaleDown"]["selectPolicy"] == "Max"


async def test_a_federated_autoscaler_is_refused_by_its_webhook() -> None:
    given = admitted(FEDERATED_RULES, autoscaler("FederatedHPA", minReplicas=5, maxReplicas=3))
    text = (
        'admission webhook "federatedhpa.karmada.io" denied the request: spec.maxReplicas: Invalid value: 3: '
        "must be greater than or equal to `minReplicas`"
    )
    with pytest.raises(Forbidden) as caught:
        await refused(FEDERATED_RULES, given)
    assert caught.value.message == text


def cron(target: Object = WEB, *rules: Object) -> Object:
    return {"scaleTargetRef": target, "rules": list(rules)}


def rule(**fields: Any) -> Object:
    return {"name": "r", "schedule": "1 * * * *", **fields}


R = "spec.rules[0]"
BROKEN = [
    pytest.param(
        cron(WEB, rule(schedule="61 * * * *", targetReplicas=1)),
        [f'{R}.schedule: Invalid value: "61 * * * *": invalid cron format'],
        id="no-schedule",
    ),
    pytest.param(
        cron(WEB, rule()),
        [
            f'{R}.targetReplicas: Invalid value: "": targetReplicas cannot be nil if you want to scale '
            "Deployment"
        ],
        id="no-target",
    ),
    pytest.param(
        cron(WEB, rule(targetReplicas=-1)),
        [f"{R}.targetReplicas: Invalid value: -1: targetReplicas should be larger than or equal to 0"],
        id="less-than-nothing",
    ),
    pytest.param(
        cron(WEB, rule(targetReplicas=1), rule(targetReplicas=2)),
        ['spec.rules[1].name: Duplicate value: "r"'],
        id="one-name-twice",
    ),
    pytest.param(
        cron(WEB, rule(targetReplicas=1, timeZone="No/Zone")),
        [f'{R}.timeZone: Invalid value: "No/Zone": unknown time zone No/Zone'],
        id="nowhere",
    ),
    pytest.param(
        cron({**SCALER, "kind": "CronFederatedHPA"}),
        [
            'spec.scaleTargetRef.kind: Invalid value: "CronFederatedHPA": invalid scaleTargetRef kind: '
            "CronFederatedHPA, only support FederatedHPA"
        ],
        id="scales-itself",
    ),
    pytest.param(
        cron(SCALER, rule()),
        [
            f'{R}.targetMinReplicas: Invalid value: "": targetMinReplicas and targetMaxReplicas cannot '
            "be nil "
            "at the same time if you want to scale FederatedHPA"
        ],
        id="no-limits",
    ),
    pytest.param(
        cron(SCALER, rule(targetMinReplicas=5, targetMaxReplicas=3)),
        [
            f"{R}.targetMinReplicas: Invalid value: 5: targetMaxReplicas should be larger than or equal to "
            "targetMinReplicas"
        ],
        id="least-above-most",
    ),
]


@pytest.mark.parametrize(("spec", "expected"), BROKEN)
def test_broken_cron_rules_are_found(spec: Object, expected: list[str]) -> None:
    assert texts(cron_errors(spec)) == expected


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param(
            cron(WEB, rule(targetReplicas=0, schedule="@daily", timeZone="Europe/Berlin")), id="to-zero"
        ),
        pytest.param(cron(SCALER, rule(targetMaxReplicas=3, schedule="0 8 * * 7")), id="a-limit-on-sundays"),
    ],
)
async def test_schedules_are_taken(spec: Object) -> None:
    await refused(CRON_RULES, autoscaler("CronFederatedHPA", **spec))


def test_time_zones_are_names_of_the_database() -> None:
    assert [is_time_zone(name) for name in ("", "Local", "Asia/Tokyo", "../etc/passwd")] == [
        True,
        True,
        True,
        False,
    ]
