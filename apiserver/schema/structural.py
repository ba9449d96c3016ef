"""Schema: what the server does with objects of one kind, compiled from the kind's Node tree at first use.

In: an object as decoded from JSON, private to the caller. prune, default and validate are the order of a
write. Neighbours: builtin.py, models.py and custom.py make Schemas; resources/ and handlers/write use them;
merge/ reads the node; openapi.py describes it to clients.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from typing_extensions import override

from apiserver.schema.defaulting import Default, compile_default
from apiserver.schema.diagnosis import Diagnosis, diagnose
from apiserver.schema.node import ANYTHING, MISSING, Limits, Node
from apiserver.schema.pruning import Prune, compile_prune
from apiserver.schema.rules import NOT_CHECKED, CheckRules, compile_rules, is_blocking
from apiserver.schema.typed import Convert, Mismatch, converter_of
from apiserver.schema.typed_rules import compile_typed_rules
from apiserver.schema.validation import Validate, compile_validate, unchanged
from karmada.api.errors import BadRequest, FieldError
from karmada.api.gvk import split_api_version
from karmada.api.objects import Object

__all__ = ["ANYTHING", "MISSING", "DecodeError", "Limits", "Node", "Schema", "TypedSchema"]


class DecodeError(BadRequest):
    """The object does not fit its kind's types. message is the whole sentence.

    problem is the cause alone; restore_problem says it of a strategic merge patch, whose result is read from
    plain values.
    """

    def __init__(self, problem: str, obj: Object, *, restore_problem: str = "") -> None:
        super().__init__(cannot_be_handled(obj, problem))
        self.problem = problem
        self.restore_problem = restore_problem or problem


def cannot_be_handled(obj: Object, problem: str) -> str:
    """The sentence of a 400 about a body: `Deployment in version "v1" cannot be handled as a Deployment:
    ...`.
    """
    kind = obj.get("kind") or ""
    version = split_api_version(str(obj.get("apiVersion") or ""))[1]
    return f'{kind} in version "{version}" cannot be handled as a {kind}: {problem}'


class Schema:
    """A structural schema, as custom resources have one.

    make gives the tree when it is first needed: a server has many kinds and uses few. metadata is the schema
    of ObjectMeta, the one part that follows its own types in every kind.
    """

    def __init__(
        self,
        make: Callable[[], Node],
        *,
        metadata: "Callable[[], TypedSchema] | None" = None,
        open_api: Callable[[], Mapping[str, Any]] | None = None,
    ) -> None:
        self._make = make
        self._make_metadata = metadata
        self._make_open_api = open_api

    @cached_property
    def open_api(self) -> Mapping[str, Any] | None:
        """The openAPIV3Schema that the kind was declared with; None for built-in kinds."""
        return self._make_open_api() if self._make_open_api is not None else None

    @cached_property
    def node(self) -> Node:
        """The whole tree, as merging reads it."""
        node = self._enforced
        if self._metadata is None:
            return node
        metadata = Node(type="object", properties=self._metadata.node.properties)
        return replace(node, properties={**node.properties, "metadata": metadata})

    @cached_property
    def _enforced(self) -> Node:
        """The tree that pruning, defaulting and validation follow: metadata is seen to by its own schema."""
        return self._make()

    @cached_property
    def _metadata(self) -> "TypedSchema | None":
        return self._make_metadata() if self._make_metadata is not None else None

    def prune(self, obj: Object) -> list[str]:
        """Drop in place what the schema does not know; the answer is one warning text per dropped field.

        Raises DecodeError where metadata has a wrong type. May run again on its own result.
        """
        unknown = self._prune_metadata(obj)
        prune = self._prune
        dropped = prune(obj) if prune is not None else None
        if dropped:
            unknown.extend(f'unknown field "{path.removeprefix(".")}"' for path in dropped)
        return unknown

    def default(self, obj: Object) -> None:
        """Set absent fields that have a default, in place. Nulls must be pruned before."""
        default = self._default
        if default is not None:
            default(obj)

    def validate(self, obj: Object, *, old: Object | None = None) -> list[FieldError]:
        """Every broken rule. With old, values an update leaves as they are pass even when the schema is
        stricter.
        """
        problems = self._validate(obj) or []
        if problems and old is not None:
            problems = [problem for problem in problems if not unchanged(problem, obj, old)]
        check_rules = self._rules
        if check_rules is not None:
            problems = [*problems, *([NOT_CHECKED] if is_blocking(problems) else check_rules(obj, old))]
        return [problem.field_error() for problem in problems]

    def zero(self, api_version: str, kind: str) -> Object:
        """The object every creation is compared with to find who owns which field."""
        return {"apiVersion": api_version, "kind": kind}

    def _prune_metadata(self, obj: Object) -> list[str]:
        given = obj.get("metadata")
        if self._metadata is None or given is None:
            return []
        metadata, found = self._metadata.shaped(given)
        if found.problem:
            raise DecodeError(found.problem, obj)
        obj["metadata"] = metadata
        return [f'unknown field "metadata.{path}"' for path in found.unknown]

    @cached_property
    def _prune(self) -> Prune | None:
        return compile_prune(self._enforced)

    @cached_property
    def _default(self) -> Default | None:
        return compile_default(self._enforced, zero_counts=True)

    @cached_property
    def _validate(self) -> Validate:
        return compile_validate(self._enforced)

    @cached_property
    def _rules(self) -> CheckRules | None:
        return compile_rules(self._enforced)


class TypedSchema(Schema):
    """The schema of a built-in kind: decoding checks JSON types and gives an object its type's shape."""

    @override
    def prune(self, obj: Object) -> list[str]:
        """Shape obj in place: unknown fields and nulls go, scalars become canonical, order is the declared
        one.

        Raises DecodeError where a JSON type is wrong; obj is then unchanged. May run again on its own result.
        """
        shaped, found = self.shaped(obj)
        if found.problem:
            raise DecodeError(found.problem, obj, restore_problem=found.restore_problem)
        obj.clear()
        obj.update(shaped)
        return [f'unknown field "{path}"' for path in found.unknown]

    def shaped(self, value: Any) -> tuple[Any, Diagnosis]:
        """value in its type's shape, and what was odd about it."""
        odd: list[bool] = []
        try:
            shaped = self._convert(value, odd)
        except Mismatch:
            return None, diagnose(self.node, value)
        return shaped, diagnose(self.node, value) if odd else Diagnosis()

    @override
    def zero(self, api_version: str, kind: str) -> Object:
        return {**self._convert({}, []), "apiVersion": api_version, "kind": kind}

    @cached_property
    def _convert(self) -> Convert:
        return converter_of(self.node)

    @cached_property
    @override
    def _rules(self) -> CheckRules | None:
        """Rules in CEL are for custom resources."""
        return None

    @cached_property
    @override
    def _default(self) -> Default | None:
        return compile_default(self.node, zero_counts=False)

    @cached_property
    @override
    def _validate(self) -> Validate:
        # Status comes from components and metadata has rules of its own: neither is looked at.
        spec = {
            name: child for name, child in self.node.properties.items() if name not in ("metadata", "status")
        }
        return compile_typed_rules(replace(self.node, properties=spec)) or (lambda _obj: None)
