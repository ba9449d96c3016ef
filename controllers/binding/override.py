"""Override policies on a manifest: which apply to it in a cluster, in which order, and what they change.
Pure.

In: a manifest, a Cluster, the ClusterOverridePolicies and the OverridePolicies of its namespace. Out: the
changed manifest and what was applied. All cluster-wide policies go first; in each group the most precise
selector, and among equals the alphabetically last name, has the last word.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from controllers.binding.image import Image, InvalidImage
from controllers.binding.pointer import PatchFailed, apply_operation, value_at
from karmada.api.cluster_affinity import cluster_matches
from karmada.api.codec import DecodeError, dump_yaml, loads_yaml
from karmada.api.groups.cluster import Cluster
from karmada.api.groups.policy import (
    CommandArgsOverrider,
    FieldOverrider,
    ImageOverrider,
    JSONPatchOperation,
    LabelAnnotationOverrider,
    OverridePolicy,
    Overriders,
    PlaintextOverrider,
    RuleWithCluster,
    YAMLPatchOperation,
)
from karmada.api.objects import Object, namespace_of, private_copy
from karmada.api.selection import MATCHES_ALL, NO_MATCH, highest_rank

POD_TEMPLATE_KINDS: Final = frozenset({"ReplicaSet", "Deployment", "DaemonSet", "StatefulSet", "Job"})


class OverrideFailed(Exception):
    """A rule that cannot be applied to this manifest; the Work of this cluster stays as it is."""

    def __init__(self, title: str, cause: Exception, done: "Overridden") -> None:
        super().__init__(str(cause))
        self.title = title
        """The policy, as events write it."""
        self.done = done
        """What was applied before it."""


@dataclass(frozen=True, slots=True)
class Applied:
    """One rule that was applied."""

    title: str
    """`cluster override policy(name)` or `override policy(namespace/name)`, as events write it."""
    policy_name: str
    overriders: Object


@dataclass(frozen=True, slots=True)
class Overridden:
    """A manifest after the override policies; it is the one given when none applied."""

    manifest: Object
    cluster_overrides: tuple[Applied, ...] = ()
    overrides: tuple[Applied, ...] = ()


@dataclass(slots=True)
class _Draft:
    """The manifest being changed; copied at the first rule that applies."""

    manifest: Object
    owned: bool = False
    records: list[list[Applied]] = field(default_factory=lambda: [[], []])

    def result(self) -> Overridden:
        return Overridden(self.manifest, tuple(self.records[0]), tuple(self.records[1]))


def overridden(
    manifest: Object,
    cluster: Cluster,
    *,
    cluster_policies: Iterable[OverridePolicy],
    policies: Iterable[OverridePolicy],
) -> Overridden:
    """Apply every matching rule. policies: those of the manifest's namespace. Raises OverrideFailed."""
    draft = _Draft(manifest)
    _apply_group(draft, draft.records[0], cluster, cluster_policies)
    if namespace_of(manifest):
        _apply_group(draft, draft.records[1], cluster, policies)
    return draft.result()


def applied_annotation(applied: Sequence[Applied]) -> str:
    """What the Work records: JSON of policy names and overriders, by name."""
    ordered = sorted(applied, key=lambda item: item.policy_name)
    return orjson.dumps(
        [{"policyName": item.policy_name, "overriders": item.overriders} for item in ordered]
    ).decode()


def _apply_group(
    draft: _Draft, record: list[Applied], cluster: Cluster, policies: Iterable[OverridePolicy]
) -> None:
    for policy in _matching(policies, draft.manifest):
        for rule in _rules(policy):
            if rule.target_cluster is None or cluster_matches(rule.target_cluster, cluster):
                _apply_rule(draft, record, policy, rule.overriders)


def _matching(policies: Iterable[OverridePolicy], manifest: Object) -> list[OverridePolicy]:
    """Those that select the manifest as it is now, the last word last."""
    ranked: list[tuple[int, str, OverridePolicy]] = []
    for policy in policies:
        selectors = policy.spec.resource_selectors
        rank = highest_rank(selectors, manifest) if selectors else MATCHES_ALL
        if rank != NO_MATCH:
            ranked.append((rank, policy.metadata.name, policy))
    return [policy for _, _, policy in sorted(ranked, key=lambda item: item[:2])]


def _rules(policy: OverridePolicy) -> Sequence[RuleWithCluster]:
    """The rules; the deprecated top-level pair counts as one."""
    spec = policy.spec
    if spec.override_rules:
        return spec.override_rules
    return [RuleWithCluster(target_cluster=spec.target_cluster, overriders=spec.overriders)]


def _apply_rule(draft: _Draft, record: list[Applied], policy: OverridePolicy, overriders: Overriders) -> None:
    meta = policy.metadata
    title = (
        f"override policy({meta.namespace}/{meta.name})"
        if meta.namespace
        else f"cluster override policy({meta.name})"
    )
    before = draft.result()
    if not draft.owned:
        draft.manifest, draft.owned = private_copy(draft.manifest), True
    try:
        for name, apply in _OVERRIDERS:
            if items := getattr(overriders, name):
                draft.manifest = apply(draft.manifest, items)
    except (PatchFailed, InvalidImage) as error:
        raise OverrideFailed(title, error, before) from error
    record.append(Applied(title, meta.name, _as_recorded(overriders)))


def _as_recorded(overriders: Overriders) -> Object:
    """Overriders as Go writes them: the value of an operation is there even when null."""
    recorded = overriders.to_json()
    operations = [*recorded.get("plaintext", [])]
    for item in recorded.get("fieldOverrider", []):
        operations += [*item.get("json", []), *item.get("yaml", [])]
    for operation in operations:
        operation.setdefault("value", None)
    return recorded


# --- one function per overrider: changes the manifest, which is ours, and returns it ------------------------


def _images(manifest: Object, items: Iterable[ImageOverrider]) -> Object:
    for item in items:
        if item.predicate is not None and item.predicate.path:
            _image_at(manifest, item, item.predicate.path)
            continue
        for container in _containers(manifest):
            container["image"] = _changed_image(str(container.get("image") or ""), item)
    return manifest


def _image_at(manifest: Object, item: ImageOverrider, path: str) -> None:
    if "~" in path:  # the lookup takes ~0 and ~1 literally, the patch decodes them: so does Karmada
        raise PatchFailed(f'"{path}" does not lead to a string')
    found = value_at(manifest, path)
    if not isinstance(found, str):
        raise PatchFailed(f'"{path}" does not lead to a string')
    apply_operation(manifest, "replace", path, _changed_image(found, item))


def _changed_image(image: str, item: ImageOverrider) -> str:
    return str(Image.parse(image).changed(item.component, item.operator, item.value))


def _containers(manifest: Object) -> list[Object]:
    """The containers of the kinds Karmada knows; init containers are left alone.

    Kinds are known by name alone, so anything may be where a pod would be.
    """
    kind = manifest.get("kind")
    if kind == "Pod":
        steps: tuple[str, ...] = ("spec",)
    elif kind in POD_TEMPLATE_KINDS:
        steps = ("spec", "template", "spec")
    else:
        return []
    found: Any = manifest
    for step in (*steps, "containers"):
        found = found.get(step) if isinstance(found, dict) else None
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _command_or_args(name: str) -> Callable[[Object, Iterable[CommandArgsOverrider]], Object]:
    def apply(manifest: Object, items: Iterable[CommandArgsOverrider]) -> Object:
        for item in items:
            for container in _containers(manifest):
                if container.get("name") == item.container_name:
                    present = container.get(name)
                    container[name] = _changed_words(present if isinstance(present, list) else [], item)
        return manifest

    return apply


def _changed_words(present: list[str], item: CommandArgsOverrider) -> list[str]:
    if item.operator == "add":
        return [*present, *item.value]
    return [word for word in present if word not in item.value]


def _labels_or_annotations(name: str) -> Callable[[Object, Iterable[LabelAnnotationOverrider]], Object]:
    def apply(manifest: Object, items: Iterable[LabelAnnotationOverrider]) -> Object:
        metadata = manifest.setdefault("metadata", {})
        for item in items:
            present = metadata.get(name) or {}
            known = {key: value for key, value in item.value.items() if key in present}
            match item.operator:
                case "add" if item.value:
                    metadata[name] = {**present, **item.value}
                case "replace" if known:
                    metadata[name] = {**present, **known}
                case "remove" if known:
                    metadata[name] = {key: value for key, value in present.items() if key not in known}
        return manifest

    return apply


def _fields(manifest: Object, items: Iterable[FieldOverrider]) -> Object:
    for item in items:
        text = value_at(manifest, item.field_path)
        if not isinstance(text, str):
            raise PatchFailed(f'"{item.field_path}" does not lead to a string')
        apply_operation(manifest, "replace", item.field_path, _changed_document(text, item))
    return manifest


def _changed_document(text: str, item: FieldOverrider) -> str:
    try:
        if item.yaml_:
            return dump_yaml(_patched(loads_yaml(text.encode()), item.yaml_))
        if item.json_:
            return orjson.dumps(_patched(orjson.loads(text), item.json_)).decode()
    except (DecodeError, orjson.JSONDecodeError) as error:
        raise PatchFailed(f'"{item.field_path}" holds no document: {error}') from error
    return ""


def _patched(document: Any, operations: Iterable[JSONPatchOperation | YAMLPatchOperation]) -> Any:
    for operation in operations:
        document = apply_operation(document, operation.operator, operation.sub_path, operation.value)
    return document


def _plaintext(manifest: Object, items: Iterable[PlaintextOverrider]) -> Object:
    for item in items:
        manifest = apply_operation(manifest, item.operator, item.path, item.value)
    return manifest


_OVERRIDERS: Final[tuple[tuple[str, Callable[[Object, Any], Object]], ...]] = (
    ("image_overrider", _images),
    ("command_overrider", _command_or_args("command")),
    ("args_overrider", _command_or_args("args")),
    ("labels_overrider", _labels_or_annotations("labels")),
    ("annotations_overrider", _labels_or_annotations("annotations")),
    ("field_overrider", _fields),
    ("plaintext", _plaintext),
)
