"""Which webhooks a request concerns: rules, matchPolicy, namespace and object selectors. Pure.

In: webhook configurations, what a request is about. Out: Hooks in the order they are asked, each with the
version of the resource it wants to see.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

from karmada.api.gvk import GroupVersionKind, GroupVersionResource
from karmada.api.objects import Object, labels_of, name_of
from karmada.api.selectors import LabelMatcher, from_label_selector

Kind = Literal["mutating", "validating"]
ANY: Final = "*"
DEFAULT_TIMEOUT_SECONDS: Final = 10
KNOWN_REVIEWS: Final = ("v1", "v1beta1")
ADMISSION_GROUP: Final = "admissionregistration.k8s.io"
EXEMPT: Final = frozenset(
    {
        "mutatingadmissionpolicies",
        "mutatingadmissionpolicybindings",
        "mutatingwebhookconfigurations",
        "validatingadmissionpolicies",
        "validatingadmissionpolicybindings",
        "validatingwebhookconfigurations",
    }
)
"""What could lock everybody out of the cure, were webhooks asked about it."""


class Subject(NamedTuple):
    """What a request is about, as far as rules look. kind is that of the object: a Scale for `scale`."""

    operation: str
    resource: GroupVersionResource
    kind: GroupVersionKind
    subresource: str
    namespaced: bool


class Target(NamedTuple):
    """The form in which a webhook sees the object."""

    resource: GroupVersionResource
    kind: GroupVersionKind


@dataclass(frozen=True, slots=True)
class Rule:
    operations: frozenset[str]
    groups: frozenset[str]
    versions: frozenset[str]
    resources: tuple[tuple[str, str], ...]
    """(resource, subresource), either may be `*`."""
    scope: str

    @classmethod
    def of(cls, rule: Mapping[str, Any]) -> "Rule":
        split = [each.partition("/") for each in rule.get("resources") or ()]
        return cls(
            frozenset(rule.get("operations") or ()),
            frozenset(rule.get("apiGroups") or ()),
            frozenset(rule.get("apiVersions") or ()),
            tuple((resource, subresource) for resource, _, subresource in split),
            rule.get("scope") or ANY,
        )

    def covers(self, subject: Subject, resource: GroupVersionResource) -> bool:
        """Whether the rule names subject, if its resource were called resource."""
        if self.scope != ANY and (self.scope == "Namespaced") != subject.namespaced:
            return False
        return (
            _holds(self.operations, subject.operation)
            and _holds(self.groups, resource.group)
            and _holds(self.versions, resource.version)
            and any(
                name in (ANY, resource.resource) and below in (ANY, subject.subresource)
                for name, below in self.resources
            )
        )


@dataclass(frozen=True, slots=True, eq=False)
class Hook:
    """One webhook of one configuration, ready to be matched."""

    name: str
    configuration: str
    uid: str
    kind: Kind
    config: Mapping[str, Any]
    """Its clientConfig."""
    rules: tuple[Rule, ...]
    equivalent: bool
    namespace_selector: LabelMatcher
    object_selector: LabelMatcher
    conditions: Sequence[Mapping[str, Any]]
    fails_open: bool
    reinvocable: bool
    runs_dry: bool
    """It may be asked about dry runs."""
    review_version: str
    """Of AdmissionReview; "" when it speaks none that we know."""
    timeout_seconds: int

    def target(self, subject: Subject, equivalents: Iterable[Target]) -> Target | None:
        """How the hook wants to see subject; None when no rule is about it. The own version comes first."""
        if any(rule.covers(subject, subject.resource) for rule in self.rules):
            return Target(subject.resource, subject.kind)
        if not self.equivalent:
            return None
        others = list(equivalents)
        for rule in self.rules:
            for other in others:
                if rule.covers(subject, other.resource):
                    return other
        return None

    def selects(self, obj: Object | None, old: Object | None) -> bool:
        """Whether the object selector takes the new or the old object."""
        selector = self.object_selector
        if selector.is_everything:
            return True
        return any(each is not None and selector.matches(labels_of(each)) for each in (obj, old))


def hooks_of(configurations: Iterable[Object], kind: Kind) -> tuple[Hook, ...]:
    """All webhooks in the order in which they are asked: configurations by name, then as written."""
    return tuple(
        _hook(webhook, name_of(configuration), index, kind)
        for configuration in sorted(configurations, key=name_of)
        for index, webhook in enumerate(configuration.get("webhooks") or ())
    )


def _hook(webhook: Object, configuration: str, index: int, kind: Kind) -> Hook:
    name = webhook.get("name") or ""
    versions = webhook.get("admissionReviewVersions") or ()
    return Hook(
        name=name,
        configuration=configuration,
        uid=f"{configuration}/{name}/{index}",
        kind=kind,
        config=webhook.get("clientConfig") or {},
        rules=tuple(map(Rule.of, webhook.get("rules") or ())),
        equivalent=(webhook.get("matchPolicy") or "Equivalent") == "Equivalent",
        namespace_selector=from_label_selector(webhook.get("namespaceSelector") or {}),
        object_selector=from_label_selector(webhook.get("objectSelector") or {}),
        conditions=tuple(webhook.get("matchConditions") or ()),
        fails_open=webhook.get("failurePolicy") == "Ignore",
        reinvocable=webhook.get("reinvocationPolicy") == "IfNeeded",
        runs_dry=webhook.get("sideEffects") in ("None", "NoneOnDryRun"),
        review_version=next((each for each in versions if each in KNOWN_REVIEWS), ""),
        timeout_seconds=webhook.get("timeoutSeconds") or DEFAULT_TIMEOUT_SECONDS,
    )


def is_exempt(resource: GroupVersionResource) -> bool:
    return resource.group == ADMISSION_GROUP and resource.resource in EXEMPT


def _holds(listed: frozenset[str], value: str) -> bool:
    return ANY in listed or value in listed
