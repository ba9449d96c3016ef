"""The roles and bindings every control plane starts with, and how they are put back at start, pure.

In: the facts about Kubernetes' own bootstrap policy, plus what Karmada's components need. Out: complete
objects. The server writes reconciled(existing, wanted) for each at start.
"""

from functools import cache
from importlib.resources import files
from typing import Any, Final

import orjson

from apiserver.rbac.index import GROUP
from apiserver.rbac.karmada_roles import KARMADA_ROLES
from karmada.api.objects import Object, annotations_of, labels_of, with_annotations, with_labels

API_VERSION: Final = f"{GROUP}/v1"
BOOTSTRAPPING_LABEL: Final = "kubernetes.io/bootstrapping"
AUTO_UPDATE: Final = "rbac.authorization.kubernetes.io/autoupdate"


@cache
def bootstrap_objects(*, karmada: bool = True) -> tuple[Object, ...]:
    """Roles before bindings, ready to be created. Read-only: every caller gets the same objects.

    karmada False leaves out what only a Karmada control plane needs.
    """
    facts = [*_kubernetes_facts(), *(KARMADA_ROLES if karmada else ())]
    roles = [fact for fact in facts if fact["kind"] in ("ClusterRole", "Role")]
    bindings = [fact for fact in facts if fact["kind"] in ("ClusterRoleBinding", "RoleBinding")]
    return tuple(_object(fact) for fact in _aggregated(roles) + bindings)


def reconciled(existing: Object | None, wanted: Object) -> Object | None:
    """What to write so that nothing of wanted is missing; None when there is nothing to do.

    Rules, subjects, labels and annotations somebody added stay. An object whose auto-update annotation is
    "false" is left alone. A binding that refers to another role must be deleted and created: then it is
    wanted itself.
    """
    if existing is None:
        return wanted
    if annotations_of(existing).get(AUTO_UPDATE) == "false":
        return None
    if existing.get("roleRef") != wanted.get("roleRef"):
        return wanted
    result = with_annotations(
        with_labels(existing, {**labels_of(wanted), **labels_of(existing)}),
        {**annotations_of(wanted), **annotations_of(existing)},
    )
    for part in ("rules", "subjects"):
        present = existing.get(part) or []
        if missing := [item for item in wanted.get(part) or [] if item not in present]:
            result = {**result, part: [*present, *missing]}
    if wanted.get("aggregationRule") and not existing.get("aggregationRule"):
        result = {**result, "aggregationRule": wanted["aggregationRule"]}
    return None if result == existing else result


def _kubernetes_facts() -> list[dict[str, Any]]:
    facts: list[dict[str, Any]] = orjson.loads(
        files("apiserver.rbac").joinpath("bootstrap.json").read_bytes()
    )
    return facts


def _aggregated(roles: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Roles with the rules of aggregating ones filled in, as the aggregation controller would later."""
    by_name = {role["name"]: role for role in roles if role["kind"] == "ClusterRole"}

    def rules(role: dict[str, Any], above: frozenset[str]) -> list[Any]:
        collected = list(role.get("rules") or [])
        selectors = (role.get("aggregationRule") or {}).get("clusterRoleSelectors") or []
        for name, other in by_name.items():
            labels = other.get("labels") or {}
            if name not in above and any(_selects(selector, labels) for selector in selectors):
                collected += [rule for rule in rules(other, above | {name}) if rule not in collected]
        return collected

    return [
        {**role, "rules": rules(role, frozenset({role["name"]}))} if role.get("aggregationRule") else role
        for role in roles
    ]


def _selects(selector: Object, labels: dict[str, str]) -> bool:
    return (selector.get("matchLabels") or {}).items() <= labels.items()


def _object(fact: dict[str, Any]) -> Object:
    metadata: Object = {"name": fact["name"]}
    if fact.get("namespace"):
        metadata["namespace"] = fact["namespace"]
    metadata["labels"] = {BOOTSTRAPPING_LABEL: "rbac-defaults", **(fact.get("labels") or {})}
    metadata["annotations"] = {AUTO_UPDATE: "true"}
    obj: Object = {"apiVersion": API_VERSION, "kind": fact["kind"], "metadata": metadata}
    if fact["kind"] in ("ClusterRole", "Role"):
        obj["rules"] = fact.get("rules") or []
        if fact.get("aggregationRule"):
            obj["aggregationRule"] = fact["aggregationRule"]
    else:
        obj["roleRef"] = {"apiGroup": GROUP, **fact["roleRef"]}
        obj["subjects"] = fact.get("subjects") or []
    return obj
