"""Strategic merge patch, directive by directive."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apiserver.merge.patches import strategic_merge_patch
from apiserver.merge.refusals import UnclassifiedError
from apiserver.schema.builtin import type_node
from karmada.api.errors import ApiError, BadRequest
from karmada.api.objects import private_copy

NODE = type_node("io.k8s.api.apps.v1.Deployment")


def pod(**spec: Any) -> dict[str, Any]:
    return {"spec": {"template": {"spec": spec}}}


def c(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, **fields}


def finalizers(*names: str, **directives: Any) -> dict[str, Any]:
    return {"metadata": {"finalizers": list(names), **directives}}


LIVE = pod(containers=[c("a", image="1", env=[{"name": "X", "value": "1"}]), c("b", image="1")])


@pytest.mark.parametrize(
    ("live", "patch", "expected"),
    [
        pytest.param(
            pod(containers=[c("c1", image="a"), c("c2")]),
            pod(containers=[c("c1", image="b"), c("c3")]),
            pod(containers=[c("c1", image="b"), c("c3"), c("c2")]),
            id="items-merge-by-key-and-server-items-keep-their-place",
        ),
        pytest.param(
            finalizers("a", "b"), finalizers("e"), finalizers("e", "a", "b"), id="scalars-are-united"
        ),
        pytest.param(
            {"metadata": {"labels": {"a": "1", "b": "2"}}},
            {"metadata": {"labels": {"a": None, "c": "3"}}},
            {"metadata": {"labels": {"b": "2", "c": "3"}}},
            id="null-deletes-a-map-key",
        ),
        pytest.param(
            pod(tolerations=[{"key": "a"}]),
            pod(tolerations=[{"key": "b"}]),
            pod(tolerations=[{"key": "b"}]),
            id="lists-without-strategy-are-replaced",
        ),
        pytest.param(
            LIVE,
            pod(containers=[{"$patch": "delete", "name": "a"}]),
            pod(containers=[c("b", image="1")]),
            id="delete-an-item",
        ),
        pytest.param(
            LIVE,
            pod(containers=[{"$patch": "replace"}, c("z")]),
            pod(containers=[c("z")]),
            id="replace-the-list",
        ),
        pytest.param(
            LIVE,
            pod(containers=[{"$patch": "replace", "name": "a", "image": "2"}]),
            pod(containers=[]),
            id="a-replace-directive-in-an-item-speaks-for-the-list",
        ),
        pytest.param(
            {"metadata": {"labels": {"a": "1"}}},
            {"metadata": {"labels": {"$patch": "replace", "b": "2"}}},
            {"metadata": {"labels": {"b": "2"}}},
            id="replace-a-map",
        ),
        pytest.param(
            {"metadata": {"labels": {"a": "1"}}},
            {"metadata": {"labels": {"$patch": "delete"}}},
            {"metadata": {"labels": {}}},
            id="delete-a-map",
        ),
        pytest.param(
            finalizers("a", "b", "c"),
            {"metadata": {"$deleteFromPrimitiveList/finalizers": ["b"]}},
            finalizers("a", "c"),
            id="delete-from-a-list-of-scalars",
        ),
        pytest.param(
            LIVE,
            pod(**{"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}),
            pod(containers=[c("b", image="1"), c("a", image="1", env=[{"name": "X", "value": "1"}])]),
            id="order-alone",
        ),
        pytest.param(
            pod(containers=[c("a"), c("side"), c("b")]),
            pod(
                **{
                    "$setElementOrder/containers": [{"name": "b"}, {"name": "a"}],
                    "containers": [c("a", image="2")],
                }
            ),
            pod(containers=[c("side"), c("b"), c("a", image="2")]),
            id="order-with-a-change-and-a-server-item",
        ),
        pytest.param(
            {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}},
            {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}},
            {"spec": {"strategy": {"type": "Recreate"}}},
            id="retain-keys",
        ),
        pytest.param(
            pod(volumes=[{"name": "v", "emptyDir": {}}]),
            pod(volumes=[{"name": "v", "$retainKeys": ["name", "configMap"], "configMap": {"name": "x"}}]),
            pod(volumes=[{"name": "v", "configMap": {"name": "x"}}]),
            id="retain-keys-in-an-item",
        ),
        pytest.param(
            pod(containers=[c("a", ports=[{"containerPort": 80, "protocol": "TCP"}])]),
            pod(containers=[c("a", ports=[{"containerPort": 80, "protocol": "UDP"}])]),
            pod(containers=[c("a", ports=[{"containerPort": 80, "protocol": "UDP"}])]),
            id="ports-merge-by-the-port-alone",
        ),
        pytest.param(
            {}, pod(containers=[c("a", env=None)]), pod(containers=[c("a")]), id="nulls-in-new-parts-vanish"
        ),
    ],
)
def test_strategic_merge(live: dict[str, Any], patch: dict[str, Any], expected: dict[str, Any]) -> None:
    before = private_copy(live), private_copy(patch)
    assert strategic_merge_patch(NODE, live, patch) == expected
    assert (live, patch) == before


@pytest.mark.parametrize(
    ("patch", "error", "message"),
    [
        pytest.param(
            {"spec": {"strategy": {"$retainKeys": ["type"], "rollingUpdate": {}}}},
            BadRequest,
            "invalid patch format of retainKeys",
            id="retain-keys-misses-a-patched-key",
        ),
        pytest.param(
            {"spec": {"strategy": {"$retainKeys": "type"}}},
            BadRequest,
            "invalid patch format of retainKeys",
            id="malformed-retain-keys",
        ),
        pytest.param(
            pod(**{"$setElementOrder/containers": [{"name": "b"}], "containers": [c("a")]}),
            UnclassifiedError,
            "The order in patch list:\n[map[name:a]]\n doesn't match $setElementOrder list:\n[map[name:b]]\n",
            id="order-misses-a-patched-item",
        ),
        pytest.param(
            pod(**{"$setElementOrder": []}),
            BadRequest,
            "invalid patch format of setElementOrder list",
            id="order-without-a-name",
        ),
        pytest.param(
            pod(containers=[{"image": "q"}]),
            UnclassifiedError,
            "map: map[image:q] does not contain declared merge key: name",
            id="item-without-its-key",
        ),
        pytest.param(
            {"spec": {"strategy": {"$patch": "bogus"}}},
            UnclassifiedError,
            "unknown patch type: bogus in map: map[$patch:bogus]",
            id="unknown-directive",
        ),
        pytest.param(
            [],
            BadRequest,
            "json: cannot unmarshal array into Go value of type map[string]interface {}",
            id="not-an-object",
        ),
    ],
)
def test_a_bad_patch_is_refused(patch: Any, error: type[ApiError], message: str) -> None:
    live = {**LIVE, "spec": {**LIVE["spec"], "strategy": {"type": "RollingUpdate"}}}
    with pytest.raises(error) as caught:
        strategic_merge_patch(NODE, live, patch)
    assert caught.value.message == message


names = st.sampled_from(["a", "b", "c"])
containers = st.lists(
    st.fixed_dictionaries({"name": names}, optional={"image": st.sampled_from(["1", "2"])}),
    max_size=3,
    unique_by=lambda item: item["name"],
)
deployments = st.builds(
    lambda items, labels, finals: {
        "metadata": {"labels": labels, "finalizers": finals},
        "spec": {"template": {"spec": {"containers": items}}},
    },
    containers,
    st.dictionaries(names, names, max_size=3),
    st.lists(names, max_size=3, unique=True),
)


@given(deployments, deployments)
def test_applying_a_patch_again_changes_nothing_but_never_loses_an_item(
    live: dict[str, Any], patch: dict[str, Any]
) -> None:
    once = strategic_merge_patch(NODE, live, patch)
    assert strategic_merge_patch(NODE, once, patch) == once
    kept = {item["name"] for item in once["spec"]["template"]["spec"]["containers"]}
    given_names = {
        item["name"] for obj in (live, patch) for item in obj["spec"]["template"]["spec"]["containers"]
    }
    assert kept == given_names


@given(deployments)
def test_patching_with_itself_is_a_no_op(live: dict[str, Any]) -> None:
    assert strategic_merge_patch(NODE, live, live) == live
