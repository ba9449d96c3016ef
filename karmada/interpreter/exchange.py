"""The words exchanged with an interpreter webhook: ResourceInterpreterContext, there and back. Pure.

In: an operation on an object; the bytes of an answer. Out: the bytes to send; the checked response, the
patched object. Raises WebhookFailed for whatever the protocol does not allow.
"""

import base64
import binascii
from collections.abc import Sequence
from typing import Any, Final

import orjson

from karmada.api.groups.config import GROUP, VERSION
from karmada.api.groups.work import AggregatedStatusItem
from karmada.api.gvk import GroupVersionKind
from karmada.api.objects import Object, name_of, namespace_of, private_copy
from karmada.interpreter.answers import aggregated_items
from karmada.interpreter.errors import WebhookFailed
from karmada.interpreter.operations import Operation

API_VERSION: Final = f"{GROUP}/{VERSION}"
KIND: Final = "ResourceInterpreterContext"


def request_body(
    uid: str,
    operation: Operation,
    obj: Object,
    *,
    observed: Object | None = None,
    replicas: int = 0,
    items: Sequence[AggregatedStatusItem] | None = None,
) -> bytes:
    """The question. uid is the caller's, and must come back."""
    request: Object = {
        "uid": uid,
        "kind": GroupVersionKind.of(obj)._asdict(),
        "name": name_of(obj),
        "namespace": namespace_of(obj),
        "operation": str(operation),
        "object": obj,
        "replicas": replicas,
    }
    if observed is not None:
        request["observedObject"] = observed
    if items is not None:
        request["aggregatedStatus"] = aggregated_items(items)
    try:
        return orjson.dumps({"apiVersion": API_VERSION, "kind": KIND, "request": request})
    except orjson.JSONEncodeError as error:
        raise WebhookFailed(f"the object has no form in JSON: {error}") from error


def read_response(body: bytes, uid: str) -> Object:
    """The response of a webhook that succeeded."""
    try:
        context = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise WebhookFailed(f"the answer is not JSON: {error}") from error
    response = context.get("response") if isinstance(context, dict) else None
    if not isinstance(response, dict):
        raise WebhookFailed("the answer has no response")
    found = (context.get("apiVersion"), context.get("kind"))
    if found != (API_VERSION, KIND):
        raise WebhookFailed(f"expected an answer of {API_VERSION} {KIND}, got {found[0]} {found[1]}")
    if response.get("uid") != uid:
        raise WebhookFailed(f"expected response uid {uid}, got {response.get('uid')}")
    if response.get("successful") is not True:
        raise WebhookFailed(_refusal(response))
    return response


def _refusal(response: Object) -> str:
    status = response.get("status")
    if not isinstance(status, dict):
        return "webhook call failed, and the response has no status"
    return f"webhook call failed, code: {status.get('code') or 0}, message: {status.get('message') or ''}"


def required(response: Object, field: str) -> Any:
    """A field that the operation cannot do without."""
    if (value := response.get(field)) is None:
        raise WebhookFailed(f"the response has no {field}")
    return value


def patched(obj: Object, response: Object) -> Object:
    """obj with the response's JSON patch applied; obj itself when there is none."""
    kind, patch = response.get("patchType"), response.get("patch")
    if not kind and not patch:
        return obj
    if not kind or not patch:
        raise WebhookFailed("the response must have both patch and patchType, or neither")
    if kind != "JSONPatch":
        raise WebhookFailed(f"the response has patchType {kind}, only JSONPatch is known")
    return _applied(obj, _operations(patch))


def _operations(patch: Any) -> list[Any]:
    try:
        operations = orjson.loads(base64.b64decode(patch, validate=True))
    except (TypeError, binascii.Error, orjson.JSONDecodeError) as error:
        raise WebhookFailed(f"the patch is not JSON in base64: {error}") from error
    if not isinstance(operations, list):
        raise WebhookFailed("the patch is not a list of operations")
    return operations


def _applied(obj: Object, operations: list[Any]) -> Object:
    from jsonpatch import JsonPatch, JsonPatchException
    from jsonpointer import JsonPointerException

    try:
        result = JsonPatch(operations).apply(private_copy(obj), in_place=True)
    except (JsonPatchException, JsonPointerException, AttributeError, LookupError, TypeError) as error:
        raise WebhookFailed(f"the patch cannot be applied: {error}") from error
    if not isinstance(result, dict):
        raise WebhookFailed("the patch leaves no object")
    return result
