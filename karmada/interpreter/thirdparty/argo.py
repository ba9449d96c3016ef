"""Argo Workflows: Workflow. Its status stays as the member has it; nothing is aggregated. Pure."""

from collections.abc import Iterable, Mapping
from typing import Final

from karmada.api.gvk import GroupVersionKind
from karmada.api.objects import Object, name_of
from karmada.interpreter.answers import replicas_of
from karmada.interpreter.native.pod_references import pod_references
from karmada.interpreter.native.replicas import Replicas, replica_requirements
from karmada.interpreter.thirdparty.components import revised_in, with_spec
from karmada.interpreter.thirdparty.kind import Kind
from karmada.interpreter.thirdparty.references import Dependencies, referred, text_at
from karmada.interpreter.thirdparty.statuses import status_of

UNHEALTHY_PHASES: Final = (None, "", "Error", "Failed")


def _replicas(obj: Object) -> Replicas:
    """Pods at the same time. What each needs differs from step to step; only the nodes are known."""
    spec = obj.get("spec") or {}
    wanted = spec.get("parallelism")
    nodes = {name: spec.get(name) for name in ("affinity", "nodeSelector", "tolerations")}
    return replicas_of(1 if wanted is None else wanted), replica_requirements({"spec": nodes})


def _retain(desired: Object, observed: Object) -> Object:
    """A workflow keeps its own progress in suspend and in its status, which is no subresource."""
    suspend = (observed.get("spec") or {}).get("suspend")
    kept = desired if suspend is None else with_spec(desired, suspend=suspend)
    return kept if observed.get("status") is None else {**kept, "status": observed["status"]}


def _is_healthy(obj: Object) -> bool:
    return status_of(obj).get("phase") not in UNHEALTHY_PHASES


def _dependencies(obj: Object) -> Dependencies:
    return referred(obj, _pairs(obj.get("spec") or {}))


def _pairs(spec: Object) -> Iterable[tuple[str, str]]:
    pods = {name: spec.get(name) for name in ("imagePullSecrets", "serviceAccountName", "volumes")}
    yield from pod_references(pods)
    yield "ServiceAccount", text_at(spec, "executor", "serviceAccountName")
    for claim in spec.get("volumeClaimTemplates") or ():
        yield "PersistentVolumeClaim", name_of(claim)


KINDS: Final[Mapping[GroupVersionKind, Kind]] = {
    GroupVersionKind("argoproj.io", "v1alpha1", "Workflow"): Kind(
        replicas=_replicas,
        revise=revised_in("parallelism"),
        retain=_retain,
        healthy=_is_healthy,
        dependencies=_dependencies,
    ),
}
