"""Errors to answers: the one place where an exception becomes a metav1.Status response.

In: any handler. Out: the same handler, which never raises (cancellation excepted). Outermost filter but for
headers.py, so that every refusal of the filters inside is answered alike.
"""

import logging
from functools import lru_cache
from typing import Any

import orjson

from apiserver.request_info import Answer, Handler, Request, Response
from karmada.api import codec
from karmada.api.errors import ApiError, InternalError

log = logging.getLogger(__name__)

JSON = "application/json"
YAML = "application/yaml"
PROTOBUF = "application/vnd.kubernetes.protobuf"


def with_errors(handler: Handler) -> Handler:
    """handler with every ApiError answered as a Status; anything else is logged once and answered as 500."""

    async def answer(request: Request) -> Answer:
        try:
            return await handler(request)
        except ApiError as error:
            return error_response(error, request.headers.get("accept", ""))
        except Exception as error:  # the server's own border: a bug answers one request, it does not end all
            where = {"method": request.method, "path": request.info.path, "audit_id": request.audit_id}
            log.exception("request failed", extra=where)
            return error_response(internal_error(type(error).__name__), request.headers.get("accept", ""))

    return answer


def internal_error(text: str) -> InternalError:
    """The 500 that carries text as its cause."""
    return InternalError(f"Internal error occurred: {text}", details={"causes": [{"message": text}]})


def error_response(error: ApiError, accept: str = "") -> Response:
    """The Status of error in the form accept asks for, JSON whenever that is acceptable at all."""
    status = error.to_status()
    media_type = status_media_type(accept)
    response = Response(error.status_code, _encode(status, media_type), content_type=media_type)
    retry_after = error.details.get("retryAfterSeconds")
    if retry_after and error.status_code in (429, 503, 504):
        response.headers["Retry-After"] = str(retry_after)
    return response


@lru_cache(maxsize=256)
def status_media_type(accept: str) -> str:
    """JSON unless accept names yaml or protobuf and nothing that JSON would satisfy."""
    wanted = [clause.partition(";")[0].strip() for clause in accept.split(",")]
    if not accept or any(kind in (JSON, "*/*", "application/*") for kind in wanted):
        return JSON
    return next((kind for kind in wanted if kind in (YAML, PROTOBUF)), JSON)


def _encode(status: dict[str, Any], media_type: str) -> bytes:
    if media_type == JSON:
        return orjson.dumps(status) + b"\n"
    return codec.dump_yaml(status).encode() if media_type == YAML else codec.encode_protobuf(status)
