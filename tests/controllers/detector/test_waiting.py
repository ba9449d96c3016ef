"""Templates that wait for a policy or for an override policy."""

from typing import Any

import pytest

from controllers.detector.waiting import TemplateKey, WaitingTemplates
from karmada.api.groups.policy import OVERRIDE_POLICIES
from karmada.api.gvk import GroupVersionResource, ObjectKey
from karmada.runtime.workqueue import WorkQueue
from tests.controllers.detector.builders import deployment, policy

DEPLOYMENTS = GroupVersionResource("apps", "v1", "deployments")
WEB = ObjectKey(DEPLOYMENTS, "shop", "web")
DB = ObjectKey(DEPLOYMENTS, "bank", "db")
ALL = {"apiVersion": "apps/v1", "kind": "Deployment"}


@pytest.fixture
async def queue() -> WorkQueue[TemplateKey]:
    return WorkQueue("waiting templates of a test")


@pytest.fixture
async def waiting(queue: WorkQueue[TemplateKey]) -> WaitingTemplates:
    """web in shop and db in bank wait for a policy."""
    made = WaitingTemplates()
    made.connect(queue)
    made.add(WEB, deployment("web", "shop"))
    made.add(DB, deployment("db", "bank"))
    return made


@pytest.mark.parametrize(
    ("selector", "namespace", "expected"),
    [
        pytest.param(ALL, "shop", [WEB], id="namespaced-policy"),
        pytest.param({**ALL, "name": "db"}, "shop", [], id="another-name"),
        pytest.param({**ALL, "name": "db"}, "", [DB], id="cluster-policy-by-name"),
        pytest.param(ALL, "", [WEB, DB], id="cluster-policy"),
        pytest.param({**ALL, "namespace": "bank"}, "", [DB], id="cluster-policy-for-a-namespace"),
        pytest.param({"apiVersion": "v1", "kind": "Secret"}, "", [], id="another-kind"),
    ],
)
async def test_a_policy_finds_who_may_be_waiting_for_it(
    waiting: WaitingTemplates, selector: dict[str, Any], namespace: str, expected: list[ObjectKey]
) -> None:
    found = waiting.candidates(policy("p", selector, namespace=namespace))
    assert sorted(found) == sorted(expected)


async def test_who_stopped_waiting_is_not_found(waiting: WaitingTemplates) -> None:
    waiting.discard(WEB)
    waiting.discard(WEB)
    assert waiting.candidates(policy("p")) == []
    assert len(waiting) == 1


async def test_a_template_comes_back_when_its_override_policy_appears(
    waiting: WaitingTemplates, queue: WorkQueue[TemplateKey]
) -> None:
    waiting.wait_for_overrides(WEB, policy("p"), ["late", "later"])
    waiting.override_appeared(OVERRIDE_POLICIES.key("shop", "other"))
    assert len(queue) == 0
    waiting.override_appeared(OVERRIDE_POLICIES.key("shop", "late"))
    assert await queue.get() == TemplateKey(WEB)


async def test_a_template_that_went_waits_for_nothing(
    waiting: WaitingTemplates, queue: WorkQueue[TemplateKey]
) -> None:
    waiting.wait_for_overrides(WEB, policy("p"), ["late"])
    waiting.forget(WEB)
    waiting.override_appeared(OVERRIDE_POLICIES.key("shop", "late"))
    assert len(queue) == 0
    assert WEB not in waiting


async def test_changes_of_users_go_before_those_of_policies(
    waiting: WaitingTemplates, queue: WorkQueue[TemplateKey]
) -> None:
    waiting.reconsider(WEB, changed_by_karmada=True)
    queue.add(TemplateKey(DB))
    assert [await queue.get(), await queue.get()] == [
        TemplateKey(DB),
        TemplateKey(WEB, changed_by_karmada=True),
    ]
