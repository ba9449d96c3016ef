"""policy.karmada.io: what an OverridePolicy changes on the way to members.

policy.py offers these models together with the policies that use them.
"""

from typing import Any

from karmada.api.groups.placement import ClusterAffinity, ResourceSelector
from karmada.api.model import Model, empty, field


class LabelAnnotationOverrider(Model):
    """A change of labels or annotations."""

    operator: str = field(
        "Add appends, remove deletes, replace substitutes the given keys.",
        default="",
        required=True,
        enum=("add", "remove", "replace"),
    )
    value: dict[str, str] = field("Key/value pairs.", factory=dict, required=True)


class CommandArgsOverrider(Model):
    """A change of a container's command or arguments."""

    container_name: str = field("Container concerned.", default="", required=True)
    operator: str = field(
        "Add appends, remove deletes equal items.",
        default="",
        required=True,
        enum=("add", "remove"),
    )
    value: list[str] = field("Items; empty = no change.", factory=list)


class JSONPatchOperation(Model):
    """One operation on a JSON document."""

    operator: str = field(
        "JSON patch operation.",
        default="",
        required=True,
        enum=("add", "remove", "replace"),
    )
    sub_path: str = field("JSON pointer inside the document.", default="", required=True)
    value: Any = field("New value for add/replace.", preserve_unknown=True)


class YAMLPatchOperation(Model):
    """One operation on a YAML document."""

    operator: str = field(
        "JSON patch operation.",
        default="",
        required=True,
        enum=("add", "remove", "replace"),
    )
    sub_path: str = field("JSON pointer inside the document.", default="", required=True)
    value: Any = field("New value for add/replace.", preserve_unknown=True)


class FieldOverrider(Model):
    """Changes of a JSON or YAML document kept in a text field."""

    field_path: str = field("JSON pointer to the string field.", default="", required=True)
    json_: list[JSONPatchOperation] = field(
        "Operations on the parsed JSON document.",
        factory=list,
        alias="json",
    )
    yaml_: list[YAMLPatchOperation] = field(
        "Operations on the parsed YAML document.",
        factory=list,
        alias="yaml",
    )


class ImagePredicate(Model):
    """Which image field to change."""

    path: str = field("JSON pointer to the image field.", default="", required=True)


class ImageOverrider(Model):
    """A change of image references."""

    component: str = field(
        "Part of [registry/]repository[:tag] to change (a digest counts as tag).",
        default="",
        required=True,
        enum=("Registry", "Repository", "Tag"),
    )
    operator: str = field(
        "Operation on that part.",
        default="",
        required=True,
        enum=("add", "remove", "replace"),
    )
    predicate: ImagePredicate | None = field(
        "Restrict to one image field; absent = all container images of Pod, ReplicaSet, Deployment, "
        "DaemonSet, StatefulSet, Job.",
    )
    value: str = field(
        "New text; required in spirit for add/replace, ignored for remove (not checked).",
        default="",
    )


class PlaintextOverrider(Model):
    """One raw JSON patch operation."""

    operator: str = field(
        "JSON patch operation.",
        default="",
        required=True,
        enum=("add", "remove", "replace"),
    )
    path: str = field("JSON pointer in the object.", default="", required=True)
    value: Any = field("Value; should be absent for remove (not checked).", preserve_unknown=True)


class Overriders(Model):
    """Changes, applied in the order image, command, args, labels, annotations, field, plaintext."""

    annotations_overrider: list[LabelAnnotationOverrider] = field("Change annotations.", factory=list)
    args_overrider: list[CommandArgsOverrider] = field("Change container args.", factory=list)
    command_overrider: list[CommandArgsOverrider] = field("Change container command.", factory=list)
    field_overrider: list[FieldOverrider] = field(
        "Edit a JSON or YAML document held in a string field (e.g. ConfigMap data).",
        factory=list,
    )
    image_overrider: list[ImageOverrider] = field("Change image references.", factory=list)
    labels_overrider: list[LabelAnnotationOverrider] = field("Change labels.", factory=list)
    plaintext: list[PlaintextOverrider] = field("Raw JSON patch operations.", factory=list)


class RuleWithCluster(Model):
    """Changes for some clusters."""

    overriders: Overriders = field("Changes to apply.", factory=empty(Overriders), required=True)
    target_cluster: ClusterAffinity | None = field("Clusters concerned; absent = all.")


class OverrideSpec(Model):
    """What to change on the way to members."""

    override_rules: list[RuleWithCluster] = field(
        "Rules per target cluster set; excludes the two deprecated fields.",
        factory=list,
    )
    overriders: Overriders = field(
        "Deprecated top-level changes (always serialized, even when empty).",
        factory=empty(Overriders),
    )
    resource_selectors: list[ResourceSelector] = field("Resources concerned; absent = all.", factory=list)
    target_cluster: ClusterAffinity | None = field("Deprecated top-level cluster filter.")
