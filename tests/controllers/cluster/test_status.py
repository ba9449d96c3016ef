"""What is found out about a member, and when it is written."""

import asyncio
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from controllers.cluster.enablements import Enablements
from controllers.cluster.readiness import HEALTHY, OFFLINE, UNHEALTHY, Verdict
from controllers.cluster.status import Collected, asks_for_a_look, is_push, probe, with_findings
from karmada.api.conditions import find_condition
from karmada.api.groups.cluster import CLUSTERS, Cluster, ClusterStatus, NodeSummary, ResourceSummary
from karmada.api.groups.kubernetes import CUSTOM_RESOURCE_DEFINITIONS, NODES, PODS, SECRETS
from karmada.api.groups.work import WORKS
from karmada.api.objects import Object
from karmada.api.wellknown import CLUSTER_FINALIZER
from karmada.client.client import Client
from karmada.client.kubeconfig import Access
from tests.controllers.cluster.live import (
    NAMESPACE,
    QUICK,
    Member,
    Plane,
    control_plane,
    eventually,
    join,
    manager,
    member,
)

T0, T1 = "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"
COLLECTED = Collected(
    "v1.36.0",
    Enablements([], complete=True),
    (NodeSummary(total_num=1, ready_num=1), ResourceSummary(allocatable={"cpu": "8"})),
)


def cluster(**metadata: object) -> Cluster:
    return Cluster.from_json({"metadata": {"name": "m", "generation": 1, **metadata}})


def test_the_same_findings_again_change_nothing() -> None:
    first = with_findings(ClusterStatus(), HEALTHY, COLLECTED, now=T0)
    assert with_findings(first, HEALTHY, COLLECTED, now=T1) == first


def test_what_others_write_stays() -> None:
    before = ClusterStatus.from_json(
        {
            "remedyActions": ["TrafficControl"],
            "conditions": [{"type": "Mine", "status": "True", "reason": "R"}],
        }
    )
    after = with_findings(before, HEALTHY, COLLECTED, now=T0)
    assert after.remedy_actions == ["TrafficControl"]
    assert [condition.type for condition in after.conditions] == ["Mine", "Ready", "CompleteAPIEnablements"]


def test_a_member_that_fails_keeps_what_was_known_of_it() -> None:
    before = with_findings(ClusterStatus(), HEALTHY, COLLECTED, now=T0)
    after = with_findings(before, OFFLINE, None, now=T1)
    ready = find_condition(after.conditions, "Ready")
    assert ready is not None
    assert (ready.status, ready.reason, ready.message) == (
        "False",
        "ClusterNotReachable",
        "cluster is not reachable",
    )
    assert ready.last_transition_time == T1
    assert (after.kubernetes_version, after.resource_summary) == ("v1.36.0", COLLECTED.summaries[1])  # type: ignore[index]


@pytest.mark.parametrize(
    ("before", "after", "asks"),
    [
        pytest.param(None, cluster(), True, id="a-new-one"),
        pytest.param(cluster(), cluster(generation=2), True, id="reached-another-way"),
        pytest.param(cluster(), cluster(finalizers=[CLUSTER_FINALIZER]), True, id="let-in"),
        pytest.param(cluster(), cluster(labels={"a": "b"}), False, id="labels"),
        pytest.param(cluster(), cluster(), False, id="its-own-status"),
    ],
)
def test_news_that_ask_for_a_look(before: Cluster | None, after: Cluster, asks: bool) -> None:
    assert asks_for_a_look(before, after) is asks


@pytest.mark.parametrize(
    ("spec", "served"),
    [
        pytest.param({"syncMode": "Push", "secretRef": {"namespace": "n", "name": "s"}}, True, id="push"),
        pytest.param({"syncMode": "Push"}, False, id="push-without-a-secret"),
        pytest.param({"syncMode": "Pull", "secretRef": {"namespace": "n", "name": "s"}}, False, id="pull"),
    ],
)
def test_only_push_clusters_are_looked_at_from_here(spec: Object, served: bool) -> None:
    assert is_push(Cluster.from_json({"spec": spec})) is served


@pytest.mark.parametrize(
    ("answers", "verdict"),
    [
        pytest.param({"/readyz": 200}, HEALTHY, id="ready"),
        pytest.param({"/readyz": 404, "/healthz": 200}, HEALTHY, id="an-old-server-has-only-healthz"),
        pytest.param({"/readyz": 500, "/healthz": 200}, OFFLINE, id="an-error-counts-as-offline"),
        pytest.param({"/readyz": 404, "/healthz": 404}, OFFLINE, id="neither-endpoint"),
        pytest.param({"/readyz": 204}, UNHEALTHY, id="an-answer-that-is-not-ok"),
        pytest.param({}, OFFLINE, id="nothing-listens"),
    ],
)
async def test_one_look_gives_a_verdict(answers: dict[str, int], verdict: Verdict) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=answers[request.path])

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server = f"http://127.0.0.1:{runner.addresses[0][1]}"
    if not answers:
        await runner.cleanup()
    try:
        async with Client(Access(server=server)) as client:
            assert await probe(client, seconds=5) is verdict
    finally:
        await runner.cleanup()


async def test_a_joined_member_is_looked_at_at_once_and_all_that_is_found_is_told(tmp_path: Path) -> None:
    slow = replace(QUICK, frequency_seconds=600)
    async with (
        control_plane() as plane,
        member(tmp_path, "m") as m,
        manager(plane, "cluster", "clusterStatus", status=slow),
    ):
        await join(plane, m)
        await plane.until_ready("m")

        async def untainted() -> bool:
            return not (await plane.cluster("m")).spec.taints

        await eventually(untainted, "the taint is gone")
        status = (await plane.cluster("m")).status
    assert status.kubernetes_version.startswith("v1.")
    assert {api.group_version for api in status.api_enablements} >= {"v1", "apps/v1", "batch/v1"}
    assert status.node_summary == NodeSummary(total_num=1, ready_num=1)
    assert status.resource_summary is not None
    assert status.resource_summary.allocatable["pods"] == "110"
    complete = find_condition(status.conditions, "CompleteAPIEnablements")
    assert complete is not None
    assert complete.status == "True"


async def test_an_idle_control_plane_is_not_written_to(tmp_path: Path) -> None:
    async with control_plane() as plane, member(tmp_path, "m") as m, manager(plane):
        await join(plane, m, impersonatorSecretRef={"namespace": NAMESPACE, "name": "m"})
        await plane.namespace("demo")
        await plane.until_ready("m")
        kinds = (CLUSTERS, WORKS, SECRETS)
        before: dict[str, str] = {}

        async def settled() -> bool:
            nonlocal before
            last, before = before, await plane.versions(*kinds)
            await asyncio.sleep(0.5)
            return last == before

        await eventually(settled, "everything is in place")
        passes = 10
        await asyncio.sleep(passes * QUICK.frequency_seconds)
        assert await plane.versions(*kinds) == before


async def test_a_member_that_fails_is_not_ready_after_the_threshold_and_ready_again_when_it_is_back(
    tmp_path: Path,
) -> None:
    async with control_plane() as plane, manager(plane, "cluster", "clusterStatus"):
        async with member(tmp_path, "m") as m:
            await join(plane, m)
            await plane.until_ready("m")
            port = urlsplit(m.access.server).port
        condition = await plane.until_ready("m", "False")
        assert condition.reason == "ClusterNotReachable"

        async def tainted() -> bool:
            return [taint.key for taint in (await plane.cluster("m")).spec.taints] == [
                "cluster.karmada.io/not-ready"
            ]

        await eventually(tainted, "the member is tainted")
        async with member(tmp_path, "m", port=port or 0):
            await plane.until_ready("m")


async def test_a_member_without_a_usable_secret_is_not_ready_and_says_why(tmp_path: Path) -> None:
    async with control_plane() as plane, manager(plane, "cluster", "clusterStatus"):
        reference = {"namespace": NAMESPACE, "name": "m"}
        spec = {"syncMode": "Push", "apiEndpoint": "https://127.0.0.1:1", "secretRef": reference}
        await plane.create(CLUSTERS, {"metadata": {"name": "m"}, "spec": spec})
        condition = await plane.until_ready("m", "False")
        assert condition.reason == "StatusCollectionFailed"
        assert condition.message == (
            "failed to create a ClusterClient: secret karmada-cluster/m of cluster m not found"
        )


async def allocated_cpu(plane: Plane) -> str:
    summary = (await plane.cluster("m")).status.resource_summary
    return str(summary.allocated.get("cpu", "")) if summary is not None else ""


async def test_capacity_follows_nodes_and_pods(tmp_path: Path) -> None:
    models = [
        {"grade": 0, "ranges": [{"name": "cpu", "min": "0", "max": "2"}]},
        {"grade": 1, "ranges": [{"name": "cpu", "min": "2", "max": "9223372036854775807"}]},
    ]
    async with (
        control_plane() as plane,
        member(tmp_path, "m", nodes=0) as m,
        manager(plane, "cluster", "clusterStatus"),
    ):
        await add_node(m)
        await join(plane, m, resourceModels=models)
        await plane.until_ready("m")
        await m.client.create(PODS, pod("p", cpu="3"))

        async def counted() -> bool:
            return await allocated_cpu(plane) == "3"

        await eventually(counted, "the pod counts")
        summary = (await plane.cluster("m")).status.resource_summary
        assert summary is not None
        assert [(item.grade, item.count) for item in summary.allocatable_modelings] == [(0, 1), (1, 0)]
        await m.client.delete(PODS, PODS.key("default", "p"), grace_period_seconds=0)

        async def free() -> bool:
            return await allocated_cpu(plane) == ""

        await eventually(free, "the pod does not count any more")


async def add_node(m: Member) -> None:
    """A node that nobody plays."""
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1"}}
    await m.client.create(NODES, node)
    status = {
        "allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"},
        "conditions": [{"type": "Ready", "status": "True"}],
    }
    await m.client.patch(NODES, NODES.key("", "node-1"), {"status": status}, subresource="status")


def pod(name: str, *, cpu: str) -> Object:
    container = {"name": "c", "image": "x", "resources": {"requests": {"cpu": cpu}}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"nodeName": "node-1", "containers": [container]},
    }


CRD: Object = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "foos.example.org", "labels": {"karmada.io/managed": "true"}},
    "spec": {
        "group": "example.org",
        "scope": "Namespaced",
        "names": {"plural": "foos", "kind": "Foo"},
        "versions": [
            {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
        ],
    },
}


async def test_a_crd_sent_to_a_member_is_known_long_before_the_next_round(tmp_path: Path) -> None:
    slow = replace(QUICK, frequency_seconds=600)
    async with (
        control_plane() as plane,
        member(tmp_path, "m") as m,
        manager(plane, "cluster", "clusterStatus", "execution", status=slow),
    ):
        await join(plane, m)
        await plane.until_ready("m")
        metadata = {"name": "w", "namespace": "karmada-es-m"}
        await plane.create(WORKS, {"metadata": metadata, "spec": {"workload": {"manifests": [CRD]}}})

        async def known() -> bool:
            apis = (await plane.cluster("m")).status.api_enablements
            return "example.org/v1" in {api.group_version for api in apis}

        await eventually(known, "the API is known")
        await m.client.get(
            CUSTOM_RESOURCE_DEFINITIONS, CUSTOM_RESOURCE_DEFINITIONS.key("", "foos.example.org")
        )
