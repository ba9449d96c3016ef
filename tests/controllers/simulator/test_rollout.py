"""The steps of a rollout: who grows, who shrinks, by how much."""

from typing import Any

import pytest

from controllers.simulator.rollout import (
    as_newest,
    bounds,
    find_new_replica_set,
    is_scaled,
    new_replica_set,
    plan_rolling,
    plan_scale,
    scaled,
    surplus_history,
)
from karmada.api.objects import Object, annotations_of, labels_of, name_of
from tests.controllers.simulator.builders import replica_set, template, workload

REVISION = "deployment.kubernetes.io/revision"


def deployment(replicas: int, surge: Any = "25%", unavailable: Any = "25%", **spec: Any) -> Object:
    rolling = {"maxSurge": surge, "maxUnavailable": unavailable}
    strategy = {"type": "RollingUpdate", "rollingUpdate": rolling}
    return workload("Deployment", replicas=replicas, **{"strategy": strategy, **spec})


def recreate(replicas: int, **spec: Any) -> Object:
    return deployment(replicas, strategy={"type": "Recreate"}, **spec)


def named(sizes: dict[str, int]) -> dict[str, int]:
    return {uid.removeprefix("uid-"): size for uid, size in sizes.items()}


@pytest.mark.parametrize(
    ("value", "replicas", "up", "expected"),
    [
        pytest.param(3, 10, True, 3, id="a-number-is-itself"),
        pytest.param("25%", 10, True, 3, id="surge-rounds-up"),
        pytest.param("25%", 10, False, 2, id="unavailable-rounds-down"),
        pytest.param("100%", 7, False, 7, id="all"),
        pytest.param("0%", 7, True, 0, id="none"),
        pytest.param("many", 7, True, 0, id="nonsense-is-none"),
        pytest.param(-3, 7, True, 0, id="less-than-none-is-none"),
    ],
)
def test_shares_round_as_told(value: Any, replicas: int, up: bool, expected: int) -> None:
    assert scaled(value, replicas, up=up) == expected


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        pytest.param(deployment(10), (3, 2), id="defaults"),
        pytest.param(deployment(1), (1, 0), id="one-replica-surges"),
        pytest.param(deployment(10, 0, 0), (0, 1), id="never-both-zero"),
        pytest.param(deployment(2, 0, 5), (0, 2), id="no-more-unavailable-than-there-are"),
        pytest.param(deployment(0), (0, 0), id="nothing-of-nothing"),
        pytest.param(recreate(10), (0, 0), id="recreate-has-neither"),
    ],
)
def test_bounds(subject: Object, expected: tuple[int, int]) -> None:
    assert bounds(subject) == expected


@pytest.mark.parametrize(
    ("subject", "new", "old", "expected"),
    [
        pytest.param(
            deployment(10),
            replica_set("new", 0),
            [replica_set("old", 10)],
            {"new": 3},
            id="into-the-surge-first",
        ),
        pytest.param(
            deployment(10),
            replica_set("new", 3, available=0),
            [replica_set("old", 10)],
            {"old": 8},
            id="old-ones-shrink-by-what-may-be-unavailable",
        ),
        pytest.param(
            deployment(10),
            replica_set("new", 5, available=0),
            [replica_set("old", 8)],
            {},
            id="no-step-while-new-ones-start",
        ),
        pytest.param(
            deployment(10),
            replica_set("new", 5, available=5),
            [replica_set("old", 8)],
            {"old": 3},
            id="ready-ones-make-room",
        ),
        pytest.param(
            deployment(10),
            replica_set("new", 10),
            [replica_set("old", 3)],
            {"old": 0},
            id="the-rest-goes-at-the-end",
        ),
        pytest.param(
            deployment(10, 0, 1),
            replica_set("new", 0),
            [replica_set("old", 10)],
            {"old": 9},
            id="without-surge-an-old-one-goes-first",
        ),
        pytest.param(
            deployment(10),
            replica_set("new", 3, available=0),
            [replica_set("older", 4, available=0, age=1), replica_set("old", 6, age=2)],
            {"older": 2},
            id="broken-old-ones-go-before-healthy-ones-do",
        ),
        pytest.param(
            deployment(4, 1, 0),
            replica_set("new", 2, available=1),
            [replica_set("older", 2, age=1), replica_set("old", 1, age=2)],
            {},
            id="none-is-spared-while-one-starts",
        ),
        pytest.param(
            deployment(2), replica_set("new", 5), [replica_set("old", 1)], {"new": 2}, id="too-many-new-ones"
        ),
        pytest.param(deployment(3), replica_set("new", 3), [], {}, id="nothing-left-to-do"),
    ],
)
def test_a_rolling_update_goes_step_by_step(
    subject: Object, new: Object, old: list[Object], expected: dict[str, int]
) -> None:
    assert named(plan_rolling(subject, new, old)) == expected


@pytest.mark.parametrize(
    ("subject", "new", "old", "expected"),
    [
        pytest.param(deployment(7), replica_set("new", 5), [], {"new": 7}, id="the-only-one-gets-all"),
        pytest.param(
            deployment(7, paused=True),
            None,
            [replica_set("old", 5)],
            {"old": 7},
            id="paused-before-a-new-one",
        ),
        pytest.param(
            deployment(5),
            replica_set("new", 0),
            [replica_set("older", 0, age=1), replica_set("old", 0, age=2)],
            {"new": 5},
            id="from-zero-the-new-one-starts",
        ),
        pytest.param(
            deployment(20, 3, 2),
            replica_set("new", 5, desired=10, most=13),
            [replica_set("old", 8, desired=10, most=13)],
            {"old": 14, "new": 9},
            id="growth-is-shared-in-proportion",
        ),
        pytest.param(
            deployment(5, 1, 1),
            replica_set("new", 5, desired=10, most=11),
            [replica_set("old", 6, desired=10, most=11)],
            {"old": 3, "new": 3},
            id="loss-is-shared-in-proportion",
        ),
        pytest.param(
            deployment(0),
            replica_set("new", 5, desired=10, most=13),
            [replica_set("old", 8, desired=10, most=13)],
            {"old": 0, "new": 0},
            id="to-zero-all-go",
        ),
        pytest.param(
            deployment(10),
            replica_set("new", 10, desired=10),
            [replica_set("old", 2)],
            {"new": 10, "old": 0},
            id="old-ones-are-not-needed-beside-a-full-new-one",
        ),
        pytest.param(
            recreate(9), replica_set("new", 3), [replica_set("old", 2)], {}, id="recreate-shares-nothing"
        ),
    ],
)
def test_a_scaled_or_paused_deployment_keeps_its_proportions(
    subject: Object, new: Object | None, old: list[Object], expected: dict[str, int]
) -> None:
    assert named(plan_scale(subject, new, old)) == expected


@pytest.mark.parametrize(
    ("owned", "expected"),
    [
        pytest.param([replica_set("a", 3, desired=3)], False, id="same-size"),
        pytest.param([replica_set("a", 3, desired=4)], True, id="noted-another-size"),
        pytest.param([replica_set("a", 0, desired=4)], False, id="what-does-not-run-tells-nothing"),
        pytest.param([replica_set("a", 3)], False, id="nothing-noted"),
    ],
)
def test_a_scaling_is_told_by_what_was_noted(owned: list[Object], expected: bool) -> None:
    assert is_scaled(deployment(3), owned) is expected


def test_a_new_replica_set_is_named_after_its_template_and_starts_within_the_surge() -> None:
    subject = deployment(4, minReadySeconds=5)
    subject["metadata"]["annotations"] = {
        "team": "shop",
        REVISION: "7",
        "kubectl.kubernetes.io/last-applied-configuration": "{}",
    }
    made = new_replica_set(subject, [replica_set("old", 4, revision=7)])
    short = labels_of(made)["pod-template-hash"]
    assert name_of(made) == f"web-{short}"
    assert made["spec"]["replicas"] == 1
    assert made["spec"]["minReadySeconds"] == 5
    assert made["spec"]["selector"]["matchLabels"] == {"app": "web", "pod-template-hash": short}
    assert labels_of(made["spec"]["template"]) == {"app": "web", "pod-template-hash": short}
    assert annotations_of(made) == {
        "team": "shop",
        REVISION: "8",
        "deployment.kubernetes.io/desired-replicas": "4",
        "deployment.kubernetes.io/max-replicas": "5",
    }


def test_the_name_changes_with_the_template_and_with_a_collision() -> None:
    names = {
        name_of(new_replica_set(subject, []))
        for subject in (
            deployment(1),
            deployment(1, template=template(image="shop/web:2")),
            {**deployment(1), "status": {"collisionCount": 1}},
        )
    }
    assert len(names) == 3
    assert name_of(new_replica_set(deployment(1), [])) == name_of(new_replica_set(deployment(5), []))


def test_a_template_that_comes_back_is_found_whatever_hash_it_carries() -> None:
    subject = deployment(1)
    made = new_replica_set(subject, [])
    other = replica_set("other", 1)
    assert find_new_replica_set(subject, [other, made]) is made
    assert find_new_replica_set(subject, [other]) is None


def test_a_template_that_comes_back_is_the_newest_revision_and_remembers_the_old_one() -> None:
    first, second = replica_set("first", 0, revision=1), replica_set("second", 3, revision=2)
    newest = as_newest(deployment(3), first, [second])
    assert annotations_of(newest)[REVISION] == "3"
    assert annotations_of(newest)["deployment.kubernetes.io/revision-history"] == "1"
    assert as_newest(deployment(3), second, [first]) is second


def test_a_revision_that_is_no_number_stops_nothing() -> None:
    odd = replica_set("odd", 1)
    odd["metadata"]["annotations"][REVISION] = "latest"
    assert annotations_of(new_replica_set(deployment(1), [odd]))[REVISION] == "1"


def test_history_goes_oldest_first_and_what_still_runs_stays() -> None:
    busy = replica_set("busy", 1, revision=1)
    old = [replica_set(f"r{number}", 0, revision=number) for number in (3, 2, 4)]
    surplus = surplus_history(deployment(1, revisionHistoryLimit=1), [busy, *old])
    assert list(map(name_of, surplus)) == ["r2", "r3"]
    assert surplus_history(deployment(1), [busy, *old]) == []
