"""Which requests a policy or a binding is about: resource rules with names, exclusions, selectors. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from apiserver.admission.webhooks.matching import Rule, Subject, Target
from karmada.api.objects import Object, labels_of
from karmada.api.selectors import LabelMatcher, from_label_selector


@dataclass(frozen=True, slots=True)
class NamedRule:
    rule: Rule
    names: frozenset[str]

    @classmethod
    def of(cls, rule: Mapping[str, Any]) -> "NamedRule":
        return cls(Rule.of(rule), frozenset(rule.get("resourceNames") or ()))

    def covers(self, subject: Subject, target: Target, name: str) -> bool:
        return (not self.names or name in self.names) and self.rule.covers(subject, target.resource)


@dataclass(frozen=True, slots=True)
class Matching:
    """matchConstraints of a policy, matchResources of a binding."""

    rules: tuple[NamedRule, ...]
    excluded: tuple[NamedRule, ...]
    equivalent: bool
    namespace_selector: LabelMatcher
    object_selector: LabelMatcher

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "Matching":
        return cls(
            tuple(map(NamedRule.of, given.get("resourceRules") or ())),
            tuple(map(NamedRule.of, given.get("excludeResourceRules") or ())),
            (given.get("matchPolicy") or "Equivalent") == "Equivalent",
            from_label_selector(given.get("namespaceSelector") or {}),
            from_label_selector(given.get("objectSelector") or {}),
        )

    def may_concern(self, subject: Subject, equivalents: Iterable[Target]) -> bool:
        """Whether a request of this kind can be meant, whatever it is called."""
        forms = self._forms(subject, equivalents)
        return any(each.rule.covers(subject, form.resource) for each in self.rules for form in forms)

    def target(self, subject: Subject, name: str, equivalents: Iterable[Target]) -> Target | None:
        """The form in which the object is seen; None when no rule is about it. Without rules all are."""
        forms = self._forms(subject, equivalents)
        if any(each.covers(subject, form, name) for each in self.excluded for form in forms):
            return None
        if not self.rules:
            return forms[0]
        own, *others = forms
        if any(each.covers(subject, own, name) for each in self.rules):
            return own
        for each in self.rules:
            for form in others:
                if each.covers(subject, form, name):
                    return form
        return None

    def _forms(self, subject: Subject, equivalents: Iterable[Target]) -> list[Target]:
        own = Target(subject.resource, subject.kind)
        return [own, *equivalents] if self.equivalent else [own]

    def selects(self, obj: Object | None, old: Object | None) -> bool:
        selector = self.object_selector
        if selector.is_everything:
            return True
        return any(each is not None and selector.matches(labels_of(each)) for each in (obj, old))
