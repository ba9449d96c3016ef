"""The words exchanged with an admission webhook: AdmissionReview, there and back. Pure.

In: a request as the webhook shall see it; the answer's JSON. Out: the bytes to send; the checked verdict.
Raises BadReview for what the protocol does not allow, in Kubernetes' words.
"""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from typing_extensions import override

from apiserver.admission.context import AdmissionContext
from apiserver.admission.webhooks.matching import Target
from karmada.api.errors import ApiError
from karmada.api.objects import Object

GROUP: Final = "admission.k8s.io"
LOWEST_REFUSAL: Final = 400


class BadReview(Exception):
    """An answer that breaks the protocol."""


class WebhookDenied(ApiError):
    """The webhook said no. What the client gets is the webhook's own Status."""

    def __init__(self, status: Object) -> None:
        super().__init__(str(status["message"]), details=status.get("details"), code=status["code"])
        self._status = status
        self.reason = status.get("reason") or ""  # type: ignore[misc]

    @override
    def to_status(self) -> dict[str, Any]:
        return self._status


@dataclass(frozen=True, slots=True)
class Verdict:
    allowed: bool
    status: Object | None = None
    patch: bytes = b""
    warnings: Sequence[str] = ()
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Question:
    """One request as one webhook sees it: objects in the target's version."""

    context: AdmissionContext
    target: Target
    obj: Object | None
    old: Object | None


def review_body(uid: str, version: str, question: Question) -> bytes:
    """The AdmissionReview to send. uid must come back."""
    context, target = question.context, question.target
    request: Object = {
        "uid": uid,
        "kind": target.kind._asdict(),
        "resource": target.resource._asdict(),
    }
    if context.subresource:
        request["subResource"] = context.subresource
    request |= {"requestKind": context.kind._asdict(), "requestResource": context.resource._asdict()}
    if context.subresource:
        request["requestSubResource"] = context.subresource
    if context.name:
        request["name"] = context.name
    if context.namespace:
        request["namespace"] = context.namespace
    request |= {
        "operation": context.operation,
        "userInfo": _user_info(context),
        "object": question.obj,
        "oldObject": question.old,
        "dryRun": context.dry_run,
        "options": dict(context.options) or None,
    }
    review = {"kind": "AdmissionReview", "apiVersion": f"{GROUP}/{version}", "request": request}
    return orjson.dumps(review)


def _user_info(context: AdmissionContext) -> Object:
    user = context.user
    shown: Object = {"username": user.name}
    if user.uid:
        shown["uid"] = user.uid
    if user.groups:
        shown["groups"] = list(user.groups)
    if user.extra:
        shown["extra"] = {key: list(values) for key, values in user.extra.items()}
    return shown


def read_verdict(answer: Any, uid: str, version: str, *, mutating: bool) -> Verdict:
    """The verdict in an answer. Raises BadReview."""
    response = _response(answer)
    if version == "v1":
        _check_v1(answer, response, uid)
    status = response.get("status")
    try:
        return Verdict(
            allowed=response.get("allowed") is True,
            status=status if isinstance(status, dict) else None,
            patch=_patch(response, version, mutating=mutating),
            warnings=tuple(map(str, response.get("warnings") or ())),
            annotations={str(k): str(v) for k, v in (response.get("auditAnnotations") or {}).items()},
        )
    except (TypeError, AttributeError) as error:
        raise BadReview(f"the response has fields of the wrong type: {error}") from error


def _response(answer: Any) -> Object:
    response = answer.get("response") if isinstance(answer, dict) else None
    if not isinstance(response, dict):
        raise BadReview("webhook response was absent")
    return response


def _check_v1(answer: Object, response: Object, uid: str) -> None:
    if response.get("uid") != uid:
        raise BadReview(f"expected response.uid={_quoted(uid)}, got {_quoted(response.get('uid') or '')}")
    group, _, version = str(answer.get("apiVersion") or "").rpartition("/")
    kind = answer.get("kind") or ""
    if (group, version, kind) != (GROUP, "v1", "AdmissionReview"):
        raise BadReview(
            f"expected webhook response of {GROUP}/v1, Kind=AdmissionReview, "
            f"got {group}/{version}, Kind={kind}"
        )


def _patch(response: Object, version: str, *, mutating: bool) -> bytes:
    given, type_ = response.get("patch"), response.get("patchType")
    if not mutating:
        if version == "v1" and given:
            raise BadReview("validating webhook may not return response.patch")
        if version == "v1" and type_ is not None:
            raise BadReview("validating webhook may not return response.patchType")
        return b""
    if given and type_ is None and version == "v1":
        raise BadReview("webhook returned response.patch but not response.patchType")
    if not given and type_ is not None and version == "v1":
        raise BadReview("webhook returned response.patchType but not response.patch")
    if not given:
        return b""
    if type_ not in ("JSONPatch", None):
        raise BadReview(f"invalid response.patchType={_quoted(str(type_))}")
    try:
        return base64.b64decode(given, validate=True)
    except (TypeError, binascii.Error) as error:
        raise BadReview(f"response.patch is not base64: {error}") from error


def refusal(name: str, status: Object | None) -> WebhookDenied:
    """What the client gets when webhook name does not allow the request and gives status as its reason."""
    given = dict(status or {})
    denied = f"admission webhook {_quoted(name)} denied the request"
    message, reason = given.get("message") or "", given.get("reason") or ""
    text = f"{denied}: {message or reason}" if message or reason else f"{denied} without explanation"
    code = given.get("code")
    shown: Object = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": text,
    }
    if reason:
        shown["reason"] = str(reason)
    if isinstance(details := given.get("details"), dict):
        shown["details"] = details
    shown["code"] = code if isinstance(code, int) and LOWEST_REFUSAL <= code < 600 else LOWEST_REFUSAL
    return WebhookDenied(shown)


def _quoted(text: Any) -> str:
    """As Go's %q shows it."""
    return json.dumps(str(text), ensure_ascii=False)
