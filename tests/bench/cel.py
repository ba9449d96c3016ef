"""What rules in CEL cost: `python -m tests.bench.cel`.

A rule alone, the checks of a custom resource with five rules, and creates of it in a server in this process,
with and without them; the ratio is of one run.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

from apiserver.schema.cel import compile_program
from apiserver.schema.cel.types import DYN
from apiserver.schema.custom import custom_schema
from karmada.api.objects import Object
from tests.apiserver.serving import running_plane
from tests.bench.measure import report

BENCH: Final = "cel"
CREATES: Final = 400
SECONDS: Final = 0.5
CRDS: Final = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
RULES: Final = [
    "self.minReplicas <= self.replicas && self.replicas <= self.maxReplicas",
    "self.name.startsWith('app-') && self.name.size() < 30",
    "self.ports.all(p, p > 0 && p < 65536)",
    "has(self.labels) && 'team' in self.labels",
    "!has(oldSelf.name) || self.name == oldSelf.name",
]
SPEC: Final[Object] = {
    "name": "app-one",
    "replicas": 3,
    "minReplicas": 1,
    "maxReplicas": 5,
    "ports": [80, 443, 8080],
    "labels": {"team": "a"},
}


def open_api(rules: list[str]) -> Object:
    number, text = {"type": "integer"}, {"type": "string", "maxLength": 100}
    properties = {
        "name": text,
        "replicas": number,
        "minReplicas": number,
        "maxReplicas": number,
        "ports": {"type": "array", "maxItems": 20, "items": number},
        "labels": {"type": "object", "maxProperties": 20, "additionalProperties": text},
    }
    spec: Object = {"type": "object", "properties": properties}
    if rules:
        spec["x-kubernetes-validations"] = [{"rule": rule} for rule in rules]
    return {"type": "object", "properties": {"spec": spec}}


def crd(plural: str, rules: list[str]) -> Object:
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": open_api(rules)}}
    names = {"plural": plural, "kind": plural.capitalize()}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.bench.example"},
        "spec": {"group": "bench.example", "scope": "Namespaced", "names": names, "versions": [version]},
    }


def microseconds(work: Callable[[], Any]) -> float:
    """Of CPU, for one call."""
    work()
    rounds, began = 0, time.process_time()
    while time.process_time() - began < SECONDS:
        for _ in range(100):
            work()
        rounds += 100
    return (time.process_time() - began) / rounds * 1e6


def alone() -> None:
    report(BENCH, "compile", microseconds(lambda: compile_program(RULES[0], {"self": DYN})), "us")
    for rule in RULES[:3]:
        program = compile_program(rule, {"self": DYN})
        report(BENCH, "run", microseconds(lambda run=program.run: run(SPEC)), "us", rule=rule)  # type: ignore[misc]
    obj = {"apiVersion": "bench.example/v1", "kind": "A", "metadata": {"name": "a"}, "spec": SPEC}
    for count in (0, len(RULES)):
        schema = custom_schema(open_api(RULES[:count]))
        cost = microseconds(lambda check=schema.validate: check(obj, old=obj | {}))  # type: ignore[misc]
        report(BENCH, "validate an update", cost, "us", rules=count)
        cost = microseconds(lambda check=schema.validate: check(obj))  # type: ignore[misc]
        report(BENCH, "validate a create", cost, "us", rules=count)


async def creates() -> None:
    rates: dict[str, float] = {}
    async with running_plane() as plane:
        for plural, rules in (("plains", []), ("ruleds", RULES)):
            path = f"/apis/bench.example/v1/namespaces/default/{plural}"
            assert (await plane.post(CRDS, crd(plural, rules))).status == 201
            await plane.eventually(path, lambda reply: reply.status == 200)
            head = {"apiVersion": "bench.example/v1", "kind": plural.capitalize(), "spec": SPEC}
            began = time.process_time()
            for number in range(CREATES):
                reply = await plane.post(path, {**head, "metadata": {"name": f"a{number}"}})
                assert reply.status == 201, reply.message
            rates[plural] = CREATES / (time.process_time() - began)
            report(BENCH, "creates per CPU second, client included", rates[plural], "1/s", rules=len(rules))
    report(BENCH, "creates ratio", rates["ruleds"] / rates["plains"], "x", rules=len(RULES))


if __name__ == "__main__":
    alone()
    asyncio.run(creates())
