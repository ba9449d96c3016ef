"""Conversion webhooks of CustomResourceDefinitions: objects of one version turned into another by their
author's program.

In: objects as stored or as a client sent them. Out: the same in the version wanted, checked: nothing but
labels, annotations and what is below metadata may differ. Raises ConversionFailed in Kubernetes' words.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from typing_extensions import override

from apiserver.resources.definition import RemoteConversion
from apiserver.resources.webhook_calls import CallFailed, WebhookCaller
from karmada.api.errors import ApiError
from karmada.api.gvk import split_api_version
from karmada.api.objects import Object

GROUP: Final = "apiextensions.k8s.io"
KNOWN_REVIEWS: Final = ("v1", "v1beta1")
TIMEOUT_SECONDS: Final = 30
OBJECTS_PER_CALL: Final = 500
_MAY_CHANGE: Final = ("labels", "annotations")


class ConversionFailed(ApiError):
    """500 without a reason."""

    code, reason = 500, ""


class BadConversion(Exception):
    """An answer that breaks the protocol, or says that it did not work."""


class ConversionWebhook(RemoteConversion):
    """The webhook of one CRD. webhook is spec.conversion.webhook."""

    def __init__(self, caller: WebhookCaller, webhook: Mapping[str, Any]) -> None:
        self._caller = caller
        self._config: Mapping[str, Any] = webhook.get("clientConfig") or {}
        versions = webhook.get("conversionReviewVersions") or ()
        self._review_version = next((each for each in versions if each in KNOWN_REVIEWS), "")

    @override
    async def to_version(self, obj: Object, api_version: str) -> Object:
        (converted,) = await self.to_versions([obj], api_version)
        return converted

    @override
    async def to_versions(self, objects: Sequence[Object], api_version: str) -> list[Object]:
        """Objects that are in the version already are not sent."""
        converted = list(objects)
        foreign = [place for place, obj in enumerate(objects) if obj.get("apiVersion") != api_version]
        for start in range(0, len(foreign), OBJECTS_PER_CALL):
            places = foreign[start : start + OBJECTS_PER_CALL]
            answers = await self._ask([objects[place] for place in places], api_version)
            for place, answer in zip(places, answers, strict=True):
                converted[place] = answer
        return converted

    async def _ask(self, objects: list[Object], api_version: str) -> list[Object]:
        kind = _shown_kind(objects[0])
        uid = str(uuid.uuid4())
        try:
            answer = await self._answer(uid, objects, api_version)
        except (CallFailed, BadConversion) as error:
            raise ConversionFailed(f"conversion webhook for {kind} failed: {error}") from error
        if len(answer) != len(objects):
            text = f"returned {len(answer)} objects, expected {len(objects)}"
            raise ConversionFailed(f"conversion webhook for {kind} {text}")
        for place, (before, after) in enumerate(zip(objects, answer, strict=True)):
            try:
                answer[place] = settled(before, after, api_version)
            except BadConversion as error:
                text = f"returned invalid converted object at index {place}: {error}"
                raise ConversionFailed(f"conversion webhook for {kind} {text}") from error
        return answer

    async def _answer(self, uid: str, objects: list[Object], api_version: str) -> list[Any]:
        if not self._review_version:
            raise CallFailed("no supported ConversionReview versions")
        body = review_body(uid, self._review_version, objects, api_version)
        answer = await self._caller.call(
            self._config, body, timeout_seconds=TIMEOUT_SECONDS, told_seconds=TIMEOUT_SECONDS
        )
        return read_objects(answer, uid, self._review_version)


# -- words, pure --------------------------------------------------------------------------------------------


def review_body(uid: str, version: str, objects: Sequence[Object], api_version: str) -> bytes:
    return orjson.dumps(
        {
            "kind": "ConversionReview",
            "apiVersion": f"{GROUP}/{version}",
            "request": {"uid": uid, "desiredAPIVersion": api_version, "objects": objects},
        }
    )


def read_objects(answer: Any, uid: str, version: str) -> list[Any]:
    """The converted objects, not yet checked. Raises BadConversion."""
    response = answer.get("response") if isinstance(answer, dict) else None
    if not isinstance(response, dict):
        raise BadConversion("no response provided")
    if version == "v1" and response.get("uid") != uid:
        wanted, given = json.dumps(uid), json.dumps(str(response.get("uid") or ""))
        raise BadConversion(f"expected response.uid={wanted}, got {given}")
    result = response.get("result")
    status = result.get("status") if isinstance(result, dict) else ""
    if status != "Success":
        message = result.get("message") if isinstance(result, dict) else ""
        raise BadConversion(message or f"response.result.status was '{status or ''}', not 'Success'")
    objects = response.get("convertedObjects") or []
    if not isinstance(objects, list):
        raise BadConversion("response.convertedObjects is not a list")
    return objects


def settled(before: Object, after: Any, api_version: str) -> Object:
    """after with the metadata it must keep. Raises BadConversion."""
    if not isinstance(after, dict):
        raise BadConversion("not an object")
    if after.get("apiVersion") != api_version:
        raise BadConversion(
            f"invalid groupVersion (expected {api_version}, received {after.get('apiVersion') or ''})"
        )
    if after.get("kind") != before.get("kind"):
        raise BadConversion(
            f"invalid kind (expected {before.get('kind')}, received {after.get('kind') or ''})"
        )
    kept, given = before.get("metadata") or {}, after.get("metadata")
    if not isinstance(given, dict):
        raise BadConversion("invalid metadata of type object")
    for field, words in (("name", "name"), ("namespace", "namespace"), ("uid", "UID")):
        if (given.get(field) or "") != (kept.get(field) or ""):
            shown = f"{given.get(field) or ''} != {kept.get(field) or ''}"
            raise BadConversion(f"must have the same {words}: {shown}")
    metadata = {field: value for field, value in kept.items() if field not in _MAY_CHANGE}
    metadata |= {field: given[field] for field in _MAY_CHANGE if given.get(field)}
    return {**after, "metadata": metadata}


def _shown_kind(obj: Object) -> str:
    group, version = split_api_version(str(obj.get("apiVersion") or ""))
    return f"{group}/{version}, Kind={obj.get('kind')}" if group else f"{version}, Kind={obj.get('kind')}"
