"""Cells of configuration, identity, events, nodes and the small kinds around them."""

from typing import Any, Final

from apiserver.handlers.cells.fields import (
    AGE,
    CREATED_AT,
    NAME,
    NONE,
    Cell,
    Shown,
    at,
    condition,
    count,
    number,
    text,
)
from apiserver.handlers.durations import UNKNOWN, age, human_duration
from karmada.api.objects import Object, controller_of, labels_of

_ROLE_PREFIX: Final = "node-role.kubernetes.io/"
_ROLE_LABEL: Final = "kubernetes.io/role"


def component_status(obj: Object) -> Object:
    return next((item for item in obj.get("conditions") or () if item.get("type") == "Healthy"), {})


def component_health(obj: Object) -> str:
    match component_status(obj).get("status"):
        case "True":
            return "Healthy"
        case "False":
            return "Unhealthy"
    return "Unknown"


def last_seen(obj: Object) -> Shown:
    seen = at(obj, "series", "lastObservedTime") or _either(obj, "lastTimestamp", "deprecatedLastTimestamp")
    return age(seen) if seen else first_seen(obj)


def first_seen(obj: Object) -> Shown:
    return age(_either(obj, "firstTimestamp", "deprecatedFirstTimestamp") or obj.get("eventTime"))


def event_object(obj: Object) -> str:
    involved = _either(obj, "involvedObject", "regarding") or {}
    return f"{str(involved.get('kind') or '').lower()}/{involved.get('name') or ''}"


def event_field(obj: Object) -> str:
    return str((_either(obj, "involvedObject", "regarding") or {}).get("fieldPath") or "")


def event_source(obj: Object) -> str:
    source = _either(obj, "source", "deprecatedSource") or {}
    component = source.get("component") or _either(obj, "reportingComponent", "reportingController") or ""
    host = source.get("host") or obj.get("reportingInstance")
    return f"{component}, {host}" if host else str(component)


def event_message(obj: Object) -> str:
    return str(_either(obj, "message", "note") or "").strip()


def event_count(obj: Object) -> int:
    return int(at(obj, "series", "count") or _either(obj, "count", "deprecatedCount") or 1)


def _either(obj: Object, core: str, newer: str) -> Any:
    """A field under its name in the core group, or in events.k8s.io."""
    return obj.get(core) or obj.get(newer)


def node_status(obj: Object) -> str:
    ready = condition(obj, "Ready")
    words = [("Ready" if ready.get("status") == "True" else "NotReady") if ready else "Unknown"]
    if at(obj, "spec", "unschedulable"):
        words.append("SchedulingDisabled")
    return ",".join(words)


def node_roles(obj: Object) -> str:
    roles = set()
    for key, value in labels_of(obj).items():
        if key.startswith(_ROLE_PREFIX) and len(key) > len(_ROLE_PREFIX):
            roles.add(key.removeprefix(_ROLE_PREFIX))
        elif key == _ROLE_LABEL and value:
            roles.add(value)
    return ",".join(sorted(roles)) or NONE


def node_address(kind: str) -> Cell:
    def cell(obj: Object) -> str:
        addresses = at(obj, "status", "addresses") or ()
        return next((str(one.get("address")) for one in addresses if one.get("type") == kind), NONE)

    return cell


def node_kernel(obj: Object) -> str:
    kernel = at(obj, "status", "nodeInfo", "kernelVersion") or UNKNOWN
    architecture = at(obj, "status", "nodeInfo", "architecture")
    return f"{kernel} ({architecture})" if architecture else kernel


def quota(*, limits: bool) -> Cell:
    """`resource: used/hard` of either the limits or everything else."""

    def cell(obj: Object) -> str:
        hard = at(obj, "status", "hard") or {}
        used = at(obj, "status", "used") or {}
        names = sorted(name for name in hard if name.startswith("limits.") == limits)
        return ", ".join(f"{name}: {used.get(name, '0')}/{hard[name]}" for name in names)

    return cell


def revision_controller(obj: Object) -> str:
    owner = controller_of(obj)
    if owner is None:
        return NONE
    group, slash, _ = str(owner.get("apiVersion") or "").partition("/")
    kind = str(owner.get("kind") or "").lower()
    return f"{kind}.{group}/{owner.get('name')}" if slash else f"{kind}/{owner.get('name')}"


def requested_duration(obj: Object) -> str:
    seconds = at(obj, "spec", "expirationSeconds")
    return human_duration(seconds) if isinstance(seconds, int) else NONE


def signing_condition(obj: Object) -> str:
    kinds = {item.get("type") for item in at(obj, "status", "conditions") or ()}
    word = "Denied" if "Denied" in kinds else "Approved" if "Approved" in kinds else "Pending"
    failed = ",Failed" if "Failed" in kinds else ""
    return word + failed + (",Issued" if at(obj, "status", "certificate") else "")


CELLS: Final[dict[tuple[str, str], tuple[Cell, ...]]] = {
    ("", "ComponentStatus"): (
        NAME,
        component_health,
        lambda obj: str(component_status(obj).get("message") or ""),
        lambda obj: str(component_status(obj).get("error") or ""),
    ),
    ("", "ConfigMap"): (NAME, count(("data",), ("binaryData",)), AGE),
    ("", "Event"): (
        last_seen,
        text("type"),
        text("reason"),
        event_object,
        event_field,
        event_source,
        event_message,
        first_seen,
        event_count,
        NAME,
    ),
    ("", "LimitRange"): (NAME, CREATED_AT),
    ("", "Namespace"): (NAME, text("status", "phase"), AGE),
    ("", "Node"): (
        NAME,
        node_status,
        node_roles,
        AGE,
        text("status", "nodeInfo", "kubeletVersion"),
        node_address("InternalIP"),
        node_address("ExternalIP"),
        text("status", "nodeInfo", "osImage", default=UNKNOWN),
        node_kernel,
        text("status", "nodeInfo", "containerRuntimeVersion", default=UNKNOWN),
    ),
    ("", "ResourceQuota"): (NAME, quota(limits=False), quota(limits=True), AGE),
    ("", "Secret"): (NAME, text("type"), count(("data",)), AGE),
    ("", "ServiceAccount"): (NAME, AGE),
    ("apps", "ControllerRevision"): (NAME, revision_controller, number("revision"), AGE),
    ("certificates.k8s.io", "CertificateSigningRequest"): (
        NAME,
        AGE,
        text("spec", "signerName", default=NONE),
        text("spec", "username"),
        requested_duration,
        signing_condition,
    ),
    ("coordination.k8s.io", "Lease"): (NAME, text("spec", "holderIdentity"), AGE),
    ("meta.k8s.io", "Status"): (text("status"), text("reason"), text("message")),
    ("node.k8s.io", "RuntimeClass"): (NAME, text("handler"), AGE),
    ("scheduling.k8s.io", "PriorityClass"): (
        NAME,
        number("value"),
        lambda obj: bool(obj.get("globalDefault")),
        AGE,
        text("preemptionPolicy"),
    ),
}
