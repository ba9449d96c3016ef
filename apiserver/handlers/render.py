"""Entries and objects to answers, in the form the client accepts.

In: an entry (bytes) or an object, and the request's Accept header. Out: a Response. JSON of the whole object
is the stored bytes with a head in front; every other form is made from the decoded object.
"""

import orjson

from apiserver.handlers import tables
from apiserver.handlers.negotiate import (
    BUILT_IN,
    CUSTOM,
    PLAIN_JSON,
    Form,
    View,
    encode,
    negotiate,
    wants_pretty,
)
from apiserver.request_info import Request, Response
from apiserver.resources.definition import ResourceDefinition
from apiserver.storage.entries import Entry
from karmada.api.errors import NotAcceptable
from karmada.api.objects import Object


def form_of(request: Request, definition: ResourceDefinition | None) -> Form:
    """Raises NotAcceptable."""
    accept = request.headers.get("accept", "")
    if not accept or accept == "application/json" or accept == "*/*":
        return PLAIN_JSON
    return negotiate(accept, BUILT_IN if definition is None or definition.origin == "builtin" else CUSTOM)


def is_pretty(request: Request) -> bool:
    return wants_pretty(request.query.get("pretty"), request.headers.get("user-agent", ""))


def entry_response(
    request: Request, definition: ResourceDefinition, entry: Entry, *, status: int = 200
) -> Response:
    """The answer that holds entry's object."""
    form = form_of(request, definition)
    if form.plain and not is_pretty(request):
        return Response(status, definition.view.render(entry) + b"\n")
    return object_response(request, definition, definition.decode(entry), status=status, form=form)


def object_response(
    request: Request,
    definition: ResourceDefinition | None,
    obj: Object,
    *,
    status: int = 200,
    form: Form | None = None,
) -> Response:
    """The answer that holds obj. Without a definition no table can be made of it."""
    form = form or form_of(request, definition)
    pretty = is_pretty(request)
    if form.plain:
        return Response(status, encode(form, obj, pretty=pretty))
    if form.view is View.PARTIAL_METADATA_LIST:
        raise NotAcceptable(
            "you requested PartialObjectMetadataList, but the requested object is not a list "
            f"(*{_go_type(definition, obj)})"
        )
    if form.view is not View.OBJECT:
        if definition is None:
            raise NotAcceptable(
                "only the following media types are accepted: "
                + ", ".join(encoding.value for encoding in BUILT_IN)
            )
        obj = tables.single(form, definition, obj, include_object=request.query.get("includeObject"))
    return Response(status, encode(form, obj, pretty=pretty), content_type=form.content_type)


def status_response(request: Request, status: Object, *, code: int = 200) -> Response:
    """A Status body: never converted to another view."""
    return Response(code, orjson.dumps(status, option=orjson.OPT_APPEND_NEWLINE))


def _go_type(definition: ResourceDefinition | None, obj: Object) -> str:
    group = definition.gvr.group.partition(".")[0] if definition else ""
    return f"{group or 'core'}.{obj.get('kind')}"
