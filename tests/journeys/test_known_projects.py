"""Objects of known projects travel to members and their status comes back, without any customization.

All of Karmada's processes are real. The projects' own controllers are played: a test writes the status that
Kruise or Flink would write in a member.
"""

import json
from collections.abc import Iterator
from functools import partial
from operator import eq
from typing import Any

import pytest

from karmada.cli.local.layout import free_ports
from tests.support.local import LocalPlane, eventually

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]

GATE = "--feature-gates=MultiplePodTemplatesScheduling=true"
FLAGS = [f"{process}={GATE}" for process in ("karmada-controller-manager", "karmada-scheduler")]
DEFINITION = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: %(plural)s.%(group)s}
spec:
  group: %(group)s
  names: {plural: %(plural)s, singular: %(singular)s, kind: %(kind)s, listKind: %(kind)sList}
  scope: Namespaced
  versions:
    - name: %(version)s
      served: true
      storage: true
      subresources: {status: {}}
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
"""
CLONE_SET = {"group": "apps.kruise.io", "version": "v1alpha1", "kind": "CloneSet"}
FLINK = {"group": "flink.apache.org", "version": "v1beta1", "kind": "FlinkDeployment"}
CLONE_SETS = "/apis/apps.kruise.io/v1alpha1/namespaces/default/clonesets"
CLONE_SET_POLICY = """
apiVersion: policy.karmada.io/v1alpha1
kind: PropagationPolicy
metadata: {name: divided}
spec:
  propagateDeps: true
  resourceSelectors: [{apiVersion: apps.kruise.io/v1alpha1, kind: CloneSet}]
  placement:
    clusterAffinity: {clusterNames: [member1, member2]}
    replicaScheduling:
      replicaSchedulingType: Divided
      replicaDivisionPreference: Weighted
      weightPreference:
        staticWeightList:
          - {targetCluster: {clusterNames: [member1]}, weight: 2}
          - {targetCluster: {clusterNames: [member2]}, weight: 1}
"""
CLONE_SET_OBJECT = """
apiVersion: apps.kruise.io/v1alpha1
kind: CloneSet
metadata: {name: web}
spec:
  replicas: 3
  template:
    spec:
      containers: [{name: web, image: web, envFrom: [{configMapRef: {name: settings}}]}]
"""
FLINK_POLICY = """
apiVersion: policy.karmada.io/v1alpha1
kind: PropagationPolicy
metadata: {name: whole}
spec:
  resourceSelectors: [{apiVersion: flink.apache.org/v1beta1, kind: FlinkDeployment}]
  placement:
    clusterAffinity: {clusterNames: [member1, member2]}
    spreadConstraints: [{spreadByField: cluster, minGroups: 1, maxGroups: 1}]
"""
FLINK_OBJECT = """
apiVersion: flink.apache.org/v1beta1
kind: FlinkDeployment
metadata: {name: stream}
spec:
  job: {parallelism: 4}
  flinkConfiguration: {taskmanager.numberOfTaskSlots: "2"}
  jobManager: {resource: {cpu: 0.1, memory: 64m}}
  taskManager: {resource: {cpu: 0.1, memory: 128m}}
"""


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPlane]:
    folder = tmp_path_factory.mktemp("projects")
    with LocalPlane(folder, port=free_ports(1)[0], members=2, flags=FLAGS) as started:
        for member in ("", "member1", "member2"):
            for kind in (CLONE_SET, FLINK):
                name = kind["kind"].lower()
                text = DEFINITION % {**kind, "singular": name, "plural": f"{name}s"}
                started.kubectl("create", "-f", "-", stdin=text, member=member)
        for member in ("member1", "member2"):
            eventually(partial(served, started, member), until={"CloneSet", "FlinkDeployment"}.issubset)
        yield started


def served(plane: LocalPlane, member: str) -> set[str]:
    """The kinds that the control plane knows a member to serve; the scheduler goes by them."""
    enablements = read(plane, "cluster", member)["status"]["apiEnablements"]
    return {each["kind"] for group in enablements for each in group["resources"]}


def create(plane: LocalPlane, text: str) -> None:
    """As soon as the kind is served."""
    eventually(lambda: plane.kubectl("create", "-f", "-", stdin=text), until=bool)


def read(plane: LocalPlane, *words: str, member: str = "") -> Any:
    return json.loads(plane.kubectl("get", *words, "-o", "json", member=member))


def play_kruise(plane: LocalPlane, member: str) -> None:
    """All pods of a member run."""
    found = plane.api("GET", f"{CLONE_SETS}/web", member=member)
    replicas, generation = found["spec"]["replicas"], found["metadata"]["generation"]
    counters = ("replicas", "readyReplicas", "availableReplicas", "updatedReplicas", "updatedReadyReplicas")
    status = {
        **dict.fromkeys(counters, replicas),
        "observedGeneration": generation,
        "labelSelector": "app=web",
        "updateRevision": "web-1",
    }
    plane.api("PATCH", f"{CLONE_SETS}/web/status", {"status": status}, member=member)


def replicas_in(plane: LocalPlane, member: str) -> Any:
    return plane.api("GET", f"{CLONE_SETS}/web", member=member)["spec"]["replicas"]


def test_a_clone_set_is_divided_and_its_status_is_the_sum(plane: LocalPlane) -> None:
    plane.kubectl("create", "configmap", "settings")
    create(plane, CLONE_SET_POLICY)
    create(plane, CLONE_SET_OBJECT)
    for member, replicas in (("member1", 2), ("member2", 1)):
        eventually(partial(replicas_in, plane, member), until=partial(eq, replicas))
        eventually(partial(read, plane, "cm", "settings", member=member), until=bool)
    play_kruise(plane, "member1")
    eventually(lambda: read(plane, "clonesets", "web").get("status"), until=lambda found: bool(found))
    play_kruise(plane, "member2")
    generation = read(plane, "clonesets", "web")["metadata"]["generation"]
    status = eventually(
        lambda: read(plane, "clonesets", "web")["status"],
        until=lambda found: found["availableReplicas"] == 3 and found["observedGeneration"] == generation,
    )
    assert (status["replicas"], status["labelSelector"]) == (3, "app=web")
    assert status["updateRevision"] == "web-1"
    items = eventually(
        lambda: read(plane, "rb", "web-cloneset")["status"]["aggregatedStatus"],
        until=lambda found: {each["health"] for each in found} == {"Healthy"},
    )
    assert [each["clusterName"] for each in items] == ["member1", "member2"]


def versions(plane: LocalPlane) -> dict[str, str]:
    kinds = "clonesets.apps.kruise.io,resourcebindings,works"
    found = read(plane, kinds, "-A")["items"]
    return {
        f"{each['kind']}/{each['metadata']['name']}": each["metadata"]["resourceVersion"] for each in found
    }


def test_a_new_controller_manager_finds_nothing_to_write(plane: LocalPlane) -> None:
    before = versions(plane)
    plane.kill("karmada-controller-manager")
    plane.up()
    plane.kubectl("create", "configmap", "witness")
    plane.kubectl(
        "create",
        "-f",
        "-",
        stdin="{apiVersion: policy.karmada.io/v1alpha1, kind: PropagationPolicy, metadata: {name: witness},"
        " spec: {resourceSelectors: [{apiVersion: v1, kind: ConfigMap, name: witness}],"
        " placement: {clusterAffinity: {clusterNames: [member1]}}}}",
    )
    eventually(lambda: plane.kubectl("get", "cm", "witness", "-o", "name", member="member1"), until=bool)
    after = versions(plane)
    assert {name: after[name] for name in before} == before


def test_a_flink_deployment_is_placed_as_a_whole(plane: LocalPlane) -> None:
    create(plane, FLINK_POLICY)
    create(plane, FLINK_OBJECT)
    spec = eventually(
        lambda: read(plane, "rb", "stream-flinkdeployment")["spec"],
        until=lambda found: bool(found.get("clusters")),
    )
    assert "replicas" not in spec
    assert [(each["name"], each["replicas"]) for each in spec["components"]] == [
        ("jobmanager", 1),
        ("taskmanager", 2),
    ]
    assert spec["components"][1]["replicaRequirements"]["resourceRequest"] == {
        "cpu": "100m",
        "memory": "128Mi",
    }
    (target,) = spec["clusters"]
    assert target["components"] == [
        {"name": "jobmanager", "replicas": 1},
        {"name": "taskmanager", "replicas": 2},
    ]
    path = "/apis/flink.apache.org/v1beta1/namespaces/default/flinkdeployments/stream"
    eventually(lambda: plane.api("GET", path, member=target["name"]), until=bool)
    status = {"jobStatus": {"state": "RUNNING"}, "lifecycleState": "STABLE"}
    plane.api("PATCH", f"{path}/status", {"status": status}, member=target["name"])
    eventually(
        lambda: read(plane, "flinkdeployments", "stream").get("status"), until=lambda found: found == status
    )
