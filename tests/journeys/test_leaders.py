"""Two controller managers and two schedulers, whose leaders are killed again and again under load: nothing is
lost, nothing is done twice."""

import json
import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

from karmada.cli.local.layout import free_ports
from tests.support.local import LocalPlane, eventually

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]

ROUNDS = 10
TAKEOVER_SECONDS = 90.0
"""On a busy machine a new process takes its time to start."""
ELECTION = (
    "--leader-elect-lease-duration=2s",
    "--leader-elect-renew-deadline=1600ms",
    "--leader-elect-retry-period=100ms",
)
PROCESSES = ("karmada-controller-manager", "karmada-scheduler")
LEASES = "/apis/coordination.k8s.io/v1/namespaces/karmada-system/leases"
BINDINGS = "/apis/work.karmada.io/v1alpha2/namespaces/many/resourcebindings"
POLICY = """
apiVersion: policy.karmada.io/v1alpha1
kind: PropagationPolicy
metadata: {name: one}
spec:
  resourceSelectors: [{apiVersion: v1, kind: ConfigMap}]
  placement:
    clusterAffinity: {}
    spreadConstraints: [{spreadByField: cluster, minGroups: 1, maxGroups: 1}]
"""


@dataclass
class Replicas:
    """Several processes of one kind; each has an identity of its own in the lease."""

    plane: LocalPlane
    name: str
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    started: int = 0

    def start(self) -> None:
        record = json.loads((self.plane.state / "run" / f"{self.name}.pid").read_text())
        self.started += 1
        identity = f"replica-{self.started}"
        ports = iter(free_ports(2))
        words = [
            re.sub(r":\d+$", f":{next(ports)}", word) if "bind-address" in word else word
            for word in record["command"]
            if not word.startswith("--leader-elect-identity")
        ]
        log = (self.plane.state / "log" / f"{self.name}-{identity}.log").open("wb")
        with log:
            self.running[identity] = subprocess.Popen(
                [*words, f"--leader-elect-identity={identity}"], stdout=log, stderr=log
            )

    def leader(self) -> str:
        lease = self.plane.api("GET", f"{LEASES}/{self.name}")
        return str(lease["spec"].get("holderIdentity") or "")

    def kill_leader(self) -> str:
        """And start another in its place."""
        leader = eventually(self.leader, until=self.runs, seconds=TAKEOVER_SECONDS)
        process = self.running.pop(leader)
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.start()
        return leader

    def runs(self, name: str) -> bool:
        """One that lost its lease on a busy machine has ended by itself, as it should: it is replaced."""
        for identity, process in list(self.running.items()):
            if process.poll() is not None:
                del self.running[identity]
                self.start()
        return name in self.running

    def is_another(self, old: str, leader: str) -> bool:
        return self.runs(leader) and leader != old

    def stop(self) -> None:
        for process in self.running.values():
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPlane]:
    flags = [f"{process}={flag}" for process in PROCESSES for flag in ELECTION]
    folder = tmp_path_factory.mktemp("leaders")
    with LocalPlane(folder, port=free_ports(1)[0], members=2, nodes=0, flags=flags) as started:
        yield started


@contextmanager
def load(plane: LocalPlane, namespace: str) -> Iterator[list[str]]:
    """Names of ConfigMaps that are created all the time."""
    names: list[str] = []
    enough = threading.Event()

    def create() -> None:
        while not enough.is_set():
            name = f"c{len(names)}"
            body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}
            plane.api("POST", f"/api/v1/namespaces/{namespace}/configmaps", body)
            names.append(name)
            enough.wait(0.05)

    worker = threading.Thread(target=create, name="load")
    worker.start()
    try:
        yield names
    finally:
        enough.set()
        worker.join()


def test_leaders_that_are_killed_lose_nothing_and_do_nothing_twice(plane: LocalPlane) -> None:
    plane.kubectl("create", "namespace", "many")
    plane.kubectl("-n", "many", "create", "-f", "-", stdin=POLICY)
    kinds = [Replicas(plane, name) for name in PROCESSES]
    try:
        for kind in kinds:
            kind.start()
            kind.start()
        for kind in kinds:
            plane.kill(kind.name)  # the one that `local up` started
        with load(plane, "many") as names:
            for _ in range(ROUNDS):
                killed = [(kind, kind.kill_leader()) for kind in kinds]
                for kind, old in killed:
                    eventually(kind.leader, until=partial(kind.is_another, old), seconds=TAKEOVER_SECONDS)
        bindings = eventually(
            lambda: plane.api("GET", BINDINGS)["items"],
            until=lambda items: len(items) == len(names) and all(is_settled(item) for item in items),
        )
        assert {item["metadata"]["generation"] for item in bindings} == {2}, "made once, scheduled once"
        placed = {item["spec"]["resource"]["name"]: item["spec"]["clusters"][0]["name"] for item in bindings}
        assert placed.keys() == set(names)
        for member in ("member1", "member2"):
            wanted = {name for name, cluster in placed.items() if cluster == member}
            assert eventually(partial(in_member, plane, member), until=wanted.__eq__) == wanted
    finally:
        for kind in kinds:
            kind.stop()


def is_settled(binding: Any) -> bool:
    items = binding.get("status", {}).get("aggregatedStatus") or ()
    return bool(binding["spec"].get("clusters") and items) and all(item.get("applied") for item in items)


def in_member(plane: LocalPlane, member: str) -> set[str]:
    found = plane.api("GET", "/api/v1/namespaces/many/configmaps", member=member)
    return {item["metadata"]["name"] for item in found["items"]} - {"kube-root-ca.crt"}
