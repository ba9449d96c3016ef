"""Patch bodies: which of the four types it is, read once; then applied to whatever is stored, as often as
needed.

In: a PATCH request. Out: a Patch. The algorithms are merge/'s.
"""

from dataclasses import dataclass
from typing import Any, Final

import orjson

from apiserver.handlers import decode
from apiserver.handlers.options import FieldValidation, WriteOptions
from apiserver.merge.managed_fields import server_side_apply
from apiserver.merge.patches import json_patch, merge_patch, strategic_merge_patch, unknown_operation_members
from apiserver.merge.refusals import UnclassifiedError, go_text
from apiserver.request_info import Request
from apiserver.resources.definition import ResourceDefinition
from apiserver.schema.builtin import type_node
from apiserver.schema.node import Node
from apiserver.schema.structural import DecodeError
from karmada.api.errors import BadRequest, FieldError, Invalid, UnsupportedMediaType, invalid
from karmada.api.gvk import GroupVersionKind
from karmada.api.objects import Object

JSON_PATCH: Final = "application/json-patch+json"
MERGE_PATCH: Final = "application/merge-patch+json"
STRATEGIC_PATCH: Final = "application/strategic-merge-patch+json"
APPLY_PATCH: Final = "application/apply-patch+yaml"
_TYPES: Final = (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH)
_CUSTOM_TYPES: Final = (JSON_PATCH, MERGE_PATCH, APPLY_PATCH)
SCALE_TYPE: Final = "io.k8s.api.autoscaling.v1.Scale"
_SCALE: Final = GroupVersionKind("autoscaling", "v1", "Scale")


@dataclass(frozen=True, slots=True)
class Patch:
    """One patch body, decoded."""

    type: str
    content: Any
    node: Node
    api_version: str
    options: WriteOptions
    subresource: str

    def apply(self, live: Object | None, *, time: str) -> Object:
        """The patched object, not yet in shape. live None: only for an apply, which then creates."""
        if self.type == APPLY_PATCH:
            return server_side_apply(
                self.node,
                live=live,
                applied=self.content,
                manager=self.options.field_manager,
                force=self.options.force,
                api_version=self.api_version,
                subresource=self.subresource,
                time=time,
            )
        assert live is not None
        patched = self._patched(live)
        if problem := decode.kind_problem(patched):
            raise _not_decodable(patched, problem)
        return patched

    def _patched(self, live: Object) -> Object:
        if self.type == JSON_PATCH:
            patched = json_patch(live, self.content)
            if not isinstance(patched, dict):
                raise _not_decodable(patched, "json: cannot unmarshal into Go value")
            return patched
        if self.type == MERGE_PATCH:
            return merge_patch(live, self.content)
        return strategic_merge_patch(self.node, live, self.content)

    def shape(
        self, obj: Object, definition: ResourceDefinition, options: WriteOptions, request: Request
    ) -> None:
        """Prune obj in place and complain about unknown fields as options say."""
        try:
            unknown = definition.schema.prune(obj)
        except DecodeError as error:
            if self.type == STRATEGIC_PATCH:
                raise _refused(_go_map(self.content), error.restore_problem) from error
            raise _not_decodable(obj, error.problem) from error
        if unknown and options.field_validation != "Ignore" and self.type != APPLY_PATCH:
            self._complain(unknown, obj, options.field_validation, request)

    def _complain(
        self, unknown: list[str], obj: Object, validation: FieldValidation, request: Request
    ) -> None:
        unknown = list(dict.fromkeys(unknown))[: decode.MAX_STRICT_ERRORS]
        if validation == "Strict":
            shown = _go_map(self.content) if self.type == STRATEGIC_PATCH else orjson.dumps(obj).decode()
            raise _refused(shown, "strict decoding error: " + ", ".join(unknown))
        request.warnings.extend(unknown)


class PatchReader:
    """Reads patch bodies. Stateless; a class so that handlers hold it as a neighbour."""

    def read(self, request: Request, definition: ResourceDefinition, options: WriteOptions) -> Patch:
        """A patch of the resource itself. Raises UnsupportedMediaType, BadRequest, Invalid."""
        return self._read(
            request, options, definition.gvk, definition.schema.node, strategic=definition.strategic
        )

    def read_scale(self, request: Request, options: WriteOptions) -> Patch:
        """A patch of a Scale."""
        return self._read(request, options, _SCALE, type_node(SCALE_TYPE), strategic=True)

    def _read(
        self, request: Request, options: WriteOptions, gvk: GroupVersionKind, node: Node, *, strategic: bool
    ) -> Patch:
        type_ = decode.media_type(request.headers.get("content-type", ""))
        allowed = _TYPES if strategic else _CUSTOM_TYPES
        if type_ not in _TYPES:
            raise UnsupportedMediaType("415: Unsupported Media Type")
        if type_ not in allowed:
            raise decode.unknown_format(allowed)
        if type_ == APPLY_PATCH:
            if not options.manager_given:
                text = "Required value: is required for apply patch"
                raise _bad_option(FieldError("FieldValueRequired", "fieldManager", text))
            content = _read_apply(request, gvk, options)
        else:
            if "force" in request.query:
                text = "Forbidden: may not be specified for non-apply patch"
                raise _bad_option(FieldError("FieldValueForbidden", "force", text))
            content = _read_json(request, type_, options)
        return Patch(type_, content, node, gvk.api_version, options, request.info.subresource)


def _bad_option(error: FieldError) -> Invalid:
    return invalid("meta.k8s.io", "PatchOptions", "", [error])


def _read_json(request: Request, type_: str, options: WriteOptions) -> Any:
    try:
        content: Any = orjson.loads(request.body)
    except ValueError as error:
        raise BadRequest(f"error decoding patch: {error}") from error
    complaints = decode.duplicate_fields(request.body, content) if isinstance(content, dict) else []
    if type_ == JSON_PATCH and isinstance(content, list):
        complaints = unknown_operation_members(content)
    if complaints and options.field_validation == "Strict":
        raise _refused(request.body.decode(), "strict decoding error: " + ", ".join(complaints))
    if complaints and options.field_validation == "Warn":
        request.warnings.extend(complaints)
    return content


def _read_apply(request: Request, gvk: GroupVersionKind, options: WriteOptions) -> Object:
    try:
        content, complaints = decode.strict_yaml(request.body)
    except ValueError as error:
        raise BadRequest(f"error decoding YAML: {error}") from error
    if not isinstance(content, dict):
        raise BadRequest(
            "error decoding YAML: json: cannot unmarshal into Go value of type map[string]interface {}"
        )
    given = GroupVersionKind.of(content)
    if not given.version or given.kind != gvk.kind:
        raise BadRequest(f"invalid object type: {given}")
    if given.api_version != gvk.api_version:
        raise BadRequest(
            "Incorrect version specified in apply patch. Specified patch version: "
            f"{given.api_version}, expected: {gvk.api_version}"
        )
    metadata = content.get("metadata")
    if metadata is not None and not isinstance(metadata, dict):
        problem = f".metadata: expected map, got &{{{go_text(metadata)}}}"
        raise UnclassifiedError(f"failed to create typed patch object (/; {given}): {problem}")
    if metadata and metadata.get("managedFields"):
        raise BadRequest("metadata.managedFields must be nil")
    _complain_of_yaml(complaints, request, options)
    return content


def _complain_of_yaml(complaints: list[str], request: Request, options: WriteOptions) -> None:
    texts = [f"error converting YAML to JSON: {complaint}" for complaint in complaints]
    if texts and options.field_validation == "Strict":
        raise BadRequest(f"error strict decoding YAML: {texts[0]}")
    if options.field_validation == "Warn":
        request.warnings.extend(texts)


def _not_decodable(patched: Any, problem: str) -> Invalid:
    return _refused(orjson.dumps(patched).decode(), problem)


def _refused(shown: str, problem: str) -> Invalid:
    """The 422 without kind and name that a patch gets whose result cannot be read."""
    text = f"Invalid value: {orjson.dumps(shown).decode()}: {problem}"
    cause = {"reason": "FieldValueInvalid", "message": text, "field": "patch"}
    return Invalid(f' "" is invalid: patch: {text}', details={"causes": [cause]})


def _go_map(value: Any) -> str:
    """`map[spec:map[bogus:1]]`, as Go prints a decoded patch."""
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{_go_map(item)}" for key, item in sorted(value.items())) + "]"
    if isinstance(value, list):
        return "[" + " ".join(map(_go_map, value)) + "]"
    if value is None:
        return "<nil>"
    return str(value).lower() if isinstance(value, bool) else str(value)
