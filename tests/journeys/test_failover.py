"""Members are cut off, agents die, control planes are killed: workloads go on elsewhere, in time and not
before.

All processes are real. Member `far` has an API server of its own that can be stopped, behind a network that
can swallow everything; `beyond` is in pull mode. Times are short, by flags.
"""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from karmada.cli.local.contexts import write_contexts
from karmada.cli.local.layout import free_ports
from karmada.client.kubeconfig import load_kubeconfig
from tests.support.local import LocalPlane, eventually
from tests.support.proxy import Proxy

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]

FAILURE_SECONDS = 2.0
GRACE_SECONDS = 4.0
TOLERATED_SECONDS = 2
MANAGER = (
    "--feature-gates=Failover=true",
    "--enable-no-execute-taint-eviction=true",
    "--resource-eviction-rate=20",
    "--cluster-status-update-frequency=500ms",
    f"--cluster-failure-threshold={FAILURE_SECONDS}s",
    "--cluster-success-threshold=1s",
    "--cluster-monitor-period=300ms",
    f"--cluster-monitor-grace-period={GRACE_SECONDS}s",
    "--leader-elect-lease-duration=3s",
    "--leader-elect-renew-deadline=2s",
    "--leader-elect-retry-period=300ms",
)
AGENT = (
    "--cluster-status-update-frequency=500ms",
    "--cluster-lease-duration=2s",
    f"--cluster-failure-threshold={FAILURE_SECONDS}s",
    "--cluster-success-threshold=1s",
    "--leader-elect-lease-duration=3s",
    "--leader-elect-renew-deadline=2s",
    "--leader-elect-retry-period=300ms",
)
SCHEDULER = (
    "--leader-elect-lease-duration=3s",
    "--leader-elect-renew-deadline=2s",
    "--leader-elect-retry-period=300ms",
)
FLAGS = [
    *(f"karmada-controller-manager={flag}" for flag in MANAGER),
    *(f"karmada-agent={flag}" for flag in AGENT),
    *(f"karmada-scheduler={flag}" for flag in SCHEDULER),
    "karmada-apiserver=--allow-no-execute-taint-policy=true",
]
TAINT_POLICY = """
apiVersion: policy.karmada.io/v1alpha1
kind: ClusterTaintPolicy
metadata: {name: down}
spec:
  addOnConditions: [{conditionType: Ready, operator: NotIn, statusValues: ["True"]}]
  removeOnConditions: [{conditionType: Ready, operator: In, statusValues: ["True"]}]
  taints: [{key: down, effect: NoExecute}]
"""
POLICY = """
apiVersion: policy.karmada.io/v1alpha1
kind: PropagationPolicy
metadata: {name: one-of-two}
spec:
  resourceSelectors: [{apiVersion: apps/v1, kind: Deployment}]
  placement:
    clusterAffinity: {clusterNames: [%s]}
    clusterTolerations: [{key: down, operator: Exists, effect: NoExecute, tolerationSeconds: %d}]
    spreadConstraints: [{spreadByField: cluster, minGroups: 1, maxGroups: 1}]
"""


def bindings(namespace: str) -> str:
    return f"/apis/work.karmada.io/v1alpha2/namespaces/{namespace}/resourcebindings"


@dataclass
class World:
    """The control plane and what can be broken around it."""

    plane: LocalPlane
    network: Proxy
    folder: Path
    far_config: Path

    def apply(self, namespace: str, *clusters: str, tolerated: int = TOLERATED_SECONDS) -> None:
        """A namespace whose Deployments run in one of these clusters, preferably the first."""
        self.plane.kubectl("create", "namespace", namespace)
        policy = POLICY % (", ".join(clusters), tolerated)
        self.plane.kubectl("-n", namespace, "create", "-f", "-", stdin=policy)

    def cluster(self, name: str) -> Any:
        return self.plane.api("GET", f"/apis/cluster.karmada.io/v1alpha1/clusters/{name}")

    def ready(self, cluster: str) -> str:
        conditions = self.cluster(cluster).get("status", {}).get("conditions") or ()
        return next((item["status"] for item in conditions if item["type"] == "Ready"), "")

    def taints(self, cluster: str) -> set[str]:
        taints = self.cluster(cluster)["spec"].get("taints") or ()
        return {f"{taint['key']}:{taint['effect']}" for taint in taints}

    def binding(self, namespace: str, name: str = "web-deployment") -> Any:
        return self.plane.api("GET", f"{bindings(namespace)}/{name}")

    def deployments(self, namespace: str, *, member: str = "") -> list[Any]:
        path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
        return list(self.plane.api("GET", path, member=member)["items"])

    def targets(self, namespace: str) -> list[str]:
        spec = self.binding(namespace)["spec"]
        return sorted(cluster["name"] for cluster in spec.get("clusters") or ())

    def tasks(self, namespace: str) -> list[str]:
        spec = self.binding(namespace)["spec"]
        return [task["fromCluster"] for task in spec.get("gracefulEvictionTasks") or ()]

    def far(self, *arguments: str) -> str:
        """kubectl at the member itself, not through the network that fails."""
        return self.plane.kubectl(*arguments, config=self.far_config)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("failover")
    state = folder / "plane"
    far_config = folder / "far.config"
    with LocalPlane(state, port=free_ports(1)[0], members=2, pull=1, flags=FLAGS) as plane:
        plane.karmadactl("local", "add", "far", f"--member-kubeconfig={far_config}")
        direct = load_kubeconfig(far_config)
        try:
            with Proxy(int(direct.server.rpartition(":")[2])) as network:
                path = folder / "far-through-network.config"
                write_contexts(path, {"far": replace(direct, server=f"https://127.0.0.1:{network.port}")})
                plane.karmadactl("join", "far", f"--cluster-kubeconfig={path}")
                made = World(plane, network, folder, far_config)
                eventually(lambda: made.ready("far"), until=lambda status: status == "True")
                plane.kubectl("create", "-f", "-", stdin=TAINT_POLICY)
                yield made
        finally:
            plane.karmadactl("local", "remove", "far", f"--member-kubeconfig={far_config}")


def far_pid(world: World) -> int:
    return int(
        json.loads((world.folder / "far.cluster" / "run" / "karmada-simulator.pid").read_text())["pid"]
    )


def stop(world: World) -> None:
    os.kill(far_pid(world), signal.SIGSTOP)


def go_on(world: World) -> None:
    os.kill(far_pid(world), signal.SIGCONT)


@pytest.mark.parametrize(
    ("namespace", "cut", "mend"),
    [
        pytest.param(
            "swallowed",
            lambda world: world.network.swallow(),
            lambda world: world.network.heal(),
            id="the-network-swallows-everything",
        ),
        pytest.param("stopped", stop, go_on, id="its-api-server-hangs"),
    ],
)
def test_a_workload_leaves_a_member_that_is_cut_off_and_is_cleaned_up_there_later(
    world: World, namespace: str, cut: Callable[[World], None], mend: Callable[[World], None]
) -> None:
    world.apply(namespace, "far", "member1")
    place(world, namespace, "far")
    cut(world)
    began = time.monotonic()
    try:
        eventually(lambda: world.ready("far"), until=lambda status: status == "False")
        assert time.monotonic() - began >= FAILURE_SECONDS * 0.9, "not before the threshold"
        not_ready = time.monotonic()
        assert world.targets(namespace) == ["far"]
        eventually(lambda: world.targets(namespace), until=lambda found: found == ["member1"])
        assert time.monotonic() - not_ready >= TOLERATED_SECONDS - 1.2, "not before it is tolerated no more"
        eventually(lambda: ready_in(world, namespace, "member1"), until=lambda count: count == 1)
        eventually(lambda: world.tasks(namespace), until=lambda found: not found)
    finally:
        mend(world)
    eventually(lambda: world.ready("far"), until=lambda status: status == "True")
    eventually(lambda: world.taints("far"), until=lambda found: not found)
    eventually(
        lambda: world.far("-n", namespace, "get", "deployments", "-o", "name"), until=lambda text: not text
    )
    assert world.targets(namespace) == ["member1"], "nothing moves back by itself"
    assert ready_in(world, namespace, "member1") == 1


def place(world: World, namespace: str, cluster: str) -> None:
    """A Deployment that runs in cluster."""
    others = [name for name in ("far", "member1", "member2") if name != cluster]
    for other in others:
        world.plane.karmadactl("cordon", other)
    try:
        world.plane.kubectl("-n", namespace, "create", "deployment", "web", "--image=nginx")
        eventually(lambda: world.targets(namespace), until=lambda found: found == [cluster])
        eventually(lambda: ready_in(world, namespace), until=lambda count: count == 1)
    finally:
        for other in others:
            world.plane.karmadactl("uncordon", other)


def ready_in(world: World, namespace: str, member: str = "") -> int:
    """Ready replicas of all Deployments there; of the templates without a member."""
    found = world.deployments(namespace, member=member)
    return sum(item.get("status", {}).get("readyReplicas") or 0 for item in found)


def test_a_workload_leaves_a_pull_member_whose_agent_died_and_nothing_flaps(world: World) -> None:
    world.apply("silent", "member2", "member1")
    place(world, "silent", "member2")
    world.plane.kill("karmada-agent-member2")
    began = time.monotonic()
    eventually(lambda: world.ready("member2"), until=lambda status: status == "Unknown")
    # Its last sign of life is up to half a second (a renewal) older than its death.
    assert time.monotonic() - began >= GRACE_SECONDS - 1.0, "not before the grace period"
    assert world.targets("silent") == ["member2"]
    eventually(lambda: world.targets("silent"), until=lambda found: found == ["member1"])
    assert "cluster.karmada.io/unreachable:NoSchedule" in world.taints("member2")
    eventually(lambda: world.tasks("silent"), until=lambda found: not found)
    assert ready_in(world, "silent", "member2") == 1, "nobody is there to take it away"
    world.plane.up()
    eventually(lambda: world.ready("member2"), until=lambda status: status == "True")
    eventually(lambda: world.taints("member2"), until=lambda found: not found)
    eventually(lambda: ready_in(world, "silent", "member2"), until=lambda count: count == 0)
    generation = world.binding("silent")["metadata"]["generation"]
    assert world.targets("silent") == ["member1"]
    eventually(lambda: ready_in(world, "silent", "member1"), until=lambda count: count == 1)
    assert world.binding("silent")["metadata"]["generation"] == generation


def test_an_eviction_survives_the_death_of_the_control_plane_in_its_middle(world: World) -> None:
    world.apply("middle", "far", "member1")
    place(world, "middle", "far")
    for number in range(6):
        world.plane.kubectl("-n", "middle", "create", "deployment", f"more{number}", "--image=nginx")
    eventually(
        lambda: everything(world, "middle"), until=lambda found: len(found) == 7 and all(found.values())
    )
    on_far = sum(found == ["far"] for found in everything(world, "middle").values())
    assert on_far
    world.network.swallow()
    try:
        eventually(lambda: everything(world, "middle"), until=lambda found: ["member1"] in found.values())
        for process in ("karmada-controller-manager", "karmada-scheduler", "karmada-apiserver"):
            world.plane.kill(process)
        world.plane.up()
        eventually(
            lambda: everything(world, "middle"),
            until=lambda found: set(map(tuple, found.values())) == {("member1",)},
        )
    finally:
        world.network.heal()
    eventually(lambda: world.ready("far"), until=lambda status: status == "True")
    eventually(
        lambda: world.far("-n", "middle", "get", "deployments", "-o", "name"), until=lambda text: not text
    )
    eventually(lambda: ready_in(world, "middle", "member1"), until=lambda count: count == 7)


def everything(world: World, namespace: str) -> dict[str, list[str]]:
    """Where each binding of a namespace is."""
    found = world.plane.api("GET", bindings(namespace))
    return {
        item["metadata"]["name"]: [cluster["name"] for cluster in item["spec"].get("clusters") or ()]
        for item in found["items"]
    }
