"""Keys and paths."""

import pytest

from apiserver.storage.keys import Collection, path_of, split_key, split_path

PODS = Collection("", "pods")
DEPLOYMENTS = Collection("apps", "deployments")
CLUSTERS = Collection("cluster.karmada.io", "clusters")


@pytest.mark.parametrize(
    ("collection", "path", "key"),
    [
        pytest.param(PODS, "default/a", b"/registry/pods/default/a", id="core-namespaced"),
        pytest.param(Collection("", "nodes"), "n", b"/registry/nodes/n", id="core-cluster"),
        pytest.param(
            DEPLOYMENTS, "default/a", b"/registry/apps/deployments/default/a", id="group-namespaced"
        ),
        pytest.param(CLUSTERS, "m1", b"/registry/cluster.karmada.io/clusters/m1", id="group-cluster"),
    ],
)
def test_a_key_says_where_its_object_belongs(collection: Collection, path: str, key: bytes) -> None:
    assert collection.key(path) == key
    assert split_key(key) == (collection, path)


@pytest.mark.parametrize(
    "key", [b"/other/pods/a", b"/registry/apps/deployments", b"/registry/apps/deployments/", b"x"]
)
def test_other_keys_belong_to_no_object(key: bytes) -> None:
    assert split_key(key) is None


def test_paths_are_put_together_and_taken_apart() -> None:
    assert [path_of("ns", "n"), path_of("", "n")] == ["ns/n", "n"]
    assert [split_path("ns/n"), split_path("n")] == [("ns", "n"), ("", "n")]
