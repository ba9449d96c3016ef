"""Work: manifests are pruned and marked."""

from typing import Any

import pytest

from apiserver.admission.karmada.refusals import WebhookFailure
from apiserver.admission.karmada.works import RULES
from karmada.api.objects import Object, private_copy
from tests.apiserver.admission.contexts import admitted

ID = "work.karmada.io/permanent-id"
CONFIG_MAP = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "c", "namespace": "shop", "uid": "u", "annotations": {"z": "1"}},
    "data": {"a": "b"},
}


def work(*manifests: Any, **metadata: Any) -> Object:
    return {
        "apiVersion": "work.karmada.io/v1alpha1",
        "kind": "Work",
        "metadata": {"name": "w", "namespace": "karmada-es-member1", **metadata},
        "spec": {"workload": {"manifests": private_copy({"items": list(manifests)})["items"]}},
    }


def test_a_manifest_says_which_work_it_is_from_and_what_is_managed() -> None:
    admitted_work = admitted(RULES, work(CONFIG_MAP, labels={ID: "id-1"}))
    assert admitted_work["metadata"]["labels"] == {ID: "id-1"}
    assert admitted_work["spec"]["workload"]["manifests"] == [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": "c",
                "namespace": "shop",
                "labels": {ID: "id-1"},
                "annotations": {
                    "z": "1",
                    "resourcetemplate.karmada.io/managed-annotations": (
                        "resourcetemplate.karmada.io/managed-annotations,"
                        "resourcetemplate.karmada.io/managed-labels,z"
                    ),
                    "resourcetemplate.karmada.io/managed-labels": ID,
                },
            },
            "data": {"a": "b"},
        }
    ]


def test_a_work_without_id_gets_one_and_so_do_its_manifests() -> None:
    made = admitted(RULES, work(CONFIG_MAP))
    manifest = made["spec"]["workload"]["manifests"][0]
    assert made["metadata"]["labels"][ID] == manifest["metadata"]["labels"][ID] != ""


def test_admission_changes_nothing_the_second_time() -> None:
    once = admitted(RULES, work(CONFIG_MAP))
    assert admitted(RULES, private_copy(once), old=once) == once


def test_the_workload_is_never_absent() -> None:
    given = {**work(), "spec": {}}
    assert admitted(RULES, given)["spec"] == {"workload": {}}


def test_what_has_no_kind_is_no_manifest() -> None:
    expected = (
        "admission webhook \"work.karmada.io\" denied the request: Object 'Kind' is missing in "
        '\'{"apiVersion":"v1","metadata":{"name":"x"}}\''
    )
    with pytest.raises(WebhookFailure) as caught:
        admitted(RULES, work({"metadata": {"name": "x"}, "apiVersion": "v1"}))
    assert caught.value.message == expected
    assert caught.value.to_status()["code"] == 500
    assert "reason" not in caught.value.to_status()
