"""Tests of content negotiation, tables and their cells."""

from functools import cache

from apiserver.resources.builtin import builtin_definitions
from apiserver.resources.definition import ResourceDefinition, Resources
from apiserver.resources.karmada import karmada_definitions


@cache
def everything() -> Resources:
    """The registry of a control plane."""
    resources = Resources()
    resources.replace(remove=[], add=[*builtin_definitions(), *karmada_definitions()])
    return resources


def definition(group: str, version: str, resource: str) -> ResourceDefinition:
    found = everything().lookup(group, version, resource)
    assert found is not None
    return found
