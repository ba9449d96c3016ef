"""Argo Workflows."""

from typing import Any

import pytest

from karmada.api.objects import Object
from karmada.interpreter.thirdparty.argo import KINDS
from tests.karmada.interpreter.thirdparty.samples import kind, observed, template

GVK = kind("Workflow")
RULES = KINDS[GVK]


@pytest.mark.parametrize(
    ("spec", "replicas", "needs"),
    [
        pytest.param(
            {"parallelism": 2, "nodeSelector": {"disk": "fast"}},
            2,
            {"nodeClaim": {"nodeSelector": {"disk": "fast"}}},
            id="pods-at-a-time-on-these-nodes",
        ),
        pytest.param({}, 1, None, id="one-anywhere"),
        pytest.param({"containers": [{"resources": {"requests": {"cpu": "9"}}}]}, 1, None, id="steps-differ"),
    ],
)
def test_replicas(spec: Object, replicas: int, needs: Object | None) -> None:
    found, requirements = RULES.replicas(template(GVK, spec=spec))
    assert (found, requirements.to_json() if requirements else None) == (replicas, needs)
    assert RULES.revise(template(GVK, spec=spec), 7)["spec"] == {**spec, "parallelism": 7}


@pytest.mark.parametrize(
    ("present", "expected"),
    [
        pytest.param({"spec": {"suspend": True}}, {"spec": {"suspend": True, "a": 1}}, id="suspended-there"),
        pytest.param({"spec": {"suspend": False}}, {"spec": {"suspend": False, "a": 1}}, id="resumed-there"),
        pytest.param(
            {"status": {"phase": "Running"}},
            {"spec": {"a": 1}, "status": {"phase": "Running"}},
            id="progress-is-kept",
        ),
        pytest.param({}, {"spec": {"a": 1}}, id="nothing-to-keep"),
    ],
)
def test_a_member_keeps_its_progress(present: Object, expected: Object) -> None:
    assert RULES.retain({"spec": {"a": 1}}, present) == expected


@pytest.mark.parametrize(
    ("phase", "healthy"),
    [
        ("Running", True),
        ("Pending", True),
        ("Succeeded", True),
        ("Failed", False),
        ("Error", False),
        ("", False),
    ],
)
def test_health(phase: str, healthy: bool) -> None:
    assert RULES.healthy(observed(GVK, status={"phase": phase})) is healthy


def test_without_a_status_it_is_not_healthy() -> None:
    assert not RULES.healthy(template(GVK))


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param({"serviceAccountName": "runner"}, ["ServiceAccount/runner"], id="account"),
        pytest.param({"serviceAccountName": "default"}, [], id="the-default-account-is-everywhere"),
        pytest.param(
            {"executor": {"serviceAccountName": "executor"}}, ["ServiceAccount/executor"], id="executor"
        ),
        pytest.param(
            {
                "volumeClaimTemplates": [{"metadata": {"name": "work"}}],
                "imagePullSecrets": [{"name": "pull"}],
            },
            ["PersistentVolumeClaim/work", "Secret/pull"],
            id="claims-and-pull-secrets",
        ),
        pytest.param(
            {
                "volumes": [
                    {"secret": {"secretName": "keys"}},
                    {"configMap": {"name": "settings"}},
                    {"persistentVolumeClaim": {"claimName": "data"}},
                    {"projected": {"sources": [{"secret": {"name": "token"}}]}},
                ]
            },
            ["ConfigMap/settings", "PersistentVolumeClaim/data", "Secret/keys", "Secret/token"],
            id="volumes",
        ),
        pytest.param(None, [], id="no-spec"),
    ],
)
def test_dependencies(spec: Any, expected: list[str]) -> None:
    found = RULES.dependencies(template(GVK, spec=spec))
    assert [f"{each.kind}/{each.name}" for each in found] == expected
