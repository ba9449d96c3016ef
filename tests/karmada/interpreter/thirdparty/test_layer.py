"""What holds for every kind of the third-party layer."""

import itertools
import subprocess
import sys
from contextlib import suppress
from copy import deepcopy
from typing import Any

import pytest

from karmada.api.gvk import GroupVersionKind
from karmada.api.objects import Object
from karmada.interpreter.chain import Interpreter
from karmada.interpreter.declarative import DeclarativeLayer
from karmada.interpreter.errors import InterpreterError
from karmada.interpreter.native.layer import NativeLayer
from karmada.interpreter.operations import Operation
from karmada.interpreter.pool import ScriptPool
from karmada.interpreter.thirdparty.catalogue import CATALOGUE
from karmada.interpreter.thirdparty.layer import ThirdPartyLayer
from karmada.runtime.clock import SYSTEM_CLOCK, ManualClock
from tests.karmada.interpreter.test_customizations import customization
from tests.karmada.interpreter.thirdparty.samples import (
    EARLY,
    LATER,
    STATUSES,
    item,
    items,
    kind,
    observed,
    template,
)

ALL = [pytest.param(gvk, id=f"{gvk.group}-{gvk.kind}") for gvk in CATALOGUE]
AGGREGATED = [
    pytest.param(gvk, id=f"{gvk.group}-{gvk.kind}")
    for gvk, entry in CATALOGUE.items()
    if Operation.AGGREGATE_STATUS in entry.operations
]
SHAPES: list[tuple[str, Any]] = [
    ("absent", None),
    ("empty", {}),
    ("a-list", []),
    ("a-number", 7),
    ("a-text", "all"),
    (
        "wrong-inside",
        {"conditions": 3, "replicas": "many", "template": ["x"], "tasks": 1, "artifact": [None]},
    ),
    ("nulls", {"conditions": [None], "template": None, "replicas": None, "tasks": [None], "active": [None]}),
]


async def ask(asked: ThirdPartyLayer | Interpreter, operation: Operation, obj: Object, *statuses: Any) -> Any:
    """The answer to any operation."""
    match operation:
        case Operation.REPLICA:
            return await asked.get_replicas(obj)
        case Operation.COMPONENT:
            return await asked.get_components(obj)
        case Operation.REVISE_REPLICA:
            return await asked.revise_replica(obj, 5)
        case Operation.RETAIN:
            return await asked.retain(obj, obj)
        case Operation.AGGREGATE_STATUS:
            return await asked.aggregate_status(obj, items(*statuses))
        case Operation.STATUS:
            return await asked.reflect_status(obj)
        case Operation.HEALTH:
            return await asked.interpret_health(obj)
        case Operation.DEPENDENCY:
            return await asked.get_dependencies(obj)


@pytest.fixture
def layer() -> ThirdPartyLayer:
    return ThirdPartyLayer(clock=ManualClock())


@pytest.mark.parametrize("gvk", ALL)
async def test_a_typical_object_is_understood_and_left_as_it_was(
    layer: ThirdPartyLayer, gvk: GroupVersionKind
) -> None:
    obj, said = observed(gvk), STATUSES[gvk.kind]
    before = deepcopy((obj, said))
    for operation in CATALOGUE[gvk].operations:
        assert layer.handles(gvk, operation)
        await ask(layer, operation, obj, said, said)
    assert (obj, said) == before


@pytest.mark.parametrize("gvk", ALL)
@pytest.mark.parametrize("shape", [pytest.param(value, id=name) for name, value in SHAPES])
async def test_hostile_objects_end_as_answers_or_interpreter_errors(
    layer: ThirdPartyLayer, gvk: GroupVersionKind, shape: Any
) -> None:
    metadata = {"name": "demo", "namespace": "shop"}
    bare = {"apiVersion": gvk.api_version, "kind": gvk.kind, "metadata": metadata}
    said = shape if isinstance(shape, dict) else None
    for operation in CATALOGUE[gvk].operations:
        for obj in ({**bare, "spec": shape, "status": shape}, {**bare, "spec": {}, "status": shape}, bare):
            with suppress(InterpreterError):
                await ask(layer, operation, obj, said, STATUSES[gvk.kind], None)


@pytest.mark.parametrize("gvk", AGGREGATED)
async def test_the_order_of_members_does_not_matter(layer: ThirdPartyLayer, gvk: GroupVersionKind) -> None:
    other = {**STATUSES[gvk.kind], "conditions": [], "lastUpdateTime": LATER}
    told = [
        *items(STATUSES[gvk.kind], other),
        item("member3", None),
        item("a", {**other, "startTime": EARLY}),
    ]
    found = [
        await layer.aggregate_status(template(gvk), list(order)) for order in itertools.permutations(told)
    ]
    assert all(each == found[0] for each in found)


@pytest.mark.parametrize("gvk", AGGREGATED)
@pytest.mark.parametrize("members", [0, 1, 2, 3])
async def test_looking_again_later_changes_nothing(gvk: GroupVersionKind, members: int) -> None:
    clock = ManualClock()
    statuses = [{**STATUSES[gvk.kind], "conditions": [FAILED]} for _ in range(members)]
    first = await ThirdPartyLayer(clock=clock).aggregate_status(template(gvk), items(*statuses))
    clock.advance(3600)
    assert await ThirdPartyLayer(clock=clock).aggregate_status(first, items(*statuses)) is first


FAILED: Object = {
    "type": "Failed",
    "status": "True",
    "reason": "Because",
    "message": "it broke",
    "lastTransitionTime": EARLY,
}


@pytest.mark.parametrize("gvk", AGGREGATED)
async def test_members_without_a_status_say_nothing(layer: ThirdPartyLayer, gvk: GroupVersionKind) -> None:
    status = (await layer.aggregate_status(template(gvk), items(None, None))).get("status") or {}
    counters = [value for value in status.values() if isinstance(value, int)]
    assert not any(counters)
    assert not status.get("conditions")


async def test_kinds_that_are_not_listed_are_left_to_others(layer: ThirdPartyLayer) -> None:
    rollout = GroupVersionKind("argoproj.io", "v1alpha1", "Rollout")
    other_version = GroupVersionKind("apps.kruise.io", "v1beta1", "CloneSet")
    for gvk in (rollout, other_version, GroupVersionKind("apps", "v1", "Deployment")):
        assert not any(layer.handles(gvk, operation) for operation in Operation)
    obj = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "status": {"phase": "Healthy"}}
    assert await Interpreter().reflect_status(obj) == {"phase": "Healthy"}
    assert not Interpreter().handles(rollout, Operation.HEALTH)


async def test_customizations_come_before_and_native_kinds_after() -> None:
    gvk = kind("CloneSet")
    script = "function GetReplicas(obj) return 41, nil end"
    custom = customization("mine", kind=gvk.kind, api_version=gvk.api_version, replicaResource=script)
    async with ScriptPool() as scripts:
        declarative = DeclarativeLayer(customizations=lambda: [custom], scripts=scripts)
        layers = (declarative, ThirdPartyLayer(clock=SYSTEM_CLOCK), NativeLayer(clock=SYSTEM_CLOCK))
        asked = Interpreter(layers=layers)
        assert await asked.get_replicas(template(gvk)) == (41, None)
        assert (await asked.revise_replica(template(gvk), 2))["spec"]["replicas"] == 2
    native = {"apiVersion": "apps/v1", "kind": "StatefulSet", "spec": {"replicas": 6}}
    assert await Interpreter().get_replicas(native) == (6, None)


async def test_a_status_of_nothing_is_reflected_as_nothing_where_karmada_does_so(
    layer: ThirdPartyLayer,
) -> None:
    assert await layer.reflect_status(template(kind("CloneSet"))) == {}


def test_a_project_is_loaded_when_one_of_its_kinds_is_first_met() -> None:
    script = """
import asyncio, sys
from karmada.interpreter.chain import Interpreter
from karmada.interpreter.operations import Operation
from karmada.interpreter.thirdparty.catalogue import CATALOGUE
asked = Interpreter()
assert all(asked.handles(gvk, each) for gvk, entry in CATALOGUE.items() for each in entry.operations)
projects = {entry.project for entry in CATALOGUE.values()}
loaded = lambda: sorted(each for each in projects if f"karmada.interpreter.thirdparty.{each}" in sys.modules)
print(loaded())
asyncio.run(asked.interpret_health({"apiVersion": "kyverno.io/v1", "kind": "Policy"}))
print(loaded())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "['kyverno']"]
