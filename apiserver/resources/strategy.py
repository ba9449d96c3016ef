"""Strategy: what happens to an object of a kind around a write, before its own rules: status, generation,
finalizers.

In: the facts of a kind. Out: the object changed in place, or a yes or no. Used by handlers/; kind by kind
rules that need more than this are admission's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from karmada.api.objects import Object, annotations_of, labels_of

Changed = Callable[[Object, Object], bool]
StatusMetadata = Literal["open", "closed", "labels kept"]
"""What a write to /status may change in metadata: labels, annotations and finalizers; nothing; all but
labels."""


def spec_changed(old: Object, new: Object) -> bool:
    return old.get("spec") != new.get("spec")


def spec_or_annotations_changed(old: Object, new: Object) -> bool:
    return spec_changed(old, new) or annotations_of(old) != annotations_of(new)


def webhooks_changed(old: Object, new: Object) -> bool:
    return old.get("webhooks") != new.get("webhooks")


def template_changed(old: Object, new: Object) -> bool:
    return old.get("template") != new.get("template")


def never_changed(old: Object, new: Object) -> bool:
    return False


def content_changed(old: Object, new: Object) -> bool:
    """Anything but metadata."""
    return _without(old, "metadata") != _without(new, "metadata")


def content_or_labels_changed(old: Object, new: Object) -> bool:
    return content_changed(old, new) or labels_of(old) != labels_of(new)


def content_besides_status_changed(old: Object, new: Object) -> bool:
    return _without(old, "metadata", "status") != _without(new, "metadata", "status")


def _without(obj: Object, *fields: str) -> Object:
    return {
        name: value
        for name, value in obj.items()
        if name not in fields and name not in ("apiVersion", "kind")
    }


GENERATION_RULES: Final[Mapping[tuple[str, str], Changed]] = {
    ("apps", "deployments"): spec_or_annotations_changed,
    ("", "podtemplates"): template_changed,
    ("scheduling.k8s.io", "priorityclasses"): never_changed,
    ("discovery.k8s.io", "endpointslices"): content_or_labels_changed,
    ("admissionregistration.k8s.io", "mutatingwebhookconfigurations"): webhooks_changed,
    ("admissionregistration.k8s.io", "validatingwebhookconfigurations"): webhooks_changed,
}
"""Built-in kinds with a generation that is not bumped by a changed spec."""

STATUS_METADATA: Final[Mapping[tuple[str, str], StatusMetadata]] = {
    ("apps", "deployments"): "labels kept",
    ("networking.k8s.io", "servicecidrs"): "closed",
    ("storage.k8s.io", "volumeattachments"): "closed",
    ("resource.k8s.io", "resourceclaims"): "closed",
    ("admissionregistration.k8s.io", "validatingadmissionpolicies"): "closed",
    ("flowcontrol.apiserver.k8s.io", "flowschemas"): "closed",
    ("flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations"): "closed",
}

STATUS_ACCEPTED_ON_CREATE: Final = frozenset({("", "nodes")})
ORPHAN_BY_DEFAULT: Final = frozenset({("batch", "jobs"), ("", "replicationcontrollers")})
WITHOUT_PROPAGATION: Final = frozenset({("", "events")})
EVENT_TTL_SECONDS: Final = 3600


@dataclass(frozen=True, slots=True)
class Strategy:
    """The facts a write needs about a kind."""

    has_status: bool
    generation: Changed | None = None
    """Whether an update bumps metadata.generation; None: the kind does not keep one."""
    first_generation: int = 1
    status_metadata: StatusMetadata = "open"
    status_on_create: bool = False
    """The client's status is taken on create."""
    status_isolated: bool = True
    """False: a write to /status is taken whole (Cluster, as Karmada serves it)."""
    ttl_seconds: int = 0
    graceful: bool = False
    """Deletion waits for a grace period (Pod)."""
    orphan_by_default: bool = False
    propagates: bool = True
    """False: the garbage collector's finalizers mean nothing here (Event)."""

    def reset_on_update(self, new: Object, old: Object) -> None:
        """Take back what a write to the main resource may not change. Before defaulting."""
        if self.has_status:
            _restore(new, old, "status")

    def reset_on_status_update(self, new: Object, old: Object) -> Object:
        """The object a write to /status makes of old."""
        if not self.status_isolated:
            return new
        result = {**old, "status": new.get("status")}
        if new.get("status") is None:
            del result["status"]
        if self.status_metadata == "closed":
            kept = ("managedFields", "resourceVersion", "uid")
            metadata = dict(old["metadata"])
            _copy(metadata, new["metadata"], kept)
        else:
            metadata = dict(new["metadata"])
            if self.status_metadata == "labels kept":
                _copy(metadata, old["metadata"], ("labels",))
        result["metadata"] = metadata
        return result

    def start_generation(self, obj: Object) -> None:
        if self.generation is not None and self.first_generation:
            obj["metadata"]["generation"] = self.first_generation

    def next_generation(self, new: Object, old: Object) -> None:
        """generation is the stored one, plus one when the rule of the kind says so."""
        stored = old["metadata"].get("generation") or 0
        if self.generation is not None and self.generation(old, new):
            new["metadata"]["generation"] = stored + 1
        elif stored:
            new["metadata"]["generation"] = stored
        else:
            new["metadata"].pop("generation", None)


def _restore(new: Object, old: Object, field: str) -> None:
    if field in old:
        new[field] = old[field]
    else:
        new.pop(field, None)


def _copy(target: Object, source: Object, fields: tuple[str, ...]) -> None:
    for field in fields:
        _restore(target, source, field)


def builtin_strategy(group: str, resource: str, *, has_status: bool, keeps_generation: bool) -> Strategy:
    key = (group, resource)
    rule = GENERATION_RULES.get(key, spec_changed) if keeps_generation else None
    return Strategy(
        has_status=has_status,
        generation=rule,
        first_generation=0 if key == ("storage.k8s.io", "csidrivers") else 1,
        status_metadata=STATUS_METADATA.get(key, "open"),
        status_on_create=key in STATUS_ACCEPTED_ON_CREATE,
        ttl_seconds=EVENT_TTL_SECONDS if resource == "events" else 0,
        graceful=key == ("", "pods"),
        orphan_by_default=key in ORPHAN_BY_DEFAULT,
        propagates=key not in WITHOUT_PROPAGATION,
    )


def custom_strategy(*, has_status: bool) -> Strategy:
    """The rules of CRD-served kinds: custom resources and Karmada's own."""
    return Strategy(
        has_status=has_status,
        generation=content_besides_status_changed if has_status else content_changed,
        status_metadata="closed" if has_status else "open",
    )
