"""The order in which pods of a StatefulSet come, change and go."""

from typing import Any

import pytest

from controllers.simulator.stateful_pods import (
    claims_for,
    next_actions,
    ordinal_of,
    revision_for,
    stateful_pod,
    stateful_set_status,
)
from karmada.api.objects import Object, labels_of, name_of, owners_of
from tests.controllers.simulator.builders import pod, template, workload


def stateful(replicas: int = 3, *, parallel: bool = False, **spec: Any) -> Object:
    policy: Object = {"podManagementPolicy": "Parallel"} if parallel else {}
    return workload("StatefulSet", "db", replicas=replicas, **policy, **spec)


def pods(*states: str, revision: str = "new") -> dict[int, Object]:
    """R ready, - not ready, X deleting, F failed, . missing; lower case: of the old revision."""
    found = {}
    for ordinal, state in enumerate(states):
        if state == ".":
            continue
        label = {"controller-revision-hash": "old" if state.islower() else revision}
        kind = state.upper()
        found[ordinal] = pod(
            f"db-{ordinal}",
            ready=kind in ("R", "X"),
            deleting=kind == "X",
            phase="Failed" if kind == "F" else "Running",
            labels=label,
        )
    return found


@pytest.mark.parametrize(
    ("subject", "present", "created", "deleted"),
    [
        pytest.param(stateful(), "", [0], [], id="the-first"),
        pytest.param(stateful(), "R", [1], [], id="the-next-after-it-is-ready"),
        pytest.param(stateful(), "-", [], [], id="waits-for-the-first"),
        pytest.param(stateful(), "R.R", [1], [], id="fills-a-gap"),
        pytest.param(stateful(), "RX", [], [], id="waits-for-one-that-leaves"),
        pytest.param(stateful(), "F", [], [0], id="a-failed-one-is-replaced"),
        pytest.param(stateful(1), "RRR", [], [2], id="the-last-goes-first"),
        pytest.param(stateful(1), "RRX", [], [], id="and-the-others-wait"),
        pytest.param(stateful(1), "-RR", [], [], id="nobody-goes-while-one-below-is-not-ready"),
        pytest.param(stateful(3), "rrr", [], [2], id="rolls-from-the-last"),
        pytest.param(stateful(3), "rrR", [], [1], id="then-the-one-before"),
        pytest.param(stateful(3), "rr-", [], [], id="waits-for-the-new-one"),
        pytest.param(stateful(3, updateStrategy={"type": "OnDelete"}), "rrr", [], [], id="only-by-hand"),
        pytest.param(
            stateful(3, updateStrategy={"rollingUpdate": {"partition": 2}}),
            "rrR",
            [],
            [],
            id="not-below-partition",
        ),
        pytest.param(stateful(3, parallel=True), "", [0, 1, 2], [], id="all-at-once"),
        pytest.param(stateful(1, parallel=True), "-RR", [], [2, 1], id="all-go-at-once"),
        pytest.param(stateful(2, ordinals={"start": 1}), ".R", [2], [], id="starts-at-one"),
        pytest.param(stateful(0), "RR", [], [1], id="to-nothing"),
    ],
)
def test_next_actions(subject: Object, present: str, created: list[int], deleted: list[int]) -> None:
    actions = next_actions(subject, pods(*present), "new")
    assert actions.create == created
    assert [ordinal_of(subject, each) for each in actions.delete] == deleted


def test_a_huge_set_is_made_in_bursts() -> None:
    assert next_actions(stateful(100_000, parallel=True), {}, "new").create == list(range(500))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("db-0", 0, id="its-own"),
        pytest.param("db-12", 12, id="two-digits"),
        pytest.param("db-x", None, id="no-number"),
        pytest.param("other-1", None, id="another-name"),
        pytest.param("db-a-1", None, id="a-longer-name"),
    ],
)
def test_ordinals_are_read_from_names(name: str, expected: int | None) -> None:
    assert ordinal_of(stateful(), pod(name)) == expected


def test_a_pod_has_its_name_and_its_claims() -> None:
    claim = {
        "metadata": {"name": "data", "labels": {"tier": "gold"}},
        "spec": {"accessModes": ["ReadWriteOnce"]},
    }
    volumes = [{"name": "data", "emptyDir": {}}, {"name": "tmp", "emptyDir": {}}]
    pod_template = template("db", volumes=volumes)
    subject = stateful(serviceName="dbs", volumeClaimTemplates=[claim], template=pod_template)
    made = stateful_pod(subject, pod_template, 1, "db-new")
    assert labels_of(made) == {
        "app": "db",
        "statefulset.kubernetes.io/pod-name": "db-1",
        "apps.kubernetes.io/pod-index": "1",
        "controller-revision-hash": "db-new",
    }
    assert (made["spec"]["hostname"], made["spec"]["subdomain"]) == ("db-1", "dbs")
    assert made["spec"]["volumes"] == [
        {"name": "tmp", "emptyDir": {}},
        {"name": "data", "persistentVolumeClaim": {"claimName": "data-db-1"}},
    ]
    (owned,) = claims_for(subject, 1)
    assert (name_of(owned), labels_of(owned), owners_of(owned)) == (
        "data-db-1",
        {"tier": "gold", "app": "db"},
        [],
    )


def test_claims_are_owned_where_the_policy_deletes_them() -> None:
    policy = {"whenDeleted": "Delete"}
    claim = {"metadata": {"name": "data"}, "spec": {}}
    subject = stateful(volumeClaimTemplates=[claim], persistentVolumeClaimRetentionPolicy=policy)
    assert [owner["name"] for owner in owners_of(claims_for(subject, 0)[0])] == ["db"]


def test_below_the_partition_the_current_revision_is_used() -> None:
    subject = stateful(updateStrategy={"rollingUpdate": {"partition": 2}})
    subject["status"] = {"currentRevision": "db-old"}
    assert [revision_for(subject, ordinal, update="db-new") for ordinal in (1, 2)] == ["db-old", "db-new"]


def test_the_current_revision_moves_when_all_pods_have_it() -> None:
    subject = stateful(2)
    subject["status"] = {"currentRevision": "old"}
    half = stateful_set_status(subject, list(pods("r", "R").values()), "new", available=2)
    assert half == {
        "observedGeneration": 1,
        "replicas": 2,
        "readyReplicas": 2,
        "availableReplicas": 2,
        "currentReplicas": 1,
        "updatedReplicas": 1,
        "currentRevision": "old",
        "updateRevision": "new",
        "collisionCount": 0,
    }
    done = stateful_set_status(subject, list(pods("R", "R").values()), "new", available=2)
    assert (done["currentRevision"], done["currentReplicas"], done["updatedReplicas"]) == ("new", 2, 2)
