"""Flux: HelmRelease, Kustomization and the sources they read from. Pure.

All are alike: suspended where the member suspended them, healthy when Ready says so, conditions of all
clusters merged. _Flux is what one of them adds to that.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from karmada.api.gvk import GroupVersionKind
from karmada.api.objects import Object
from karmada.interpreter.native.aggregate import Items, reported
from karmada.interpreter.thirdparty.components import with_spec
from karmada.interpreter.thirdparty.kind import Kind
from karmada.interpreter.thirdparty.references import Dependencies, referred, text_at
from karmada.interpreter.thirdparty.statuses import (
    conditions_of,
    last,
    merged_conditions,
    observed_generation,
    status_of,
    total,
    with_generations,
)

SECRET: Final = "Secret"
SERVICE_ACCOUNT: Final = ("ServiceAccount", ("serviceAccountName",))
FETCHED: Final = frozenset({"Succeeded"})
RECONCILED: Final = frozenset({"ReconciliationSucceeded"})


@dataclass(frozen=True, slots=True)
class _Flux:
    """One kind of Flux."""

    ready: frozenset[str]
    """Reasons of a Ready condition that count."""
    names: tuple[tuple[str, tuple[str, ...]], ...]
    """(kind, path below spec) of each reference."""
    words: tuple[str, ...] = ()
    """Status fields where the last cluster's word counts; "" without any."""
    kept_words: tuple[str, ...] = ()
    """The same, but the template's old word is kept where no cluster has one."""
    counters: tuple[str, ...] = ()
    artifact: bool = False
    """Whether the status carries the artifact that was fetched."""
    reflected: tuple[str, ...] = ()
    """Status fields of members that travel, besides those above."""

    def kind(self) -> Kind:
        return Kind(
            retain=_retain,
            aggregate=self.aggregate,
            reflect=self.reflect,
            healthy=self.healthy,
            dependencies=self.dependencies,
        )

    def reflect(self, obj: Object) -> Object:
        if obj.get("status") is None:
            return {}
        names = (
            *("conditions", "observedGeneration"),
            *(("artifact",) if self.artifact else ()),
            *self.words,
            *self.kept_words,
            *self.counters,
            *self.reflected,
        )
        return with_generations(obj, {name: status_of(obj).get(name) for name in names})

    def aggregate(self, template: Object, items: Items, now: str) -> Object:
        statuses = list(reported(items))
        before = status_of(template)
        status: Object = {
            **before,
            "conditions": merged_conditions(items),
            "observedGeneration": observed_generation(template, items),
        }
        for name in self.words:
            status[name] = last(statuses, name, "")
        for name in self.kept_words:
            status[name] = last(statuses, name, before.get(name) if items else "")
        for name in self.counters:
            counted = not items or any(each.get(name) is not None for each in statuses)
            status[name] = total(statuses, name) if counted else None
        if self.artifact:
            status["artifact"] = last(statuses, "artifact")
        return status

    def healthy(self, obj: Object) -> bool:
        return any(
            each.get("type") == "Ready" and each.get("status") == "True" and each.get("reason") in self.ready
            for each in conditions_of(status_of(obj))
        )

    def dependencies(self, obj: Object) -> Dependencies:
        return referred(obj, [*self._stated(obj.get("spec") or {}), *_values(obj.get("spec") or {})])

    def _stated(self, spec: Object) -> Iterable[tuple[str, str]]:
        return ((kind, text_at(spec, *path)) for kind, path in self.names)


def _retain(desired: Object, observed: Object) -> Object:
    suspend = (observed.get("spec") or {}).get("suspend")
    return desired if suspend is None else with_spec(desired, suspend=suspend)


def _values(spec: Object) -> Iterable[tuple[str, str]]:
    """Where a HelmRelease gets values from."""
    for source in spec.get("valuesFrom") or ():
        if source.get("kind") in (SECRET, "ConfigMap"):
            yield source["kind"], text_at(source, "name")


_SECRET_REF: Final = (SECRET, ("secretRef", "name"))
_VERIFY: Final = (SECRET, ("verify", "secretRef", "name"))
_KUBE_CONFIG: Final = (SECRET, ("kubeConfig", "secretRef", "name"))

_HELM_RELEASE: Final = _Flux(
    ready=RECONCILED,
    names=((SECRET, ("chart", "spec", "verify", "secretRef", "name")), _KUBE_CONFIG, SERVICE_ACCOUNT),
    kept_words=(
        "lastAttemptedRevision",
        "lastAppliedRevision",
        "lastAttemptedValuesChecksum",
        "helmChart",
        "lastReleaseRevision",
    ),
    # Karmada in Go adds these to what the template says already, so that they grow with every look.
    counters=("failures", "upgradeFailures", "installFailures"),
)
_KUSTOMIZATION: Final = _Flux(
    ready=RECONCILED,
    names=((SECRET, ("decryption", "secretRef", "name")), _KUBE_CONFIG, SERVICE_ACCOUNT),
    kept_words=("lastAppliedRevision", "lastAttemptedRevision"),
)
_GIT_REPOSITORY: Final = _Flux(
    ready=FETCHED,
    names=(_SECRET_REF, _VERIFY),
    artifact=True,
    reflected=("observedIgnore", "observedRecurseSubmodules"),
)
_BUCKET: Final = _Flux(
    ready=FETCHED, names=(_SECRET_REF,), words=("url",), artifact=True, reflected=("observedIgnore",)
)
_HELM_REPOSITORY: Final = _Flux(ready=FETCHED, names=(_SECRET_REF,), words=("url",), artifact=True)
_HELM_CHART: Final = _Flux(
    ready=frozenset({"Succeeded", "ChartPullSucceeded"}),
    names=(_VERIFY,),
    words=("url", "observedChartName", "observedSourceArtifactRevision"),
    artifact=True,
)
_OCI_REPOSITORY: Final = _Flux(
    ready=FETCHED,
    names=(_SECRET_REF, _VERIFY, (SECRET, ("certSecretRef", "name")), SERVICE_ACCOUNT),
    words=("url",),
    artifact=True,
    reflected=("observedIgnore", "observedLayerSelector"),
)

KINDS: Final[Mapping[GroupVersionKind, Kind]] = {
    GroupVersionKind("helm.toolkit.fluxcd.io", "v2beta1", "HelmRelease"): _HELM_RELEASE.kind(),
    GroupVersionKind("kustomize.toolkit.fluxcd.io", "v1", "Kustomization"): _KUSTOMIZATION.kind(),
    GroupVersionKind("source.toolkit.fluxcd.io", "v1", "GitRepository"): _GIT_REPOSITORY.kind(),
    GroupVersionKind("source.toolkit.fluxcd.io", "v1beta2", "Bucket"): _BUCKET.kind(),
    GroupVersionKind("source.toolkit.fluxcd.io", "v1beta2", "HelmChart"): _HELM_CHART.kind(),
    GroupVersionKind("source.toolkit.fluxcd.io", "v1beta2", "HelmRepository"): _HELM_REPOSITORY.kind(),
    GroupVersionKind("source.toolkit.fluxcd.io", "v1beta2", "OCIRepository"): _OCI_REPOSITORY.kind(),
}
