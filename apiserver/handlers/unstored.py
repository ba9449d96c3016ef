"""Kinds that are asked, not stored: reviews and token requests. The body is read like any other's, the
answer is 201."""

from collections.abc import Awaitable, Callable

from apiserver.handlers import decode
from apiserver.handlers.dispatch import ResourceHandler
from apiserver.handlers.options import WriteOptions
from apiserver.handlers.preparation import Preparation
from apiserver.handlers.render import object_response
from apiserver.request_info import Answer, Request
from apiserver.resources.definition import ResourceDefinition, Resources
from apiserver.schema.builtin import builtin_schema
from karmada.api.errors import MethodNotAllowed
from karmada.api.facts import type_name
from karmada.api.gvk import GroupVersionKind
from karmada.api.objects import Object

Respond = Callable[[Request, Object], Awaitable[Object]]


def answering(
    respond: Respond, resources: Resources, *, preparation: Preparation | None = None
) -> ResourceHandler:
    """A handler that gives the decoded body to respond and answers what it returns. With preparation,
    admission sees the body first."""

    async def handle(request: Request, definition: ResourceDefinition) -> Answer:
        if request.method != "POST":
            raise MethodNotAllowed("the server does not allow this method on the requested resource")
        obj = read_body(request, definition, resources)
        if preparation is not None:
            obj = await _admitted(request, definition, obj, preparation)
        return object_response(request, None, await respond(request, obj), status=201)

    return handle


async def _admitted(
    request: Request, definition: ResourceDefinition, obj: Object, preparation: Preparation
) -> Object:
    options = WriteOptions.parse(request, "CreateOptions")
    return await preparation.action(
        request,
        definition,
        "CREATE",
        obj,
        name=request.info.name,
        kind=definition.subresources[request.info.subresource].gvk,
        options=options.as_object("CreateOptions"),
        dry_run=options.dry_run,
    )


def read_body(request: Request, definition: ResourceDefinition, resources: Resources) -> Object:
    """The body of a request to a resource or subresource whose kind is built in, in its shape."""
    subresource = request.info.subresource
    gvk: GroupVersionKind = definition.subresources[subresource].gvk if subresource else definition.gvk
    options = WriteOptions.parse(request, "CreateOptions" if request.method == "POST" else "UpdateOptions")
    decoded = decode.decode_body(
        request.body, request.headers.get("content-type", ""), kind=gvk.kind, accepted=decode.BUILTIN_TYPES
    )
    obj = decoded.obj
    if subresource:
        obj = {
            **obj,
            "apiVersion": obj.get("apiVersion") or gvk.api_version,
            "kind": obj.get("kind") or gvk.kind,
        }
    else:
        obj = decode.settle_kind(obj, definition, gvk, resources)
    name = type_name(*gvk)
    assert name is not None
    return decode.shape(decoded, obj, builtin_schema(name), options.field_validation, request, gvk.kind)
