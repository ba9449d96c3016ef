"""Rights that another server knows: it is asked with a SubjectAccessReview.

In: a user and what is asked. Out: a Decision; no opinion, with the error, where no answer comes. The other
server is a webhook (--authorization-webhook-config-file) or a whole API server that this one stands behind
(--authorization-kubeconfig). Answers are kept a while.
"""

import logging
from dataclasses import dataclass
from typing import Any, Final

import orjson
from typing_extensions import override

from apiserver.filters.remembered import Remembered
from apiserver.rbac import MASTERS, Authorizer, Decision
from apiserver.request_info import RequestInfo, UserInfo
from karmada.api.errors import ApiError
from karmada.api.objects import Object
from karmada.api.selectors import parse_field_selector, parse_label_selector
from karmada.client.client import Client
from karmada.runtime.clock import Clock

log = logging.getLogger(__name__)

ACCESS_REVIEWS: Final = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
TIMEOUT_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Keeping:
    """For how many seconds answers are good."""

    allowed: float
    refused: float


class WebhookAuthorizer(Authorizer):
    def __init__(
        self, client: Client, *, path: str, keeping: Keeping, version: str = "v1", clock: Clock
    ) -> None:
        """path is where reviews are posted to, behind the client's server."""
        self._client = client
        self._path = path
        self._keeping = keeping
        self._version = version
        self._answers: Remembered[Decision] = Remembered(clock)

    @override
    async def allowed(self, user: UserInfo, info: RequestInfo) -> Decision:
        if MASTERS in user.groups:
            return Decision(allowed=True)
        body = orjson.dumps(self._review(user, info), option=orjson.OPT_SORT_KEYS)
        try:
            return await self._answers.get(body, lambda: self._ask(body))
        except (ApiError, ValueError) as error:
            log.warning("access not reviewed", extra={"error": str(error)})
            return Decision(allowed=False, error=str(error))

    def _review(self, user: UserInfo, info: RequestInfo) -> Object:
        return {
            "kind": "SubjectAccessReview",
            "apiVersion": f"authorization.k8s.io/{self._version}",
            "metadata": {},
            "spec": review_spec(user, info),
        }

    async def _ask(self, body: bytes) -> tuple[Decision, float]:
        answer = await self._client.request("POST", self._path, body=body, timeout_seconds=TIMEOUT_SECONDS)
        found: Any = answer.json()
        status = found.get("status") if isinstance(found, dict) else None
        if not isinstance(status, dict):
            raise ValueError("the answer is no SubjectAccessReview")
        allowed = status.get("allowed") is True
        decision = Decision(
            allowed=allowed,
            reason=str(status.get("reason") or ""),
            error=str(status.get("evaluationError") or ""),
            denied=not allowed and status.get("denied") is True,
        )
        return decision, self._keeping.allowed if allowed else self._keeping.refused


def review_spec(user: UserInfo, info: RequestInfo) -> Object:
    """The spec of a SubjectAccessReview, empty parts left out."""
    spec: Object = {"user": user.name}
    if user.uid:
        spec["uid"] = user.uid
    if user.groups:
        spec["groups"] = list(user.groups)
    if user.extra:
        spec["extra"] = {key: list(values) for key, values in user.extra.items()}
    if not info.is_resource:
        return {**spec, "nonResourceAttributes": {"path": info.path, "verb": info.verb}}
    asked: Object = {
        "namespace": info.namespace,
        "verb": info.verb,
        "group": info.group,
        "version": info.version,
        "resource": info.resource,
        "subresource": info.subresource,
        "name": info.name,
    }
    asked = {name: value for name, value in asked.items() if value}
    return {**spec, "resourceAttributes": asked | _selectors(info)}


_OPERATORS: Final = {
    "=": "In",
    "in": "In",
    "!=": "NotIn",
    "notin": "NotIn",
    "exists": "Exists",
    "!": "DoesNotExist",
}


def _selectors(info: RequestInfo) -> Object:
    """Field and label selector as requirements; what cannot be read or said this way is left out."""
    found: Object = {}
    try:
        fields = parse_field_selector(info.field_selector).requirements if info.field_selector else ()
        labels = parse_label_selector(info.label_selector).requirements if info.label_selector else ()
    except ApiError:
        return {}
    if fields:
        found["fieldSelector"] = {
            "requirements": [
                {"key": one.field, "operator": "In" if one.equal else "NotIn", "values": [one.value]}
                for one in fields
            ]
        }
    if labels:
        found["labelSelector"] = {
            "requirements": [
                {"key": one.key, "operator": _OPERATORS[one.operator], "values": sorted(one.values)}
                for one in labels
                if one.operator in _OPERATORS
            ]
        }
    return found
