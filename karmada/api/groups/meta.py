"""Parts that the Karmada kinds share: metadata, conditions, selectors, taints and tolerations.

Used by the other modules here. Times stay RFC 3339 text, as on the wire.
"""

from pydantic import ConfigDict

from karmada.api.model import Int64, Model, Time, empty, field
from karmada.api.objects import Object

CONDITION_TYPE_PATTERN = (
    r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?"
    r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$"
)
REASON_PATTERN = r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"


class OwnerReference(Model):
    """An object that owns this one; both live in the same namespace, or the owner is cluster-scoped."""

    api_version: str = field("API version of the owner.", default="", required=True)
    kind: str = field("Kind of the owner.", default="", required=True)
    name: str = field("Name of the owner.", default="", required=True)
    uid: str = field("Uid of the owner.", default="", required=True)
    controller: bool | None = field("Whether this owner is the managing controller.")
    block_owner_deletion: bool | None = field(
        "Whether a foreground deletion of the owner waits for this object."
    )


class ObjectMeta(Model):
    """What every object carries besides its own content."""

    name: str = field("Name, unique in its namespace and kind.", default="")
    generate_name: str = field("Prefix of a name that the server makes up.", default="")
    namespace: str = field("Namespace; empty for cluster-scoped objects.", default="")
    self_link: str = field("Not used any more.", default="")
    uid: str = field("Identity of this object over time.", default="")
    resource_version: str = field("Opaque version of the stored object.", default="")
    generation: int = field("Version of the desired state.", default=0)
    creation_timestamp: Time | None = field("When the object was created.")
    deletion_timestamp: Time | None = field(
        "When deletion was asked for; the object goes with its last finalizer."
    )
    deletion_grace_period_seconds: Int64 | None = field("Seconds the object may take to end.")
    labels: dict[str, str] = field("Keys and values to select by.", factory=dict)
    annotations: dict[str, str] = field("Keys and values for tools.", factory=dict)
    owner_references: list[OwnerReference] = field("Objects this one depends on.", factory=list)
    finalizers: list[str] = field("Who must finish before the object goes.", factory=list)
    managed_fields: list[Object] = field("Which manager set which fields.", factory=list)


class Root(Model):
    """An object with a kind of its own."""

    api_version: str = field("Group and version of this representation.", default="")
    kind: str = field("Kind of this object.", default="")
    metadata: ObjectMeta = field("Name, labels and the like.", factory=empty(ObjectMeta))


class Condition(Model):
    """One aspect of an object's state."""

    type: str = field(
        "Aspect, optionally prefixed with a domain.",
        default="",
        required=True,
        max_length=316,
        pattern=CONDITION_TYPE_PATTERN,
    )
    status: str = field(
        "Whether it holds.", default="Unknown", required=True, enum=("True", "False", "Unknown")
    )
    observed_generation: Int64 | None = field("Generation of the object this refers to.", minimum=0)
    last_transition_time: Time | None = field("When status changed last.", required=True)
    reason: str = field(
        "CamelCase identifier of the cause.",
        default="",
        required=True,
        min_length=1,
        max_length=1024,
        pattern=REASON_PATTERN,
    )
    message: str = field("Explanation for people.", default="", required=True, max_length=32768)


class LabelSelectorRequirement(Model):
    """One requirement on a label."""

    key: str = field("Label key.", default="", required=True)
    operator: str = field("In, NotIn, Exists or DoesNotExist.", default="", required=True)
    values: list[str] = field("Values for In and NotIn.", factory=list, list_type="atomic")


class LabelSelector(Model):
    """Labels to match; both parts must hold, an empty selector matches everything."""

    model_config = ConfigDict(json_schema_extra={"x-kubernetes-map-type": "atomic"})

    match_labels: dict[str, str] = field("Labels that must have exactly these values.", factory=dict)
    match_expressions: list[LabelSelectorRequirement] = field(
        "Further requirements, all of which must hold.", factory=list, list_type="atomic"
    )


class Toleration(Model):
    """A taint that is put up with."""

    key: str = field("Taint key; empty with Exists matches every key.", default="")
    operator: str = field("Exists or Equal; empty means Equal.", default="")
    value: str = field("Taint value to compare under Equal.", default="")
    effect: str = field("Effect to match; empty matches every effect.", default="")
    toleration_seconds: Int64 | None = field(
        "With NoExecute, how long the taint is tolerated; absent means for ever."
    )


class Taint(Model):
    """What keeps workloads without a matching toleration away."""

    key: str = field("Taint key.", default="", required=True)
    value: str = field("Taint value.", default="")
    effect: str = field("NoSchedule or NoExecute.", default="", required=True)
    time_added: Time | None = field("When the taint was set.")


class NodeSelectorRequirement(Model):
    """One requirement on a node's label or field, or on a property of a Cluster."""

    key: str = field("Label key or field name.", default="", required=True)
    operator: str = field("In, NotIn, Exists, DoesNotExist, Gt or Lt.", default="", required=True)
    values: list[str] = field(
        "Candidate values; one integer text for Gt and Lt.", factory=list, list_type="atomic"
    )


class NodeSelectorTerm(Model):
    """Requirements that must all hold."""

    model_config = ConfigDict(json_schema_extra={"x-kubernetes-map-type": "atomic"})

    match_expressions: list[NodeSelectorRequirement] = field(
        "Requirements on node labels.", factory=list, list_type="atomic"
    )
    match_fields: list[NodeSelectorRequirement] = field(
        "Requirements on node fields.", factory=list, list_type="atomic"
    )


class NodeSelector(Model):
    """Alternatives, one of which must hold."""

    model_config = ConfigDict(json_schema_extra={"x-kubernetes-map-type": "atomic"})

    node_selector_terms: list[NodeSelectorTerm] = field(
        "Terms, one of which must hold.", factory=list, required=True, list_type="atomic"
    )
