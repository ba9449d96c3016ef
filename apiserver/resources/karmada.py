"""Karmada's own resources as definitions: CRD-like ones and the two that are typed storage."""

from dataclasses import replace
from functools import cache
from typing import Final

from apiserver.resources.conversion import KARMADA_CONVERSIONS
from apiserver.resources.definition import ResourceDefinition
from apiserver.resources.strategy import Strategy, custom_strategy, spec_changed
from apiserver.schema.models import model_schema
from karmada.api.scheme import ServedResource, karmada_resources

SEARCH_GROUP: Final = "search.karmada.io"


@cache
def karmada_definitions(*, search: bool = True) -> tuple[ResourceDefinition, ...]:
    """search: with the kinds of the search component."""
    return tuple(
        _definition(served) for served in karmada_resources() if search or served.gvr.group != SEARCH_GROUP
    )


def _definition(served: ServedResource) -> ResourceDefinition:
    assert served.model is not None
    has_status = any(subresource.name == "status" for subresource in served.subresources)
    return ResourceDefinition(
        served=served,
        schema=model_schema(served.model),
        strategy=_strategy(served, has_status=has_status),
        origin="karmada",
        conversion=KARMADA_CONVERSIONS.get((served.gvr.version, served.gvr.resource)),
    )


def _strategy(served: ServedResource, *, has_status: bool) -> Strategy:
    if served.custom:
        return custom_strategy(has_status=has_status)
    strategy = Strategy(has_status=has_status, generation=spec_changed if served.generation else None)
    # As Karmada serves it: a write to clusters/status carries the whole object.
    return replace(strategy, status_isolated=served.gvr.resource != "clusters")
