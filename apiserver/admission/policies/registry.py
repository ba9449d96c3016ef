"""PolicyRegistry: the policies and bindings there are now, by what requests are about.

In: policies and their bindings, from the server's own watch cache. Out: for a Subject, the compiled policies
that may concern it, with their bindings. With none registered a write pays for one look at an empty tuple.
A policy is compiled when it is first needed after a change.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, Literal, TypeVar

from apiserver.admission.context import Follow
from apiserver.admission.policies.matching import Matching
from apiserver.admission.policies.policy import Policy
from apiserver.admission.webhooks.matching import ADMISSION_GROUP, Subject, Target, is_exempt
from apiserver.resources.definition import Resources
from apiserver.schema.cel import CompileError, ResultError
from karmada.api.objects import Object, name_of
from karmada.api.selectors import InvalidSelector

log = logging.getLogger(__name__)

Kind = Literal["validating", "mutating"]
MAX_REMEMBERED: Final = 10_000
Compiled = TypeVar("Compiled", bound=Policy)


@dataclass(frozen=True, slots=True)
class Binding:
    name: str
    policy: str
    matching: Matching
    param_ref: Mapping[str, Any] | None
    actions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Bound(Generic[Compiled]):
    """A policy, its bindings by name, and the other versions its resource is served in."""

    policy: Compiled
    bindings: tuple[Binding, ...]
    equivalents: tuple[Target, ...]


class PolicyRegistry(Generic[Compiled]):
    """Of one kind of policies. compile makes a policy of its object."""

    def __init__(
        self, kind: Kind, follow: Follow, resources: Resources, compile_: Callable[[Object], Compiled]
    ) -> None:
        self._resources = resources
        self._compile = compile_
        self._sources: dict[str, Object] = {}
        self._policies: dict[str, Compiled | None] = {}
        self._bindings: dict[str, Binding] = {}
        self._known: dict[Subject, tuple[Bound[Compiled], ...]] = {}
        follow(ADMISSION_GROUP, f"{kind}admissionpolicies", self._policy_changed)
        follow(ADMISSION_GROUP, f"{kind}admissionpolicybindings", self._binding_changed)
        resources.on_change(self._known.clear)

    def concerned(self, subject: Subject) -> tuple[Bound[Compiled], ...]:
        if not self._bindings or not self._sources or is_exempt(subject.resource):
            return ()
        found = self._known.get(subject)
        if found is None:
            if len(self._known) >= MAX_REMEMBERED:
                self._known.clear()
            found = self._known[subject] = tuple(self._matching(subject))
        return found

    def _matching(self, subject: Subject) -> Iterable[Bound[Compiled]]:
        equivalents = tuple(self._equivalents(subject))
        for name in sorted(self._sources):
            bindings = tuple(
                self._bindings[each] for each in sorted(self._bindings) if self._bindings[each].policy == name
            )
            policy = self._policy(name) if bindings else None
            if policy is not None and policy.matching.may_concern(subject, equivalents):
                yield Bound(policy, bindings, equivalents)

    def _policy(self, name: str) -> Compiled | None:
        if name not in self._policies:
            try:
                self._policies[name] = self._compile(self._sources[name])
            except (CompileError, ResultError, InvalidSelector, KeyError, TypeError, AttributeError) as error:
                # It was stored by a server that understood it.
                log.warning("admission policy not usable", extra={"policy": name, "reason": str(error)})
                self._policies[name] = None
        return self._policies[name]

    def _equivalents(self, subject: Subject) -> Iterable[Target]:
        own = self._resources.lookup(*subject.resource)
        if own is None:
            return
        for other in self._resources.versions_of(own.collection):
            below = other.subresources.get(subject.subresource)
            if other is own or (subject.subresource and below is None):
                continue
            yield Target(other.gvr, below.gvk if below is not None else other.gvk)

    def _policy_changed(self, old: Object | None, new: Object | None) -> None:
        name = name_of(new or old or {})
        if old is not None and new is not None and old.get("spec") == new.get("spec"):
            return
        self._policies.pop(name, None)
        self._sources.pop(name, None)
        if new is not None:
            self._sources[name] = new
        self._known.clear()

    def _binding_changed(self, old: Object | None, new: Object | None) -> None:
        name = name_of(new or old or {})
        self._bindings.pop(name, None)
        if new is not None:
            try:
                self._bindings[name] = _binding(new)
            except (InvalidSelector, TypeError, AttributeError) as error:
                log.warning("policy binding not usable", extra={"binding": name, "reason": str(error)})
        self._known.clear()


def _binding(binding: Object) -> Binding:
    spec = binding.get("spec") or {}
    return Binding(
        name_of(binding),
        spec.get("policyName") or "",
        Matching.of(spec.get("matchResources") or {}),
        spec.get("paramRef"),
        frozenset(spec.get("validationActions") or ()),
    )
