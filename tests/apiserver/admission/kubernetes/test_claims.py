"""PersistentVolumeClaim, PersistentVolume, StorageClass: what is filled in, and what is refused."""

from typing import Any

import pytest

from apiserver.admission.kubernetes.claims import (
    CLAIM_RULES,
    CLASS_RULES,
    DEFAULT_CLASS,
    VOLUME_RULES,
    default_class,
)
from karmada.api.objects import Object, private_copy
from tests.apiserver.admission.contexts import NOW, admitted, judged, shaped

IMMUTABLE = (
    "spec: Forbidden: spec is immutable after creation except resources.requests and "
    "volumeAttributesClassName for bound claims"
)


def claim(size: str = "2Gi", **spec: Any) -> Object:
    return shaped(
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "disk", "namespace": "shop"},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": size}},
                **spec,
            },
        }
    )


def storage_class(name: str, *, default: bool = True, made: str = NOW) -> Object:
    annotations = {"storageclass.kubernetes.io/is-default-class": str(default).lower()}
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": name, "creationTimestamp": made, "annotations": annotations},
        "provisioner": "example.test/disks",
    }


def test_a_claim_waits_for_a_volume() -> None:
    made = admitted(CLAIM_RULES, claim())
    assert made["status"] == {"phase": "Pending"}
    assert made["spec"]["volumeMode"] == "Filesystem"
    assert "storageClassName" not in made["spec"]
    assert "finalizers" not in made["metadata"]


def test_a_claim_without_class_gets_the_default_one_and_an_empty_class_is_a_class() -> None:
    classes = [storage_class("slow"), storage_class("fast", default=False)]
    assert admitted(CLAIM_RULES, claim(), existing=classes)["spec"]["storageClassName"] == "slow"
    given = claim(storageClassName="")
    assert admitted(CLAIM_RULES, given, existing=classes)["spec"]["storageClassName"] == ""


def test_the_newest_default_class_wins() -> None:
    old = storage_class("a", made="2026-01-01T00:00:00Z")
    assert default_class([old, storage_class("c"), storage_class("b")], DEFAULT_CLASS) == "b"
    assert default_class([], DEFAULT_CLASS) == ""


def test_both_ways_to_name_a_source_agree() -> None:
    source = {"apiGroup": None, "kind": "PersistentVolumeClaim", "name": "other"}
    assert admitted(CLAIM_RULES, claim(dataSource=source))["spec"]["dataSourceRef"] == source
    assert admitted(CLAIM_RULES, claim(dataSourceRef=source))["spec"]["dataSource"] == source


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param(
            {"accessModes": []},
            ["spec.accessModes: Required value: at least 1 access mode is required"],
            id="no-modes",
        ),
        pytest.param({"resources": {}}, ["spec.resources[storage]: Required value"], id="no-size"),
        pytest.param(
            {"size": "0"},
            ['spec.resources[storage]: Invalid value: "0": must be greater than zero'],
            id="nothing",
        ),
        pytest.param(
            {"accessModes": ["ReadWriteOncePod", "ReadOnlyMany"]},
            ["spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes"],
            id="one-pod-and-many",
        ),
    ],
)
def test_broken_rules_are_found(spec: Object, expected: list[str]) -> None:
    assert judged(CLAIM_RULES, admitted(CLAIM_RULES, claim(**spec))) == expected


BOUND = {"phase": "Bound", "capacity": {"storage": "2Gi"}}


@pytest.mark.parametrize(
    ("status", "change", "expected"),
    [
        pytest.param(BOUND, {"resources": {"requests": {"storage": "3Gi"}}}, [], id="a-bound-claim-grows"),
        pytest.param(
            {"phase": "Pending"},
            {"resources": {"requests": {"storage": "3Gi"}}},
            [IMMUTABLE],
            id="a-waiting-one-does-not",
        ),
        pytest.param(
            BOUND,
            {"resources": {"requests": {"storage": "1Gi"}}},
            ["spec.resources.requests.storage: Forbidden: field can not be less than status.capacity"],
            id="nothing-shrinks",
        ),
        pytest.param({"phase": "Pending"}, {"volumeName": "pv"}, [], id="it-is-bound-once"),
        pytest.param(BOUND, {"storageClassName": "other"}, [IMMUTABLE], id="class"),
        pytest.param(BOUND, {"volumeAttributesClassName": "gold"}, [], id="attributes"),
    ],
)
def test_little_of_a_claim_may_change(status: Object, change: Object, expected: list[str]) -> None:
    old = admitted(CLAIM_RULES, claim())
    old["status"] = status
    new = private_copy(old)
    new["spec"] |= change
    assert judged(CLAIM_RULES, new, old=old) == expected


# -- volumes and classes ------------------------------------------------------------------------------------


def volume(**spec: Any) -> Object:
    defaults = {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}}
    return shaped(
        {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": "pv"},
            "spec": {**defaults, **spec},
        }
    )


def test_a_volume_is_retained() -> None:
    made = admitted(VOLUME_RULES, volume(hostPath={"path": "/data"}))
    assert made["status"] == {"phase": "Pending", "lastPhaseTransitionTime": NOW}
    assert made["spec"]["persistentVolumeReclaimPolicy"] == "Retain"
    assert made["spec"]["hostPath"] == {"path": "/data", "type": ""}
    assert judged(VOLUME_RULES, made) == []


def test_a_volume_is_something_and_stays_it() -> None:
    assert judged(VOLUME_RULES, admitted(VOLUME_RULES, volume())) == [
        "spec: Required value: must specify a volume type"
    ]
    old = admitted(VOLUME_RULES, volume(hostPath={"path": "/data"}))
    new = private_copy(old)
    new["spec"]["hostPath"]["path"] = "/other"
    assert judged(VOLUME_RULES, new, old=old) == [
        "spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation"
    ]


def test_a_class_deletes_at_once_and_stays_as_it_is() -> None:
    old = admitted(CLASS_RULES, storage_class("slow"))
    assert (old["reclaimPolicy"], old["volumeBindingMode"]) == ("Delete", "Immediate")
    new = {**private_copy(old), "provisioner": "z/z"}
    assert judged(CLASS_RULES, new, old=old) == ['provisioner: Invalid value: "z/z": field is immutable']
