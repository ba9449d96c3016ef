"""/openapi/v2 and /openapi/v3: the documents of schema/openapi.py over HTTP, with ETags and stable hashes.

In: a request to one of the paths. Out: the document in the form asked for, or 304, or a redirect to the
right hash. Documents are built in a thread: the first one takes a while.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from email.utils import format_datetime
from hashlib import sha512
from typing import Final

import orjson

from apiserver.handlers.negotiate import parse_accept
from apiserver.request_info import Request, Response
from apiserver.schema.openapi import Document, OpenApi
from karmada.runtime.clock import Clock

_V2_PROTOBUF: Final = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
_V2_FORMS: Final = {
    "application/json": "application/json",
    "application/*": "application/json",
    "*/*": "application/json",
    "application/com.github.proto-openapi.spec.v2@v1.0+protobuf": _V2_PROTOBUF,
    _V2_PROTOBUF: _V2_PROTOBUF,
}
_IMMUTABLE_DAYS: Final = 365
_PREFIX: Final = "/openapi/v3"


class OpenApiHandler:
    """Answers below /openapi."""

    def __init__(
        self, documents: OpenApi, *, remote: Callable[[], Mapping[str, str]] = dict, clock: Clock
    ) -> None:
        """remote: documents of version 3 that other servers have, key to hash; the dispatcher passes
        requests for them on."""
        self._documents = documents
        self._remote = remote
        self._clock = clock

    async def v2(self, request: Request) -> Response:
        accept = request.headers.get("accept", "")
        form = "application/json" if not accept else _chosen(accept)
        if not form:
            return Response(406)
        build: Callable[[], Document] = (
            self._documents.v2_protobuf if form == _V2_PROTOBUF else self._documents.v2_json
        )
        document = await asyncio.to_thread(build)
        headers = {"ETag": f'"{document.etag}"', "Vary": "Accept-Encoding, Accept"}
        if _is_known(request, document):
            return Response(304, headers=headers)
        return Response(200, document.body, form, headers)

    async def v3(self, request: Request) -> Response:
        key = request.info.path.removeprefix(_PREFIX).strip("/")
        if not key:
            index = await asyncio.to_thread(self._documents.v3_index)
            return self._document(request, with_remote(index, self._remote()))
        document = await asyncio.to_thread(self._documents.v3_document, key)
        if document is None:
            return Response(404, content_type="")
        given = request.query.get("hash")
        if given and given != document.etag:
            return Response(
                301, headers={"Location": f"{_PREFIX}/{key}?hash={document.etag}"}, content_type=""
            )
        answer = self._document(request, document)
        if given:
            expires = self._clock.now() + timedelta(days=_IMMUTABLE_DAYS)
            answer.headers["Cache-Control"] = "public, immutable"
            answer.headers["Expires"] = format_datetime(expires, usegmt=True)
        return answer

    def _document(self, request: Request, document: Document) -> Response:
        headers = {
            "ETag": f'"{document.etag}"',
            "Vary": "Accept-Encoding, Accept",
            "Cache-Control": "no-cache, private",
        }
        if _is_known(request, document):
            return Response(304, headers=headers)
        return Response(200, document.body, headers=headers)


def with_remote(index: Document, remote: Mapping[str, str]) -> Document:
    """The index of version 3 with the documents of other servers in it."""
    if not remote:
        return index
    paths = orjson.loads(index.body)["paths"]
    for key, tag in remote.items():
        url = f"{_PREFIX}/{key}?hash={tag}" if tag else f"{_PREFIX}/{key}"
        paths[key] = {"serverRelativeURL": url}
    body = orjson.dumps({"paths": dict(sorted(paths.items()))})
    return Document(body, sha512(body).hexdigest().upper())


def _chosen(accept: str) -> str:
    clauses = sorted(parse_accept(accept), key=lambda clause: -clause.weight)
    return next((_V2_FORMS[clause.media_type] for clause in clauses if clause.media_type in _V2_FORMS), "")


def _is_known(request: Request, document: Document) -> bool:
    tags = request.headers.get("if-none-match", "")
    return bool(tags) and (f'"{document.etag}"' in tags or tags.strip() == "*")
