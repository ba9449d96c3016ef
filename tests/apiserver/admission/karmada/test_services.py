"""MultiClusterService and MultiClusterIngress: ids, and what is refused."""

from typing import Any

import pytest

from apiserver.admission.karmada.services import INGRESS_RULES, SERVICE_RULES, service_errors
from karmada.api.errors import Forbidden
from karmada.api.objects import Object, private_copy
from tests.apiserver.admission.contexts import admitted, refused, texts

ID = "multiclusterservice.karmada.io/permanent-id"


def obj(kind: str, spec: Object, *, name: str = "web", **parts: Any) -> Object:
    return {
        "apiVersion": "networking.karmada.io/v1alpha1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "shop"},
        "spec": spec,
        **parts,
    }


def test_a_service_gets_an_id_and_the_range_nobody_uses() -> None:
    service = admitted(SERVICE_RULES, obj("MultiClusterService", {"types": []}))
    assert service["metadata"]["labels"][ID]
    assert service["spec"] == {"types": [], "range": {}}
    again = admitted(SERVICE_RULES, private_copy(service), old=service)
    assert again == service


BROKEN = [
    pytest.param(
        {"types": ["CrossCluster", "LoadBalancer"]},
        [
            'spec.types: Invalid value: ["CrossCluster","LoadBalancer"]: MultiClusterService types '
            "should not "
            "contain more than one type"
        ],
        id="two-types",
    ),
    pytest.param(
        {"types": ["Magic"]},
        ['spec.types[0]: Unsupported value: "Magic": supported values: "CrossCluster", "LoadBalancer"'],
        id="unknown-type",
    ),
    pytest.param(
        {"types": [], "ports": [{"name": "a", "port": 80}, {"name": "a", "port": 70000}]},
        [
            'spec.ports[1].name: Duplicate value: "a"',
            "spec.ports[1].port: Invalid value: 70000: must be between 1 and 65535, inclusive",
        ],
        id="ports",
    ),
]


@pytest.mark.parametrize(("spec", "expected"), BROKEN)
def test_broken_rules_of_services_are_found(spec: Object, expected: list[str]) -> None:
    assert texts(service_errors(spec)) == expected


def test_clusters_are_named_under_the_old_range() -> None:
    (found,) = texts(service_errors({"types": [], "providerClusters": [{"name": "A"}]}))
    assert found.startswith('spec.range.providerClusters[0]: Invalid value: "A"')


async def test_the_type_of_a_service_stays() -> None:
    old = obj("MultiClusterService", {"types": ["CrossCluster"]})
    new = obj("MultiClusterService", {"types": ["LoadBalancer"]})
    await refused(SERVICE_RULES, old, old=old)
    text = (
        'admission webhook "multiclusterservice.karmada.io" denied the request: spec.types: Invalid value: '
        r'\["LoadBalancer"\]: field is immutable'
    )
    with pytest.raises(Forbidden, match=text):
        await refused(SERVICE_RULES, new, old=old)


async def test_a_service_is_named_like_services() -> None:
    with pytest.raises(Forbidden, match=r'metadata\.name: Invalid value: "1web": a DNS-1035 label'):
        await refused(SERVICE_RULES, obj("MultiClusterService", {"types": []}, name="1web"))


async def test_an_ingress_leads_somewhere() -> None:
    with pytest.raises(Forbidden, match="either `defaultBackend` or `rules` must be specified"):
        await refused(INGRESS_RULES, obj("MultiClusterIngress", {}))


async def test_an_update_of_an_ingress_looks_at_the_stored_addresses() -> None:
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    status = {"loadBalancer": {"ingress": [{"ip": "nowhere"}]}}
    ingress = obj("MultiClusterIngress", {"defaultBackend": backend}, status=status)
    await refused(INGRESS_RULES, ingress)
    with pytest.raises(Forbidden, match=r"status.loadBalancer.ingress\[0\].ip"):
        await refused(INGRESS_RULES, ingress, old=ingress)
