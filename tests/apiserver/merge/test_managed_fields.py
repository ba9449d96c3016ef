"""Field ownership over writes, and server-side apply."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apiserver.merge.field_sets import paths
from apiserver.merge.managed_fields import LAST_APPLIED, managed_after_write, server_side_apply
from apiserver.schema.builtin import builtin_schema
from karmada.api.errors import ApiError, BadRequest, Conflict
from karmada.api.objects import Object, private_copy
from tests.apiserver.schema.samples import DEPLOYMENT, deployment

SCHEMA = builtin_schema(DEPLOYMENT)
NODE = SCHEMA.node
T0, T1, T2 = "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z", "2026-01-01T00:00:02Z"


def write(old: Object | None, new: Object, manager: str, *, time: str = T1, subresource: str = "") -> Object:
    new = private_copy(new)
    SCHEMA.prune(new)
    managed = managed_after_write(
        NODE, old=old, new=new, manager=manager, api_version="apps/v1", subresource=subresource, time=time
    )
    new["metadata"] = {**new["metadata"], "managedFields": managed, "uid": "1"}
    return new


def apply(live: Object | None, body: Object, manager: str, *, force: bool = False, time: str = T1) -> Object:
    obj = server_side_apply(
        NODE, live=live, applied=body, manager=manager, force=force, api_version="apps/v1", time=time
    )
    SCHEMA.prune(obj)
    obj["metadata"]["uid"] = "1"
    return obj


def partial(**spec: Any) -> Object:
    """What an applier sends; without spec fields there is no spec, for an empty one would be owned."""
    body = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default"},
    }
    return {**body, "spec": spec} if spec else body


def owners(obj: Object) -> dict[str, list[str]]:
    """Owned paths by manager, `*` behind appliers."""
    return {
        entry["manager"] + ("*" if entry["operation"] == "Apply" else ""): list(paths(entry["fieldsV1"]))
        for entry in obj["metadata"].get("managedFields", ())
    }


def changed(obj: Object, **spec: Any) -> Object:
    obj = private_copy(obj)
    obj["spec"].update(spec)
    return obj


# -- plain writes -------------------------------------------------------------------------------------------


def test_a_create_gives_everything_to_its_writer() -> None:
    created = write(None, deployment(), "kubectl-create", time=T0)
    [entry] = created["metadata"]["managedFields"]
    assert {key: entry[key] for key in ("manager", "operation", "apiVersion", "time", "fieldsType")} == {
        "manager": "kubectl-create",
        "operation": "Update",
        "apiVersion": "apps/v1",
        "time": T0,
        "fieldsType": "FieldsV1",
    }
    assert ".spec.replicas" in owners(created)["kubectl-create"]


def test_a_changed_field_moves_to_its_writer() -> None:
    created = write(None, deployment(), "a", time=T0)
    updated = write(created, changed(created, replicas=5), "b")
    assert owners(updated)["b"] == [".spec.replicas"]
    assert ".spec.replicas" not in owners(updated)["a"]


def test_a_write_that_changes_nothing_leaves_the_entries_and_their_times() -> None:
    created = write(None, deployment(), "a", time=T0)
    again = write(created, created, "b", time=T2)
    assert again["metadata"]["managedFields"] == created["metadata"]["managedFields"]


def test_a_removed_field_is_nobodys() -> None:
    created = write(None, deployment(), "a", time=T0)
    without = private_copy(created)
    del without["spec"]["replicas"]
    updated = write(created, without, "b")
    assert list(owners(updated)) == ["a"]
    assert ".spec.replicas" not in owners(updated)["a"]


def test_a_status_write_owns_status_alone() -> None:
    created = write(None, deployment(), "a", time=T0)
    observed = private_copy(created)
    observed["status"] = {"replicas": 2}
    observed["spec"]["replicas"] = 9
    updated = write(created, observed, "controller", subresource="status")
    entry = next(item for item in updated["metadata"]["managedFields"] if item["manager"] == "controller")
    assert entry["subresource"] == "status"
    assert list(paths(entry["fieldsV1"])) == [".status.replicas"]


def test_a_write_to_the_object_never_owns_status() -> None:
    obj = deployment()
    obj["status"] = {"replicas": 3}
    assert not any(path.startswith(".status") for path in owners(write(None, obj, "a"))["a"])


def test_an_object_that_is_not_tracked_stays_so_until_it_is_applied() -> None:
    live = {**deployment(), "metadata": {"name": "web", "uid": "1"}}
    assert write(live, changed(live, replicas=7), "a")["metadata"]["managedFields"] == []


@pytest.mark.parametrize("given_list", [[], [{}]], ids=["empty", "one-empty-entry"])
def test_a_client_can_stop_the_tracking(given_list: list[Any]) -> None:
    created = write(None, deployment(), "a")
    cleared = private_copy(created)
    cleared["metadata"]["managedFields"] = given_list
    managed = managed_after_write(NODE, old=created, new=cleared, manager="a", api_version="apps/v1", time=T1)
    assert managed == []


def test_a_client_that_does_not_know_the_entries_does_not_lose_them() -> None:
    created = write(None, deployment(), "a", time=T0)
    naive = private_copy(created)
    del naive["metadata"]["managedFields"]
    assert list(owners(write(created, naive, "b"))) == ["a"]


def test_a_client_may_rewrite_the_entries() -> None:
    created = write(None, deployment(), "a", time=T0)
    rewritten = private_copy(created)
    rewritten["metadata"]["managedFields"][0]["manager"] = "renamed"
    assert list(owners(write(created, rewritten, "b"))) == ["renamed"]


def test_entries_of_a_version_that_is_gone_are_dropped() -> None:
    created = write(None, deployment(), "a")
    created["metadata"]["managedFields"][0]["apiVersion"] = "apps/v1beta1"
    managed = managed_after_write(
        NODE,
        old=created,
        new=changed(created, replicas=4),
        manager="b",
        api_version="apps/v1",
        time=T1,
        served_versions={"apps/v1"},
    )
    assert [entry["manager"] for entry in managed] == ["b"]


# -- apply --------------------------------------------------------------------------------------------------


def test_applying_to_nothing_creates() -> None:
    created = apply(None, partial(replicas=1), "ssa", time=T0)
    assert owners(created) == {"ssa*": [".spec.replicas"]}
    assert created["metadata"]["managedFields"][0]["time"] == T0


def test_a_contested_field_is_a_conflict_with_the_stock_words() -> None:
    created = apply(None, partial(replicas=1), "ssa")
    with pytest.raises(Conflict) as caught:
        apply(created, partial(replicas=2), "other")
    assert caught.value.message == 'Apply failed with 1 conflict: conflict with "ssa": .spec.replicas'
    assert caught.value.details == {
        "causes": [
            {"reason": "FieldManagerConflict", "message": 'conflict with "ssa"', "field": ".spec.replicas"}
        ]
    }


def test_several_conflicts_are_listed_by_manager() -> None:
    created = write(None, deployment(), "editor")
    observed = changed(created, paused=True)
    both = write(created, observed, "pauser")
    with pytest.raises(Conflict) as caught:
        apply(both, partial(replicas=9, paused=False), "ssa")
    assert caught.value.message == (
        'Apply failed with 2 conflicts: conflicts with "editor" using apps/v1:\n- .spec.replicas\n'
        'conflicts with "pauser" using apps/v1:\n- .spec.paused'
    )


def test_force_takes_the_field_over() -> None:
    created = apply(None, partial(replicas=1, paused=True), "ssa")
    taken = apply(created, partial(replicas=2), "other", force=True)
    assert taken["spec"]["replicas"] == 2
    assert owners(taken) == {"ssa*": [".spec.paused"], "other*": [".spec.replicas"]}


def test_the_same_value_is_shared() -> None:
    created = apply(None, partial(replicas=1), "ssa")
    shared = apply(created, partial(replicas=1), "other")
    assert owners(shared) == {"ssa*": [".spec.replicas"], "other*": [".spec.replicas"]}
    left = apply(shared, partial(), "other")
    assert left["spec"]["replicas"] == 1
    assert owners(left) == {"ssa*": [".spec.replicas"]}


def test_what_is_no_longer_applied_goes() -> None:
    created = apply(None, partial(replicas=1, paused=True), "ssa")
    left = apply(created, partial(replicas=1), "ssa")
    assert "paused" not in left["spec"]


def test_an_element_that_is_no_longer_applied_goes() -> None:
    def pods(*names: str) -> Object:
        return partial(template={"spec": {"containers": [{"name": name} for name in names]}})

    created = apply(None, pods("a", "b"), "ssa")
    left = apply(created, pods("b"), "ssa")
    assert [item["name"] for item in left["spec"]["template"]["spec"]["containers"]] == ["b"]


def test_applying_the_same_again_changes_nothing_not_even_the_time() -> None:
    created = apply(None, partial(replicas=1), "ssa", time=T0)
    assert apply(created, partial(replicas=1), "ssa", time=T2) == created


def test_an_object_nobody_was_recorded_for_belongs_to_before_first_apply() -> None:
    live = deployment()
    SCHEMA.prune(live)
    live["metadata"]["uid"] = "1"
    with pytest.raises(Conflict, match=r'conflict with "before-first-apply" using apps/v1: \.spec\.replicas'):
        apply(live, partial(replicas=5), "ssa")


def test_kubectl_takes_over_what_it_applied_from_the_client_side() -> None:
    last = partial(replicas=2)
    obj = deployment()
    obj["metadata"]["annotations"] = {LAST_APPLIED: orjson.dumps(last).decode()}
    created = write(None, obj, "kubectl-client-side-apply")
    taken = apply(created, partial(replicas=3), "kubectl")
    assert taken["spec"]["replicas"] == 3
    written = taken["metadata"]["annotations"][LAST_APPLIED]
    assert written.endswith("}\n")
    assert orjson.loads(written)["spec"] == {"replicas": 3}
    with pytest.raises(Conflict):
        apply(created, partial(replicas=3), "other")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param({"kind": "Deployment"}, "invalid object type: /, Kind=Deployment", id="no-version"),
        pytest.param(
            {"apiVersion": "apps/v1beta1", "kind": "Deployment"},
            "Incorrect version specified in apply patch. Specified patch version: "
            "apps/v1beta1, expected: apps/v1",
            id="other-version",
        ),
        pytest.param(
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"managedFields": []}},
            "metadata.managedFields must be nil",
            id="managed-fields",
        ),
    ],
)
def test_a_body_that_cannot_be_applied_is_refused(body: Object, message: str) -> None:
    with pytest.raises(BadRequest) as caught:
        apply(None, body, "ssa")
    assert caught.value.message == message


# -- laws ---------------------------------------------------------------------------------------------------

specs = st.fixed_dictionaries(
    {},
    optional={
        "replicas": st.integers(0, 3),
        "paused": st.booleans(),
        "strategy": st.sampled_from([{}, {"type": "Recreate"}]),
        "template": st.builds(
            lambda names: {"spec": {"containers": [{"name": name, "image": name} for name in names]}},
            st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True),
        ),
    },
)
steps = st.lists(st.tuples(st.sampled_from(["m1", "m2"]), specs), min_size=1, max_size=5)


@given(steps)
def test_an_applier_owns_exactly_what_it_applied_last(history: list[tuple[str, dict[str, Any]]]) -> None:
    live: Object | None = None
    for manager, spec in history:
        body = partial(**spec)
        live = apply(live, body, manager, force=True)
        alone = owners(apply(None, body, manager))
        assert owners(live).get(f"{manager}*", []) == alone.get(f"{manager}*", [])
        assert apply(live, body, manager) == live


@given(steps)
def test_what_nobody_owns_is_gone(history: list[tuple[str, dict[str, Any]]]) -> None:
    live: Object | None = None
    for manager, spec in history:
        live = apply(live, partial(**spec), manager, force=True)
    for manager in ("m1", "m2"):
        live = apply(live, partial(), manager, force=True)
    assert live is not None
    assert owners(live) == {}
    assert not any(live["spec"].get(name) for name in ("replicas", "paused"))
    assert not live["spec"]["template"]["spec"]["containers"]


@given(specs, specs)
def test_without_force_a_conflict_changes_nothing(first: dict[str, Any], second: dict[str, Any]) -> None:
    live = apply(None, partial(**first), "m1")
    before = private_copy(live)
    try:
        merged = apply(live, partial(**second), "m2")
    except ApiError:
        assert live == before
    else:
        assert owners(merged).get("m1*", []) == owners(live).get("m1*", [])
