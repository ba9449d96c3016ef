"""ValidatingAdmissionPolicies of a running server, with the answers of kube-apiserver 1.36."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from karmada.api.objects import Object
from tests.apiserver.admission.policies.playing import (
    GROUP,
    MAPS,
    causes,
    judged_map,
    policy,
    register,
    write,
)
from tests.apiserver.serving import Plane, config_map, running_plane

DENIED = "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: "
PARAMS = {"apiVersion": "v1", "kind": "ConfigMap"}
LIMITED: Object = {
    "paramKind": PARAMS,
    "validations": [
        {
            "expression": "object.data.size() <= int(params.data.max)",
            "messageExpression": "'at most ' + params.data.max",
        }
    ],
}


@pytest.fixture
async def plane() -> AsyncIterator[Plane]:
    async with running_plane() as running:
        yield running


def says(expression: str, **fields: Any) -> Object:
    return {"validations": [{"expression": expression, **fields}]}


# What the policy and the binding say, the status, the reason, the text.
VERDICTS: dict[str, tuple[Object, Object, int, str, str]] = {
    "it holds": (says("object.data.a == '1'"), {}, 201, "", ""),
    "it does not": (
        says("!has(object.data) || object.data.size() < 2"),
        {},
        422,
        "Invalid",
        "failed expression: !has(object.data) || object.data.size() < 2",
    ),
    "the first of two": (
        {"validations": [{"expression": "false"}, {"expression": "1 == 2", "message": "second"}]},
        {},
        422,
        "Invalid",
        "failed expression: false",
    ),
    "message": (says("false", message="hello"), {}, 422, "Invalid", "hello"),
    "message expression": (
        says("false", message="hello", messageExpression="'n ' + object.metadata.name"),
        {},
        422,
        "Invalid",
        "n vv",
    ),
    "message expression without a value": (
        says("false", message="hello", messageExpression="string(object.zz)"),
        {},
        422,
        "Invalid",
        "hello",
    ),
    "forbidden": (says("false", reason="Forbidden"), {}, 403, "Forbidden", "failed expression: false"),
    "too large": (
        says("false", reason="RequestEntityTooLarge"),
        {},
        413,
        "RequestEntityTooLarge",
        "failed expression: false",
    ),
    "no value": (
        says("object.foo.bar == 1"),
        {},
        422,
        "Invalid",
        "expression 'object.foo.bar == 1' resulted in error: no such key: foo",
    ),
    "no value, ignored": (
        {"failurePolicy": "Ignore", **says("object.foo.bar == 1")},
        {},
        201,
        "",
        "",
    ),
    "condition without a value": (
        {"matchConditions": [{"name": "c", "expression": "object.foo == 1"}], **says("true")},
        {},
        422,
        "Invalid",
        "expression 'object.foo == 1' resulted in error: no such key: foo",
    ),
    "condition that says no": (
        {"matchConditions": [{"name": "c", "expression": "false"}], **says("false")},
        {},
        201,
        "",
        "",
    ),
    "variables": (
        {
            "variables": [
                {"name": "a", "expression": "object.data.a"},
                {"name": "b", "expression": "variables.a + 'x'"},
            ],
            **says("variables.b == 'q'", messageExpression="variables.b"),
        },
        {},
        422,
        "Invalid",
        "1x",
    ),
    "variable without a value": (
        {"variables": [{"name": "a", "expression": "object.foo.x"}], **says("variables.a == 'q'")},
        {},
        422,
        "Invalid",
        "expression 'variables.a == 'q'' resulted in error: composited variable \"a\" fails to evaluate: no "
        "such key: foo",
    ),
    "namespace": (
        says("namespaceObject.metadata.name == 'x'", messageExpression="namespaceObject.metadata.name"),
        {},
        422,
        "Invalid",
        "default",
    ),
    "authorizer": (
        says("!authorizer.group('').resource('configmaps').namespace('default').check('delete').allowed()"),
        {},
        422,
        "Invalid",
        "failed expression: !authorizer.group('').resource('configmaps').namespace('default')"
        ".check('delete').allowed()",
    ),
    "params": (
        LIMITED,
        {"paramRef": {"name": "limit", "parameterNotFoundAction": "Deny"}},
        422,
        "Invalid",
        "at most 1",
    ),
    "params by labels": (
        LIMITED,
        {"paramRef": {"selector": {"matchLabels": {"l": "1"}}, "parameterNotFoundAction": "Deny"}},
        422,
        "Invalid",
        "at most 1",
    ),
    "no params": (
        LIMITED,
        {"paramRef": {"name": "nope", "parameterNotFoundAction": "Deny"}},
        422,
        "Invalid",
        "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction",
    ),
    "no params, allowed": (
        LIMITED,
        {"paramRef": {"name": "nope", "parameterNotFoundAction": "Allow"}},
        201,
        "",
        "",
    ),
    "no reference to params": (
        {"paramKind": PARAMS, **says("params != null", message="none")},
        {},
        422,
        "Invalid",
        "none",
    ),
    "a cost beyond measure": (
        says("[1,2,3,4,5,6,7,8,9,0].all(a, " * 7 + "true" + ")" * 7),
        {},
        422,
        "Invalid",
        "expression '" + "[1,2,3,4,5,6,7,8,9,0].all(a, " * 7 + "true" + ")" * 7
        + "' resulted in error: operation cancelled: actual cost limit exceeded",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", VERDICTS)
async def test_a_policy_lets_pass_or_refuses_in_kubernetes_words(plane: Plane, name: str) -> None:
    spec, bound, status, reason, text = VERDICTS[name]
    await plane.post(MAPS, config_map("limit", {"max": "1"}, labels={"l": "1"}))
    await register(plane, "Validating", spec, {"validationActions": ["Deny"], **bound})
    reply = await write(plane)
    assert reply.status == status, reply.body
    if status != 201:
        assert reply.object["reason"] == reason
        assert reply.message == f'configmaps "vv" is forbidden: {DENIED}{text}'
        assert reply.object["details"]["causes"] == [{"message": DENIED + text}]
    # What no selector takes is nobody's concern.
    assert (await write(plane, config_map("other", {"a": "1", "b": "2"}))).status == 201


async def test_an_unknown_kind_of_params_refuses_for_the_whole_policy(plane: Plane) -> None:
    spec = {"paramKind": {"apiVersion": "zz.io/v1", "kind": "Zz"}, **says("true")}
    ref = {"name": "n", "parameterNotFoundAction": "Allow"}
    await register(plane, "Validating", spec, {"validationActions": ["Deny"], "paramRef": ref})
    assert (await write(plane)).message == (
        "configmaps \"vv\" is forbidden: ValidatingAdmissionPolicy 'p' denied request: failed to configure "
        "policy: failed to find resource referenced by paramKind: 'zz.io/v1, Kind=Zz'"
    )


async def test_a_warning_lets_pass(plane: Plane) -> None:
    await register(
        plane, "Validating", says("false", message="hello"), {"validationActions": ["Warn", "Audit"]}
    )
    reply = await write(plane)
    assert reply.status == 201
    assert reply.warnings == [
        "299 - \"Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': hello\""
    ]


async def test_policies_come_change_and_go_without_a_restart(plane: Plane) -> None:
    await register(plane, "Validating", says("false"), {"validationActions": ["Deny"]})
    assert (await write(plane)).status == 422
    path = f"{GROUP}/validatingadmissionpolicies/p"
    changed = (await plane.get(path)).object
    changed["spec"]["validations"][0]["expression"] = "true"
    assert (await plane.put(path, changed)).status == 200
    assert (await write(plane)).status == 201
    changed = (await plane.get(path)).object
    changed["spec"]["validations"][0]["expression"] = "oldObject == null"
    await plane.put(path, changed)
    assert (await plane.post(MAPS, judged_map())).status == 201
    assert (await plane.patch(f"{MAPS}/vv", {"data": {"c": "3"}})).status == 422
    assert (await plane.delete(f"{MAPS}/vv")).status == 422
    await plane.delete(f"{GROUP}/validatingadmissionpolicybindings/b")
    assert (await plane.delete(f"{MAPS}/vv")).status == 200


async def test_policies_cannot_lock_out_their_own_cure(plane: Plane) -> None:
    everything = {
        "resourceRules": [{"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*"]}]
    }
    spec = {**says("false"), "matchConstraints": everything}
    await register(plane, "Validating", spec, {"validationActions": ["Deny"]})
    assert (await plane.post(MAPS, config_map("a"))).status == 422
    assert (await plane.delete(f"{GROUP}/validatingadmissionpolicies/p")).status == 200


async def test_bindings_narrow_what_a_policy_is_about(plane: Plane) -> None:
    narrow = {"resourceRules": [{**policy("Validating")["spec"]["matchConstraints"]["resourceRules"][0]}]}
    narrow["resourceRules"][0]["resourceNames"] = ["other"]
    await register(
        plane, "Validating", says("false"), {"validationActions": ["Deny"], "matchResources": narrow}
    )
    assert (await write(plane)).status == 201
    assert (await write(plane, judged_map("other"))).status == 422


async def test_a_policy_with_broken_expressions_is_refused(plane: Plane) -> None:
    broken = policy(
        "Validating",
        validations=[
            {"expression": "object.foo("},
            {"expression": "1"},
            {"expression": "object.x", "messageExpression": "1", "reason": "Foo", "message": "a\nb"},
            {"expression": "params.x == 1"},
            {"expression": ""},
        ],
        auditAnnotations=[{"key": "k", "valueExpression": "1"}, {"key": "k", "valueExpression": "'a'"}],
        variables=[{"name": "v-1", "expression": "1"}, {"name": "v", "expression": "variables.later"}],
        matchConditions=[{"name": "c", "expression": "variables.v"}],
    )
    reply = await plane.post(f"{GROUP}/validatingadmissionpolicies", broken)
    found = causes(reply)
    assert [field for field, _ in found] == [
        "spec.matchConditions[0].expression",
        "spec.variables[0].name",
        "spec.variables[1].expression",
        "spec.validations[0].expression",
        "spec.validations[1].expression",
        "spec.validations[2].expression",
        "spec.validations[2].messageExpression",
        "spec.validations[2].message",
        "spec.validations[2].reason",
        "spec.validations[3].expression",
        "spec.validations[4].expression",
        "spec.auditAnnotations[0].valueExpression",
        "spec.auditAnnotations[1].key",
    ]
    texts = dict(found)
    assert texts["spec.variables[1].expression"].endswith(
        "compilation failed: ERROR: <input>:1:10: undefined field 'later'\n | variables.later\n | .........^"
    )
    assert texts["spec.validations[2].expression"] == (
        'Invalid value: "object.x": must evaluate to bool but got dyn'
    )
    assert texts["spec.auditAnnotations[0].valueExpression"] == (
        'Invalid value: "1": must evaluate to one of [string null_type] but got int'
    )
