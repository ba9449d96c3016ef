"""Members come, are closed, opened and leave, as an operator types it; and two control planes know nothing of
each other."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from karmada.cli.local.contexts import write_contexts
from karmada.cli.local.layout import free_ports
from karmada.client.kubeconfig import load_kubeconfig
from tests.support.local import LocalPlane, eventually

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]

EVERYWHERE = """
apiVersion: policy.karmada.io/v1alpha1
kind: PropagationPolicy
metadata: {name: everywhere}
spec:
  resourceSelectors: [{apiVersion: v1, kind: ConfigMap}]
  placement: {clusterAffinity: {}}
"""


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPlane]:
    with LocalPlane(tmp_path_factory.mktemp("first"), port=free_ports(1)[0], members=2) as started:
        yield started


@pytest.fixture(scope="module")
def neighbour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPlane]:
    with LocalPlane(tmp_path_factory.mktemp("second"), port=free_ports(1)[0], members=1, nodes=0) as started:
        yield started


def names(plane: LocalPlane, *words: str, member: str = "") -> list[str]:
    return plane.kubectl("get", *words, "-o", "name", member=member).split()


def targets(plane: LocalPlane, namespace: str, binding: str) -> list[str]:
    found = json.loads(plane.kubectl("-n", namespace, "get", "rb", binding, "-o", "json"))
    return sorted(cluster["name"] for cluster in found["spec"].get("clusters") or ())


def shop(plane: LocalPlane, namespace: str) -> None:
    """A namespace whose ConfigMaps go everywhere."""
    plane.kubectl("create", "namespace", namespace)
    plane.kubectl("-n", namespace, "create", "-f", "-", stdin=EVERYWHERE)


def test_a_cordoned_cluster_keeps_what_it_has_and_gets_nothing_new(plane: LocalPlane) -> None:
    shop(plane, "cordon")
    plane.kubectl("-n", "cordon", "create", "configmap", "before")
    eventually(
        lambda: names(plane, "cm", "-n", "cordon", member="member2"),
        until=lambda found: "configmap/before" in found,
    )
    assert plane.karmadactl("cordon", "member2") == "member2 cluster cordoned\n"
    assert plane.karmadactl("cordon", "member2") == "member2 cluster already cordoned\n"
    try:
        plane.kubectl("-n", "cordon", "create", "configmap", "during")
        eventually(
            lambda: targets(plane, "cordon", "during-configmap"), until=lambda found: found == ["member1"]
        )
        assert targets(plane, "cordon", "before-configmap") == ["member1", "member2"]
    finally:
        assert plane.karmadactl("uncordon", "member2") == "member2 cluster uncordoned\n"
    plane.kubectl("-n", "cordon", "create", "configmap", "after")
    eventually(
        lambda: names(plane, "cm", "-n", "cordon", member="member2"),
        until=lambda found: "configmap/after" in found,
    )
    assert "configmap/before" in names(plane, "cm", "-n", "cordon", member="member2")


def test_get_shows_the_control_plane_and_members_side_by_side(plane: LocalPlane) -> None:
    shop(plane, "side")
    plane.kubectl("-n", "side", "create", "configmap", "colours")
    eventually(
        lambda: plane.karmadactl("get", "cm", "colours", "-n", "side", "-s", "all").splitlines(),
        until=lambda lines: (
            [line.split()[:2] + line.split()[-1:] for line in lines[1:]]
            == [
                ["colours", "Karmada", "-"],
                ["colours", "member1", "Y"],
                ["colours", "member2", "Y"],
            ]
        ),
    )


def test_a_cluster_that_leaves_is_cleaned_up_on_both_sides_and_may_come_back(plane: LocalPlane) -> None:
    shop(plane, "leave")
    plane.kubectl("-n", "leave", "create", "configmap", "colours")
    eventually(
        lambda: names(plane, "cm", "-n", "leave", member="member2"),
        until=lambda found: "configmap/colours" in found,
    )
    member = f"--cluster-kubeconfig={plane.members_config}"
    assert plane.karmadactl("unjoin", "member2", member) == "cluster(member2) is unjoined successfully\n"
    assert names(plane, "clusters") == ["cluster.cluster.karmada.io/member1"]
    assert "namespace/karmada-es-member2" not in names(plane, "namespaces")
    assert not [name for name in names(plane, "secrets", "-n", "karmada-cluster") if "member2" in name]
    assert "configmap/colours" not in names(plane, "cm", "-n", "leave", member="member2")
    assert not [name for name in names(plane, "clusterroles", member="member2") if "karmada-member2" in name]
    assert names(plane, "cm", "-n", "leave", member="member1"), "the other member keeps it"
    assert names(plane, "sa", "-n", "karmada-cluster", member="member1"), "and its own credentials"
    eventually(lambda: targets(plane, "leave", "colours-configmap"), until=lambda found: found == ["member1"])
    joined = plane.karmadactl("join", "member2", member, "--cluster-context=member2", "--cluster-region=eu")
    assert joined == "cluster(member2) is joined successfully\n"
    eventually(
        lambda: names(plane, "cm", "-n", "leave", member="member2"),
        until=lambda found: "configmap/colours" in found,
    )


@pytest.mark.parametrize(
    ("name", "context"),
    [
        pytest.param("member1", "member1", id="a-name-that-is-taken"),
        pytest.param("other", "member1", id="a-cluster-that-is-joined-under-another-name"),
    ],
)
def test_a_cluster_is_joined_once(plane: LocalPlane, name: str, context: str) -> None:
    before = names(plane, "clusters")
    with pytest.raises(RuntimeError, match=rf"or the cluster name {name} has been registered"):
        plane.karmadactl(
            "join", name, f"--cluster-kubeconfig={plane.members_config}", f"--cluster-context={context}"
        )
    assert names(plane, "clusters") == before


def test_a_cluster_that_cannot_be_reached_is_shown_as_not_ready_and_may_go(plane: LocalPlane) -> None:
    (port,) = free_ports(1)
    cluster = {
        "apiVersion": "cluster.karmada.io/v1alpha1",
        "kind": "Cluster",
        "metadata": {"name": "gone"},
        "spec": {
            "syncMode": "Push",
            "apiEndpoint": f"https://127.0.0.1:{port}",
            "secretRef": {"namespace": "karmada-cluster", "name": "gone"},
        },
    }
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "gone", "namespace": "karmada-cluster"},
        "stringData": {"token": "t", "caBundle": "no certificate"},
    }
    plane.kubectl("create", "-f", "-", stdin=json.dumps(secret))
    plane.kubectl("create", "-f", "-", stdin=json.dumps(cluster))

    def condition() -> str:
        path = (
            "{.status.conditions[?(@.type=='Ready')].status} {.status.conditions[?(@.type=='Ready')].message}"
        )
        return plane.kubectl("get", "cluster", "gone", "-o", f"jsonpath={path}")

    said = eventually(condition, until=lambda text: text.startswith("False "))
    assert len(said) > len("False ")
    assert plane.karmadactl("unjoin", "gone") == "cluster(gone) is unjoined successfully\n"
    plane.kubectl("-n", "karmada-cluster", "delete", "secret", "gone", "--ignore-not-found")


def test_two_control_planes_side_by_side_know_nothing_of_each_other(
    plane: LocalPlane, neighbour: LocalPlane
) -> None:
    for each in (plane, neighbour):
        shop(each, "both")
        each.kubectl("-n", "both", "create", "configmap", f"of-{each.state.name}")
        eventually(
            lambda each=each: names(each, "cm", "-n", "both", member="member1"),  # type: ignore[misc]
            until=lambda found, each=each: f"configmap/of-{each.state.name}" in found,  # type: ignore[misc]
        )
    for each, other in ((plane, neighbour), (neighbour, plane)):
        assert f"configmap/of-{other.state.name}" not in names(each, "cm", "-n", "both", member="member1")
    assert names(neighbour, "clusters") == ["cluster.cluster.karmada.io/member1"]


def test_the_administrator_of_one_is_nobody_at_the_other(
    plane: LocalPlane, neighbour: LocalPlane, tmp_path: Path
) -> None:
    """Each has an authority of its own: nobody takes one server for the other, and neither server
    the other's certificates."""
    theirs = load_kubeconfig(neighbour.karmada_config)
    ours = load_kubeconfig(plane.karmada_config)
    for crossed in (replace(ours, server=theirs.server), replace(ours, server=theirs.server, insecure=True)):
        path = tmp_path / "crossed.config"
        write_contexts(path, {"crossed": crossed})
        with pytest.raises(RuntimeError, match=r"\n(error: .*TLS|Error from server \(Unauthorized\))"):
            plane.karmadactl("get", "clusters", f"--kubeconfig={path}")
