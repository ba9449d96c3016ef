"""What a manifest remembers of where it came from."""

import pytest

from karmada.api.objects import Object
from karmada.interpreter.native.managed_keys import with_managed_keys

ID = "work.karmada.io/permanent-id"
ANNOTATIONS = "resourcetemplate.karmada.io/managed-annotations"
LABELS = "resourcetemplate.karmada.io/managed-labels"


def manifest(**metadata: dict[str, str]) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", **metadata}}


@pytest.mark.parametrize(
    ("given", "work_id", "annotations", "labels"),
    [
        pytest.param(manifest(), "id-1", f"{ANNOTATIONS},{LABELS}", ID, id="nothing-of-its-own"),
        pytest.param(manifest(), "", f"{ANNOTATIONS},{LABELS}", "", id="a-work-without-id-yet"),
        pytest.param(
            manifest(labels={"z": "1", "a": "2"}, annotations={"b": "3"}),
            "id-1",
            f"b,{ANNOTATIONS},{LABELS}",
            f"a,{ID},z",
            id="keys-are-sorted",
        ),
    ],
)
def test_the_keys_are_listed(given: Object, work_id: str, annotations: str, labels: str) -> None:
    metadata = with_managed_keys(given, work_id)["metadata"]
    assert metadata["annotations"][ANNOTATIONS] == annotations
    assert metadata["annotations"][LABELS] == labels
    assert metadata["labels"].get(ID, "") == work_id


def test_listing_again_changes_nothing_and_the_given_manifest_stays() -> None:
    given = manifest(labels={"a": "1"})
    once = with_managed_keys(given, "id-1")
    assert with_managed_keys(once, "id-1") == once
    assert given == manifest(labels={"a": "1"})
