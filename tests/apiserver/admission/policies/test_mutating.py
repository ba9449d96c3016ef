"""MutatingAdmissionPolicies of a running server, with the answers of kube-apiserver 1.36."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from karmada.api.objects import Object
from tests.apiserver.admission.policies.playing import GROUP, causes, judged_map, policy, register, write
from tests.apiserver.serving import Plane, deployment, running_plane

DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
SIDE = (
    "Object{spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{containers: "
    '[Object.spec.template.spec.containers{name: "side", image: "i"}]}}}}'
)


@pytest.fixture
async def plane() -> AsyncIterator[Plane]:
    async with running_plane() as running:
        yield running


def merge(expression: str) -> Object:
    return {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": expression}}


def patch(expression: str) -> Object:
    return {"patchType": "JSONPatch", "jsonPatch": {"expression": expression}}


async def mutate(plane: Plane, *mutations: Object, **spec: Any) -> None:
    await register(
        plane, "Mutating", {"mutations": list(mutations), "reinvocationPolicy": "Never", **spec}, {}
    )


CHANGES: dict[str, tuple[list[Object], Object]] = {
    "a field is added": ([merge('Object{data: {"z": "1"}}')], {"z": "1"}),
    "each sees what the one before made": (
        [merge('Object{data: {"z": "1"}}'), merge('Object{data: {"zz": object.data.z + "2"}}')],
        {"z": "1", "zz": "12"},
    ),
    "nothing changes": ([merge('Object{data: {"a": "1"}}')], {}),
    "an optional field": ([merge('Object{data: {?"z": object.?zz, "y": "1"}}')], {"y": "1"}),
    "operations": (
        [
            patch(
                'object.data.a == "1" ? [JSONPatch{op: "test", path: "/data/a", value: "1"}, '
                'JSONPatch{op: "copy", from: "/data/a", path: "/data/" + jsonpatch.escapeKey("c")}] : []'
            )
        ],
        {"c": "1"},
    ),
}


@pytest.mark.parametrize("name", CHANGES)
async def test_an_object_is_changed_as_the_policy_says(plane: Plane, name: str) -> None:
    mutations, added = CHANGES[name]
    await mutate(plane, *mutations)
    reply = await write(plane)
    assert reply.status == 201, reply.message
    assert reply.object["data"] == {"a": "1", "b": "2", **added}


async def test_list_items_are_merged_by_their_keys(plane: Plane) -> None:
    await mutate(plane, merge(SIDE))
    reply = await plane.post(DEPLOYMENTS, deployment("web", labels={"judged": "yes"}))
    containers = reply.object["spec"]["template"]["spec"]["containers"]
    assert [each["name"] for each in containers] == ["c", "side"]
    assert containers[1]["imagePullPolicy"] == "Always"
    again = await plane.patch(f"{DEPLOYMENTS}/web", {"metadata": {"annotations": {"a": "b"}}})
    assert len(again.object["spec"]["template"]["spec"]["containers"]) == 2


FAILURES: dict[str, tuple[Object, str]] = {
    "an object of another place": (
        merge('Object{metadata: Object.spec{labels: {"x": "y"}}}'),
        'type mismatch: unexpected type name "Object.spec", expected "Object.metadata", which matches field '
        "name path from root Object type",
    ),
    "an unknown field": (
        merge('Object{foo: "x"}'),
        "error applying patch: failed to convert patch object to typed object: .foo: field not declared in "
        "schema",
    ),
    "no value": (
        merge('Object{data: {"z": object.foo.x}}'),
        "expression 'Object{data: {\"z\": object.foo.x}}' resulted in error: no such key: foo",
    ),
    "an unknown operation": (
        patch('[JSONPatch{op: "zz", path: "/metadata/nope"}]'),
        "JSON Patch: Unexpected kind: zz",
    ),
}


@pytest.mark.parametrize("name", FAILURES)
async def test_what_cannot_be_done_is_refused_or_ignored_as_the_failure_policy_says(
    plane: Plane, name: str
) -> None:
    mutation, text = FAILURES[name]
    await mutate(plane, mutation)
    reply = await write(plane)
    assert (reply.status, reply.object["reason"]) == (403, "Invalid")
    assert reply.message == f"policy 'p' with binding 'b' denied request: {text}"
    await mutate(plane, mutation, failurePolicy="Ignore")
    assert (await write(plane)).status == 201


async def test_what_is_atomic_cannot_be_merged(plane: Plane) -> None:
    await mutate(
        plane, merge('Object{spec: Object.spec{selector: Object.spec.selector{matchLabels: {"x": "y"}}}}')
    )
    reply = await plane.post(DEPLOYMENTS, deployment("web", labels={"judged": "yes"}))
    assert reply.message == (
        "policy 'p' with binding 'b' denied request: error applying patch: invalid ApplyConfiguration: "
        "may not mutate atomic arrays, maps or structs: .spec.selector"
    )


async def test_variables_and_conditions_are_understood(plane: Plane) -> None:
    await mutate(
        plane,
        merge('Object{data: {"z": variables.v}}'),
        variables=[{"name": "v", "expression": "object.data.a + 'v'"}],
        matchConditions=[{"name": "c", "expression": "object.data.a == '1'"}],
    )
    assert (await write(plane)).object["data"]["z"] == "1v"
    assert "z" not in (await write(plane, judged_map(a="2"))).object["data"]


async def test_a_validating_policy_sees_what_a_mutating_one_made(plane: Plane) -> None:
    await mutate(plane, merge('Object{data: {"z": "1"}}'))
    says = {"validations": [{"expression": "!('z' in object.data)", "message": "z"}]}
    await register(plane, "Validating", says, {"validationActions": ["Deny"]})
    assert (await write(plane)).message.endswith("denied request: z")


async def test_a_policy_with_broken_mutations_is_refused(plane: Plane) -> None:
    broken = policy(
        "Mutating",
        mutations=[merge("1"), patch("1"), merge("Object{"), {"patchType": "JSONPatch"}],
        reinvocationPolicy="Never",
    )
    found = causes(await plane.post(f"{GROUP}/mutatingadmissionpolicies", broken))
    assert found[0] == (
        "spec.mutations[0].applyConfiguration.expression",
        'Invalid value: "1": must evaluate to Object but got int',
    )
    assert found[1] == (
        "spec.mutations[1].jsonPatch.expression",
        'Invalid value: "1": must evaluate to list(JSONPatch) but got int',
    )
    assert found[2][1].startswith('Invalid value: "Object{": compilation failed: ERROR: <input>:1:8:')
    assert found[3] == (
        "spec.mutations[3].jsonPatch",
        "Required value: must be specified when patchType is JSONPatch",
    )
