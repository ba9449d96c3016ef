"""Admission in a running server: what clients see."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from karmada.api.objects import Object
from tests.apiserver.serving import Plane, config_map, deployment, running_plane

POLICIES = "/apis/policy.karmada.io/v1alpha1/namespaces/default/propagationpolicies"
SERVICES = "/api/v1/namespaces/default/services"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"


@pytest.fixture
async def plane() -> AsyncIterator[Plane]:
    async with running_plane(karmada=True) as server:
        yield server


def policy(**spec: Any) -> Object:
    selector = {"apiVersion": "v1", "kind": "ConfigMap", "name": "x"}
    return {
        "apiVersion": "policy.karmada.io/v1alpha1",
        "kind": "PropagationPolicy",
        "metadata": {"name": "p"},
        "spec": {"resourceSelectors": [selector], **spec},
    }


def service(name: str, **spec: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"ports": [{"port": 80}], **spec},
    }


async def test_a_policy_comes_back_completed_and_settled(plane: Plane) -> None:
    reply = await plane.post(POLICIES, policy())
    made = reply.object
    assert reply.status == 201
    assert made["spec"] == {
        "conflictResolution": "Abort",
        "placement": {},
        "preemption": "Never",
        "priority": 0,
        "resourceSelectors": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "namespace": "default"}],
        "schedulerName": "default-scheduler",
    }
    again = await plane.put(f"{POLICIES}/p", made)
    assert again.object["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


async def test_schema_errors_come_before_those_of_the_kind(plane: Plane) -> None:
    broken = policy(conflictResolution="Ignore", suspension={"dispatching": True})
    assert (await plane.post(POLICIES, broken)).status == 422
    twice = policy(suspension={"dispatching": True, "dispatchingOnClusters": {"clusterNames": ["member1"]}})
    reply = await plane.post(POLICIES, twice)
    assert reply.status == 403
    assert reply.object["reason"] == "Forbidden"
    assert "details" not in reply.object
    assert reply.message.startswith(
        'admission webhook "propagationpolicy.karmada.io" denied the request: spec.suspension.suspension: '
    )


async def test_a_deployment_comes_back_completed(plane: Plane) -> None:
    made = (await plane.post(DEPLOYMENTS, deployment("web"))).object
    assert made["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": "25%", "maxSurge": "25%"}
    assert made["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] == "Always"
    again = await plane.put(f"{DEPLOYMENTS}/web", made)
    assert again.object["metadata"]["generation"] == 1


async def test_an_immutable_field_is_refused_in_the_stock_words(plane: Plane) -> None:
    await plane.post(DEPLOYMENTS, deployment("web"))
    change = {"spec": {"selector": {"matchLabels": {"app": "x"}}}}
    reply = await plane.patch(f"{DEPLOYMENTS}/web", change)
    assert reply.status == 422
    assert reply.message.startswith('Deployment.apps "web" is invalid: [')
    assert "field is immutable" in reply.message


async def test_services_get_addresses_of_their_own(plane: Plane) -> None:
    made = [(await plane.post(SERVICES, service(f"s{number}"))).object for number in range(5)]
    addresses = {each["spec"]["clusterIP"] for each in made}
    assert len(addresses) == 5
    taken = made[0]["spec"]["clusterIP"]
    reply = await plane.post(SERVICES, service("thief", clusterIP=taken))
    assert reply.status == 422
    assert reply.message.endswith(f"failed to allocate IP {taken}: provided IP is already allocated")
    await plane.delete(f"{SERVICES}/s0")
    await plane.eventually(f"{SERVICES}/s0", lambda reply: reply.status == 404)
    assert (await plane.post(SERVICES, service("heir", clusterIP=taken))).status == 201


@pytest.mark.parametrize(("value", "status"), [("Always", 403), ("Never", 200)])
async def test_protected_objects_stay(plane: Plane, value: str, status: int) -> None:
    path = "/api/v1/namespaces/default/configmaps"
    labels = {"resourcetemplate.karmada.io/deletion-protected": value}
    await plane.post(path, config_map("c", labels=labels))
    assert (await plane.delete(f"{path}/c")).status == status


async def test_a_dry_run_goes_through_admission_and_keeps_nothing(plane: Plane) -> None:
    reply = await plane.post(f"{SERVICES}?dryRun=All", service("s"))
    assert reply.object["spec"]["clusterIP"]
    assert (await plane.get(f"{SERVICES}/s")).status == 404
