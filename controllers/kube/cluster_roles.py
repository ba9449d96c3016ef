"""Aggregated ClusterRoles: the rules of a role with an aggregationRule are those of the roles it selects.

In: ClusterRoles. Out: their rules, written only when different, as kube-controller-manager does.
"""

from collections.abc import Iterable
from typing import Any, Final

from karmada.api.groups.kubernetes import CLUSTER_ROLES
from karmada.api.gvk import ObjectKey
from karmada.api.objects import Object, labels_of, name_of
from karmada.api.selectors import from_label_selector
from karmada.client.client import Client
from karmada.client.informer import Change, Informer
from karmada.runtime.controller import LOW_PRIORITY, Requeue, WorkQueue

FIELD_MANAGER: Final = "clusterrole-aggregation-controller"


class ClusterRoleAggregationController:
    """Keeps the rules of aggregated ClusterRoles."""

    name = "clusterrole-aggregation"

    def __init__(self, *, cluster_roles: Informer[Object], client: Client) -> None:
        self._cluster_roles = cluster_roles
        self._client = client

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        def changed(change: Change[Object]) -> None:
            priority = LOW_PRIORITY if change.initial else 0
            for role in self._cluster_roles.cache.list():
                if role.get("aggregationRule"):
                    queue.add(CLUSTER_ROLES.key_of(role), priority=priority)

        self._cluster_roles.add_handler(changed, name=self.name)

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        role = self._cluster_roles.cache.get(key)
        if role is None or not role.get("aggregationRule"):
            return None
        rules = aggregated_rules(role, self._cluster_roles.cache.list())
        if rules == (role.get("rules") or []):
            return None
        await self._client.update(CLUSTER_ROLES, key, lambda live: {**live, "rules": rules}, cached=role)
        return None


def aggregated_rules(role: Object, roles: Iterable[Object]) -> list[Any]:
    """The union of the rules role selects, in the order of names, duplicates dropped."""
    selectors = [
        from_label_selector(selector)
        for selector in role["aggregationRule"].get("clusterRoleSelectors") or ()
    ]
    rules: list[Any] = []
    for other in sorted(roles, key=name_of):
        if name_of(other) == name_of(role) or not any(s.matches(labels_of(other)) for s in selectors):
            continue
        rules.extend(rule for rule in other.get("rules") or () if rule not in rules)
    return rules
