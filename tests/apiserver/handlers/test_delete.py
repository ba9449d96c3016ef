"""Delete and deletecollection over HTTP, and the plan behind them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from apiserver.handlers.deletion import plan_deletion
from apiserver.handlers.options import DeleteOptions
from apiserver.resources.builtin import builtin_definitions
from karmada.api.objects import Object
from tests.apiserver.serving import Plane, config_map, deployment

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
DEFINITIONS = {definition.gvr.group_resource: definition for definition in builtin_definitions()}


def stored(spec: Object | None = None, **metadata: Any) -> Object:
    return {"metadata": {"name": "x", "uid": "u", **metadata}, "spec": spec or {}, "status": {}}


@pytest.mark.parametrize(
    ("resource", "obj", "options", "action", "expected"),
    [
        pytest.param("configmaps", stored(), DeleteOptions(), "remove", {}, id="nothing-holds-it"),
        pytest.param(
            "configmaps",
            stored(finalizers=["a/b"]),
            DeleteOptions(),
            "mark",
            {
                "finalizers": ["a/b"],
                "deletionTimestamp": "2026-01-02T03:04:05Z",
                "deletionGracePeriodSeconds": 0,
            },
            id="finalizer-holds-it",
        ),
        pytest.param(
            "deployments.apps",
            stored(generation=3),
            DeleteOptions(propagation_policy="Foreground"),
            "mark",
            {"finalizers": ["foregroundDeletion"], "generation": 4},
            id="foreground",
        ),
        pytest.param(
            "deployments.apps",
            stored(finalizers=["foregroundDeletion"]),
            DeleteOptions(propagation_policy="Orphan"),
            "mark",
            {"finalizers": ["orphan"]},
            id="orphan-instead-of-foreground",
        ),
        pytest.param(
            "jobs.batch", stored(), DeleteOptions(), "mark", {"finalizers": ["orphan"]}, id="jobs-orphan"
        ),
        pytest.param(
            "jobs.batch",
            stored(),
            DeleteOptions(propagation_policy="Background"),
            "remove",
            {},
            id="jobs-background",
        ),
        pytest.param("pods", stored(), DeleteOptions(), "remove", {}, id="unscheduled-pod"),
        pytest.param(
            "pods",
            stored({"nodeName": "n"}),
            DeleteOptions(),
            "mark",
            {"deletionGracePeriodSeconds": 30, "deletionTimestamp": "2026-01-02T03:04:35Z"},
            id="running-pod-gets-its-grace",
        ),
        pytest.param(
            "pods",
            stored({"nodeName": "n"}),
            DeleteOptions(grace_period_seconds=0),
            "remove",
            {},
            id="forced-pod",
        ),
        pytest.param(
            "pods",
            stored(
                {"nodeName": "n"}, deletionTimestamp="2026-01-02T03:04:35Z", deletionGracePeriodSeconds=30
            ),
            DeleteOptions(grace_period_seconds=5),
            "mark",
            {"deletionGracePeriodSeconds": 5, "deletionTimestamp": "2026-01-02T03:04:10Z"},
            id="grace-may-shrink",
        ),
        pytest.param(
            "pods",
            stored(
                {"nodeName": "n"}, deletionTimestamp="2026-01-02T03:04:35Z", deletionGracePeriodSeconds=30
            ),
            DeleteOptions(grace_period_seconds=60),
            "keep",
            {},
            id="grace-may-not-grow",
        ),
        pytest.param(
            "configmaps",
            stored(deletionTimestamp="2026-01-02T03:04:00Z", finalizers=["a/b"]),
            DeleteOptions(),
            "keep",
            {},
            id="second-delete-changes-nothing",
        ),
        pytest.param(
            "events",
            stored(),
            DeleteOptions(propagation_policy="Orphan"),
            "remove",
            {},
            id="events-have-none",
        ),
        pytest.param(
            "namespaces",
            stored({"finalizers": ["kubernetes"]}),
            DeleteOptions(),
            "mark",
            {"deletionTimestamp": "2026-01-02T03:04:05Z"},
            id="namespaces-wait-for-their-content",
        ),
    ],
)
def test_a_deletion_does_what_the_kind_and_the_options_say(
    resource: str, obj: Object, options: DeleteOptions, action: str, expected: Object
) -> None:
    plan = plan_deletion(DEFINITIONS[resource], obj, options, now=NOW)
    assert plan.action == action
    if plan.marked is not None:
        assert {field: plan.marked["metadata"].get(field) for field in expected} == expected


async def test_delete_answers_a_status_or_the_object_as_the_kind_does(plane: Plane) -> None:
    uid = (await plane.post(DEPLOYMENTS, deployment("d"))).object["metadata"]["uid"]
    reply = await plane.delete(f"{DEPLOYMENTS}/d")
    assert reply.object == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {"name": "d", "group": "apps", "kind": "deployments", "uid": uid},
    }
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "s"}}
    await plane.post("/api/v1/namespaces/default/serviceaccounts", account)
    assert (await plane.delete("/api/v1/namespaces/default/serviceaccounts/s")).object[
        "kind"
    ] == "ServiceAccount"


async def test_an_object_goes_with_its_last_finalizer(plane: Plane) -> None:
    await plane.post(CONFIG_MAPS, config_map("a", finalizers=["x.io/y"]))
    marked = await plane.delete(f"{CONFIG_MAPS}/a")
    assert (marked.status, marked.object["kind"]) == (200, "ConfigMap")
    assert marked.object["metadata"]["deletionTimestamp"]
    refused = await plane.patch(f"{CONFIG_MAPS}/a", {"metadata": {"finalizers": ["x.io/y", "z.io/w"]}})
    assert refused.message == (
        'ConfigMap "a" is invalid: metadata.finalizers: Forbidden: no new finalizers can be added if the '
        "object is being "
        'deleted, found new finalizers []string{"z.io/w"}'
    )
    assert (await plane.patch(f"{CONFIG_MAPS}/a", {"metadata": {"finalizers": None}})).status == 200
    assert (await plane.get(f"{CONFIG_MAPS}/a")).status == 404


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        pytest.param(
            {"preconditions": {"uid": "zz"}},
            409,
            'Operation cannot be fulfilled on ConfigMap "a": the UID in the precondition (zz) does not '
            "match the UID in "
            "record (",
            id="uid",
        ),
        pytest.param(
            {"preconditions": {"resourceVersion": "1"}},
            409,
            'Operation cannot be fulfilled on ConfigMap "a": the ResourceVersion in the precondition (1) '
            "does not match",
            id="resource-version",
        ),
        pytest.param(
            {"propagationPolicy": "Bogus"},
            422,
            'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: "Bogus": '
            "supported values: "
            '"Foreground", "Background", "Orphan", "nil"',
            id="policy",
        ),
        pytest.param(
            {"kind": "Foo", "apiVersion": "v1"},
            400,
            'no kind "Foo" is registered for version "v1"',
            id="kind",
        ),
    ],
)
async def test_a_bad_delete_is_refused_and_deletes_nothing(
    plane: Plane, body: Object, status: int, message: str
) -> None:
    await plane.post(CONFIG_MAPS, config_map("a"))
    reply = await plane.delete(f"{CONFIG_MAPS}/a", body)
    assert reply.status == status
    assert reply.message.startswith(message)
    assert (await plane.get(f"{CONFIG_MAPS}/a")).status == 200


async def test_delete_collection_takes_what_the_selector_says_and_lists_it(plane: Plane) -> None:
    for name in ("a", "b", "c"):
        await plane.post(CONFIG_MAPS, config_map(name, labels={"keep": str(name == "c").lower()}))
    reply = await plane.delete(f"{CONFIG_MAPS}?labelSelector=keep%3Dfalse")
    assert (reply.object["kind"], reply.names) == ("ConfigMapList", ["a", "b"])
    assert (await plane.get(CONFIG_MAPS)).names == ["c"]


async def test_default_namespaces_stay(plane: Plane) -> None:
    reply = await plane.delete("/api/v1/namespaces/default")
    assert (reply.status, reply.message) == (
        403,
        'namespaces "default" is forbidden: this namespace may not be deleted',
    )
