"""Flux: releases, kustomizations and sources."""

from typing import Any

import pytest

from karmada.api.objects import Object
from karmada.interpreter.thirdparty.flux import KINDS
from tests.karmada.interpreter.thirdparty.samples import (
    GENERATION,
    MEMBER_GENERATION,
    STATUSES,
    condition,
    items,
    kind,
    observed,
    ready,
    template,
)

NOW = "2026-03-02T00:00:00Z"
NAMES = [gvk.kind for gvk in KINDS]
READY = {
    "HelmRelease": "ReconciliationSucceeded",
    "Kustomization": "ReconciliationSucceeded",
    "HelmChart": "ChartPullSucceeded",
}


def aggregated(name: str, before: Object, *statuses: Object | None) -> Any:
    found = KINDS[kind(name)].aggregate(template(kind(name), status=before), items(*statuses), NOW)
    assert found is not None
    return {field: value for field, value in found.items() if value is not None}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("suspend", [True, False])
def test_what_a_member_suspended_stays_so(name: str, suspend: bool) -> None:
    rules, desired = KINDS[kind(name)], template(kind(name), spec={"a": 1})
    assert rules.retain(desired, {"spec": {"suspend": suspend}})["spec"] == {"a": 1, "suspend": suspend}
    assert rules.retain(desired, {}) is desired


@pytest.mark.parametrize("name", NAMES)
def test_ready_for_the_right_reason_is_healthy(name: str) -> None:
    healthy, gvk = KINDS[kind(name)].healthy, kind(name)
    reason = READY.get(name, "Succeeded")
    assert healthy(observed(gvk, status=ready(reason)))
    assert not healthy(observed(gvk, status=ready("Because")))
    assert not healthy(observed(gvk, status={"conditions": [condition("Ready", "False", reason=reason)]}))
    assert not healthy(template(gvk))


@pytest.mark.parametrize("name", NAMES)
def test_members_send_their_fields_and_generations(name: str) -> None:
    reflect, gvk = KINDS[kind(name)].reflect, kind(name)
    sent = {**STATUSES[name], "observedGeneration": MEMBER_GENERATION}
    said = reflect(observed(gvk, status={**sent, "history": [1]}))
    assert {field: value for field, value in said.items() if value is not None} == {
        **sent,
        "generation": MEMBER_GENERATION,
        "resourceTemplateGeneration": GENERATION,
    }
    assert reflect(template(gvk)) == {}


@pytest.mark.parametrize("name", NAMES)
def test_conditions_of_two_members_are_merged_and_the_generation_waits_for_both(name: str) -> None:
    recent = {"generation": 1, "observedGeneration": 1, "resourceTemplateGeneration": GENERATION}
    said = {**STATUSES[name], **recent}
    status = aggregated(name, {"observedGeneration": 1}, said, {**said, "resourceTemplateGeneration": 1})
    assert [each["message"] for each in status["conditions"]] == ["member1=fine, member2=fine"]
    assert status["observedGeneration"] == 1
    assert aggregated(name, {"observedGeneration": 1}, said, said)["observedGeneration"] == GENERATION


@pytest.mark.parametrize(
    ("name", "before", "statuses", "expected"),
    [
        pytest.param(
            "HelmRelease",
            {"failures": 9, "helmChart": "shop/demo"},
            [{"lastAppliedRevision": "1", "failures": 1}, {"lastAppliedRevision": "2", "failures": 2}],
            {"helmChart": "shop/demo", "lastAppliedRevision": "2", "failures": 3},
            id="helmrelease-failures-are-those-of-the-members",
        ),
        pytest.param(
            "HelmRelease",
            {"helmChart": "shop/demo"},
            [],
            {
                "lastAttemptedRevision": "",
                "lastAppliedRevision": "",
                "lastAttemptedValuesChecksum": "",
                "helmChart": "",
                "lastReleaseRevision": "",
                "failures": 0,
                "upgradeFailures": 0,
                "installFailures": 0,
                "observedGeneration": GENERATION,
            },
            id="helmrelease-in-no-cluster",
        ),
        pytest.param(
            "Kustomization",
            {"lastAppliedRevision": "a"},
            [{"lastAttemptedRevision": "b"}, None],
            {"lastAppliedRevision": "a", "lastAttemptedRevision": "b"},
            id="kustomization-keeps-the-last-word",
        ),
        pytest.param(
            "GitRepository",
            {"artifact": {"revision": "old"}},
            [{"artifact": {"revision": "1"}}, {"artifact": {"revision": "2"}}, {}],
            {"artifact": {"revision": "2"}},
            id="gitrepository-last-artifact",
        ),
        pytest.param(
            "HelmChart",
            {"url": "old"},
            [{"observedChartName": "demo"}],
            {"url": "", "observedChartName": "demo", "observedSourceArtifactRevision": ""},
            id="helmchart-words-of-the-members-only",
        ),
        pytest.param("Bucket", {}, [{"url": "u"}, {}], {"url": "u"}, id="bucket-url"),
    ],
)
def test_what_each_adds(name: str, before: Object, statuses: list[Object | None], expected: Object) -> None:
    found = aggregated(name, before, *statuses)
    assert {field: value for field, value in found.items() if field != "conditions"} == {
        "observedGeneration": 0,
        **expected,
    }


@pytest.mark.parametrize(
    ("name", "spec", "expected"),
    [
        pytest.param(
            "HelmRelease",
            {
                "valuesFrom": [
                    {"kind": "Secret", "name": "values"},
                    {"kind": "ConfigMap", "name": "more"},
                    {"kind": "Other", "name": "x"},
                ],
                "chart": {"spec": {"verify": {"secretRef": {"name": "keys"}}}},
                "kubeConfig": {"secretRef": {"name": "access"}},
                "serviceAccountName": "flux",
            },
            ["ConfigMap/more", "Secret/access", "Secret/keys", "Secret/values", "ServiceAccount/flux"],
            id="helmrelease",
        ),
        pytest.param(
            "Kustomization",
            {"decryption": {"secretRef": {"name": "age"}}, "kubeConfig": {"secretRef": {"name": "access"}}},
            ["Secret/access", "Secret/age"],
            id="kustomization",
        ),
        pytest.param(
            "GitRepository",
            {"secretRef": {"name": "git"}, "verify": {"secretRef": {"name": "keys"}}},
            ["Secret/git", "Secret/keys"],
            id="gitrepository",
        ),
        pytest.param("Bucket", {"secretRef": {"name": "s3"}}, ["Secret/s3"], id="bucket"),
        pytest.param("HelmRepository", {"secretRef": {"name": "s3"}}, ["Secret/s3"], id="helmrepository"),
        pytest.param(
            "HelmChart", {"verify": {"secretRef": {"name": "keys"}}}, ["Secret/keys"], id="helmchart"
        ),
        pytest.param(
            "OCIRepository", {"secretRef": {"name": "pull"}}, ["Secret/pull"], id="no-account-is-fine"
        ),
        pytest.param(
            "OCIRepository",
            {"certSecretRef": {"name": "ca"}, "serviceAccountName": "oci"},
            ["Secret/ca", "ServiceAccount/oci"],
            id="ocirepository",
        ),
        *(pytest.param(name, None, [], id=f"{name.lower()}-without-spec") for name in NAMES),
    ],
)
def test_dependencies(name: str, spec: Any, expected: list[str]) -> None:
    found = KINDS[kind(name)].dependencies(template(kind(name), spec=spec))
    assert [f"{each.kind}/{each.name}" for each in found] == expected
