"""Refusals of patches: the errors that patches and apply raise, in kube-apiserver's words."""

import math
from typing import Any

import orjson

from karmada.api.errors import ApiError, BadRequest, Invalid, RequestEntityTooLarge


class UnclassifiedError(ApiError):
    """A failure that kube-apiserver passes on as bare text: 500 without a reason."""

    code, reason = 500, ""


class PatchDoesNotApply(Invalid):
    """The operations of a JSON patch do not fit the object. The cause is deliberately not told."""

    def __init__(self) -> None:
        super().__init__("the server rejected our request due to an error in our request")


def undecodable_patch(value: str, problem: str) -> Invalid:
    """The 422 for a patch whose result is no object of the kind. value: result_text() or go_text() of the
    patch.
    """
    message = f"Invalid value: {quoted(value)}: {problem}"
    cause = {"reason": "FieldValueInvalid", "message": message, "field": "patch"}
    return Invalid(f' "" is invalid: patch: {message}', details={"causes": [cause]})


def not_a_list_of_operations(patch: Any) -> BadRequest:
    into = "Go value of type []handlers.jsonPatchOp"
    return BadRequest(f"error decoding patch: json: cannot unmarshal {json_word(patch)} into {into}")


def not_a_merge_patch(patch: Any) -> BadRequest:
    into = "Go value of type map[string]interface {}"
    return BadRequest(f"error decoding patch: json: cannot unmarshal {json_word(patch)} into {into}")


def not_a_strategic_patch(patch: Any) -> BadRequest:
    into = "Go value of type map[string]interface {}"
    return BadRequest(f"json: cannot unmarshal {json_word(patch)} into {into}")


def too_many_operations(count: int, *, allowed: int) -> RequestEntityTooLarge:
    rule = f"The allowed maximum operations in a JSON patch is {allowed}, got {count}"
    return RequestEntityTooLarge(f"Request entity too large: {rule}")


def json_word(value: Any) -> str:
    words = {dict: "object", list: "array", str: "string", bool: "bool", type(None): "null"}
    return words.get(type(value), "number")


def result_text(obj: Any) -> str:
    """A patched object as undecodable_patch shows it."""
    return orjson.dumps(obj).decode()


def go_text(value: Any) -> str:
    """A value as Go prints it: `map[image:q name:c]`, `[a b]`, `<nil>`."""
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{go_text(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(go_text(item) for item in value) + "]"
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and math.isfinite(value) and value == int(value) and abs(value) < 1e21:
        return str(int(value))
    return str(value)


def quoted(text: str) -> str:
    """text in double quotes, as Go's %q writes it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r") + '"'
