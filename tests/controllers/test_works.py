"""How a Work is stamped, recorded and merged."""

from typing import Any

import pytest

from controllers.works import (
    WorkIsDeleting,
    binding_ids,
    binding_names,
    merged,
    recorded,
    stamped,
)
from karmada.api.groups.work import Work
from karmada.api.objects import Object
from karmada.interpreter.native.managed_keys import with_managed_keys

UID = "44444444-0000-4000-8000-000000000000"
WORK_ID = "55555555-0000-4000-8000-000000000000"


def config(**metadata: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "c", "namespace": "shop", **metadata},
        "data": {"colour": "teal"},
    }


def test_a_manifest_is_marked_and_pruned() -> None:
    template = config(uid=UID, resourceVersion="7", generation=3, labels={"team": "a"}, managedFields=[{}])
    made = stamped(
        template, "karmada-es-m", "c-1", {"work.karmada.io/conflict-resolution": "abort", "other": "x"}
    )
    assert made == config(
        labels={"team": "a", "karmada.io/managed": "true"},
        annotations={
            "resourcetemplate.karmada.io/uid": UID,
            "work.karmada.io/name": "c-1",
            "work.karmada.io/namespace": "karmada-es-m",
            "work.karmada.io/conflict-resolution": "abort",
        },
    )
    assert template["metadata"]["uid"] == UID


def test_without_conflict_resolution_on_the_work_there_is_none_on_the_manifest() -> None:
    annotations = stamped(config(), "karmada-es-m", "c-1", {})["metadata"]["annotations"]
    assert annotations["resourcetemplate.karmada.io/uid"] == ""
    assert "work.karmada.io/conflict-resolution" not in annotations


@pytest.mark.parametrize(
    ("work_id", "labels", "managed_labels"),
    [
        pytest.param("", {"b": "1"}, "b", id="before-the-work-has-an-id"),
        pytest.param(
            WORK_ID,
            {"b": "1", "work.karmada.io/permanent-id": WORK_ID},
            "b,work.karmada.io/permanent-id",
            id="with-the-id",
        ),
    ],
)
def test_the_keys_a_manifest_manages_are_listed_in_order(
    work_id: str, labels: dict[str, str], managed_labels: str
) -> None:
    metadata = with_managed_keys(config(labels={"b": "1"}, annotations={"z": "1", "a": "2"}), work_id)[
        "metadata"
    ]
    assert metadata["labels"] == labels
    assert metadata["annotations"] == {
        "z": "1",
        "a": "2",
        "resourcetemplate.karmada.io/managed-labels": managed_labels,
        "resourcetemplate.karmada.io/managed-annotations": (
            "a,resourcetemplate.karmada.io/managed-annotations,resourcetemplate.karmada.io/managed-labels,z"
        ),
    }


def work(spec: Object | None = None, **metadata: Any) -> Work:
    manifest = stamped(config(uid=UID), "karmada-es-m", "c-1", {})
    plain = {
        "apiVersion": "work.karmada.io/v1alpha1",
        "kind": "Work",
        "metadata": {"name": "c-1", "namespace": "karmada-es-m", **metadata},
        "spec": {"workload": {"manifests": [manifest]}, **(spec or {})},
    }
    return Work.from_json(plain)


def stored(**metadata: Any) -> Work:
    """As the server keeps what was written: with an id, recorded on the manifest too."""
    labels = {"work.karmada.io/permanent-id": WORK_ID, **metadata.pop("labels", {})}
    return recorded(work(labels=labels, resourceVersion="9", **metadata))


def test_nothing_changes_when_nothing_changed() -> None:
    found = stored(labels={"l": "1"}, annotations={"a": "1"}, finalizers=["f"])
    wanted = work(labels={"l": "1"}, annotations={"a": "1"}, finalizers=["f"])
    assert merged(found, wanted) is found


def test_metadata_is_added_to_and_finalizers_are_sorted() -> None:
    found = stored(labels={"l": "1"}, annotations={"a": "1"}, finalizers=["z"])
    metadata = merged(found, work(labels={"m": "2"}, annotations={"a": "2"}, finalizers=["f"])).metadata
    assert metadata.labels == {"work.karmada.io/permanent-id": WORK_ID, "l": "1", "m": "2"}
    assert metadata.annotations == {"a": "2"}
    assert metadata.finalizers == ["f", "z"]


def test_the_spec_is_replaced() -> None:
    found = recorded(work({"suspendDispatching": True}, labels={"work.karmada.io/permanent-id": WORK_ID}))
    spec = merged(found, work({"preserveResourcesOnDeletion": False})).to_json()["spec"]
    assert "suspendDispatching" not in spec
    assert spec["preserveResourcesOnDeletion"] is False
    assert spec["workload"]["manifests"][0]["metadata"]["labels"]["work.karmada.io/permanent-id"] == WORK_ID


def test_an_owner_is_set_once() -> None:
    owner = {"apiVersion": "v1", "kind": "Namespace", "name": "shop", "uid": "u"}
    owned = merged(stored(), work(ownerReferences=[owner]))
    assert [found.name for found in owned.metadata.owner_references] == ["shop"]
    assert merged(owned, work(ownerReferences=[{**owner, "uid": "v"}])) is owned


def test_a_work_that_is_being_deleted_is_left_alone() -> None:
    with pytest.raises(WorkIsDeleting, match="is being deleted"):
        merged(stored(deletionTimestamp="2026-01-01T00:00:00Z"), work())


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({}, []),
        ({"resourcebinding.karmada.io/permanent-id": "a"}, ["a"]),
        ({"clusterresourcebinding.karmada.io/permanent-id": "b"}, ["b"]),
        ({"resourcebinding.karmada.io/permanent-id": ""}, []),
    ],
    ids=["none", "binding", "cluster-binding", "empty"],
)
def test_a_work_is_found_by_the_binding_it_was_made_for(labels: dict[str, str], expected: list[str]) -> None:
    assert binding_ids(work(labels=labels)) == expected


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        ({}, []),
        (
            {"resourcebinding.karmada.io/namespace": "shop", "resourcebinding.karmada.io/name": "c"},
            ["shop/c"],
        ),
        ({"clusterresourcebinding.karmada.io/name": "r"}, ["/r"]),
    ],
    ids=["none", "binding", "cluster-binding"],
)
def test_a_work_is_found_by_the_name_of_its_binding(annotations: dict[str, str], expected: list[str]) -> None:
    assert binding_names(work(annotations=annotations)) == expected
