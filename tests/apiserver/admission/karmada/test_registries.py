"""ResourceRegistry: what is refused."""

from typing import Any

import pytest

from apiserver.admission.karmada.registries import RULES
from karmada.api.objects import Object
from tests.apiserver.admission.contexts import judged


def registry(**spec: Any) -> Object:
    return {
        "apiVersion": "search.karmada.io/v1alpha1",
        "kind": "ResourceRegistry",
        "metadata": {"name": "r"},
        "spec": {"targetCluster": {}, "resourceSelectors": [], **spec},
    }


def opensearch(address: str) -> Object:
    return {"openSearch": {"addresses": [address]}}


BROKEN = [
    pytest.param(
        registry(resourceSelectors=[{"apiVersion": "a/b/c", "kind": "D"}]),
        'spec.resourceSelectors[0].apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c',
        id="three-parts",
    ),
    pytest.param(
        registry(backendStore=opensearch("ftp://a")),
        'spec.backendStore.openSearch.addresses[0]: Invalid value: "ftp://a": must be http or https',
        id="another-scheme",
    ),
    pytest.param(
        registry(backendStore=opensearch("https:///a")),
        'spec.backendStore.openSearch.addresses[0]: Invalid value: "https:///a": must have a host',
        id="no-host",
    ),
]


@pytest.mark.parametrize(("given", "expected"), BROKEN)
def test_broken_rules_are_found(given: Object, expected: str) -> None:
    assert judged(RULES, given) == [expected]


def test_a_plain_registry_is_fine() -> None:
    given = registry(
        resourceSelectors=[{"apiVersion": "apps/v1", "kind": "Deployment", "namespace": "shop"}],
        backendStore=opensearch("https://search.example.test:9200"),
    )
    assert judged(RULES, given) == []
