"""The README's walk, typed with real kubectl against all processes: embedded store, real etcd, crashes."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from karmada.cli.local.layout import free_ports
from tests.support.etcd_server import EtcdServer
from tests.support.kubectl import VERSIONS, kubectl_path
from tests.support.local import LocalPlane, eventually
from tests.support.tools import default_cache

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]

SAMPLES = Path(__file__).parents[2] / "samples" / "nginx"
PROCESSES = (
    "karmada-apiserver",
    "karmada-controller-manager",
    "karmada-scheduler",
    "karmada-simulator",
    "karmada-agent-member3",
)


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPlane]:
    state = tmp_path_factory.mktemp("plane")
    with LocalPlane(state, port=free_ports(1)[0], pull=1) as started:
        yield started


def replicas(plane: LocalPlane, member: str, namespace: str) -> dict[str, str]:
    """Image and ready replicas of nginx in a member; {} when it is not there."""
    found = json.loads(plane.kubectl("-n", namespace, "get", "deployments", "-o", "json", member=member))
    return {
        item["spec"]["template"]["spec"]["containers"][0]["image"]: str(
            item.get("status", {}).get("readyReplicas", 0)
        )
        for item in found["items"]
    }


def ready(plane: LocalPlane, namespace: str, program: Path | None = None) -> str:
    """The READY column of the template."""
    text = plane.kubectl("-n", namespace, "get", "deployment", "nginx", "--no-headers", program=program)
    return text.split()[1]


def walk(plane: LocalPlane, namespace: str, program: Path | None = None) -> None:
    """Create, scale, change the image, look, delete."""

    def kubectl(*words: str) -> str:
        return plane.kubectl("-n", namespace, *words, program=program)

    kubectl("create", "namespace", namespace)
    kubectl("create", "-f", str(SAMPLES / "deployment.yaml"), "-f", str(SAMPLES / "propagationpolicy.yaml"))
    eventually(lambda: ready(plane, namespace, program), until=lambda text: text == "2/2")
    kubectl("scale", "deployment", "nginx", "--replicas=6")
    kubectl("set", "image", "deployment/nginx", "nginx=nginx:1.27")
    eventually(lambda: ready(plane, namespace, program), until=lambda text: text == "6/6")
    for member in ("member1", "member2"):
        in_member = partial(replicas, plane, member, namespace)
        eventually(in_member, until=lambda found: found == {"nginx:1.27": "3"})
    assert replicas(plane, "member3", namespace) == {}
    assert "ScheduleBindingSucceed" in kubectl("describe", "rb", "nginx-deployment")
    kubectl("delete", "-f", str(SAMPLES / "deployment.yaml"), "-f", str(SAMPLES / "propagationpolicy.yaml"))
    for member in ("member1", "member2"):
        eventually(partial(replicas, plane, member, namespace), until=lambda found: not found)
    works = plane.kubectl("get", "works", "-A", "-o", "json", program=program)
    names = [
        item["spec"]["workload"]["manifests"][0]["metadata"].get("namespace")
        for item in json.loads(works)["items"]
    ]
    assert namespace not in names


@pytest.mark.parametrize("version", VERSIONS)
def test_the_walk_works_with_kubectl(plane: LocalPlane, version: str) -> None:
    program = kubectl_path(version, default_cache())
    if not program.exists():
        pytest.skip(f"no kubectl {version} in the cache: `make tools` fetches it")
    walk(plane, f"walk-{version.replace('.', '-')}", program)


def test_clusters_are_listed_as_users_know_them(plane: LocalPlane) -> None:
    lines = plane.kubectl("get", "clusters").splitlines()
    assert lines[0].split() == ["NAME", "VERSION", "MODE", "READY", "AGE"]
    assert [line.split()[0::2][:2] for line in lines[1:]] == [
        ["member1", "Push"],
        ["member2", "Push"],
        ["member3", "Pull"],
    ]
    assert all(line.split()[3] == "True" for line in lines[1:])


def test_a_second_up_changes_nothing(plane: LocalPlane) -> None:
    before = {name: (plane.state / "run" / f"{name}.pid").read_text() for name in PROCESSES}
    assert "Local Karmada is running." in plane.up()
    assert {name: (plane.state / "run" / f"{name}.pid").read_text() for name in PROCESSES} == before


@pytest.mark.parametrize("process", PROCESSES)
def test_a_process_that_is_killed_in_the_middle_loses_nothing(plane: LocalPlane, process: str) -> None:
    namespace = f"kill-{process.removeprefix('karmada-')}"

    def kubectl(*words: str) -> str:
        return plane.kubectl("-n", namespace, *words)

    kubectl("create", "namespace", namespace)
    kubectl("create", "-f", str(SAMPLES / "deployment.yaml"), "-f", str(SAMPLES / "propagationpolicy.yaml"))
    plane.kill(process)
    plane.up()
    eventually(lambda: ready(plane, namespace), until=lambda text: text == "2/2")
    kubectl("scale", "deployment", "nginx", "--replicas=4")
    eventually(lambda: ready(plane, namespace), until=lambda text: text == "4/4")
    for member in ("member1", "member2"):
        pods = json.loads(plane.kubectl("-n", namespace, "get", "pods", "-o", "json", member=member))
        assert len(pods["items"]) == 2, "no pod twice"
    kubectl("delete", "namespace", namespace, "--wait=false")


def test_nobody_gets_in_without_credentials(plane: LocalPlane) -> None:
    server = plane.kubectl("config", "view", "-o", "jsonpath={.clusters[0].cluster.server}")
    config = plane.state / "nobody.config"
    config.write_text("apiVersion: v1\nkind: Config\n")
    for path in ("/api/v1/namespaces", "/apis/policy.karmada.io/v1alpha1/propagationpolicies"):
        with pytest.raises(RuntimeError, match=r"Unauthorized|must be logged in|forbidden"):
            plane.kubectl(
                "get",
                "--raw",
                path,
                f"--server={server}",
                "--insecure-skip-tls-verify",
                f"--kubeconfig={config}",
                "--token=nobody",
            )


def test_the_walk_works_on_real_etcd(tmp_path: Path) -> None:
    etcd_folder = tmp_path / "etcd"
    etcd_folder.mkdir()
    server = EtcdServer(etcd_folder)
    server.start()
    try:
        with LocalPlane(tmp_path / "state", port=free_ports(1)[0], etcd=server.url) as plane:
            walk(plane, "on-etcd")
            plane.kill("karmada-apiserver")
            plane.up()
            walk(plane, "on-etcd-again")
    finally:
        server.stop()
