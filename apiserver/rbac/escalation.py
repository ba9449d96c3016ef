"""Nobody gives away more than they have: checks on writing roles and bindings, pure.

In: the user, the index of what everyone may do, the object being written and the one it replaces. Out:
nothing, or Forbidden that lists the missing rules. Admission of the RBAC kinds calls these.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Any

from apiserver.rbac.index import ALL, GROUP, MASTERS, Attributes, PolicyRule, RuleIndex, path_matches
from apiserver.request_info import UserInfo
from karmada.api.errors import Forbidden, NotFound
from karmada.api.objects import Object, name_of, namespace_of

EVERYTHING = (
    PolicyRule(verbs=(ALL,), api_groups=(ALL,), resources=(ALL,)),
    PolicyRule(verbs=(ALL,), non_resource_urls=(ALL,)),
)


def check_role_write(index: RuleIndex, user: UserInfo, new: Object, old: Object | None) -> None:
    """For create (old None) and update of a Role or ClusterRole. Raises Forbidden."""
    if old is not None and _role_content(old) == _role_content(new):
        return
    resource = "clusterroles" if new.get("kind") == "ClusterRole" else "roles"
    namespace, name = namespace_of(new), name_of(new)
    if MASTERS in user.groups or _holds(index, user, "escalate", resource, namespace, name):
        return
    rules: Iterable[PolicyRule] = [PolicyRule.of(rule) for rule in new.get("rules") or ()]
    if new.get("aggregationRule") and new.get("aggregationRule") != (old or {}).get("aggregationRule"):
        rules = EVERYTHING
    _require(index, user, rules, resource=resource, namespace=namespace, name=name)


def check_binding_write(index: RuleIndex, user: UserInfo, new: Object, old: Object | None) -> None:
    """For create (old None) and update of either kind of binding. Raises Forbidden or NotFound."""
    if old is not None and _binding_content(old) == _binding_content(new):
        return
    resource = "clusterrolebindings" if new.get("kind") == "ClusterRoleBinding" else "rolebindings"
    namespace = namespace_of(new)
    reference = new.get("roleRef") or {}
    role_kind, role = reference.get("kind") or "", reference.get("name") or ""
    role_resource = "clusterroles" if role_kind == "ClusterRole" else "roles"
    if MASTERS in user.groups or _holds(index, user, "bind", role_resource, namespace, role):
        return
    rules = index.role_rules(role_kind, namespace, role)
    if rules is None:
        details = {"name": role, "group": GROUP, "kind": resource}
        raise NotFound(f'{resource}.{GROUP} "{role}" not found', details=details)
    _require(index, user, rules, resource=resource, namespace=namespace, name=name_of(new))


def missing_rules(held: Sequence[PolicyRule], wanted: Iterable[PolicyRule]) -> list[PolicyRule]:
    """The parts of wanted that held does not cover, one rule per group and resource, in message order."""
    uncovered: dict[tuple[Any, ...], list[str]] = {}
    for part in (part for rule in wanted for part in break_down(rule)):
        if not any(covers(rule, part) for rule in held):
            key = (part.api_groups, part.resources, part.resource_names, part.non_resource_urls)
            verbs = uncovered.setdefault(key, [])
            if part.verbs[0] not in verbs:
                verbs.append(part.verbs[0])
    rules = [PolicyRule(tuple(verbs), *key) for key, verbs in uncovered.items()]
    return sorted(rules, key=rule_text)


def break_down(rule: PolicyRule) -> Iterator[PolicyRule]:
    """One rule per verb, group, resource and name, or per verb and path."""
    names: tuple[tuple[str, ...], ...] = tuple((name,) for name in rule.resource_names) or ((),)
    for group, resource, verb, name in product(rule.api_groups, rule.resources, rule.verbs, names):
        yield PolicyRule((verb,), (group,), (resource,), name)
    for url, verb in product(rule.non_resource_urls, rule.verbs):
        yield PolicyRule((verb,), non_resource_urls=(url,))


def covers(held: PolicyRule, part: PolicyRule) -> bool:
    """part as break_down makes it."""
    if part.verbs[0] not in held.verbs and ALL not in held.verbs:
        return False
    if part.non_resource_urls:
        return any(path_matches(pattern, part.non_resource_urls[0]) for pattern in held.non_resource_urls)
    if part.api_groups[0] not in held.api_groups and ALL not in held.api_groups:
        return False
    _, slash, subresource = part.resources[0].partition("/")
    if not any(
        resource in (ALL, part.resources[0]) or (slash and resource == f"*/{subresource}")
        for resource in held.resources
    ):
        return False
    return not held.resource_names or (
        bool(part.resource_names) and part.resource_names[0] in held.resource_names
    )


def rule_text(rule: PolicyRule) -> str:
    """`{APIGroups:[""], Resources:["pods"], Verbs:["list"]}`."""
    parts = (
        ("APIGroups", rule.api_groups),
        ("Resources", rule.resources),
        ("NonResourceURLs", rule.non_resource_urls),
        ("ResourceNames", rule.resource_names),
        ("Verbs", rule.verbs),
    )
    return "{" + ", ".join(f"{name}:{_quoted(values)}" for name, values in parts if values) + "}"


def _require(
    index: RuleIndex,
    user: UserInfo,
    rules: Iterable[PolicyRule],
    *,
    resource: str,
    namespace: str,
    name: str,
) -> None:
    missing = missing_rules(index.rules_of(user, namespace), rules)
    if not missing:
        return
    listed = "\n".join(rule_text(rule) for rule in missing)
    raise Forbidden(
        f'{resource}.{GROUP} "{name}" is forbidden: user "{user.name}" (groups={_quoted(user.groups)}) '
        f"is attempting to grant RBAC permissions not currently held:\n{listed}",
        details={"name": name, "group": GROUP, "kind": resource},
    )


def _holds(index: RuleIndex, user: UserInfo, verb: str, resource: str, namespace: str, name: str) -> bool:
    return index.decide(user, Attributes(verb, GROUP, resource, namespace, name)).allowed


def _role_content(role: Object) -> tuple[Any, Any]:
    return role.get("rules") or [], role.get("aggregationRule")


def _binding_content(binding: Object) -> tuple[Any, Any]:
    return binding.get("roleRef"), binding.get("subjects") or []


def _quoted(values: Iterable[str]) -> str:
    return "[" + " ".join(f'"{value}"' for value in values) + "]"
