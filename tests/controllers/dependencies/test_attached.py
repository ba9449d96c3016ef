"""An attached binding goes where those go that need it."""

from typing import Any

import pytest

from controllers.dependencies.attached import (
    Lookup,
    attached,
    conflicts_about,
    depended_by,
    depended_by_label,
    detached,
    new_attached,
)
from karmada.api.errors import Conflict
from karmada.api.groups.work import RESOURCE_BINDINGS, BindingSnapshot, ResourceBinding
from karmada.api.objects import Object


def independent(name: str = "web-deployment", *clusters: str, **spec: Any) -> ResourceBinding:
    """The binding of a template that needs something; spec in wire names."""
    return ResourceBinding.from_json(
        {
            "metadata": {
                "namespace": "shop",
                "name": name,
                "labels": {"resourcebinding.karmada.io/permanent-id": f"id of {name}"},
            },
            "spec": {"clusters": [{"name": item, "replicas": 1} for item in clusters], **spec},
        }
    )


def others(*bindings: ResourceBinding) -> Lookup:
    known = {binding.metadata.name: binding for binding in bindings}
    return lambda snapshot: known.get(snapshot.name)


def config(version: str = "7", uid: str = "u") -> Object:
    metadata = {"namespace": "shop", "name": "conf", "uid": uid, "resourceVersion": version}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


WEB = independent("web-deployment", "member1")
LABEL = depended_by_label("shop", "web-deployment")


def test_a_new_one_says_what_it_is_and_who_needs_it() -> None:
    assert new_attached(WEB, config()).to_json() == {
        "metadata": {
            "namespace": "shop",
            "name": "conf-configmap",
            "labels": {LABEL: "id of web-deployment"},
            "finalizers": ["karmada.io/binding-controller"],
            "ownerReferences": [
                {
                    "apiVersion": "v1",
                    "kind": "ConfigMap",
                    "name": "conf",
                    "uid": "u",
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
        },
        "spec": {
            "resource": {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "namespace": "shop",
                "name": "conf",
                "uid": "u",
                "resourceVersion": "7",
            },
            "requiredBy": [
                {
                    "namespace": "shop",
                    "name": "web-deployment",
                    "clusters": [{"name": "member1", "replicas": 1}],
                }
            ],
            "conflictResolution": "Abort",
            "preserveResourcesOnDeletion": False,
        },
    }


def test_the_label_ends_with_the_key_of_the_one_that_needs_it() -> None:
    assert (
        depended_by_label("sc-deps", "web-deployment") == "resourcebinding.karmada.io/depended-by-5557f9c875"
    )


def test_it_is_found_by_its_labels() -> None:
    assert depended_by(new_attached(WEB, config())) == [f"shop/{LABEL}"]


def test_bringing_it_up_to_date_twice_changes_nothing_the_second_time() -> None:
    stored = new_attached(WEB, config())
    assert attached(stored, WEB, config(), others(WEB)) == stored


def test_it_follows_the_one_that_needs_it() -> None:
    moved = independent("web-deployment", "member3")
    changed = attached(new_attached(WEB, config()), moved, config(), others(WEB))
    assert changed.spec.required_by == [
        BindingSnapshot.from_json(
            {"namespace": "shop", "name": "web-deployment", "clusters": [{"name": "member3", "replicas": 1}]}
        )
    ]


@pytest.mark.parametrize(
    ("mine", "theirs", "expected", "disputed"),
    [
        pytest.param({}, {}, ("Abort", False), 0, id="neither-asks-for-anything"),
        pytest.param({"conflictResolution": "Overwrite"}, {}, ("Overwrite", False), 1, id="one-overwrites"),
        pytest.param({}, {"conflictResolution": "Overwrite"}, ("Overwrite", False), 1, id="the-other-does"),
        pytest.param({"preserveResourcesOnDeletion": True}, {}, ("Abort", True), 1, id="one-preserves"),
        pytest.param(
            {"conflictResolution": "Overwrite"},
            {"preserveResourcesOnDeletion": True},
            ("Overwrite", True),
            2,
            id="each-asks-for-something-else",
        ),
        pytest.param(
            {"conflictResolution": "Overwrite"},
            {"conflictResolution": "Overwrite"},
            ("Overwrite", False),
            0,
            id="both-ask-for-the-same",
        ),
    ],
)
def test_the_stronger_wish_wins_and_a_dispute_is_told(
    mine: Object, theirs: Object, expected: tuple[str, bool], disputed: int
) -> None:
    api = independent("api-deployment", "member2", **theirs)
    web = independent("web-deployment", "member1", **mine)
    stored = attached(new_attached(api, config()), web, config(), others(api))
    assert (stored.spec.conflict_resolution, stored.spec.preserve_resources_on_deletion) == expected
    assert [item.name for item in stored.spec.required_by] == ["api-deployment", "web-deployment"]
    assert len(conflicts_about(stored, web, others(api))) == disputed


def test_what_a_policy_decided_stays_with_the_policy() -> None:
    selected = new_attached(WEB, config()).to_json()
    selected["spec"] |= {"placement": {}, "conflictResolution": "Overwrite"}
    changed = attached(ResourceBinding.from_json(selected), WEB, config(), others(WEB))
    assert changed.spec.conflict_resolution == "Overwrite"
    assert conflicts_about(changed, WEB, others(WEB)) == ()


def test_it_cannot_take_over_the_binding_of_an_earlier_object() -> None:
    with pytest.raises(Conflict, match="different owner reference UID"):
        attached(new_attached(WEB, config()), WEB, config(uid="another"), others(WEB))


@pytest.mark.parametrize(
    ("edited_at", "expected"),
    [
        pytest.param("", "7", id="never-edited-only-its-status-moved"),
        pytest.param("6", "7", id="edited-before"),
        pytest.param("8", "9", id="edited-since"),
    ],
)
def test_the_reference_moves_with_the_content_of_the_object(edited_at: str, expected: str) -> None:
    stored = new_attached(WEB, config("7"))
    changed = attached(stored, WEB, config("9"), others(WEB), edited_at=edited_at)
    assert changed.spec.resource.resource_version == expected


def test_one_that_is_being_deleted_is_left_alone() -> None:
    leaving = new_attached(WEB, config()).to_json()
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    stored = ResourceBinding.from_json(leaving)
    assert attached(stored, independent("web-deployment", "member9"), config(), others()) is stored


def test_the_last_one_that_lets_go_leaves_it_without_targets() -> None:
    key = RESOURCE_BINDINGS.key("shop", "web-deployment")
    left = detached(new_attached(WEB, config()), key, others())
    assert left.metadata.labels == {}
    assert set(left.spec.to_json()) == {"resource"}


def test_those_who_still_need_it_decide_alone() -> None:
    api = independent("api-deployment", "member2")
    web = independent("web-deployment", "member1", conflictResolution="Overwrite")
    stored = attached(new_attached(api, config()), web, config(), others(api))
    left = detached(stored, RESOURCE_BINDINGS.key("shop", "web-deployment"), others(api))
    assert list(left.metadata.labels) == [depended_by_label("shop", "api-deployment")]
    assert left.spec.conflict_resolution == "Abort"
    assert [item.name for item in left.spec.required_by] == ["api-deployment"]


def test_letting_go_of_what_was_never_held_changes_nothing() -> None:
    stored = new_attached(WEB, config())
    assert detached(stored, RESOURCE_BINDINGS.key("shop", "stranger"), others()) is stored
