"""HookRegistry: the webhooks that are registered now, by what requests are about.

In: webhook configurations, from the server's own watch cache. Out: for a Subject, the webhooks whose rules
name it. With none registered a request costs one look at an empty tuple; otherwise the rules are read once
per kind of request and remembered until something changes.
"""

import logging
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from apiserver.admission.context import Follow
from apiserver.admission.webhooks.matching import (
    ADMISSION_GROUP,
    Hook,
    Kind,
    Subject,
    Target,
    hooks_of,
    is_exempt,
)
from apiserver.resources.definition import Resources
from karmada.api.objects import Object, name_of
from karmada.api.selectors import InvalidSelector

log = logging.getLogger(__name__)

_RESOURCES: Final[dict[Kind, str]] = {
    "mutating": "mutatingwebhookconfigurations",
    "validating": "validatingwebhookconfigurations",
}
MAX_REMEMBERED: Final = 10_000


class Concerned(NamedTuple):
    """A webhook that may be asked, its place among all, and the form in which it sees the object."""

    place: int
    hook: Hook
    target: Target


class HookRegistry:
    """Of one kind of webhooks. on_change is told when configurations come, go or change."""

    def __init__(
        self, kind: Kind, follow: Follow, resources: Resources, *, on_change: Callable[[], None]
    ) -> None:
        self._kind: Kind = kind
        self._resources = resources
        self._on_change = on_change
        self._configurations: dict[str, Object] = {}
        self._hooks: tuple[Hook, ...] = ()
        self._known: dict[Subject, tuple[Concerned, ...]] = {}
        follow(ADMISSION_GROUP, _RESOURCES[kind], self._changed)
        resources.on_change(self._known.clear)

    @property
    def is_empty(self) -> bool:
        return not self._hooks

    def concerned(self, subject: Subject) -> tuple[Concerned, ...]:
        if not self._hooks or is_exempt(subject.resource):
            return ()
        found = self._known.get(subject)
        if found is None:
            if len(self._known) >= MAX_REMEMBERED:
                self._known.clear()
            found = self._known[subject] = tuple(self._matching(subject))
        return found

    def _matching(self, subject: Subject) -> Iterable[Concerned]:
        equivalents = list(self._equivalents(subject))
        for index, hook in enumerate(self._hooks):
            target = hook.target(subject, equivalents)
            if target is not None:
                yield Concerned(index, hook, target)

    def _equivalents(self, subject: Subject) -> Iterable[Target]:
        """The other versions of the resource that requests are about."""
        own = self._resources.lookup(*subject.resource)
        if own is None:
            return
        for other in self._resources.versions_of(own.collection):
            below = other.subresources.get(subject.subresource)
            if other is own or (subject.subresource and below is None):
                continue
            yield Target(other.gvr, below.gvk if below is not None else other.gvk)

    def _changed(self, old: Object | None, new: Object | None) -> None:
        name = name_of(new or old or {})
        self._configurations.pop(name, None)
        if new is not None:
            self._configurations[name] = new
        self._known.clear()
        self._hooks = tuple(hook for each in sorted(self._configurations) for hook in self._read(each))
        self._on_change()

    def _read(self, name: str) -> tuple[Hook, ...]:
        try:
            return hooks_of([self._configurations[name]], self._kind)
        except (InvalidSelector, TypeError, AttributeError) as error:
            log.warning(
                "webhook configuration not usable", extra={"configuration": name, "reason": str(error)}
            )
            return ()
