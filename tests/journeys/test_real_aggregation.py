"""Behind a stock kube-apiserver as the server of Karmada's groups, and in front of one as its aggregator."""

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from apiserver.filters.authentication.pki import Pki, ensure_pki
from karmada.cli.local.layout import free_ports
from tests.support.kubernetes import RealCluster, require_binaries
from tests.support.local import eventually
from tests.support.tools import default_cache

pytestmark = [pytest.mark.journey, pytest.mark.real_kubernetes, pytest.mark.timeout(240)]

KUBECTL = Path(sys.executable).parent / "kubectl"
CLUSTER = {
    "apiVersion": "cluster.karmada.io/v1alpha1",
    "kind": "Cluster",
    "metadata": {"name": "m1"},
    "spec": {"syncMode": "Pull"},
}
POLICY = {
    "apiVersion": "policy.karmada.io/v1alpha1",
    "kind": "PropagationPolicy",
    "metadata": {"name": "p", "namespace": "default"},
    "spec": {
        "resourceSelectors": [{"apiVersion": "v1", "kind": "ConfigMap"}],
        "placement": {"clusterAffinity": {"clusterNames": ["m1"]}},
    },
}
TOYS = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "toys.shop.example.com"},
    "spec": {
        "group": "shop.example.com",
        "scope": "Namespaced",
        "names": {"plural": "toys", "kind": "Toy"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {"type": "object", "properties": {"size": {"type": "integer"}}}
                        },
                    }
                },
            }
        ],
    },
}


@dataclass(frozen=True)
class Server:
    """One of the two. kubectl speaks as its administrator."""

    kubeconfig: Path
    port: int
    ca: bytes

    def kubectl(self, *arguments: str, stdin: Any = None) -> str:
        done = subprocess.run(
            [str(KUBECTL), f"--kubeconfig={self.kubeconfig}", *arguments],
            input=json.dumps(stdin) if stdin is not None else None,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.stdout + done.stderr

    def register(self, group: str, *versions: str, other: "Server") -> None:
        """The server of a group is the other one, behind an ExternalName Service."""
        for version in versions:
            spec = {
                "group": group,
                "version": version,
                "groupPriorityMinimum": 2000,
                "versionPriority": 10,
                "service": {"namespace": "default", "name": "other", "port": other.port},
                "caBundle": base64.b64encode(other.ca).decode(),
            }
            registration = {
                "apiVersion": "apiregistration.k8s.io/v1",
                "kind": "APIService",
                "metadata": {"name": f"{version}.{group}"},
                "spec": spec,
            }
            said = self.kubectl("apply", "-f", "-", stdin=registration)
            assert "created" in said or "configured" in said, said

    def until_available(self, name: str) -> None:
        path = '{.status.conditions[?(@.type=="Available")]}'
        eventually(
            lambda: self.kubectl("get", "apiservice", name, "-o", f"jsonpath={path}"),
            until=lambda text: '"status":"True"' in text and "Passed" in text,
        )


def service(host: str) -> Any:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "other", "namespace": "default"},
        "spec": {"type": "ExternalName", "externalName": host},
    }


@contextmanager
def own_server(folder: Path, port: int, *flags: str) -> Iterator[Server]:
    arguments = [
        "--storage=memory://",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={folder}",
        "--advertise-hosts=other.default.svc,127.0.0.1",
        *flags,
    ]
    log = (folder / "server.log").open("wb")
    with log:
        process = subprocess.Popen([sys.executable, "-m", "apiserver", *arguments], stdout=log, stderr=log)
    try:
        kubeconfig = folder / "admin.kubeconfig"
        found = Server(kubeconfig, port, (folder / "ca.crt").read_bytes())
        eventually(
            lambda: kubeconfig.exists() and found.kubectl("get", "--raw=/readyz"),
            until=lambda text: text == "ok",
        )
        yield found
    finally:
        process.terminate()
        process.wait(timeout=20)


@contextmanager
def both(tmp_path: Path) -> Iterator[tuple[Server, Server, Path]]:
    """(ours, the stock one), each trusting the other's front proxy; ours asks the stock one about users."""
    require_binaries(default_cache())
    own, stock = tmp_path / "own", tmp_path / "stock"
    own_pki: Pki = ensure_pki(own, hosts=["127.0.0.1", "localhost", "other.default.svc"])
    stock_pki = ensure_pki(stock, hosts=["127.0.0.1", "localhost", "other.default.svc"])
    flags = (
        f"--requestheader-client-ca-file={own_pki.front_proxy_authority.certificate_path}",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--proxy-client-cert-file={stock_pki.front_proxy_client.certificate_path}",
        f"--proxy-client-key-file={stock_pki.front_proxy_client.key_path}",
    )
    with RealCluster(stock, default_cache(), controllers=False, flags=flags) as real:
        ours = own_server(
            own,
            free_ports(1)[0],
            f"--requestheader-client-ca-file={stock_pki.front_proxy_authority.certificate_path}",
            "--requestheader-allowed-names=front-proxy-client",
            f"--authentication-kubeconfig={real.kubeconfig}",
            f"--authorization-kubeconfig={real.kubeconfig}",
        )
        with ours as own_one:
            port = int(real.url.rpartition(":")[2])
            yield own_one, Server(real.kubeconfig, port, stock_pki.authority.certificate), own


def test_behind_a_stock_server_karmadas_groups_are_ours(tmp_path: Path) -> None:
    with both(tmp_path) as (ours, stock, _):
        assert "created" in stock.kubectl("apply", "-f", "-", stdin=service("127.0.0.1"))
        for group, version in (("cluster.karmada.io", "v1alpha1"), ("policy.karmada.io", "v1alpha1")):
            stock.register(group, version, other=ours)
            stock.until_available(f"{version}.{group}")
        eventually(
            lambda: stock.kubectl("apply", "-f", "-", stdin=CLUSTER), until=lambda text: "created" in text
        )
        eventually(
            lambda: stock.kubectl("apply", "-f", "-", stdin=POLICY),
            until=lambda text: "created" in text or "unchanged" in text,
        )
        assert "m1" in ours.kubectl("get", "clusters")
        table = stock.kubectl("get", "clusters")
        assert table.split()[:4] == ["NAME", "VERSION", "MODE", "READY"]
        eventually(  # the stock server fetches documents in its own time
            lambda: stock.kubectl("explain", "propagationpolicy.spec"),
            until=lambda text: "placement" in text,
        )
        # Who may what is decided by the roles of the stock server, for a user it authenticated.
        refused = stock.kubectl("get", "clusters", "--as=alice")
        assert 'User "alice" cannot list resource "clusters"' in refused
        said = stock.kubectl(
            "create", "clusterrole", "reader", "--verb=get,list", "--resource=clusters.cluster.karmada.io"
        )
        assert "created" in said
        stock.kubectl("create", "clusterrolebinding", "reader", "--clusterrole=reader", "--user=alice")
        eventually(lambda: stock.kubectl("get", "clusters", "--as=alice"), until=lambda text: "m1" in text)
        # And a token of the stock server is good here, without the stock server in between.
        stock.kubectl("create", "serviceaccount", "robot")
        stock.kubectl(
            "create", "clusterrolebinding", "robot", "--clusterrole=reader", "--serviceaccount=default:robot"
        )
        token = stock.kubectl("create", "token", "robot").strip()
        direct = [
            str(KUBECTL),
            "--kubeconfig=/dev/null",
            f"--server=https://127.0.0.1:{ours.port}",
            f"--certificate-authority={ours.kubeconfig.parent / 'ca.crt'}",
            f"--token={token}",
            "get",
            "clusters",
        ]
        done = subprocess.run(direct, capture_output=True, text=True, timeout=60, check=False)
        assert "m1" in done.stdout, done.stderr


def test_in_front_of_a_stock_server_its_groups_are_served_here(tmp_path: Path) -> None:
    with both(tmp_path) as (ours, stock, _):
        assert "created" in stock.kubectl("apply", "-f", "-", stdin=TOYS)
        eventually(
            lambda: stock.kubectl("get", "toys", "-A"), until=lambda text: "No resources found" in text
        )
        assert "created" in ours.kubectl("apply", "-f", "-", stdin=service("127.0.0.1"))
        ours.register("shop.example.com", "v1", other=stock)
        ours.until_available("v1.shop.example.com")
        toy = {
            "apiVersion": "shop.example.com/v1",
            "kind": "Toy",
            "metadata": {"name": "ball", "namespace": "default"},
            "spec": {"size": 3},
        }
        assert "created" in ours.kubectl("apply", "-f", "-", stdin=toy)
        size = ours.kubectl("get", "toys", "ball", "-o", "jsonpath={.spec.size}")
        assert size == stock.kubectl("get", "toys", "ball", "-o", "jsonpath={.spec.size}") == "3"
        eventually(lambda: ours.kubectl("explain", "toys.spec"), until=lambda text: "size" in text)
        assert 'User "alice" cannot list resource "toys"' in ours.kubectl("get", "toys", "--as=alice")
        assert "deleted" in ours.kubectl("delete", "toy", "ball")
        assert "not found" in stock.kubectl("get", "toy", "ball")
