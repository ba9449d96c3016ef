"""How much of which request is recorded: audit.k8s.io/v1 Policy, first matching rule wins.

In: a Policy object (plain JSON), then users and requests. Out: a level, and the stages left out. Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from apiserver.rbac.index import path_matches
from apiserver.request_info import RequestInfo, UserInfo


class Level(StrEnum):
    NONE = "None"
    METADATA = "Metadata"
    REQUEST = "Request"
    REQUEST_RESPONSE = "RequestResponse"


@dataclass(frozen=True, slots=True)
class GroupResources:
    group: str
    resources: tuple[str, ...] = ()
    resource_names: tuple[str, ...] = ()

    def matches(self, info: RequestInfo) -> bool:
        if self.group != info.group:
            return False
        if self.resource_names and info.name not in self.resource_names:
            return False
        return not self.resources or any(_matches_resource(wanted, info) for wanted in self.resources)


@dataclass(frozen=True, slots=True)
class Rule:
    """Empty parts match everything; resources and non_resource_urls exclude the other kind of request."""

    level: Level
    users: tuple[str, ...] = ()
    user_groups: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()
    resources: tuple[GroupResources, ...] = ()
    namespaces: tuple[str, ...] = ()
    non_resource_urls: tuple[str, ...] = ()
    omit_stages: tuple[str, ...] = ()

    def matches(self, user: UserInfo | None, info: RequestInfo) -> bool:
        if self.users and (user is None or user.name not in self.users):
            return False
        if self.user_groups and (user is None or not set(self.user_groups) & set(user.groups)):
            return False
        if self.verbs and info.verb not in self.verbs:
            return False
        if info.is_resource:
            return self._matches_resource(info)
        if self.resources or self.namespaces:
            return False
        return not self.non_resource_urls or any(
            path_matches(url, info.path) for url in self.non_resource_urls
        )

    def _matches_resource(self, info: RequestInfo) -> bool:
        if self.non_resource_urls and not (self.resources or self.namespaces):
            return False
        if self.namespaces and info.namespace not in self.namespaces:
            return False
        return not self.resources or any(wanted.matches(info) for wanted in self.resources)


@dataclass(frozen=True, slots=True)
class AuditPolicy:
    """Without a policy the metadata of everything is recorded, once it is over."""

    rules: tuple[Rule, ...] = (Rule(Level.METADATA),)
    omit_stages: tuple[str, ...] = ("RequestReceived",)
    without_managers: bool = False
    """Leave metadata.managedFields out of bodies."""

    @classmethod
    def of(cls, policy: Mapping[str, Any]) -> "AuditPolicy":
        """The policy a Policy object describes. Raises ValueError for a level that does not exist."""
        return cls(
            tuple(_rule(rule) for rule in policy.get("rules") or ()),
            _texts(policy, "omitStages"),
            without_managers=bool(policy.get("omitManagedFields")),
        )

    def level_of(self, user: UserInfo | None, info: RequestInfo) -> tuple[Level, Sequence[str]]:
        for rule in self.rules:
            if rule.matches(user, info):
                return rule.level, (*self.omit_stages, *rule.omit_stages)
        return Level.NONE, ()


def _rule(rule: Mapping[str, Any]) -> Rule:
    return Rule(
        Level(str(rule.get("level") or "")),
        _texts(rule, "users"),
        _texts(rule, "userGroups"),
        _texts(rule, "verbs"),
        tuple(
            GroupResources(
                str(one.get("group") or ""), _texts(one, "resources"), _texts(one, "resourceNames")
            )
            for one in rule.get("resources") or ()
        ),
        _texts(rule, "namespaces"),
        _texts(rule, "nonResourceURLs"),
        _texts(rule, "omitStages"),
    )


def _texts(rule: Mapping[str, Any], name: str) -> tuple[str, ...]:
    return tuple(str(value) for value in rule.get(name) or ())


def _matches_resource(wanted: str, info: RequestInfo) -> bool:
    asked = f"{info.resource}/{info.subresource}" if info.subresource else info.resource
    if wanted in ("*", asked):
        return True
    resource, slash, subresource = wanted.partition("/")
    if not slash:
        return False
    return (
        resource in ("*", info.resource) and subresource in ("*", info.subresource) and bool(info.subresource)
    )
