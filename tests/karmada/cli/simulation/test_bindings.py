"""karmadactl simulate on a control plane: what it says, and that it changes nothing."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from karmada.api.groups.cluster import CLUSTERS
from karmada.api.groups.kubernetes import DEPLOYMENTS, NAMESPACES
from karmada.api.groups.policy import PROPAGATION_POLICIES, PropagationPolicy
from karmada.api.groups.work import RESOURCE_BINDINGS
from karmada.api.objects import Object
from karmada.client.client import Client
from karmada.client.kubeconfig import load_kubeconfig
from tests.karmada.cli.console import Typist
from tests.scheduler.build import DYNAMIC, binding, cluster, placed_by

NAMESPACE = "simulated"
PLACEMENT = placed_by(DYNAMIC, clusterAffinity={"clusterNames": ["sim1", "sim2", "sim3"]})
POLICY: Object = {
    "apiVersion": "policy.karmada.io/v1alpha1",
    "kind": "PropagationPolicy",
    "metadata": {"name": "web", "namespace": NAMESPACE},
    "spec": {
        "resourceSelectors": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}],
        "placement": PLACEMENT,
    },
}


def deployment(replicas: int) -> Object:
    container = {
        "name": "app",
        "image": "registry.test/app",
        "resources": {"requests": {"cpu": "1"}},
    }
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": NAMESPACE},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": template},
    }


async def fill(kubeconfig: Path) -> None:
    """Three clusters, and a Deployment placed on two of them."""
    async with Client(load_kubeconfig(kubeconfig)) as client:
        for name in ("sim1", "sim2", "sim3"):
            made = cluster(name, cpu=10)
            await client.create(CLUSTERS, made)
            status = {"status": made.to_json()["status"]}
            await client.patch(CLUSTERS, CLUSTERS.key("", name), status, subresource="status")
        await client.create(NAMESPACES, {"metadata": {"name": NAMESPACE}})
        await client.create(PROPAGATION_POLICIES, PropagationPolicy.from_json(POLICY))
        web = await client.create(DEPLOYMENTS, deployment(4))
        made_ = binding(
            PLACEMENT,
            replicas=4,
            request={"cpu": "1"},
            targets={"sim1": 2, "sim2": 2},
            namespace=NAMESPACE,
            annotations={
                "policy.karmada.io/applied-placement": orjson.dumps(PLACEMENT).decode(),
                "propagationpolicy.karmada.io/name": "web",
            },
            resource={
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "namespace": NAMESPACE,
                "name": "web",
                "uid": web["metadata"]["uid"],
            },
        )
        await client.create(RESOURCE_BINDINGS, made_)


async def empty(kubeconfig: Path) -> None:
    async with Client(load_kubeconfig(kubeconfig)) as client:
        await client.delete(RESOURCE_BINDINGS, RESOURCE_BINDINGS.key(NAMESPACE, "web-deployment"))
        await client.delete(DEPLOYMENTS, DEPLOYMENTS.key(NAMESPACE, "web"))
        await client.delete(PROPAGATION_POLICIES, PROPAGATION_POLICIES.key(NAMESPACE, "web"))
        for name in ("sim1", "sim2", "sim3"):
            await client.delete(CLUSTERS, CLUSTERS.key("", name))


async def versions(kubeconfig: Path) -> list[str]:
    async with Client(load_kubeconfig(kubeconfig)) as client:
        listed = [
            *(await client.list(CLUSTERS)).items,
            *(await client.list(RESOURCE_BINDINGS)).items,
        ]
        return [each.metadata.resource_version for each in listed]


@pytest.fixture(scope="module")
def filled(plane_kubeconfig: Path) -> Iterator[Path]:
    asyncio.run(fill(plane_kubeconfig))
    yield plane_kubeconfig
    asyncio.run(empty(plane_kubeconfig))


@pytest.fixture
def simulated(karmadactl: Typist, filled: Path) -> Iterator[Any]:
    """karmadactl simulate ... -o json, which must change nothing."""
    before = asyncio.run(versions(filled))

    def simulate(*words: str) -> Any:
        where = (f"--kubeconfig={filled}", "-n", NAMESPACE, "-o", "json")
        shown = karmadactl("simulate", *where, *words)
        assert (shown.code, shown.err) == (0, "")
        return orjson.loads(shown.out)

    yield simulate
    assert asyncio.run(versions(filled)) == before, "it changed something"


def moves(found: Any) -> list[tuple[dict[str, int], dict[str, int]]]:
    return [(each["before"], each["after"]) for each in found["bindings"]]


NOW = {"sim1": 2, "sim2": 2}


def test_a_cluster_is_lost(simulated: Any) -> None:
    found = simulated("--lose=sim2")
    assert moves(found) == [(NOW, {"sim1": 3, "sim3": 1})]
    assert found["changes"] == ["sim2 is lost"]


def test_nothing_is_changed_and_nothing_moves(simulated: Any) -> None:
    assert moves(simulated()) == []


def test_there_are_more_replicas(simulated: Any) -> None:
    assert moves(simulated("--replicas=deployment/web=10")) == [(NOW, {"sim1": 4, "sim2": 4, "sim3": 2})]


def test_there_are_more_replicas_than_room(simulated: Any) -> None:
    found = simulated(f"--replicas={NAMESPACE}/Deployment/web=100")
    assert found["bindings"][0]["reason"] == "Unschedulable"
    assert found["summary"]["replicasWithoutPlace"] == 96


def test_a_template_is_as_a_file_says(simulated: Any, tmp_path: Path) -> None:
    (tmp_path / "web.json").write_bytes(orjson.dumps(deployment(7)))
    assert moves(simulated("-f", str(tmp_path / "web.json"))) == [(NOW, {"sim1": 3, "sim2": 3, "sim3": 1})]


def test_a_policy_is_as_a_file_says(simulated: Any, tmp_path: Path) -> None:
    placement = placed_by(DYNAMIC, clusterAffinity={"clusterNames": ["sim3"]})
    changed = {**POLICY, "spec": {**POLICY["spec"], "placement": placement}}
    (tmp_path / "policy.json").write_bytes(orjson.dumps(changed))
    assert moves(simulated("-f", str(tmp_path / "policy.json"))) == [(NOW, {"sim3": 4})]


def test_a_policy_takes_over_what_nobody_placed(simulated: Any, tmp_path: Path) -> None:
    other = deployment(2)
    other["metadata"]["name"] = "other"
    policy = {
        **POLICY,
        "metadata": {"name": "other", "namespace": NAMESPACE},
        "spec": {
            "resourceSelectors": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "other"}],
            "placement": {"clusterAffinity": {"clusterNames": ["sim1"]}},
        },
    }
    for name, obj in {"other": other, "policy": policy}.items():
        (tmp_path / f"{name}.json").write_bytes(orjson.dumps(obj))
    assert moves(simulated("-f", str(tmp_path))) == [({}, {"sim1": 2})]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(("--lose=nobody",), "--lose nobody: there is no such cluster", id="no-cluster"),
        pytest.param(("--replicas=web",), "expected [NAMESPACE/]KIND/NAME=N", id="no-number"),
        pytest.param(("--replicas=job/x=2",), "no policy has placed a job x", id="no-binding"),
        pytest.param(("-f", "/no/such"), "/no/such", id="no-file"),
    ],
)
def test_a_wish_that_cannot_be_meant(
    karmadactl: Typist, plane_kubeconfig: Path, words: tuple[str, ...], message: str
) -> None:
    shown = karmadactl("simulate", f"--kubeconfig={plane_kubeconfig}", *words)
    assert shown.code == 1
    assert message in shown.err
    assert shown.err.count("\n") == 1
