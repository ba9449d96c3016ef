"""What fuzzing found, one line each: requests that were once answered with a 500, and what they get now."""

from typing import Any

import pytest

from tests.fuzz.wire import Headers, Wire

CONFIG_MAPS = "/api/v1/namespaces/fuzz/configmaps"
CLUSTERS = "/apis/cluster.karmada.io/v1alpha1/clusters"
POLICIES = "/apis/policy.karmada.io/v1alpha1/namespaces/fuzz/propagationpolicies"
REVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews"
MERGE = "application/merge-patch+json"
APPLY = "application/apply-patch+yaml"
APPLIED = f"{CONFIG_MAPS}/found?fieldManager=fuzz"
GARBLED = b"\xf4\x90garbled"


def untyped(field: str, word: str) -> str:
    return f"json: cannot unmarshal {word} into Go struct field .{field} of type string"


@pytest.fixture(scope="module", autouse=True)
def _something_to_patch(wire: Wire) -> None:
    assert wire.call("POST", CONFIG_MAPS, {"metadata": {"name": "found"}}).status == 201


@pytest.mark.parametrize(
    ("method", "path", "kind", "body", "status", "words"),
    [
        pytest.param(
            "POST", CONFIG_MAPS, "application/json", {"apiVersion": {"a": 1}, "kind": "ConfigMap"},
            400, untyped("apiVersion", "object"), id="version-is-no-text",
        ),
        pytest.param(
            "POST", CONFIG_MAPS, "application/yaml", {"apiVersion": "v1", "kind": ["ConfigMap"]},
            400, untyped("kind", "array"), id="kind-is-no-text",
        ),
        pytest.param(
            "POST", REVIEWS, "application/json", {"kind": [], "apiVersion": "v1"},
            400, untyped("kind", "array"), id="kind-of-a-review-is-no-text",
        ),
        pytest.param(
            "PATCH", f"{CONFIG_MAPS}/found", MERGE, {"kind": [1]},
            422, untyped("kind", "array"), id="kind-is-no-text-once-patched",
        ),
        pytest.param(
            "PATCH", APPLIED, APPLY, {"apiVersion": True, "kind": "ConfigMap"},
            400, "invalid object type: /, Kind=ConfigMap", id="applied-version-is-no-text",
        ),
        pytest.param(
            "PATCH", APPLIED, APPLY, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": [False]},
            500, ".metadata: expected map, got &{[false]}", id="applied-metadata-is-a-list",
        ),
        pytest.param(
            "POST", CLUSTERS, "application/json",
            {"apiVersion": "cluster.karmada.io/v1alpha1", "kind": 5, "metadata": "odd"},
            400, untyped("kind", "number"), id="kind-of-a-cluster-is-no-text",
        ),
        pytest.param(
            "POST", POLICIES, "application/json",
            {"apiVersion": "policy.karmada.io/v1alpha1", "kind": "Odd", "metadata": "odd"},
            422, 'Invalid value: "Odd": must be PropagationPolicy', id="metadata-of-another-kind-is-text",
        ),
        pytest.param(
            "POST", CLUSTERS, "application/json",
            {"apiVersion": "cluster.karmada.io/v1alpha1", "kind": "Cluster", "metadata": {"name": "found"},
             "spec": {"syncMode": "Push", "resourceModels": [{"grade": 0, "ranges": [None]}]}},
            422, "spec.resourceModels[0].ranges[0]", id="null-where-a-default-is-set",
        ),
        pytest.param(
            "POST", "/api/v1/namespaces/fuzz/bindings", "application/json", {"metadata": {"name": "found"}},
            422, "target", id="admission-took-a-binding-for-a-pod",
        ),
    ],
)  # fmt: skip
def test_odd_bodies_are_refused_with_words(
    wire: Wire, method: str, path: str, kind: str, body: Any, status: int, words: str
) -> None:
    answer = wire.call(method, path, body, kind=kind)
    assert (answer.status, answer.is_broken) == (status, False), answer.body
    assert words in answer.object["message"]


@pytest.mark.parametrize(
    ("method", "target", "headers", "status"),
    [
        pytest.param(b"GET", b"/version", [(b"Impersonate-Group", GARBLED)], 400, id="impersonation-alone"),
        pytest.param(b"HEAD", b"/api", [(b"Impersonate-Uid", GARBLED)], 400, id="without-a-body"),
        pytest.param(b"GET", b"/api/v1/nodes", [(b"Impersonate-User", GARBLED)], 403, id="user"),
        pytest.param(b"GET", b"/api/v1/%f4%90garbled", [], 404, id="path"),
        pytest.param(b"GET", b"/version", [(b"Audit-ID", GARBLED)], 200, id="told-again"),
    ],
)
def test_bytes_that_are_no_utf8_are_taken_as_such(
    wire: Wire, method: bytes, target: bytes, headers: Headers, status: int
) -> None:
    answer = wire.send(method, target, headers)
    assert (answer.status, answer.is_broken) == (status, False), answer.body
