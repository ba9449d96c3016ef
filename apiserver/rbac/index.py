"""Role-based access control, pure: may this user do this, and which rules does a user have.

In: Role, ClusterRole, RoleBinding and ClusterRoleBinding objects as they change, then questions. Out: a
Decision with the binding that allowed it. filters/authorization.py asks at every request,
handlers/reviews.py for the review resources, and escalation.py for what a user may grant.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from apiserver.request_info import RequestInfo, UserInfo
from karmada.api.objects import Object, name_of, namespace_of

MASTERS: Final = "system:masters"
GROUP: Final = "rbac.authorization.k8s.io"
ALL: Final = "*"
_DECISIONS_REMEMBERED: Final = 20_000
_ACCOUNT_PREFIX: Final = "system:serviceaccount:"


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """One rule of a role. Either api_groups and resources, or non_resource_urls."""

    verbs: tuple[str, ...]
    api_groups: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    resource_names: tuple[str, ...] = ()
    non_resource_urls: tuple[str, ...] = ()

    @classmethod
    def of(cls, rule: Object) -> "PolicyRule":
        return cls(
            tuple(rule.get("verbs") or ()),
            tuple(rule.get("apiGroups") or ()),
            tuple(rule.get("resources") or ()),
            tuple(rule.get("resourceNames") or ()),
            tuple(rule.get("nonResourceURLs") or ()),
        )

    def to_json(self) -> Object:
        """As the roles write it, empty parts left out."""
        parts = {
            "verbs": self.verbs,
            "apiGroups": self.api_groups,
            "resources": self.resources,
            "resourceNames": self.resource_names,
            "nonResourceURLs": self.non_resource_urls,
        }
        return {name: list(values) for name, values in parts.items() if values}


class Attributes(NamedTuple):
    """What is asked. resource holds the subresource too (`pods/log`); path is for non-resource requests."""

    verb: str
    group: str = ""
    resource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""

    @classmethod
    def of(cls, info: RequestInfo) -> "Attributes":
        if not info.is_resource:
            return cls(info.verb, path=info.path)
        resource = f"{info.resource}/{info.subresource}" if info.subresource else info.resource
        return cls(info.verb, info.group, resource, info.namespace, info.name)


@dataclass(frozen=True, slots=True)
class Decision:
    """allowed False alone is "no opinion": RBAC never denies. denied ends the question.

    error names roles that bindings refer to in vain, or says why a webhook could not be asked.
    """

    allowed: bool
    reason: str = ""
    error: str = ""
    denied: bool = False


@dataclass(frozen=True, slots=True)
class _Grant:
    """One rule that reaches a user, with the sentence that says how."""

    rule: PolicyRule
    reason: str


@dataclass(frozen=True, slots=True)
class _Grants:
    grants: tuple[_Grant, ...]
    errors: tuple[str, ...]


_Key = tuple[str, str]  # namespace ("" for cluster-wide), name
_NOT_ALLOWED: Final = Decision(allowed=False)
_MASTER: Final = Decision(allowed=True)


@dataclass(slots=True)
class RuleIndex:
    """The four kinds, indexed by who they concern. All changes and questions are synchronous.

    Answers are remembered per user until something changes; the memory is bounded.
    """

    _roles: dict[_Key, tuple[PolicyRule, ...]] = field(default_factory=dict)
    _bindings: dict[_Key, Object] = field(default_factory=dict)
    _by_subject: dict[tuple[str, str], set[_Key]] = field(default_factory=dict)
    _matching: dict[Any, tuple[_Grant, ...]] = field(default_factory=dict)
    _grants: dict[Any, _Grants] = field(default_factory=dict)

    def apply(self, kind: str, old: Object | None, new: Object | None) -> None:
        """One change: old None for a new object, new None for a deleted one. kind is the object's kind."""
        obj = new if new is not None else old
        if obj is None:
            return
        key = (namespace_of(obj), name_of(obj))
        if kind in ("Role", "ClusterRole"):
            self._change_role(key, new)
        elif kind in ("RoleBinding", "ClusterRoleBinding"):
            self._change_binding(key, new)
        self._matching.clear()
        self._grants.clear()

    def allowed(self, user: UserInfo, info: RequestInfo) -> Decision:
        """May user make this request?"""
        if MASTERS in user.groups:
            return _MASTER
        return self.decide(user, Attributes.of(info))

    def decide(self, user: UserInfo, asked: Attributes) -> Decision:
        """May user do what is asked?"""
        if MASTERS in user.groups:
            return _MASTER
        grants = self._grants_matching(user, asked)
        name = asked.name
        for grant in grants:
            names = grant.rule.resource_names
            if not names or name in names:
                return Decision(allowed=True, reason=grant.reason)
        errors = self._grants_of(user, asked.namespace).errors
        return Decision(allowed=False, error="; ".join(errors)) if errors else _NOT_ALLOWED

    def rules_of(self, user: UserInfo, namespace: str) -> list[PolicyRule]:
        """Every rule user has in namespace, cluster-wide ones included ("" for these only)."""
        return [grant.rule for grant in self._grants_of(user, namespace).grants]

    def role_rules(self, kind: str, namespace: str, name: str) -> tuple[PolicyRule, ...] | None:
        """The rules of a role; None when there is no such role. namespace is ignored for ClusterRole."""
        return self._roles.get(("" if kind == "ClusterRole" else namespace, name))

    def _change_role(self, key: _Key, new: Object | None) -> None:
        if new is None:
            self._roles.pop(key, None)
        else:
            self._roles[key] = tuple(PolicyRule.of(rule) for rule in new.get("rules") or ())

    def _change_binding(self, key: _Key, new: Object | None) -> None:
        previous = self._bindings.pop(key, None)
        if previous is not None:
            for subject in subjects_of(previous):
                bindings = self._by_subject.get(subject, set())
                bindings.discard(key)
                if not bindings:
                    self._by_subject.pop(subject, None)
        if new is not None:
            self._bindings[key] = new
            for subject in subjects_of(new):
                self._by_subject.setdefault(subject, set()).add(key)

    def _grants_matching(self, user: UserInfo, asked: Attributes) -> tuple[_Grant, ...]:
        """Grants that cover what is asked, resource names aside."""
        key = (user.name, user.groups, asked.verb, asked.group, asked.resource, asked.namespace, asked.path)
        matching = self._matching.get(key)
        if matching is None:
            if len(self._matching) >= _DECISIONS_REMEMBERED:
                self._matching.clear()
            grants = self._grants_of(user, asked.namespace).grants
            matching = tuple(grant for grant in grants if rule_covers(grant.rule, asked))
            self._matching[key] = matching
        return matching

    def _grants_of(self, user: UserInfo, namespace: str) -> _Grants:
        key = (user.name, user.groups, namespace)
        found = self._grants.get(key)
        if found is None:
            if len(self._grants) >= _DECISIONS_REMEMBERED:
                self._grants.clear()
            found = self._grants[key] = self._resolve(user, namespace)
        return found

    def _resolve(self, user: UserInfo, namespace: str) -> _Grants:
        grants: list[_Grant] = []
        errors: list[str] = []
        for key, subject in sorted(self._bindings_of(user, namespace).items(), key=lambda item: item[0]):
            reference = self._bindings[key].get("roleRef") or {}
            role_kind, role = reference.get("kind") or "", reference.get("name") or ""
            rules = self.role_rules(role_kind, key[0], role)
            if rules is None:
                errors.append(_missing(role_kind, role))
                continue
            where = f'RoleBinding "{key[1]}/{key[0]}"' if key[0] else f'ClusterRoleBinding "{key[1]}"'
            reason = f'RBAC: allowed by {where} of {role_kind} "{role}" to {_subject_text(subject)}'
            grants += [_Grant(rule, reason) for rule in rules]
        return _Grants(tuple(grants), tuple(dict.fromkeys(errors)))

    def _bindings_of(self, user: UserInfo, namespace: str) -> dict[_Key, tuple[str, str]]:
        """Bindings that name the user, each with the subject that did; cluster-wide ones sort first."""
        found: dict[_Key, tuple[str, str]] = {}
        for subject in (("User", user.name), *(("Group", group) for group in user.groups)):
            for key in self._by_subject.get(subject, ()):
                if key[0] in ("", namespace):
                    found.setdefault(key, subject)
        return found


def subjects_of(binding: Object) -> Iterator[tuple[str, str]]:
    """(User or Group, name) of each subject; a service account is the user it authenticates as."""
    for subject in binding.get("subjects") or ():
        kind, name = subject.get("kind"), subject.get("name") or ""
        if kind == "ServiceAccount":
            namespace = subject.get("namespace") or namespace_of(binding)
            if namespace:
                yield "User", f"{_ACCOUNT_PREFIX}{namespace}:{name}"
        elif kind in ("User", "Group"):
            yield kind, name


def rule_covers(rule: PolicyRule, asked: Attributes) -> bool:
    """Verb, group and resource, or verb and path, match; resource names are not looked at."""
    if asked.verb not in rule.verbs and ALL not in rule.verbs:
        return False
    if asked.path:
        return any(path_matches(pattern, asked.path) for pattern in rule.non_resource_urls)
    if asked.group not in rule.api_groups and ALL not in rule.api_groups:
        return False
    return resource_matches(rule.resources, asked.resource)


def resource_matches(resources: Iterable[str], asked: str) -> bool:
    """`*`, the resource itself, or `*/sub` for a subresource."""
    _, slash, subresource = asked.partition("/")
    return any(
        resource in (ALL, asked) or (slash and resource == f"*/{subresource}") for resource in resources
    )


def path_matches(pattern: str, path: str) -> bool:
    """Exact, everything, or a prefix with a trailing `*`."""
    return pattern in (ALL, path) or (pattern.endswith(ALL) and path.startswith(pattern[:-1].rstrip(ALL)))


def _subject_text(subject: tuple[str, str]) -> str:
    kind, name = subject
    if kind == "User" and name.startswith(_ACCOUNT_PREFIX):
        namespace, _, account = name.removeprefix(_ACCOUNT_PREFIX).partition(":")
        return f'ServiceAccount "{account}/{namespace}"'
    return f'{kind} "{name}"'


def _missing(role_kind: str, role: str) -> str:
    resource = "clusterrole" if role_kind == "ClusterRole" else "role"
    return f'{resource}.{GROUP} "{role}" not found'
