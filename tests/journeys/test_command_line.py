"""karmadactl against all processes: members side by side, streams through the proxy, why, render, promote."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from karmada.api.codec import dump_yaml, loads_yaml_all
from karmada.cli.local.layout import free_ports
from tests.support.kubectl import VERSIONS, kubectl_path
from tests.support.local import LocalPlane, eventually
from tests.support.tools import default_cache

pytestmark = [pytest.mark.journey, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPlane]:
    """With Deployment shop/web of 3 replicas, 1 in member1 and 2 in member2, where the image differs."""
    folder = tmp_path_factory.mktemp("plane")
    with LocalPlane(folder, port=free_ports(1)[0], members=2) as started:
        written = folder / "web.yaml"
        written.write_text("---\n".join(dump_yaml(obj) for obj in web()))
        started.karmadactl("create", "namespace", "shop")
        started.karmadactl("apply", "-n", "shop", "-f", str(written))
        eventually(
            lambda: started.karmadactl("get", "deploy", "web", "-n", "shop", "--no-headers").split()[2],
            until=lambda ready: ready == "3/3",
        )
        yield started


def web() -> Iterator[dict[str, object]]:
    containers = [{"name": "web", "image": "web:1", "env": [{"name": "COLOR", "value": "red"}]}]
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": containers}}
    yield {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "web"}}, "template": template},
    }
    rules = [{"targetCluster": {"clusterNames": [f"member{n}"]}, "weight": n} for n in (1, 2)]
    scheduling = {
        "replicaSchedulingType": "Divided",
        "replicaDivisionPreference": "Weighted",
        "weightPreference": {"staticWeightList": rules},
    }
    selectors = [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}]
    yield {
        "apiVersion": "policy.karmada.io/v1alpha1",
        "kind": "PropagationPolicy",
        "metadata": {"name": "web"},
        "spec": {"resourceSelectors": selectors, "placement": {"replicaScheduling": scheduling}},
    }
    tag = {"component": "Tag", "operator": "replace", "value": "2"}
    target = {"clusterNames": ["member2"]}
    yield {
        "apiVersion": "policy.karmada.io/v1alpha1",
        "kind": "OverridePolicy",
        "metadata": {"name": "web"},
        "spec": {
            "resourceSelectors": selectors,
            "overrideRules": [{"targetCluster": target, "overriders": {"imageOverrider": [tag]}}],
        },
    }


def pod(plane: LocalPlane, member: str) -> str:
    return plane.karmadactl(
        "get", "pods", "-n", "shop", "-s", "members", "-C", member, "-o", "jsonpath={.items[0].metadata.name}"
    ).strip()


def test_get_shows_all_places_side_by_side(plane: LocalPlane) -> None:
    lines = plane.karmadactl("get", "deploy", "-n", "shop", "-s", "all").splitlines()
    assert lines[0].split() == ["NAME", "CLUSTER", "READY", "UP-TO-DATE", "AVAILABLE", "AGE", "ADOPTION"]
    assert [(row.split()[1], row.split()[2], row.split()[-1]) for row in lines[1:]] == [
        ("Karmada", "3/3", "-"),
        ("member1", "1/1", "Y"),
        ("member2", "2/2", "Y"),
    ]


def test_a_watch_goes_on_and_names_events(plane: LocalPlane) -> None:
    watching = subprocess.Popen(
        ["karmadactl", "get", "cm", "-n", "shop", "-s", "all", "-w", "--output-watch-events"],
        stdout=subprocess.PIPE,
        text=True,
        env={**_environment(), "KUBECONFIG": str(plane.karmada_config)},
    )
    try:
        assert watching.stdout is not None
        assert watching.stdout.readline().split()[:3] == ["EVENT", "NAME", "CLUSTER"]
        plane.karmadactl("create", "configmap", "seen", "-n", "shop", "--from-literal=a=b")
        for line in watching.stdout:
            if line.split()[1] == "seen":
                assert (line.split()[0], line.split()[2], line.split()[-1]) == ("ADDED", "Karmada", "N")
                break
    finally:
        watching.terminate()
        watching.communicate()


def _environment() -> dict[str, str]:
    folder = Path(sys.executable).parent
    return {**os.environ, "PATH": f"{folder}:{os.environ.get('PATH', '')}"}


def test_a_command_runs_in_a_member(plane: LocalPlane) -> None:
    found = plane.karmadactl(
        "exec", pod(plane, "member2"), "-n", "shop", "-s", "members", "--cluster", "member2", "--", "env"
    )
    assert "CLUSTER=member2\nCOLOR=red\n" in found
    with pytest.raises(RuntimeError, match="terminated with exit code 7"):
        plane.karmadactl(
            "exec", pod(plane, "member1"), "-n", "shop", "-s", "members", "--cluster", "member1",
            "--", "sh", "-c", "exit 7",
        )  # fmt: skip


def test_a_shell_at_a_terminal(plane: LocalPlane) -> None:
    ours, theirs = pty.openpty()
    words = ["exec", "-it", pod(plane, "member1"), "-n", "shop", "-s", "members", "--cluster", "member1"]
    shell = subprocess.Popen(
        ["karmadactl", *words, "--", "sh"],
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.PIPE,
        env={**_environment(), "KUBECONFIG": str(plane.karmada_config)},
    )
    try:
        _expect(ours, b"/ # ")
        os.write(ours, b"echo $COLOR\r")
        _expect(ours, b"red\r\n/ # ")
        os.write(ours, b"exit 3\r")
        _, told = shell.communicate(timeout=30)
        assert (shell.returncode, told) == (3, b"command terminated with exit code 3\n")
    finally:
        shell.kill()
        shell.wait()
        os.close(ours)
        os.close(theirs)


def _expect(terminal: int, wanted: bytes) -> None:
    """Read until it was shown."""
    shown = b""
    while wanted not in shown:
        shown += os.read(terminal, 1024)


def test_logs_of_a_workload_in_a_member(plane: LocalPlane) -> None:
    text = plane.karmadactl("logs", "deploy/web", "-n", "shop", "-C", "member1", "--prefix")
    name = pod(plane, "member1")
    assert text == f"[pod/{name}/web] simulated container web of pod shop/{name} started\n"


@pytest.mark.parametrize("version", VERSIONS)
def test_every_kubectl_streams_through_the_proxy(plane: LocalPlane, version: str) -> None:
    """1.25 speaks SPDY, the others WebSockets."""
    program = kubectl_path(version, default_cache())
    if not program.exists():
        pytest.skip(f"kubectl {version} is not here: make tools")
    server = json.loads(plane.kubectl("config", "view", "-o", "json", "--minify"))["clusters"][0]["cluster"][
        "server"
    ]
    proxy = f"--server={server}/apis/cluster.karmada.io/v1alpha1/clusters/member1/proxy"
    name = pod(plane, "member1")

    def kubectl(*words: str, stdin: str = "") -> str:
        return plane.kubectl(proxy, "-n", "shop", *words, program=program, stdin=stdin)

    assert kubectl("exec", name, "--", "hostname") == f"{name}\n"
    assert kubectl("exec", "-i", name, "--", "cat", stdin="typed\n") == "typed\n"
    assert kubectl("logs", name).startswith("simulated container web of pod ")
    with pytest.raises(RuntimeError, match="terminated with exit code 7"):
        kubectl("exec", name, "--", "sh", "-c", "exit 7")


def test_describe_reads_as_kubectl_s(plane: LocalPlane) -> None:
    name = pod(plane, "member1")
    ours = plane.karmadactl("describe", "pod", name, "-n", "shop", "-s", "members", "-C", "member1")
    program = kubectl_path(VERSIONS[-1], default_cache())
    if not program.exists():
        pytest.skip("kubectl is not here: make tools")
    assert ours == plane.kubectl("-n", "shop", "describe", "pod", name, member="member1", program=program)
    for kind in ("deployment/web", "propagationpolicy/web"):
        ours = plane.karmadactl("describe", kind, "-n", "shop", "--show-events=false")
        theirs = plane.kubectl("-n", "shop", "describe", kind, "--show-events=false", program=program)
        assert ours.rstrip() == theirs.rstrip()


def test_why_tells_the_whole_journey(plane: LocalPlane) -> None:
    told = json.loads(plane.karmadactl("why", "deployment/web", "-n", "shop", "-o", "json"))
    assert [(each["name"], each["wins"]) for each in told["policies"]] == [("web", True)]
    assert told["scheduling"]["division"] == "Divided by static weights"
    assert {each["name"]: each["replicas"] for each in told["scheduling"]["targets"]} == {
        "member1": 1,
        "member2": 2,
    }
    assert [(each["cluster"], each["changes"]) for each in told["overrides"]] == [
        ("member2", ["replace image tag 2"])
    ]
    assert {each["cluster"]: each["health"] for each in told["delivery"]} == {
        "member1": "Healthy",
        "member2": "Healthy",
    }
    assert told["waitsFor"] == []


def test_why_says_what_a_stuck_object_waits_for(plane: LocalPlane) -> None:
    plane.karmadactl("create", "configmap", "alone", "-n", "shop")
    assert "no policy selects it" in plane.karmadactl("why", "cm/alone", "-n", "shop")


def test_render_agrees_with_what_runs_and_shows_what_would_change(plane: LocalPlane, tmp_path: Path) -> None:
    text = plane.karmadactl("render", "deployment/web", "-n", "shop")
    assert "# Deployment shop/web -> member1, 1 replica: as it runs\n" in text
    assert "# Deployment shop/web -> member2, 2 replicas: as it runs\n" in text
    shown = loads_yaml_all(text)
    images = [each["spec"]["template"]["spec"]["containers"][0]["image"] for each in shown]
    assert images == ["web:1", "web:2"]
    changed = next(web())
    changed["spec"]["replicas"] = 6  # type: ignore[index]
    written = tmp_path / "web.yaml"
    written.write_text(dump_yaml(changed))
    with pytest.raises(RuntimeError) as told:  # exit status 1: something would change
        plane.karmadactl("render", "-n", "shop", "-f", str(written), "--diff")
    assert "-  replicas: 1\n+  replicas: 2\n" in str(told.value)
    assert "-  replicas: 2\n+  replicas: 4\n" in str(told.value)


def test_promote_takes_an_object_with_its_dependencies(plane: LocalPlane) -> None:
    mounted = next(web())
    template = mounted["spec"]["template"]["spec"]["containers"][0]  # type: ignore[index]
    template["envFrom"] = [{"configMapRef": {"name": "settings"}}]
    mounted["metadata"] = {"name": "old"}
    plane.kubectl("-n", "default", "create", "configmap", "settings", member="member1")
    plane.kubectl("-n", "default", "apply", "-f", "-", member="member1", stdin=dump_yaml(mounted))
    said = plane.karmadactl("promote", "deployment", "old", "-n", "default", "-C", "member1", "-d")
    assert said.splitlines()[1:3] == [
        'Dependency resource "/v1, Resource=configmaps"(default/settings) is promoted successfully',
        "ResourceTemplate (default/old) is created successfully",
    ]
    assert (
        said.splitlines()[-1]
        == 'Resource "apps/v1, Resource=deployments"(default/old) is promoted successfully'
    )
    for kind in ("deployment/old", "cm/settings"):
        eventually(
            lambda kind=kind: plane.karmadactl(  # type: ignore[misc]
                "get", kind, "-n", "default", "-s", "members", "-C", "member1", "--no-headers"
            ).split()[-1],
            until=lambda adopted: adopted == "Y",
        )
    again = plane.karmadactl("promote", "deployment", "old", "-n", "default", "-C", "member1")
    assert again == ""


def test_what_members_lack_is_told_for_each(plane: LocalPlane) -> None:
    with pytest.raises(RuntimeError, match=r"error: cluster\(member1\): metrics API not available"):
        plane.karmadactl("top", "node")


def test_a_cluster_that_does_not_exist_is_named(plane: LocalPlane) -> None:
    with pytest.raises(RuntimeError, match="clusters don't exist: ghost"):
        plane.karmadactl("get", "pods", "-s", "members", "-C", "ghost")
    with pytest.raises(RuntimeError, match=r'\(NotFound\): clusters.cluster.karmada.io "ghost" not found'):
        plane.karmadactl("logs", "x", "-C", "ghost")
