"""The catalogue: which kinds of which projects are known, for which operations, and in which module.

Asked for every object of every kind, so it loads no rules: layer.py loads a project's module when one of its
kinds is first met.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from karmada.api.gvk import GroupVersionKind, split_api_version
from karmada.interpreter.operations import Operation

_LETTERS: Final = {
    "R": Operation.REPLICA,
    "C": Operation.COMPONENT,
    "V": Operation.REVISE_REPLICA,
    "T": Operation.RETAIN,
    "A": Operation.AGGREGATE_STATUS,
    "S": Operation.STATUS,
    "H": Operation.HEALTH,
    "D": Operation.DEPENDENCY,
}


@dataclass(frozen=True, slots=True)
class Entry:
    """Where the rules of a kind are, and which there are."""

    project: str
    """Module of karmada.interpreter.thirdparty."""
    operations: frozenset[Operation]


_ROWS: Final = (
    ("kruise_jobs", "apps.kruise.io/v1alpha1", "AdvancedCronJob", "A D"),
    ("kruise_jobs", "apps.kruise.io/v1alpha1", "BroadcastJob", "R V T A S H D"),
    ("kruise", "apps.kruise.io/v1alpha1", "CloneSet", "R V A S H D"),
    ("kruise", "apps.kruise.io/v1alpha1", "DaemonSet", "A S H D"),
    ("kruise", "apps.kruise.io/v1alpha1", "SidecarSet", "R T A S H D"),
    ("kruise", "apps.kruise.io/v1alpha1", "UnitedDeployment", "R V A S H D"),
    ("kruise", "apps.kruise.io/v1beta1", "StatefulSet", "R V A S H D"),
    ("argo", "argoproj.io/v1alpha1", "Workflow", "R V T H D"),
    ("volcano", "batch.volcano.sh/v1alpha1", "Job", "C A S H"),
    ("flink", "flink.apache.org/v1beta1", "FlinkDeployment", "R C A S H"),
    ("flux", "helm.toolkit.fluxcd.io/v2beta1", "HelmRelease", "T A S H D"),
    ("flux", "kustomize.toolkit.fluxcd.io/v1", "Kustomization", "T A S H D"),
    ("flux", "source.toolkit.fluxcd.io/v1", "GitRepository", "T A S H D"),
    ("flux", "source.toolkit.fluxcd.io/v1beta2", "Bucket", "T A S H D"),
    ("flux", "source.toolkit.fluxcd.io/v1beta2", "HelmChart", "T A S H D"),
    ("flux", "source.toolkit.fluxcd.io/v1beta2", "HelmRepository", "T A S H D"),
    ("flux", "source.toolkit.fluxcd.io/v1beta2", "OCIRepository", "T A S H D"),
    ("kubeflow_notebook", "kubeflow.org/v1", "Notebook", "R A S H"),
    ("kubeflow", "kubeflow.org/v1", "PyTorchJob", "C A H D"),
    ("kubeflow", "kubeflow.org/v1", "TFJob", "C A H D"),
    ("kubeflow", "kubeflow.org/v2beta1", "MPIJob", "C A S H"),
    ("kyverno", "kyverno.io/v1", "ClusterPolicy", "A S H"),
    ("kyverno", "kyverno.io/v1", "Policy", "A S H"),
    ("ray", "ray.io/v1", "RayCluster", "C A H"),
    ("ray", "ray.io/v1", "RayJob", "C A H D"),
    ("ray_service", "ray.io/v1", "RayService", "R V A H D"),
    ("spark", "sparkoperator.k8s.io/v1beta2", "SparkApplication", "C A S H"),
)


def _entries(rows: Iterable[tuple[str, str, str, str]]) -> dict[GroupVersionKind, Entry]:
    return {
        GroupVersionKind(*split_api_version(api_version), kind): Entry(
            project, frozenset(_LETTERS[letter] for letter in letters.split())
        )
        for project, api_version, kind, letters in rows
    }


CATALOGUE: Final = _entries(_ROWS)
