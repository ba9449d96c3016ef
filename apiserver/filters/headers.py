"""Headers every answer carries: Audit-Id, Cache-Control, the request's warnings, its flow schema and level.

In: any handler. Out: the same handler, outermost, so that error answers carry them too.
"""

import uuid
from collections.abc import Iterable

from apiserver.request_info import Answer, Handler, Request

FLOW_HEADER = "X-Kubernetes-PF-FlowSchema-UID"
LEVEL_HEADER = "X-Kubernetes-PF-PriorityLevel-UID"
WARNINGS_TOTAL_CHARACTERS = 4096
WARNING_CHARACTERS_WHEN_MANY = 256


def with_headers(handler: Handler) -> Handler:
    """handler with an audit id on the request and the standard headers on the answer."""

    async def answer(request: Request) -> Answer:
        request.audit_id = request.audit_id or request.headers.get("audit-id") or str(uuid.uuid4())
        response = await handler(request)
        response.headers["Audit-Id"] = request.audit_id
        response.headers.setdefault("Cache-Control", "no-cache, private")
        flow = request.flow
        if flow is not None and flow.schema_uid:
            response.headers[FLOW_HEADER] = flow.schema_uid
            response.headers[LEVEL_HEADER] = flow.level_uid
        if request.warnings:
            response.headers["Warning"] = ", ".join(warning_values(request.warnings))
        return response

    return answer


def warning_values(texts: Iterable[str]) -> list[str]:
    """Header values `299 - "text"`, duplicates dropped, long ones cut when they are too much together."""
    unique = list(dict.fromkeys(_printable(text) for text in texts if text))
    if sum(len(text) for text in unique) > WARNINGS_TOTAL_CHARACTERS:
        unique = list(dict.fromkeys(text[:WARNING_CHARACTERS_WHEN_MANY] for text in unique))
    values: list[str] = []
    room = WARNINGS_TOTAL_CHARACTERS
    for text in unique:
        room -= len(text)
        if room < 0:
            break
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        values.append(f'299 - "{escaped}"')
    return values


def _printable(text: str) -> str:
    return "".join(character for character in text if character.isprintable())
