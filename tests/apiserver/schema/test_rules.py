"""Rules in CEL of custom resources, as clients of kube-apiserver 1.36 meet them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from karmada.api.objects import Object
from tests.apiserver.serving import Plane, running_plane

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
GOOS = "/apis/ex.io/v1/namespaces/default/goos"
CRD: Object = yaml.safe_load((Path(__file__).parent / "goos.yaml").read_text())
NOT_CHECKED = (
    "<nil>",
    "Invalid value: null: some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation",
)
# What is created, what replaces it, the status, the causes.
WRITES: list[tuple[Object, Object | None, int, list[tuple[str, str]]]] = [
    ({"a": 11}, None, 422, [("spec", "Invalid value: failed rule: !has(self.a) || self.a < 10")]),
    ({"b": 11}, None, 422, [("spec.b", "Forbidden: b is big")]),
    ({"c": 11}, None, 422, [("spec", "Invalid value: fallback")]),
    (
        {"d": 1},
        None,
        422,
        [
            (
                "spec",
                'Invalid value: "object": division by zero evaluating rule: !has(self.d) || self.d / 0 < 10',
            )
        ],
    ),
    ({"newonly": "x"}, None, 422, [("spec.newonly", "Required value: not on create")]),
    ({"dd": "1999-01-01"}, None, 422, [("spec", "Duplicate value")]),
    ({"q": 5}, None, 201, []),
    ({"q": "abc"}, None, 422, [("spec", "Invalid value: no quantity")]),
    ({"num": 1}, None, 422, [("spec", "Invalid value: num")]),
    ({"num": 2}, None, 201, []),
    ({"sl": ["b", "a"]}, None, 201, []),
    ({"sl": ["b"]}, None, 422, [("spec", "Invalid value: sl")]),
    ({"l": ["x", "y"]}, None, 422, [("spec.l[0]", 'Invalid value: "x": no x')]),
    ({"l": ["1", "2", "3"]}, None, 422, [("spec.l", "Invalid value: too long")]),
    ({"l": ["toolong"]}, None, 422, [("spec.l[0]", "Too long: may not be more than 5 bytes"), NOT_CHECKED]),
    (
        {"a": "str"},
        None,
        422,
        [
            ("spec.a", 'Invalid value: "string": spec.a in body must be of type integer: "string"'),
            NOT_CHECKED,
        ],
    ),
    (
        {"a": 11, "b": 11},
        None,
        422,
        [
            ("spec", "Invalid value: failed rule: !has(self.a) || self.a < 10"),
            ("spec.b", "Forbidden: b is big"),
        ],
    ),
    ({"im": "1"}, {"im": "2"}, 422, [("spec.im", 'Invalid value: "2": immutable')]),
    ({"im": "1"}, {}, 422, [("spec", "Invalid value: im must stay")]),
    (
        {"m": [{"k": "a", "v": 5}, {"k": "b", "v": 1}]},
        {"m": [{"k": "b", "v": 0}, {"k": "a", "v": 6}]},
        422,
        [("spec.m[0]", "Invalid value: only up")],
    ),
    ({"am": {"z": 5}}, {"am": {"z": 4, "y": 1}}, 422, [("spec.am[z]", "Invalid value: 4: map up")]),
    ({"a": 5}, {"a": 50}, 422, [("spec", "Invalid value: failed rule: !has(self.a) || self.a < 10")]),
    ({"newonly": None}, {"newonly": "q"}, 200, []),
]


@pytest.fixture
async def plane() -> AsyncIterator[Plane]:
    async with running_plane() as running:
        yield running


async def serve(plane: Plane, crd: Object) -> None:
    reply = await plane.post(CRDS, crd)
    assert reply.status == 201, reply.message
    await plane.eventually(GOOS, lambda answer: answer.status == 200)


def goo(name: str, spec: Object) -> Object:
    return {"apiVersion": "ex.io/v1", "kind": "Goo", "metadata": {"name": name}, "spec": spec}


def causes(reply: Any) -> list[tuple[str, str]]:
    found = (reply.object.get("details") or {}).get("causes") or []
    return [(cause["field"], cause["message"]) for cause in found]


async def test_rules_hold_or_refuse_in_kubernetes_words(plane: Plane) -> None:
    await serve(plane, CRD)
    for number, (spec, update, status, expected) in enumerate(WRITES):
        reply = await plane.post(GOOS, goo(f"g{number}", spec))
        if update is not None:
            assert reply.status == 201, reply.message
            reply = await plane.put(f"{GOOS}/g{number}", {**reply.object, "spec": update})
        assert (reply.status, causes(reply)) == (status, expected), (spec, update)
    reply = await plane.post(GOOS, goo("bad", {}))
    assert causes(reply) == [("<nil>", "Invalid value: bad name")]


async def test_what_an_update_leaves_alone_is_not_judged_by_a_new_rule(plane: Plane) -> None:
    await serve(plane, CRD)
    made = (await plane.post(GOOS, goo("a", {"a": 5, "l": ["p"]}))).object
    crd = (await plane.get(f"{CRDS}/goos.ex.io")).object
    properties = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
    rules = properties["spec"]["properties"]["l"]["x-kubernetes-validations"]
    rules.append({"rule": "self.all(x, x != 'p')", "message": "no p"})
    assert (await plane.put(f"{CRDS}/goos.ex.io", crd)).status == 200
    async with asyncio.timeout(10):
        while (await plane.post(f"{GOOS}?dryRun=All", goo("b", {"l": ["p"]}))).status != 422:
            pass
    reply = await plane.put(f"{GOOS}/a", {**made, "spec": {"a": 6, "l": ["p"]}})
    assert reply.status == 200
    reply = await plane.put(f"{GOOS}/a", {**reply.object, "spec": {"a": 6, "l": ["p", "q"]}})
    assert causes(reply) == [("spec.l", "Invalid value: no p")]


async def test_a_rule_that_costs_too_much_is_stopped_and_told(plane: Plane) -> None:
    crd = yaml.safe_load(yaml.safe_dump(CRD))
    spec = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    spec["properties"]["many"] = {"type": "array", "maxItems": 1000, "items": {"type": "integer"}}
    spec["x-kubernetes-validations"] = [
        {"rule": "!has(self.many) || self.many.all(a, self.many.all(b, a + b >= 0))", "message": "sum"}
    ]
    await serve(plane, crd)
    reply = await plane.post(GOOS, goo("a", {"many": list(range(1000))}))
    assert reply.status == 422
    assert "actual cost limit exceeded: no further validation rules will be run" in causes(reply)[0][1]
    assert (await plane.post(GOOS, goo("b", {"many": [1, 2]}))).status == 201


def broken(*rules: Object, **properties: Any) -> Object:
    crd: Object = yaml.safe_load(yaml.safe_dump(CRD))
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    schema["x-kubernetes-validations"] = list(rules)
    schema["properties"].update(properties)
    return crd


ROOT = "spec.validation.openAPIV3Schema"
RULE = f"{ROOT}.x-kubernetes-validations[0]"
REFUSED: dict[str, tuple[Object, str, str]] = {
    "no rule": ({"rule": ""}, f"{RULE}.rule", "Required value: rule is not specified"),
    "message of two lines": (
        {"rule": "true", "message": "a\nb"},
        f"{RULE}.message",
        'Invalid value: "a\\nb": must not contain line breaks',
    ),
    "blank message": (
        {"rule": "true", "message": " "},
        f"{RULE}.message",
        'Invalid value: " ": must be non-empty if specified',
    ),
    "reason": (
        {"rule": "true", "reason": "Bad"},
        "spec.versions[0].schema.openAPIV3Schema.x-kubernetes-validations[0].reason",
        'Unsupported value: "Bad": supported values: "FieldValueDuplicate", "FieldValueForbidden", '
        '"FieldValueInvalid", "FieldValueRequired"',
    ),
    "field path": (
        {"rule": "true", "fieldPath": ".nope"},
        f"{RULE}.fieldPath",
        'Invalid value: ".nope": must be a valid path',
    ),
    "old self": (
        {"rule": "true", "optionalOldSelf": True},
        f"{RULE}.optionalOldSelf",
        "Invalid value: true: may not be set if oldSelf is not used in rule",
    ),
    "type": (
        {"rule": "self.metadata.name"},
        f"{RULE}.rule",
        'Invalid value: {"Rule":"self.metadata.name","Message":"","MessageExpression":"","Reason":null,'
        '"FieldPath":"","OptionalOldSelf":null}: cel expression must evaluate to a bool',
    ),
    "unknown field": (
        {"rule": "self.spec.zz > 1"},
        f"{RULE}.rule",
        'Invalid value: {"Rule":"self.spec.zz \\u003e 1","Message":"","MessageExpression":"","Reason":null,'
        '"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:10: undefined field '
        "'zz'\n | self.spec.zz > 1\n | .........^",
    ),
    "message that is no text": (
        {"rule": "true", "messageExpression": "1"},
        f"{RULE}.messageExpression",
        'Invalid value: {"Rule":"true","Message":"","MessageExpression":"1","Reason":null,'
        '"FieldPath":"","OptionalOldSelf":null}: messageExpression must evaluate to a string',
    ),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_a_rule_that_cannot_be_used_is_refused_with_its_definition(plane: Plane, name: str) -> None:
    rule, field, message = REFUSED[name]
    reply = await plane.post(CRDS, broken(rule))
    assert (reply.status, causes(reply)) == (422, [(field, message)])


async def test_a_schema_that_is_not_structural_is_refused(plane: Plane) -> None:
    reply = await plane.post(CRDS, broken(more={"type": "array"}, other={}))
    assert causes(reply) == [
        (f"{ROOT}.properties[more].items", "Required value: must be specified"),
        (
            f"{ROOT}.properties[other].type",
            "Required value: must not be empty for specified object fields",
        ),
    ]


async def test_old_self_is_refused_where_items_have_no_predecessor(plane: Plane) -> None:
    item = {"type": "string", "x-kubernetes-validations": [{"rule": "self == oldSelf"}]}
    reply = await plane.post(CRDS, broken(more={"type": "array", "maxItems": 3, "items": item}))
    below = f"{ROOT}.properties[more]"
    assert (
        f"{below}.items.x-kubernetes-validations[0].rule",
        'Invalid value: "self == oldSelf": oldSelf cannot be used on the uncorrelatable portion of the '
        f"schema within {below}",
    ) in causes(reply)


async def test_a_rule_that_could_cost_too_much_is_refused(plane: Plane) -> None:
    texts = {"type": "array", "items": {"type": "string"}}
    rule = {"rule": "!has(self.more) || self.more.all(a, self.more.all(b, self.more.all(c, a == b)))"}
    found = causes(await plane.post(CRDS, broken(rule, more=texts)))
    assert [field for field, _ in found] == [f"{RULE}.rule", f"{RULE}.rule", ROOT]
    assert found[0][1].startswith("Forbidden: estimated rule cost exceeds budget by factor of more than 100x")
    bounded = {"type": "array", "maxItems": 10, "items": {"type": "string", "maxLength": 10}}
    assert (await plane.post(CRDS, broken(rule, more=bounded))).status == 201


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (".spec.a", ""),
        (".spec.am.x", ""),
        (".spec.zz", 'Invalid value: ".spec.zz": is an invalid path: does not refer to a valid field'),
        (".spec.l[0]", 'Invalid value: ".spec.l[0]": is an invalid path: array notation is not allowed'),
        ("spec.a", 'Invalid value: "spec.a": is an invalid path: expected [ or . but got: spec'),
        (
            ".metadata.name",
            'Invalid value: ".metadata.name": is an invalid path: does not refer to a valid field',
        ),
        (
            ".spec.num",
            'Invalid value: ".spec.num": must point to a field of type string, boolean or integer. Enum '
            "string fields and strings with formats are allowed.",
        ),
        ("", "Required value"),
    ],
)
async def test_selectable_fields_are_leaves_of_the_schema(plane: Plane, path: str, message: str) -> None:
    crd = yaml.safe_load(yaml.safe_dump(CRD))
    crd["spec"]["versions"][0]["selectableFields"] = [{"jsonPath": path}]
    reply = await plane.post(CRDS, crd)
    assert causes(reply) == ([("spec.selectableFields[0].jsonPath", message)] if message else [])


async def test_a_value_that_its_format_forbids_by_now_can_be_kept(plane: Plane) -> None:
    crd = yaml.safe_load(yaml.safe_dump(CRD))
    spec = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    spec["properties"]["when"] = {"type": "string"}
    await serve(plane, crd)
    made = (await plane.post(GOOS, goo("a", {"when": "never", "a": 1}))).object
    crd = (await plane.get(f"{CRDS}/goos.ex.io")).object
    spec = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    rule = {"rule": "self.getFullYear() > 2000", "message": "too old"}
    spec["properties"]["when"] |= {"format": "date-time", "x-kubernetes-validations": [rule]}
    spec["x-kubernetes-validations"] = [
        {"rule": "!has(self.when) || self.when != oldSelf.when || self.a > 0"}
    ]
    assert (await plane.put(f"{CRDS}/goos.ex.io", crd)).status == 200
    async with asyncio.timeout(10):
        while (
            await plane.post(f"{GOOS}?dryRun=All", goo("b", {"when": "1999-01-01T00:00:00Z"}))
        ).status != 422:
            pass
    reply = await plane.put(f"{GOOS}/a", {**made, "spec": {"when": "never", "a": 2}})
    assert reply.status == 200, reply.message
