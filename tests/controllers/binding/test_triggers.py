"""Which changes make a binding be looked at again."""

from typing import Any

import pytest

from controllers.binding.triggers import affected, binding_is_news, cluster_is_news, policy_is_news
from karmada.api.groups.cluster import Cluster
from karmada.api.groups.policy import OverridePolicy
from karmada.api.groups.work import ResourceBinding
from karmada.api.objects import Object

WEB = {"apiVersion": "apps/v1", "kind": "Deployment"}


def binding(name: str = "web", *, status: Object | None = None, **metadata: Any) -> ResourceBinding:
    reference = {**WEB, "namespace": "shop", "name": name}
    return ResourceBinding.from_json(
        {
            "metadata": {"name": name, "generation": 1, **metadata},
            "spec": {"resource": reference},
            "status": status or {},
        }
    )


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param(None, binding(), True, id="appeared"),
        pytest.param(binding(), None, False, id="gone"),
        pytest.param(binding(), binding(generation=2), True, id="new-generation"),
        pytest.param(binding(), binding(deletionTimestamp="2026-01-01T00:00:00Z"), True, id="deletion-began"),
        pytest.param(
            binding(), binding(status={"lastScheduledTime": "2026-01-01T00:00:00Z"}), False, id="status"
        ),
        pytest.param(binding(), binding(labels={"a": "b"}), False, id="labels"),
    ],
)
def test_a_binding_matters_when_its_spec_or_life_changes(
    old: ResourceBinding | None, new: ResourceBinding | None, expected: bool
) -> None:
    assert binding_is_news(old, new) is expected


def override_policy(*selectors: Object, generation: int = 1) -> OverridePolicy:
    return OverridePolicy.from_json(
        {"metadata": {"name": "o", "generation": generation}, "spec": {"resourceSelectors": list(selectors)}}
    )


def test_an_override_policy_matters_when_it_comes_goes_or_changes() -> None:
    assert policy_is_news(None, override_policy())
    assert policy_is_news(override_policy(), None)
    assert policy_is_news(override_policy(), override_policy(generation=2))
    assert not policy_is_news(override_policy(), override_policy())


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        pytest.param([override_policy()], ["web", "db"], id="no-selector-means-all"),
        pytest.param([override_policy({**WEB, "name": "web"})], ["web"], id="by-name"),
        pytest.param(
            [override_policy({**WEB, "labelSelector": {"matchLabels": {"a": "b"}}})],
            ["web", "db"],
            id="labels-unknown",
        ),
        pytest.param([override_policy({"apiVersion": "v1", "kind": "Secret"})], [], id="another-kind"),
        pytest.param([override_policy({**WEB, "namespace": "bank"})], [], id="another-namespace"),
        pytest.param(
            [override_policy({**WEB, "name": "db"}), override_policy({**WEB, "name": "web"})],
            ["web", "db"],
            id="former-selectors-count",
        ),
        pytest.param([None, override_policy({**WEB, "name": "db"})], ["db"], id="created"),
    ],
)
def test_bindings_an_override_policy_may_mean_are_affected(
    policies: list[OverridePolicy | None], expected: list[str]
) -> None:
    assert [found.metadata.name for found in affected([binding("web"), binding("db")], policies)] == expected


def cluster(labels: dict[str, str] | None = None, **spec: Any) -> Cluster:
    return Cluster.from_json({"metadata": {"name": "m", "labels": labels or {}}, "spec": spec})


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param(None, cluster(), True, id="appeared"),
        pytest.param(cluster(), None, False, id="gone"),
        pytest.param(cluster(), cluster({"env": "prod"}), True, id="labels"),
        pytest.param(cluster(), cluster(region="north"), True, id="region"),
        pytest.param(cluster(), cluster(zones=["a"]), True, id="zones"),
        pytest.param(cluster(), cluster(taints=[{"key": "k", "effect": "NoSchedule"}]), False, id="taints"),
    ],
)
def test_a_cluster_matters_when_rules_may_mean_it_differently(
    old: Cluster | None, new: Cluster | None, expected: bool
) -> None:
    assert cluster_is_news(old, new) is expected
