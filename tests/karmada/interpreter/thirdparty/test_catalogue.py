"""The catalogue says what the projects' modules can do."""

from importlib import import_module

import pytest

from karmada.api.gvk import GroupVersionKind
from karmada.interpreter.thirdparty.catalogue import CATALOGUE
from tests.karmada.interpreter.thirdparty.samples import SPECS, STATUSES

PROJECTS = sorted({entry.project for entry in CATALOGUE.values()})


@pytest.mark.parametrize("project", PROJECTS)
def test_the_catalogue_lists_exactly_the_rules_of_a_project(project: str) -> None:
    module = import_module(f"karmada.interpreter.thirdparty.{project}")
    listed = {gvk: entry.operations for gvk, entry in CATALOGUE.items() if entry.project == project}
    assert {gvk: kind.operations() for gvk, kind in module.KINDS.items()} == listed


def test_every_kind_has_a_sample() -> None:
    assert {gvk.kind for gvk in CATALOGUE} == set(SPECS) == set(STATUSES)
    assert len(CATALOGUE) == len(SPECS), "kind names are unique among them"


def test_versions_are_exact() -> None:
    assert GroupVersionKind("helm.toolkit.fluxcd.io", "v2beta1", "HelmRelease") in CATALOGUE
    assert GroupVersionKind("helm.toolkit.fluxcd.io", "v2", "HelmRelease") not in CATALOGUE
