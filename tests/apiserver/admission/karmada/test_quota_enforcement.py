"""Bindings that are given clusters take their share of FederatedResourceQuotas, or are refused."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from apiserver.admission.karmada.quota_enforcement import binding_charge
from karmada.api.errors import from_status
from karmada.api.objects import Object
from karmada.runtime.gates import default_gates
from scheduler.results import is_quota_exceeded
from tests.apiserver.serving import MERGE, Plane, running_plane

BINDINGS = "/apis/work.karmada.io/v1alpha2/namespaces/default/resourcebindings"
QUOTAS = "/apis/policy.karmada.io/v1alpha1/namespaces/default/federatedresourcequotas"


def binding(name: str = "web", cpu: str = "1", **clusters: int) -> Object:
    return {
        "apiVersion": "work.karmada.io/v1alpha2",
        "kind": "ResourceBinding",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "resource": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name, "namespace": "default"},
            "replicaRequirements": {"resourceRequest": {"cpu": cpu}},
            "clusters": [{"name": each, "replicas": replicas} for each, replicas in clusters.items()],
        },
    }


@pytest.fixture
async def plane() -> AsyncIterator[Plane]:
    gates = {**default_gates(), "FederatedQuotaEnforcement": True}
    async with running_plane(feature_gates=gates) as running:
        yield running


async def limit(plane: Plane, cpu: str, name: str = "q") -> None:
    kind = {"apiVersion": "policy.karmada.io/v1alpha1", "kind": "FederatedResourceQuota"}
    made = await plane.post(QUOTAS, {**kind, "metadata": {"name": name}, "spec": {"overall": {"cpu": cpu}}})
    assert made.status == 201, made.message


async def used(plane: Plane, name: str = "q") -> Object:
    status: Object = (await plane.get(f"{QUOTAS}/{name}")).object.get("status") or {}
    return status.get("overallUsed") or {}


async def schedule(plane: Plane, name: str, replicas: int, query: str = "") -> int:
    clusters = [{"name": "member1", "replicas": replicas}] if replicas else []
    body = {"spec": {"clusters": clusters}}
    return (await plane.patch(f"{BINDINGS}/{name}{query}", body, MERGE)).status


@pytest.mark.parametrize(
    ("new", "old", "delta"),
    [
        pytest.param(binding(), None, {}, id="not-scheduled"),
        pytest.param(binding(m1=2, m2=1), None, {"cpu": "3"}, id="scheduled"),
        pytest.param(binding(m1=1), binding(m1=3), {"cpu": "-2"}, id="fewer"),
        pytest.param(binding(m1=2), binding(m2=2), {}, id="moved"),
        pytest.param(binding(cpu="2", m1=1), binding(m1=1), {"cpu": "1"}, id="asks-for-more"),
    ],
)
def test_a_binding_uses_what_it_is_given(new: Object, old: Object | None, delta: Object) -> None:
    assert {name: str(each) for name, each in binding_charge(new, old).delta.items()} == delta


async def test_what_does_not_fit_is_refused_in_words_that_the_scheduler_knows(plane: Plane) -> None:
    await limit(plane, "3")
    assert (await plane.post(BINDINGS, binding())).status == 201
    assert await used(plane) == {}
    assert await schedule(plane, "web", 2) == 200
    assert await used(plane) == {"cpu": "2"}
    reply = await plane.patch(f"{BINDINGS}/web", binding(m1=4))
    assert (reply.status, reply.object["reason"]) == (403, "QuotaExceeded")
    assert reply.message == (
        'admission webhook "resourcebinding.karmada.io" denied the request: '
        "FederatedResourceQuota(default/q) exceeded for resource cpu: requested sum 4, limit 3."
    )
    assert is_quota_exceeded(from_status(403, reply.object))
    assert await used(plane) == {"cpu": "2"}
    assert await schedule(plane, "web", 0) == 200
    assert await used(plane) == {"cpu": "0"}


async def test_giving_back_is_never_refused(plane: Plane) -> None:
    await limit(plane, "3")
    await plane.post(BINDINGS, binding(m1=3))
    await plane.patch(f"{QUOTAS}/q", {"spec": {"overall": {"cpu": "1"}}})
    assert await schedule(plane, "web", 2) == 200
    assert await used(plane) == {"cpu": "2"}
    assert await schedule(plane, "web", 3) == 403


async def test_a_dry_run_takes_nothing(plane: Plane) -> None:
    await limit(plane, "3")
    await plane.post(BINDINGS, binding())
    assert await schedule(plane, "web", 2, "?dryRun=All") == 200
    assert await used(plane) == {}
    assert await schedule(plane, "web", 4, "?dryRun=All") == 403


async def test_bindings_scheduled_at_once_get_what_there_is(plane: Plane) -> None:
    await limit(plane, "5")
    await limit(plane, "50", "wide")
    names = [f"b{number}" for number in range(20)]
    await asyncio.gather(*(plane.post(BINDINGS, binding(name)) for name in names))
    statuses = await asyncio.gather(*(schedule(plane, name, 1) for name in names))
    assert sorted(statuses) == [200] * 5 + [403] * 15
    assert await used(plane) == {"cpu": "5"}
    assert await used(plane, "wide") == {"cpu": "5"}


async def test_without_the_gate_nothing_is_charged() -> None:
    async with running_plane() as plane:
        await limit(plane, "1")
        assert (await plane.post(BINDINGS, binding(m1=9))).status == 201
        assert await used(plane) == {}
