"""Pull mode as an operator types it: a token, register, work in the member, unregister."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from karmada.cli.local.layout import free_ports
from tests.support.local import LocalPlane, eventually

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]

ROOT = Path(__file__).parents[2]
EVERYWHERE = """
apiVersion: policy.karmada.io/v1alpha1
kind: PropagationPolicy
metadata: {name: everywhere}
spec:
  resourceSelectors: [{apiVersion: v1, kind: ConfigMap}]
  placement: {clusterAffinity: {}}
"""
STAGES = """[preflight] Running pre-flight checks
[preflight] All pre-flight checks were passed
[karmada-agent-start] Waiting to perform the TLS Bootstrap
[karmada-agent-start] Waiting to check cluster exists
[karmada-agent-start] Assign the necessary RBAC permissions to the agent
[karmada-agent-start] Waiting to construct karmada-agent kubeconfig
[karmada-agent-start] Waiting the necessary secret and RBAC
[karmada-agent-start] Waiting karmada-agent process in {folder}

cluster({name}) is joined successfully
"""


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPlane]:
    with LocalPlane(tmp_path_factory.mktemp("pull"), port=free_ports(1)[0], members=2, pull=1) as started:
        yield started


@pytest.fixture
def bare(plane: LocalPlane, tmp_path: Path) -> Iterator[Path]:
    """The kubeconfig of a cluster that is no member yet."""
    config = tmp_path / "bare.config"
    plane.karmadactl("local", "add", "bare", f"--member-kubeconfig={config}")
    yield config
    plane.karmadactl("local", "remove", "bare", f"--member-kubeconfig={config}")


def names(plane: LocalPlane, *words: str, member: str = "", config: Path | None = None) -> set[str]:
    return set(plane.kubectl("get", *words, "-o", "name", member=member, config=config).split())


def mode_and_ready(plane: LocalPlane, name: str) -> list[str]:
    return plane.kubectl("get", "cluster", name, "--no-headers").split()[2:4]


def command(plane: LocalPlane) -> list[str]:
    """What `token create` says to type in the member."""
    printed = plane.karmadactl("token", "create", "--print-register-command")
    found = re.search(r"register (\S+ --token \S+ --discovery-token-ca-cert-hash \S+)", printed)
    assert found is not None, printed
    return found[1].split()


def test_a_local_member_in_pull_mode_is_like_any_other(plane: LocalPlane) -> None:
    assert mode_and_ready(plane, "member1") == ["Push", "True"]
    assert mode_and_ready(plane, "member2") == ["Pull", "True"]
    plane.kubectl("create", "namespace", "both")
    plane.kubectl("-n", "both", "create", "-f", "-", stdin=EVERYWHERE)
    plane.kubectl("-n", "both", "create", "configmap", "colours", "--from-literal=sky=blue")
    for member in ("member1", "member2"):
        eventually(
            lambda member=member: names(plane, "cm", "-n", "both", member=member),  # type: ignore[misc]
            until=lambda found: "configmap/colours" in found,
        )
    shown = plane.karmadactl("get", "cm", "colours", "-n", "both", "-s", "members", "-C", "member2")
    assert shown.splitlines()[1].split()[:2] == ["colours", "member2"], "the proxy reaches it"
    assert "lease.coordination.k8s.io/member2" in names(plane, "leases", "-n", "karmada-cluster")
    with pytest.raises(RuntimeError, match="pull mode member cluster, use the `unregister` command"):
        plane.karmadactl("unjoin", "member2")


def test_a_crashed_agent_is_started_again_and_goes_on_at_once(plane: LocalPlane) -> None:
    plane.kubectl("create", "namespace", "crash")
    plane.kubectl("-n", "crash", "create", "-f", "-", stdin=EVERYWHERE)
    uid = plane.kubectl("get", "cluster", "member2", "-o", "jsonpath={.metadata.uid}")
    plane.kill("karmada-agent-member2")
    plane.kubectl("-n", "crash", "create", "configmap", "later")
    plane.up()
    eventually(
        lambda: names(plane, "cm", "-n", "crash", member="member2"),
        until=lambda found: "configmap/later" in found,
        seconds=10,  # not the 15 of its old lease
    )
    assert plane.kubectl("get", "cluster", "member2", "-o", "jsonpath={.metadata.uid}") == uid


def test_a_cluster_registers_with_a_token_and_leaves_again(
    plane: LocalPlane, bare: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "agent"
    given = [f"--kubeconfig={bare}", "--cluster-name=bare", "--run-agent-as=process", f"--agent-dir={folder}"]
    token = command(plane)
    wrong_hash = [*token[:-1], "sha256:" + "0" * 64]
    with pytest.raises(RuntimeError, match=r"couldn't validate the identity of the API Server: .* pinned"):
        plane.karmadactl("register", *wrong_hash, *given, "--discovery-timeout=1s")
    wrong_token = [*token[:2], "zzzzzz.zzzzzzzzzzzzzzzz", *token[3:]]
    with pytest.raises(RuntimeError, match='token id "zzzzzz" is invalid for this cluster'):
        plane.karmadactl("register", *wrong_token, *given, "--discovery-timeout=1s")
    with pytest.raises(RuntimeError, match="with name member1 already exists"):
        plane.karmadactl("register", *token, *given[:1], "--cluster-name=member1", *given[2:])
    with pytest.raises(RuntimeError, match=r"runs no real pods.*use --run-agent-as=process"):
        plane.karmadactl("register", *token, *given[:2])
    assert "cluster.cluster.karmada.io/bare" not in names(plane, "clusters")

    said = plane.karmadactl("register", *token, *given)
    assert said == STAGES.format(folder=folder, name="bare")
    again = plane.karmadactl("register", *token, *given)
    assert "[ERROR]: Secret karmada-system/karmada-kubeconfig already exists" in again
    assert again.endswith("[preflight] Please check the above errors\n")

    eventually(lambda: mode_and_ready(plane, "bare"), until=lambda found: found == ["Pull", "True"])
    approved = plane.kubectl("get", "csr", "-o", "jsonpath={.items[*].status.conditions[*].reason}")
    assert set(approved.split()) == {"AutoApproved"}
    assert "agent-rbac-generator" not in plane.kubectl("get", "csr", "-o", "name")
    plane.kubectl("create", "namespace", "comes")
    plane.kubectl("-n", "comes", "create", "-f", "-", stdin=EVERYWHERE)
    plane.kubectl("-n", "comes", "create", "configmap", "colours")
    eventually(
        lambda: names(plane, "cm", "-n", "comes", config=bare),
        until=lambda found: "configmap/colours" in found,
    )
    with pytest.raises(RuntimeError, match="Push mode member cluster, use the `unjoin` command"):
        plane.karmadactl(
            "unregister",
            "member1",
            f"--cluster-kubeconfig={bare}",
            f"--karmada-config={plane.karmada_config}",
        )
    gone = plane.karmadactl(
        "unregister",
        "bare",
        f"--cluster-kubeconfig={bare}",
        f"--karmada-config={plane.karmada_config}",
        f"--agent-dir={folder}",
    )
    assert gone == "cluster(bare) is unregistered successfully\n"
    assert names(plane, "clusters") == {
        "cluster.cluster.karmada.io/member1",
        "cluster.cluster.karmada.io/member2",
    }
    assert not [
        name for name in names(plane, "clusterroles,clusterrolebindings,ns,secrets", "-A") if "bare" in name
    ]
    in_member = names(
        plane, "ns,cm,secrets,sa,deployments,clusterroles,clusterrolebindings", "-A", config=bare
    )
    assert {name for name in in_member if "karmada" in name} == {"namespace/karmada-system"}
    assert "namespace/comes" not in in_member


def test_the_script_for_operators_does_it_in_one_go(plane: LocalPlane, bare: Path, tmp_path: Path) -> None:
    if not (ROOT / ".venv" / "bin" / "karmadactl").exists():
        pytest.skip("the script runs from .venv, which `make dev` makes")
    script = [str(ROOT / "hack" / "deploy-karmada-agent.sh")]
    script += [str(plane.karmada_config), "karmada-apiserver", str(bare), "bare"]
    folder = tmp_path / "agent"
    environment = {**os.environ, "AGENT": "process", "AGENT_DIR": str(folder)}
    done = subprocess.run(script, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("cluster(bare) is joined successfully\n")
    eventually(lambda: mode_and_ready(plane, "bare"), until=lambda found: found == ["Pull", "True"])
    left = plane.karmadactl("unregister", "bare", f"--cluster-kubeconfig={bare}", f"--agent-dir={folder}")
    assert left == "cluster(bare) is unregistered successfully\n", "with what the agent itself may do"


def test_a_local_member_that_was_unregistered_comes_back_with_the_next_up(plane: LocalPlane) -> None:
    plane.karmadactl(
        "unregister",
        "member2",
        f"--cluster-kubeconfig={plane.members_config}",
        "--cluster-context=member2",
        f"--karmada-config={plane.karmada_config}",
    )
    assert "cluster.cluster.karmada.io/member2" not in names(plane, "clusters")
    assert "member2" in plane.up()
    assert mode_and_ready(plane, "member2") == ["Pull", "True"]
