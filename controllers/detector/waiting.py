"""Templates that wait: for a policy that selects them, or for an override policy that their policy depends
on.

In: keys from controller.py. Out: keys back into its queue, when policies.py or an override policy says so.
All in memory and rebuilt from the informers at a start.
"""

from collections import defaultdict
from typing import NamedTuple

from typing_extensions import override

from controllers.detector.claim import scope_of
from karmada.api.groups.policy import PropagationPolicy
from karmada.api.gvk import ObjectKey
from karmada.api.objects import Object
from karmada.runtime.controller import LOW_PRIORITY, WorkQueue


class TemplateKey(NamedTuple):
    """A template to look at. changed_by_karmada: no user touched it, so a lazy policy only claims it."""

    object: ObjectKey
    changed_by_karmada: bool = False

    @override
    def __str__(self) -> str:
        return f"{self.object}{' (changed by Karmada)' if self.changed_by_karmada else ''}"


class WaitingTemplates:
    """Who waits for what; connected to the queue of the template controller."""

    def __init__(self) -> None:
        self._queue: WorkQueue[TemplateKey] | None = None
        self._unclaimed: dict[ObjectKey, tuple[str, str]] = {}
        self._by_kind: defaultdict[tuple[str, str], set[ObjectKey]] = defaultdict(set)
        self._on_override: defaultdict[ObjectKey, set[ObjectKey]] = defaultdict(set)
        self._missing: dict[ObjectKey, set[ObjectKey]] = {}

    def __len__(self) -> int:
        return len(self._unclaimed)

    def __contains__(self, key: object) -> bool:
        return key in self._unclaimed

    def connect(self, queue: WorkQueue[TemplateKey]) -> None:
        self._queue = queue

    def reconsider(self, key: ObjectKey, *, changed_by_karmada: bool = False) -> None:
        """Look at a template again because of a policy: behind every change of a user."""
        if self._queue is not None:
            self._queue.add(TemplateKey(key, changed_by_karmada), priority=LOW_PRIORITY)

    def add(self, key: ObjectKey, template: Object) -> None:
        """No policy selects the template."""
        if key not in self._unclaimed:
            kind = (template.get("apiVersion") or "", template.get("kind") or "")
            self._unclaimed[key] = kind
            self._by_kind[kind].add(key)

    def discard(self, key: ObjectKey) -> None:
        kind = self._unclaimed.pop(key, None)
        if kind is not None:
            self._by_kind[kind].discard(key)

    def candidates(self, policy: PropagationPolicy) -> list[ObjectKey]:
        """Waiting templates of the kinds and places that the policy selects; its label selectors are not
        asked.
        """
        found: dict[ObjectKey, None] = {}
        for selector in policy.spec.resource_selectors:
            namespace = selector.namespace or policy.metadata.namespace
            for key in self._by_kind.get((selector.api_version, selector.kind), ()):
                if namespace in ("", key.namespace) and selector.name in ("", key.name):
                    found[key] = None
        return list(found)

    def wait_for_overrides(self, key: ObjectKey, policy: PropagationPolicy, names: list[str]) -> None:
        """The policy of a template names override policies that do not exist."""
        scope = scope_of(policy)
        missing = {scope.overrides.key(policy.metadata.namespace, name) for name in names}
        self._stop_waiting_for_overrides(key)
        self._missing[key] = missing
        for awaited in missing:
            self._on_override[awaited].add(key)

    def override_appeared(self, override: ObjectKey) -> None:
        for key in self._on_override.pop(override, ()):
            self._missing.get(key, set()).discard(override)
            if self._queue is not None:
                self._queue.add(TemplateKey(key))

    def forget(self, key: ObjectKey) -> None:
        """The template is gone, or none of Karmada's business."""
        self.discard(key)
        self._stop_waiting_for_overrides(key)

    def _stop_waiting_for_overrides(self, key: ObjectKey) -> None:
        for awaited in self._missing.pop(key, ()):
            self._on_override[awaited].discard(key)
            if not self._on_override[awaited]:
                del self._on_override[awaited]
