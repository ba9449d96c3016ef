"""The error family: one class per Kubernetes Status reason, the same on the server and in the client.

    ApiError                      code  reason
      BadRequest                  400   BadRequest
        DecodeError               400   BadRequest
      Unauthorized                401   Unauthorized
      Forbidden                   403   Forbidden
      NotFound                    404   NotFound
      MethodNotAllowed            405   MethodNotAllowed
      NotAcceptable               406   NotAcceptable
      AlreadyExists               409   AlreadyExists
      Conflict                    409   Conflict
      Gone                        410   Gone
        Expired                   410   Expired
      RequestEntityTooLarge       413   RequestEntityTooLarge
      UnsupportedMediaType        415   UnsupportedMediaType
      Invalid                     422   Invalid
      TooManyRequests             429   TooManyRequests
      InternalError               500   InternalError
      ServiceUnavailable          503   ServiceUnavailable
      Timeout                     504   Timeout
        ServerTimeout             500   ServerTimeout

Raise by meaning. Only apiserver/filters/errors.py turns one into a response; the client turns a Status back
into the same class, so `except NotFound` reads the same everywhere. UserError stands apart: no server said
it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar


class UserError(Exception):
    """What was asked for cannot be done; the message is one line for whoever asked."""


class ApiError(Exception):
    """A failed API request. details is the Status details object (wire names)."""

    code: ClassVar[int] = 500
    reason: ClassVar[str] = "InternalError"

    def __init__(
        self, message: str, *, details: Mapping[str, Any] | None = None, code: int | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.details = dict(details or {})
        self.status_code = code if code is not None else self.code

    def to_status(self) -> dict[str, Any]:
        """The metav1.Status of this error."""
        status: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            status["reason"] = self.reason
        if self.details or self.status_code in (404, 405):
            status["details"] = self.details
        status["code"] = self.status_code
        return status


class BadRequest(ApiError):
    code, reason = 400, "BadRequest"


class DecodeError(BadRequest, ValueError):
    """A body that cannot be read. Also a ValueError, so that a handler may word its own message."""


class Unauthorized(ApiError):
    code, reason = 401, "Unauthorized"


class Forbidden(ApiError):
    code, reason = 403, "Forbidden"


class NotFound(ApiError):
    code, reason = 404, "NotFound"


class MethodNotAllowed(ApiError):
    code, reason = 405, "MethodNotAllowed"


class NotAcceptable(ApiError):
    code, reason = 406, "NotAcceptable"


class AlreadyExists(ApiError):
    code, reason = 409, "AlreadyExists"


class Conflict(ApiError):
    """The object moved on since it was read; read again and retry."""

    code, reason = 409, "Conflict"


class Gone(ApiError):
    code, reason = 410, "Gone"


class Expired(Gone):
    """The resourceVersion asked for is compacted away; list again."""

    reason = "Expired"


class RequestEntityTooLarge(ApiError):
    code, reason = 413, "RequestEntityTooLarge"


class UnsupportedMediaType(ApiError):
    code, reason = 415, "UnsupportedMediaType"


class Invalid(ApiError):
    """The object breaks rules of its kind; details.causes names each field."""

    code, reason = 422, "Invalid"


class TooManyRequests(ApiError):
    code, reason = 429, "TooManyRequests"


class InternalError(ApiError):
    code, reason = 500, "InternalError"


class ServiceUnavailable(ApiError):
    code, reason = 503, "ServiceUnavailable"


class Timeout(ApiError):
    code, reason = 504, "Timeout"


class ServerTimeout(Timeout):
    code, reason = 500, "ServerTimeout"


@dataclass(frozen=True, slots=True)
class FieldError:
    """One broken rule. type is a metav1.CauseType such as FieldValueInvalid; field a path such as
    spec.ports[0]."""

    type: str
    field: str
    message: str


def invalid(group: str, kind: str, name: str, errors: Iterable[FieldError]) -> Invalid:
    """The 422 a strategy or schema gives: `Kind.group "name" is invalid: field: message`, all causes in
    details."""
    causes = list(errors)
    qualified = f"{kind}.{group}" if group else kind
    texts = list(dict.fromkeys(f"{cause.field}: {cause.message}" for cause in causes))
    text = texts[0] if len(texts) == 1 else "[" + ", ".join(texts) + "]"
    details: dict[str, Any] = {"name": name} if name else {}
    if group:
        details["group"] = group
    details["kind"] = kind
    details["causes"] = [{"reason": c.type, "message": c.message, "field": c.field} for c in causes]
    return Invalid(f'{qualified} "{name}" is invalid: {text}', details=details)


def from_status(code: int, status: Mapping[str, Any]) -> ApiError:
    """The error a Status body stands for, by its reason or else its code; a reason of its own is kept."""
    message = str(status.get("message") or f"server answered {code}")
    details = status.get("details") or {}
    reason = status.get("reason") or ""
    family = _BY_REASON.get(reason) or _BY_CODE.get(code)
    error = (family or ApiError)(message, details=details, code=code)
    if reason and reason not in _BY_REASON:
        error.reason = reason  # type: ignore[misc]
    return error


def _descendants(family: type[ApiError]) -> Iterable[type[ApiError]]:
    for child in family.__subclasses__():
        yield child
        yield from _descendants(child)


_BY_REASON: dict[str, type[ApiError]] = {
    family.reason: family for family in _descendants(ApiError) if family is not DecodeError
}
_BY_CODE: dict[int, type[ApiError]] = {
    family.code: family
    for family in reversed(list(_descendants(ApiError)))
    if family not in (AlreadyExists, DecodeError)
}
