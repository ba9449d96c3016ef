"""One member is a real cluster: kube-apiserver and kube-controller-manager, joined as any other."""

import json
from pathlib import Path

import pytest

from karmada.cli.local.layout import free_ports
from tests.support.kubernetes import RealCluster
from tests.support.local import LocalPlane, eventually
from tests.support.tools import default_cache

pytestmark = [pytest.mark.journey, pytest.mark.real_kubernetes, pytest.mark.timeout(240)]

POLICY = """
apiVersion: policy.karmada.io/v1alpha1
kind: PropagationPolicy
metadata: {name: web}
spec:
  resourceSelectors: [{apiVersion: apps/v1, kind: Deployment}, {apiVersion: v1, kind: ConfigMap}]
  placement: {clusterAffinity: {clusterNames: [member1, real]}}
"""


def test_a_real_cluster_is_joined_served_and_left(tmp_path: Path) -> None:
    folder = tmp_path / "real"
    folder.mkdir()
    with (
        RealCluster(folder, default_cache()) as real,
        LocalPlane(tmp_path / "state", port=free_ports(1)[0], members=1) as plane,
    ):

        def in_member(*words: str) -> str:
            return plane.kubectl(*words, f"--kubeconfig={real.kubeconfig}")

        joined = plane.karmadactl("join", "real", f"--cluster-kubeconfig={real.kubeconfig}")
        assert joined == "cluster(real) is joined successfully\n"
        eventually(lambda: plane.kubectl("get", "cluster", "real"), until=lambda text: "True" in text)
        plane.kubectl("create", "namespace", "shop")
        plane.kubectl("-n", "shop", "create", "-f", "-", stdin=POLICY)
        plane.kubectl("-n", "shop", "create", "configmap", "colours", "--from-literal=a=teal")
        plane.kubectl("-n", "shop", "create", "deployment", "web", "--image=web", "--replicas=2")
        eventually(
            lambda: json.loads(in_member("-n", "shop", "get", "cm", "colours", "-o", "json"))["data"],
            until=lambda data: data == {"a": "teal"},
        )
        eventually(
            lambda: in_member("-n", "shop", "get", "replicasets", "--no-headers"),
            until=lambda text: text.split()[1:3] == ["2", "2"],
        )
        binding = json.loads(plane.kubectl("-n", "shop", "get", "rb", "web-deployment", "-o", "json"))
        assert sorted(cluster["name"] for cluster in binding["spec"]["clusters"]) == ["member1", "real"]
        plane.kubectl("-n", "shop", "scale", "deployment", "web", "--replicas=3")
        eventually(
            lambda: in_member("-n", "shop", "get", "deployment", "web", "-o", "jsonpath={.spec.replicas}"),
            until=lambda text: text == "3",
        )
        plane.kubectl("-n", "shop", "delete", "deployment", "web")
        eventually(
            lambda: in_member("-n", "shop", "get", "deployments", "-o", "name"), until=lambda text: not text
        )
        left = plane.karmadactl("unjoin", "real", f"--cluster-kubeconfig={real.kubeconfig}")
        assert left == "cluster(real) is unjoined successfully\n"
        assert "karmada-real" not in in_member("get", "clusterroles", "-o", "name")
