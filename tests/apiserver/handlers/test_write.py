"""Create, update, patch and apply over HTTP."""

import asyncio
from typing import Any

import pytest

from tests.apiserver.serving import APPLY, JSON_PATCH, MERGE, STRATEGIC, Plane, config_map, deployment

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
YAML = "application/yaml"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/default/leases"


async def test_create_fills_in_what_the_server_manages(plane: Plane) -> None:
    reply = await plane.post(CONFIG_MAPS, config_map("a", {"k": "v"}, uid="mine", selfLink="x"))
    assert reply.status == 201
    metadata = reply.object["metadata"]
    assert metadata["namespace"] == "default"
    assert metadata["uid"] not in ("", "mine")
    assert metadata["creationTimestamp"].endswith("Z")
    assert "selfLink" not in metadata
    assert int(metadata["resourceVersion"]) > 0
    assert (await plane.get(f"{CONFIG_MAPS}/a")).body == reply.body


async def test_generated_names_end_in_five_safe_characters(plane: Plane) -> None:
    body = config_map("", generateName="job-")
    names = {(await plane.post(CONFIG_MAPS, body)).object["metadata"]["name"] for _ in range(3)}
    assert len(names) == 3
    assert all(name.startswith("job-") and len(name) == len("job-") + 5 for name in names)


async def test_a_generated_name_is_drawn_again_when_it_is_taken(
    plane: Plane, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = iter("aaaaa" + "aaaaa" + "bbbbb")
    monkeypatch.setattr("secrets.choice", lambda alphabet: next(drawn))
    first = await plane.post(CONFIG_MAPS, config_map("", generateName="x-"))
    second = await plane.post(CONFIG_MAPS, config_map("", generateName="x-"))
    assert [first.object["metadata"]["name"], second.object["metadata"]["name"]] == ["x-aaaaa", "x-bbbbb"]


@pytest.mark.parametrize(
    ("path", "body", "status", "message"),
    [
        pytest.param(
            CONFIG_MAPS,
            config_map("taken"),
            409,
            'configmaps "taken" already exists',
            id="existing-name",
        ),
        pytest.param(
            CONFIG_MAPS,
            config_map("a", resourceVersion="3"),
            500,
            "resourceVersion should not be set on objects to be created",
            id="resource-version-given",
        ),
        pytest.param(
            CONFIG_MAPS,
            config_map("a", namespace="other"),
            400,
            "the namespace of the provided object does not match the namespace sent on the request",
            id="other-namespace",
        ),
        pytest.param(
            CONFIG_MAPS,
            config_map(""),
            422,
            'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
            id="no-name",
        ),
        pytest.param(
            "/api/v1/namespaces/absent/configmaps",
            config_map("a"),
            404,
            'namespaces "absent" not found',
            id="missing-namespace",
        ),
        pytest.param(
            CONFIG_MAPS,
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}},
            400,
            'Secret in version "v1" cannot be handled as a ConfigMap: converting (v1.Secret) to '
            "(core.ConfigMap): "
            "unknown conversion",
            id="other-kind",
        ),
        pytest.param(
            CONFIG_MAPS,
            b"{bad",
            400,
            "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; "
            "json parse",
            id="no-json",
        ),
        pytest.param(
            "/api/v1/configmaps",
            config_map("a"),
            405,
            "the server does not allow this method on the requested resource",
            id="all-namespaces",
        ),
        pytest.param(
            f"{CONFIG_MAPS}?fieldValidation=Bogus",
            config_map("a"),
            422,
            'CreateOptions.meta.k8s.io "" is invalid: fieldValidation: Unsupported value: "Bogus": '
            "supported values: "
            '"", "Ignore", "Strict", "Warn"',
            id="unknown-field-validation",
        ),
        pytest.param(
            f"{CONFIG_MAPS}?dryRun=Some",
            config_map("a"),
            422,
            'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Some"]: supported '
            'values: "All"',
            id="unknown-dry-run",
        ),
    ],
)
async def test_a_bad_create_is_refused_in_the_stock_words(
    plane: Plane, path: str, body: Any, status: int, message: str
) -> None:
    await plane.post(CONFIG_MAPS, config_map("taken"))
    reply = await plane.post(path, body)
    assert reply.status == status
    assert reply.message.startswith(message)
    assert (await plane.get(f"{CONFIG_MAPS}/a")).status == 404


async def test_unknown_and_duplicate_fields_warn_or_fail_as_asked(plane: Plane) -> None:
    body = b'{"metadata":{"name":"a","name":"b"},"bogus":1,"data":{}}'
    warned = await plane.post(CONFIG_MAPS, body)
    assert warned.status == 201
    assert 'duplicate field \\"metadata.name\\"' in warned.warnings[0]
    assert 'unknown field \\"bogus\\"' in warned.warnings[0]
    strict = await plane.post(f"{CONFIG_MAPS}?fieldValidation=Strict", body)
    assert strict.status == 400
    assert strict.message == (
        'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: duplicate field '
        '"metadata.name", unknown field "bogus"'
    )
    ignored = await plane.post(f"{CONFIG_MAPS}?fieldValidation=Ignore", body.replace(b'"b"', b'"c"'))
    assert (ignored.status, ignored.warnings) == (201, [])


@pytest.mark.parametrize(
    ("body", "complaints"),
    [
        pytest.param(
            b'{"bogus":1,"metadata":{"name":"a","name":"b"}}',
            'unknown field "bogus", duplicate field "metadata.name"',
            id="unknown-first",
        ),
        pytest.param(
            b'{"metadata":{"name":"a","name":"b","x":1},"bogus":1}',
            'duplicate field "metadata.name", unknown field "metadata.x", unknown field "bogus"',
            id="duplicate-first",
        ),
    ],
)
async def test_complaints_come_in_the_order_of_the_body(plane: Plane, body: bytes, complaints: str) -> None:
    strict = await plane.post(f"{CONFIG_MAPS}?fieldValidation=Strict", body)
    assert strict.message.endswith(f"strict decoding error: {complaints}")


async def test_yaml_keys_given_twice_warn_or_fail_as_asked(plane: Plane) -> None:
    body = b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  k: v\n  k: w\n"
    problem = 'yaml: unmarshal errors:\n  line 7: key "k" already set in map'
    where, manager = f"{CONFIG_MAPS}/a", "fieldManager=me"
    strict = await plane.patch(f"{where}?{manager}&fieldValidation=Strict", body, APPLY)
    assert (strict.status, strict.message) == (
        400,
        f"error strict decoding YAML: error converting YAML to JSON: {problem}",
    )
    assert (await plane.get(where)).status == 404
    warned = await plane.patch(f"{where}?{manager}", body, APPLY)
    assert warned.status == 201
    assert "already set in map" in warned.warnings[0]
    posted = await plane.call("POST", f"{CONFIG_MAPS}?fieldValidation=Strict", body, content_type=YAML)
    assert posted.message.endswith(f"strict decoding error: {problem}")


async def test_a_strategic_patch_that_does_not_fit_its_type_is_shown_as_it_was_sent(plane: Plane) -> None:
    await plane.post(CONFIG_MAPS, config_map("a"))
    reply = await plane.patch(f"{CONFIG_MAPS}/a", {"metadata": {"labels": "invalid"}}, STRATEGIC)
    assert reply.status == 422
    assert (
        'Invalid value: "map[metadata:map[labels:invalid]]": cannot restore map from string' in reply.message
    )


async def test_a_dry_run_answers_and_stores_nothing(plane: Plane) -> None:
    reply = await plane.post(f"{CONFIG_MAPS}?dryRun=All", config_map("a"))
    assert reply.status == 201
    assert "uid" in reply.object["metadata"]
    assert "resourceVersion" not in reply.object["metadata"]
    assert (await plane.get(f"{CONFIG_MAPS}/a")).status == 404


async def test_an_update_that_changes_nothing_keeps_the_version_and_tells_nobody(plane: Plane) -> None:
    created = (await plane.post(CONFIG_MAPS, config_map("a", {"k": "v"}))).object
    again = await plane.put(f"{CONFIG_MAPS}/a", config_map("a", {"k": "v"}))
    assert again.status == 200
    assert again.object["metadata"]["resourceVersion"] == created["metadata"]["resourceVersion"]
    patched = await plane.patch(f"{CONFIG_MAPS}/a", {"data": {"k": "v"}})
    assert patched.object == created


async def test_a_stale_update_conflicts(plane: Plane) -> None:
    old = (await plane.post(CONFIG_MAPS, config_map("a"))).object
    await plane.patch(f"{CONFIG_MAPS}/a", {"data": {"k": "v"}})
    reply = await plane.put(f"{CONFIG_MAPS}/a", {**old, "data": {"k": "w"}})
    assert reply.status == 409
    assert reply.message == (
        'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your '
        "changes to "
        "the latest version and try again"
    )
    assert reply.object["details"] == {"name": "a", "kind": "configmaps"}


@pytest.mark.parametrize(
    ("change", "status", "message"),
    [
        pytest.param(
            {"name": "b"}, 400, "the name of the object (b) does not match the name on the URL (a)", id="name"
        ),
        pytest.param(
            {"uid": "other"},
            409,
            "Precondition failed: UID in precondition: other, UID in object meta: ",
            id="uid",
        ),
        pytest.param(
            {"resourceVersion": "abc"},
            500,
            'strconv.ParseUint: parsing "abc": invalid syntax',
            id="version-text",
        ),
    ],
)
async def test_an_update_of_another_identity_is_refused(
    plane: Plane, change: dict[str, Any], status: int, message: str
) -> None:
    await plane.post(CONFIG_MAPS, config_map("a"))
    reply = await plane.put(
        f"{CONFIG_MAPS}/a", config_map("a", **change) if "name" not in change else config_map("b")
    )
    assert reply.status == status
    assert message in reply.message


async def test_update_creates_only_kinds_that_allow_it(plane: Plane) -> None:
    refused = await plane.put(f"{CONFIG_MAPS}/a", config_map("a"))
    assert (refused.status, refused.message) == (404, 'configmaps "a" not found')
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "l"}, "spec": {}}
    assert (await plane.put(f"{LEASES}/l", lease)).status == 201
    unpinned = await plane.put(f"{LEASES}/l", lease)
    assert unpinned.status == 422
    assert unpinned.message == (
        'leases.coordination.k8s.io "l" is invalid: metadata.resourceVersion: Invalid value: 0: must be '
        "specified for "
        "an update"
    )


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        pytest.param(MERGE, {"data": {"k": None, "z": "1"}}, {"z": "1"}, id="merge"),
        pytest.param(STRATEGIC, {"data": {"z": "1"}}, {"k": "v", "z": "1"}, id="strategic"),
        pytest.param(JSON_PATCH, [{"op": "replace", "path": "/data/k", "value": "w"}], {"k": "w"}, id="json"),
    ],
)
async def test_patches_change_the_stored_object(
    plane: Plane, content_type: str, body: Any, expected: dict[str, str]
) -> None:
    await plane.post(CONFIG_MAPS, config_map("a", {"k": "v"}))
    reply = await plane.patch(f"{CONFIG_MAPS}/a", body, content_type)
    assert reply.status == 200
    assert reply.object["data"] == expected


async def test_patches_of_custom_kinds_are_not_strategic(plane: Plane) -> None:
    reply = await plane.patch("/apis/policy.karmada.io/v1alpha1/clusterpropagationpolicies/x", {}, STRATEGIC)
    assert reply.status == 415
    assert reply.message == (
        "the body of the request was in an unknown format - accepted media types include: "
        "application/json-patch+json, "
        "application/merge-patch+json, application/apply-patch+yaml"
    )


async def test_apply_creates_then_merges_and_reports_conflicts(plane: Plane) -> None:
    path = f"{CONFIG_MAPS}/a?fieldManager="
    created = await plane.patch(path + "one", config_map("a", {"k": "v"}), APPLY)
    assert created.status == 201
    other = await plane.patch(path + "two", config_map("a", {"z": "1"}), APPLY)
    assert (other.status, other.object["data"]) == (200, {"k": "v", "z": "1"})
    conflict = await plane.patch(path + "two", config_map("a", {"k": "w"}), APPLY)
    assert conflict.status == 409
    assert conflict.message == 'Apply failed with 1 conflict: conflict with "one": .data.k'
    forced = await plane.patch(path + "two&force=true", config_map("a", {"k": "w"}), APPLY)
    assert forced.object["data"] == {"k": "w"}


async def test_apply_needs_a_field_manager(plane: Plane) -> None:
    reply = await plane.patch(f"{CONFIG_MAPS}/a", config_map("a"), APPLY)
    assert reply.message == (
        'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch'
    )


async def test_generation_counts_spec_changes_only(plane: Plane) -> None:
    path = f"{DEPLOYMENTS}/d"
    assert (await plane.post(DEPLOYMENTS, deployment("d"))).object["metadata"]["generation"] == 1
    labelled = await plane.patch(path, {"metadata": {"labels": {"a": "b"}}})
    assert labelled.object["metadata"]["generation"] == 1
    annotated = await plane.patch(path, {"metadata": {"annotations": {"a": "b"}}})
    assert annotated.object["metadata"]["generation"] == 2
    scaled = await plane.patch(path, {"spec": {"replicas": 5}, "metadata": {"generation": 40}})
    assert scaled.object["metadata"]["generation"] == 3
    status = await plane.patch(f"{path}/status", {"status": {"replicas": 5}, "spec": {"replicas": 1}})
    assert status.object["metadata"]["generation"] == 3
    assert status.object["spec"]["replicas"] == 5
    assert status.object["status"]["replicas"] == 5


async def test_status_is_ignored_on_the_main_resource(plane: Plane) -> None:
    body = {**deployment("d"), "status": {"replicas": 7}}
    assert (await plane.post(DEPLOYMENTS, body)).object["status"] == {}
    updated = await plane.put(f"{DEPLOYMENTS}/d", body)
    assert updated.object["status"] == {}


async def test_parallel_patches_all_win(plane: Plane) -> None:
    await plane.post(CONFIG_MAPS, config_map("a", {}))
    replies = await asyncio.gather(
        *(plane.patch(f"{CONFIG_MAPS}/a", {"data": {f"k{number}": "v"}}) for number in range(40))
    )
    assert {reply.status for reply in replies} == {200}
    assert len((await plane.get(f"{CONFIG_MAPS}/a")).object["data"]) == 40


async def test_a_body_over_three_mebibytes_is_refused(plane: Plane) -> None:
    reply = await plane.post(CONFIG_MAPS, config_map("a", {"k": "v" * (3 * 1024 * 1024)}))
    assert reply.status == 413
    assert reply.message == "Request entity too large: limit is 3145728"


async def test_scale_reads_and_writes_the_replicas(plane: Plane) -> None:
    await plane.post(DEPLOYMENTS, deployment("d"))
    scale = (await plane.get(f"{DEPLOYMENTS}/d/scale")).object
    assert (scale["kind"], scale["spec"], scale["status"]) == (
        "Scale",
        {"replicas": 2},
        {"replicas": 0, "selector": "app=d"},
    )
    patched = await plane.patch(f"{DEPLOYMENTS}/d/scale", {"spec": {"replicas": 5}})
    assert (patched.status, patched.object["spec"]) == (200, {"replicas": 5})
    put = await plane.put(f"{DEPLOYMENTS}/d/scale", {**scale, "spec": {"replicas": 1}})
    assert put.status == 409
    target = (await plane.get(f"{DEPLOYMENTS}/d")).object
    assert (target["spec"]["replicas"], target["metadata"]["generation"]) == (5, 2)
    owners = [entry.get("subresource") for entry in target["metadata"]["managedFields"]]
    assert "scale" in owners
    negative = await plane.patch(f"{DEPLOYMENTS}/d/scale", {"spec": {"replicas": -1}})
    assert negative.message == (
        'Scale.autoscaling "d" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal '
        "to 0"
    )
