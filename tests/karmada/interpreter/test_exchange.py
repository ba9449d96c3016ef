"""The exchange with a webhook: what is asked, which answers count."""

import base64
from typing import Any

import orjson
import pytest

from karmada.api.groups.work import AggregatedStatusItem
from karmada.api.objects import Object
from karmada.interpreter.errors import WebhookFailed
from karmada.interpreter.exchange import patched, read_response, request_body
from karmada.interpreter.operations import Operation

LOOM: Object = {
    "apiVersion": "looms.example.test/v1",
    "kind": "Loom",
    "metadata": {"name": "cloth", "namespace": "mill"},
    "spec": {"copies": 2},
}


def test_a_request_says_what_is_asked_of_which_object() -> None:
    sent = orjson.loads(request_body("u1", Operation.REVISE_REPLICA, LOOM, replicas=4))
    assert sent == {
        "apiVersion": "config.karmada.io/v1alpha1",
        "kind": "ResourceInterpreterContext",
        "request": {
            "uid": "u1",
            "kind": {"group": "looms.example.test", "version": "v1", "kind": "Loom"},
            "name": "cloth",
            "namespace": "mill",
            "operation": "ReviseReplica",
            "object": LOOM,
            "replicas": 4,
        },
    }


def test_observed_object_and_aggregated_status_travel_when_given() -> None:
    items = [AggregatedStatusItem(cluster_name="m1", applied=True, status={"up": 1})]
    observed = {**LOOM, "spec": {"copies": 1}}
    asked = orjson.loads(request_body("u", Operation.RETAIN, LOOM, observed=observed, items=items))["request"]
    assert asked["observedObject"] == observed
    assert asked["aggregatedStatus"] == [{"clusterName": "m1", "applied": True, "status": {"up": 1}}]
    assert asked["replicas"] == 0


def answer(response: Any, **fields: Any) -> bytes:
    context = {"apiVersion": "config.karmada.io/v1alpha1", "kind": "ResourceInterpreterContext"}
    return orjson.dumps({**context, "response": response, **fields})


WELL = {"uid": "u", "successful": True}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param(b"<html>", "is not JSON", id="not-json"),
        pytest.param(b"[]", "has no response", id="not-an-object"),
        pytest.param(answer(None), "has no response", id="no-response"),
        pytest.param(answer(WELL, kind="AdmissionReview"), "expected an answer of", id="another-kind"),
        pytest.param(answer({**WELL, "uid": "v"}), "expected response uid u, got v", id="another-uid"),
        pytest.param(
            answer({"uid": "u", "successful": False, "status": {"code": 403, "message": "never"}}),
            "code: 403, message: never",
            id="refused",
        ),
        pytest.param(answer({"uid": "u", "successful": False}), "has no status", id="refused-in-silence"),
        pytest.param(answer({"uid": "u", "successful": "yes"}), "has no status", id="yes-is-not-true"),
    ],
)
def test_an_answer_that_does_not_count_is_an_error(body: bytes, message: str) -> None:
    with pytest.raises(WebhookFailed, match=message):
        read_response(body, "u")


def test_a_successful_answer_counts() -> None:
    assert read_response(answer({**WELL, "healthy": True}), "u")["healthy"] is True


def patch(operations: Any) -> Object:
    return {"patchType": "JSONPatch", "patch": base64.b64encode(orjson.dumps(operations)).decode()}


def test_a_patch_changes_a_copy() -> None:
    replace = {"op": "replace", "path": "/spec/copies", "value": 9}
    assert patched(LOOM, patch([replace]))["spec"] == {"copies": 9}
    assert LOOM["spec"] == {"copies": 2}


@pytest.mark.parametrize("response", [{}, {"patch": "", "patchType": ""}, {"patch": None}])
def test_without_a_patch_the_object_is_unchanged(response: Object) -> None:
    assert patched(LOOM, response) is LOOM


@pytest.mark.parametrize(
    ("response", "message"),
    [
        pytest.param({"patchType": "JSONPatch"}, "both patch and patchType", id="type-alone"),
        pytest.param({"patch": "W10="}, "both patch and patchType", id="patch-alone"),
        pytest.param({"patch": "W10=", "patchType": "MergePatch"}, "only JSONPatch", id="another-type"),
        pytest.param({"patch": "!", "patchType": "JSONPatch"}, "not JSON in base64", id="not-base64"),
        pytest.param({"patch": 7, "patchType": "JSONPatch"}, "not JSON in base64", id="not-text"),
        pytest.param({"patch": "Wzw=", "patchType": "JSONPatch"}, "not JSON in base64", id="not-json"),
        pytest.param(patch({"op": "add"}), "not a list", id="not-a-list"),
        pytest.param(patch([7]), "cannot be applied", id="not-operations"),
        pytest.param(patch([{"op": "jump", "path": "/a"}]), "cannot be applied", id="unknown-operation"),
        pytest.param(patch([{"op": "remove", "path": "/a/b"}]), "cannot be applied", id="no-such-place"),
        pytest.param(patch([{"op": "add", "path": "a", "value": 1}]), "cannot be applied", id="no-pointer"),
        pytest.param(patch([{"op": "add", "path": "/a"}]), "cannot be applied", id="no-value"),
        pytest.param(
            patch([{"op": "test", "path": "/kind", "value": "X"}]), "cannot be applied", id="failed-test"
        ),
        pytest.param(
            patch([{"op": "add", "path": "/kind/x", "value": 1}]), "cannot be applied", id="through-text"
        ),
        pytest.param(patch([{"op": "replace", "path": "", "value": 1}]), "no object", id="nothing-left"),
    ],
)
def test_a_patch_that_cannot_be_used_is_an_error(response: Object, message: str) -> None:
    with pytest.raises(WebhookFailed, match=message):
        patched(LOOM, response)
