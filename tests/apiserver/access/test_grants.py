"""The grant checks run as admission rules of the RBAC kinds."""

import pytest
from typing_extensions import override

from apiserver.admission.context import AdmissionContext, Reader, Rules
from apiserver.handlers.grants import with_grant_checks
from apiserver.rbac import RuleIndex
from apiserver.request_info import UserInfo
from karmada.api.errors import Forbidden
from karmada.api.gvk import GroupVersionKind, GroupVersionResource
from karmada.api.objects import Object
from tests.apiserver.access.test_rbac_index import role, rule

GROUP = "rbac.authorization.k8s.io"
ROLE = {**role("r", rule("get", "core", "pods"), namespace="t1"), "apiVersion": f"{GROUP}/v1"}


class Nothing(Reader):
    """An empty store."""

    @override
    def get(self, group: str, resource: str, namespace: str, name: str) -> Object | None:
        return None

    @override
    def list(self, group: str, resource: str, namespace: str = "") -> list[Object]:
        return []

    @override
    async def get_live(self, group: str, resource: str, namespace: str, name: str) -> Object | None:
        return None


def creating(user: UserInfo) -> AdmissionContext:
    return AdmissionContext(
        operation="CREATE",
        resource=GroupVersionResource(GROUP, "v1", "roles"),
        kind=GroupVersionKind(GROUP, "v1", "Role"),
        namespace="t1",
        name="r",
        user=user,
        reader=Nothing(),
        now="2026-05-01T00:00:00Z",
    )


async def test_a_role_with_more_than_the_writer_has_is_refused() -> None:
    seen: list[str] = []

    async def own(new: Object, old: Object | None, context: AdmissionContext) -> None:
        seen.append(new["metadata"]["name"])

    rules = with_grant_checks({(GROUP, "roles"): Rules(refuse=own), ("", "pods"): Rules()}, RuleIndex())
    refuse = rules[GROUP, "roles"].refuse
    assert refuse is not None
    with pytest.raises(Forbidden, match="not currently held"):
        await refuse(ROLE, None, creating(UserInfo("alice")))
    assert seen == []
    await refuse(ROLE, None, creating(UserInfo("root", ("system:masters",))))
    assert seen == ["r"]


def test_every_rbac_kind_is_checked_and_others_are_left_alone() -> None:
    pods = Rules()
    rules = with_grant_checks({("", "pods"): pods}, RuleIndex())
    checked = {key[1] for key, value in rules.items() if value.refuse is not None}
    assert checked == {"roles", "clusterroles", "rolebindings", "clusterrolebindings"}
    assert rules["", "pods"] is pods
