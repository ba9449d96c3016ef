"""What `apply` sends: only what differs, gone what is wanted no more, untouched what others added."""

from typing import Any

import pytest

from apiserver.merge.patches import merge_patch, strategic_merge_patch
from karmada.cli.applying import apply_patch, strategic_node, with_last_applied
from karmada.cli.three_way import three_way_merge, three_way_strategic
from karmada.client.client import MERGE_PATCH, STRATEGIC_MERGE_PATCH


def deployment(spec: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", **metadata},
        "spec": spec,
    }


def pods(*containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"template": {"spec": {"containers": list(containers), **spec}}}


WEB = {"name": "web", "image": "web:1"}
DEFAULTED = {**WEB, "imagePullPolicy": "Always", "resources": {}}
SIDE = {"name": "side", "image": "side:1"}


@pytest.mark.parametrize(
    ("original", "wanted", "live", "patch"),
    [
        pytest.param(
            deployment(pods(WEB)), deployment(pods(WEB)), deployment(pods(DEFAULTED)), {}, id="as-it-is"
        ),
        pytest.param(
            deployment(pods(WEB)),
            deployment(pods(WEB)),
            deployment(pods(SIDE, DEFAULTED)),
            {},
            id="what-others-put-in-stays",
        ),
        pytest.param(
            deployment({"replicas": 2, **pods(WEB)}),
            deployment(pods(WEB)),
            deployment({"replicas": 2, **pods(DEFAULTED)}),
            {"spec": {"replicas": None}},
            id="wanted-no-more",
        ),
        pytest.param(
            deployment(pods(WEB)),
            deployment(pods({**WEB, "image": "web:2"})),
            deployment(pods(DEFAULTED)),
            {
                "spec": {
                    "template": {
                        "spec": {
                            "$setElementOrder/containers": [{"name": "web"}],
                            "containers": [{"name": "web", "image": "web:2"}],
                        }
                    }
                }
            },
            id="one-element-of-a-list",
        ),
        pytest.param(
            deployment(pods(WEB, SIDE)),
            deployment(pods(WEB)),
            deployment(pods(DEFAULTED, SIDE)),
            {
                "spec": {
                    "template": {
                        "spec": {
                            "$setElementOrder/containers": [{"name": "web"}],
                            "containers": [{"$patch": "delete", "name": "side"}],
                        }
                    }
                }
            },
            id="an-element-gone",
        ),
        pytest.param(
            deployment({"strategy": {"type": "RollingUpdate"}}),
            deployment({"strategy": {"type": "Recreate"}}),
            deployment({"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}),
            {"spec": {"strategy": {"type": "Recreate", "$retainKeys": ["type"]}}},
            id="a-union",
        ),
        pytest.param(
            deployment({}, labels={"a": "1", "b": "2"}),
            deployment({}, labels={"a": "2"}),
            deployment({}, labels={"a": "1", "c": "3"}),
            {"metadata": {"labels": {"a": "2"}}},
            id="a-label-that-is-gone-already",
        ),
        pytest.param(
            deployment({}, finalizers=["a/b", "c/d"]),
            deployment({}, finalizers=["a/b"]),
            deployment({}, finalizers=["a/b", "c/d", "e/f"]),
            {
                "metadata": {
                    "$deleteFromPrimitiveList/finalizers": ["c/d"],
                    "$setElementOrder/finalizers": ["a/b"],
                }
            },
            id="a-scalar-of-a-set",
        ),
    ],
)
def test_the_strategic_patch_says_no_more_than_needed(
    original: dict[str, Any], wanted: dict[str, Any], live: dict[str, Any], patch: dict[str, Any]
) -> None:
    node = strategic_node(wanted)
    assert three_way_strategic(original, wanted, live, node) == patch


def test_the_server_makes_of_it_what_was_wanted() -> None:
    original = deployment({"replicas": 1, **pods(WEB, SIDE, dnsPolicy="Default")})
    live = deployment({"replicas": 7, **pods(DEFAULTED, SIDE, {"name": "mesh"}, dnsPolicy="Default")})
    wanted = deployment({"replicas": 3, **pods({**WEB, "image": "web:2"})})
    node = strategic_node(wanted)
    merged = strategic_merge_patch(node, live, three_way_strategic(original, wanted, live, node))
    containers = merged["spec"]["template"]["spec"].pop("containers")
    assert [each["name"] for each in containers] == ["web", "mesh"]
    assert containers[0] == {**DEFAULTED, "image": "web:2"}
    assert merged["spec"] == {"replicas": 3, "template": {"spec": {}}}


@pytest.mark.parametrize(
    ("original", "wanted", "live", "patch"),
    [
        ({"a": 1}, {"a": 1}, {"a": 1, "b": 2}, {}),
        ({"a": 1, "c": 1}, {"a": 2}, {"a": 1, "c": 1}, {"a": 2, "c": None}),
        ({"a": 1, "c": 1}, {"a": 1}, {"a": 1}, {}),
        ({}, {"l": [1, 2]}, {"l": [1]}, {"l": [1, 2]}),
        ({"m": {"x": 1, "y": 1}}, {"m": {"x": 1}}, {"m": {"x": 1, "y": 1, "z": 1}}, {"m": {"y": None}}),
    ],
)
def test_other_kinds_get_a_merge_patch(
    original: dict[str, Any], wanted: dict[str, Any], live: dict[str, Any], patch: dict[str, Any]
) -> None:
    assert three_way_merge(original, wanted, live) == patch
    assert three_way_merge(wanted, wanted, merge_patch(live, patch)) == {}


@pytest.mark.parametrize(
    ("kind", "patch_type"),
    [(("apps/v1", "Deployment"), STRATEGIC_MERGE_PATCH), (("example.io/v1", "Thing"), MERGE_PATCH)],
)
def test_the_kind_decides_the_form(kind: tuple[str, str], patch_type: str) -> None:
    wanted = {"apiVersion": kind[0], "kind": kind[1], "metadata": {"name": "a"}, "spec": {"x": 1}}
    assert apply_patch(with_last_applied(wanted), wanted)[1] == patch_type


def test_the_record_of_what_was_applied_does_not_hold_itself() -> None:
    once = with_last_applied(deployment({"replicas": 1}))
    assert with_last_applied(once) == once
