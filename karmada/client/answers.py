"""What a server answers, and what it means: RawResponse, the error of a Status, when to try again.

In: status, headers and body of a response, or the trouble of a connection. Out: errors of karmada.api.errors.
transport.py sends the requests.

    ApiError
      Unreachable   503   no answer: nothing is known about the request's fate
"""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
import orjson

from karmada.api.errors import ApiError, from_status

MAX_RETRY_AFTER_SECONDS: Final = 10.0
"""A server that wants us to wait longer gets no retry from here; the caller has its own back-off."""


class Unreachable(ApiError):
    """No answer came. Whether the request was carried out is not known."""

    code, reason = 503, "ServiceUnavailable"


@dataclass(frozen=True, slots=True)
class RawResponse:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Raises ApiError when the body is not JSON."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise ApiError(
                f"the server's answer is not JSON: {self.body[:80]!r}", code=self.status
            ) from error


def retry_after(response: RawResponse) -> float | None:
    """Seconds the server asks to wait before the next try; None if there should be none."""
    if response.status != 429 and response.status < 500:
        return None
    try:
        seconds = float(response.headers.get("Retry-After", ""))
    except ValueError:
        return None
    return seconds if 0 <= seconds <= MAX_RETRY_AFTER_SECONDS else None


def error_of(method: str, response: RawResponse) -> ApiError:
    """The error an answer of 400 and above stands for: its Status, or what its code says."""
    try:
        status = orjson.loads(response.body)
    except orjson.JSONDecodeError:
        status = None
    if isinstance(status, dict) and status.get("kind") == "Status":
        return from_status(response.status, status)
    text = response.body[:1024].decode(errors="replace").strip()
    generic = _GENERIC_MESSAGES.get(response.status)
    if response.status == 403 and text:
        generic = text
    elif response.status >= 500 and generic is None:
        generic = f'an error on the server ("{text or "unknown"}") has prevented the request from succeeding'
    return from_status(
        response.status, {"message": generic or text or f"the server answered {response.status}"}
    )


_GENERIC_MESSAGES: Final = {
    401: "the server has asked for the client to provide credentials",
    404: "the server could not find the requested resource",
    405: "the server does not allow this method on the requested resource",
    429: "the server has received too many requests and has asked us to try again later",
    503: "the server is currently unable to handle the request",
    504: "the server was unable to return a response in the time allotted, "
    "but may still be processing the request",
}


def trouble_of(error: BaseException) -> str:
    """What went wrong with a connection, in words for a user."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"TLS: the server's certificate is refused: {_verdict(error.certificate_error)}"
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        return f"TLS: {error.os_error.strerror or error.os_error}"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"cannot connect: {_reason(error.os_error)}"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "the server closed the connection"
    return str(error) or type(error).__name__


def _reason(error: OSError) -> str:
    """The system's own words; asyncio's name the address once more instead."""
    if error.errno and error.errno > 0 and not isinstance(error, socket.gaierror):
        return os.strerror(error.errno)
    return error.strerror or str(error)


def _verdict(error: BaseException) -> str:
    return getattr(error, "verify_message", "") or str(error)


def warning_text(header: str) -> str:
    """`299 - "text"` -> text."""
    text = header.split(" ", 2)[-1]
    return text[1:-1].replace('\\"', '"').replace("\\\\", "\\") if text[:1] == '"' == text[-1:] else text
