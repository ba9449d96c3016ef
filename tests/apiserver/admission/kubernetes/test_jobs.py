"""Job and CronJob: what is filled in, and what is refused."""

from typing import Any

import pytest

from apiserver.admission.kubernetes.jobs import CRON_JOB_RULES, JOB_RULES, zone_problem
from karmada.api.objects import Object, private_copy
from tests.apiserver.admission.contexts import admitted, judged, shaped

UID = "11111111-0000-4000-8000-000000000000"
POD = {"restartPolicy": "Never", "containers": [{"name": "app", "image": "nginx:1"}]}
GENERATED = {
    "batch.kubernetes.io/controller-uid": UID,
    "batch.kubernetes.io/job-name": "sum",
    "controller-uid": UID,
    "job-name": "sum",
}


def job(*, labels: dict[str, str] | None = None, pod: Object = POD, **spec: Any) -> Object:
    template = {"metadata": {"labels": labels or {}}, "spec": pod}
    metadata = {"name": "sum", "namespace": "shop", "uid": UID}
    return shaped(
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": metadata,
            "spec": {"template": template, **spec},
        }
    )


def made_job(**spec: Any) -> Object:
    return admitted(JOB_RULES, job(**spec))


def test_a_job_finds_its_pods_by_its_uid() -> None:
    made = made_job()
    spec = made["spec"]
    assert spec["selector"] == {"matchLabels": {"batch.kubernetes.io/controller-uid": UID}}
    assert spec["template"]["metadata"]["labels"] == GENERATED
    assert made["metadata"]["labels"] == GENERATED
    assert {name: spec[name] for name in spec if name not in ("selector", "template")} == {
        "completions": 1,
        "parallelism": 1,
        "backoffLimit": 6,
        "completionMode": "NonIndexed",
        "suspend": False,
        "manualSelector": False,
        "podReplacementPolicy": "TerminatingOrFailed",
    }
    assert judged(JOB_RULES, made) == []


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({"parallelism": 3}, {"parallelism": 3, "completions": None}, id="a-work-queue"),
        pytest.param({"completions": 3}, {"parallelism": 1, "completions": 3}, id="one-after-the-other"),
        pytest.param(
            {"backoffLimitPerIndex": 1, "completions": 2, "completionMode": "Indexed"},
            {"backoffLimit": 2147483647},
            id="each-index-for-itself",
        ),
        pytest.param(
            {"podFailurePolicy": {"rules": []}}, {"podReplacementPolicy": "Failed"}, id="failure-policy"
        ),
    ],
)
def test_counts_follow_from_what_is_given(given: Object, expected: Object) -> None:
    spec = made_job(**given)["spec"]
    assert {name: spec.get(name) for name in expected} == expected


def test_own_labels_stay_and_name_the_job() -> None:
    made = made_job(labels={"team": "shop"})
    assert made["metadata"]["labels"] == {"team": "shop"}
    assert made["spec"]["template"]["metadata"]["labels"] == {"team": "shop", **GENERATED}


def test_a_selector_of_ones_own_has_to_be_announced() -> None:
    selector = {"matchLabels": {"a": "b"}}
    found = judged(JOB_RULES, made_job(labels={"a": "b"}, selector=selector))
    assert found[0].startswith("spec.selector: Invalid value: ")
    assert found[0].endswith(": `selector` not auto-generated")
    announced = made_job(labels={"a": "b"}, selector=selector, manualSelector=True)
    assert announced["spec"]["selector"] == selector
    assert judged(JOB_RULES, announced) == []


BROKEN = [
    pytest.param(
        {"pod": {**POD, "restartPolicy": "Always"}},
        'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
        id="never-ends",
    ),
    pytest.param(
        {"parallelism": -1},
        "spec.parallelism: Invalid value: -1: must be greater than or equal to 0",
        id="less-than-nobody",
    ),
    pytest.param(
        {"completionMode": "Indexed", "parallelism": 1},
        "spec.completions: Required value: when completion mode is Indexed",
        id="how-many-indexes",
    ),
]


@pytest.mark.parametrize(("given", "expected"), BROKEN)
def test_broken_rules_are_found(given: Object, expected: str) -> None:
    assert judged(JOB_RULES, made_job(**given)) == [expected]


def changed(change: Object, *, image: str = "", **spec: Any) -> list[str]:
    old = made_job(**spec)
    new = private_copy(old)
    new["spec"] |= change
    if image:
        new["spec"]["template"]["spec"]["containers"][0]["image"] = image
    return [text.partition(":")[0] for text in judged(JOB_RULES, new, old=old)]


@pytest.mark.parametrize(
    ("change", "spec", "expected"),
    [
        pytest.param({"parallelism": 5, "backoffLimit": 1, "suspend": True}, {}, [], id="how-it-runs"),
        pytest.param({"completions": 5}, {}, ["spec.completions"], id="how-much"),
        pytest.param(
            {"completions": 5, "parallelism": 5},
            {"completions": 2, "parallelism": 2, "completionMode": "Indexed"},
            [],
            id="indexes-follow-parallelism",
        ),
        pytest.param({"completionMode": "Indexed"}, {}, ["spec.completionMode"], id="mode"),
    ],
)
def test_what_of_a_job_may_change(change: Object, spec: Object, expected: list[str]) -> None:
    assert changed(change, **spec) == expected


def test_the_template_of_a_job_stays() -> None:
    assert changed({}, image="nginx:2") == ["spec.template"]


def test_where_a_waiting_job_will_run_may_change() -> None:
    old = made_job(suspend=True)
    new = private_copy(old)
    new["spec"]["template"]["spec"]["nodeSelector"] = {"a": "b"}
    assert judged(JOB_RULES, new, old=old) == []
    new["spec"]["template"]["spec"]["containers"][0]["image"] = "nginx:2"
    assert len(judged(JOB_RULES, new, old=old)) == 1


# -- CronJob ------------------------------------------------------------------------------------------------


def cron_job(name: str = "tick", **spec: Any) -> Object:
    template = {"spec": {"template": {"metadata": {}, "spec": POD}}}
    given = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"schedule": "15 3 1 1 *", "jobTemplate": template, **spec},
    }
    return admitted(CRON_JOB_RULES, shaped(given))


def test_the_jobs_of_a_cron_job_get_no_counts_yet() -> None:
    spec = cron_job()["spec"]
    assert spec["concurrencyPolicy"] == "Allow"
    assert (spec["successfulJobsHistoryLimit"], spec["failedJobsHistoryLimit"]) == (3, 1)
    assert spec["jobTemplate"]["spec"].keys() == {"template"}
    assert spec["jobTemplate"]["spec"]["template"]["spec"]["dnsPolicy"] == "ClusterFirst"


CRON_BROKEN = [
    pytest.param(
        {"schedule": "bad"},
        'spec.schedule: Invalid value: "bad": expected exactly 5 fields, found 1: [bad]',
        id="no-schedule",
    ),
    pytest.param(
        {"schedule": "TZ=UTC 1 * * * *"},
        'spec.schedule: Invalid value: "TZ=UTC 1 * * * *": cannot use TZ or CRON_TZ in schedule, '
        "use timeZone "
        "field instead",
        id="zone-in-the-schedule",
    ),
    pytest.param(
        {"timeZone": "No/Zone"},
        'spec.timeZone: Invalid value: "No/Zone": unknown time zone No/Zone',
        id="nowhere",
    ),
    pytest.param(
        {"name": "t" * 53},
        f'metadata.name: Invalid value: "{"t" * 53}": must be no more than 52 characters',
        id="no-room-for-a-suffix",
    ),
    pytest.param(
        {"concurrencyPolicy": "Maybe"},
        'spec.concurrencyPolicy: Unsupported value: "Maybe": supported values: "Allow", "Forbid", "Replace"',
        id="policy",
    ),
]


@pytest.mark.parametrize(("given", "expected"), CRON_BROKEN)
def test_broken_rules_of_cron_jobs_are_found(given: Object, expected: str) -> None:
    assert judged(CRON_JOB_RULES, cron_job(**given)) == [expected]


@pytest.mark.parametrize("schedule", ["@hourly", "*/5 * * * *"])
def test_schedules_are_taken(schedule: str) -> None:
    assert judged(CRON_JOB_RULES, cron_job(schedule=schedule, timeZone="Asia/Tokyo")) == []


def test_a_zone_is_explicit() -> None:
    assert zone_problem("Local").startswith("timeZone must be an explicit time zone")
    assert zone_problem("") == "timeZone must be nil or non-empty string"
