"""CONNECT as admission sees it: the options of a connection are judged before it is made.

In: a request to a subresource that hands its connection on (exec, proxy, ...). Out: the answer of the real
handler, if admission lets it come that far.
"""

from typing import Final

from apiserver.handlers.dispatch import ResourceHandler
from apiserver.handlers.preparation import Preparation
from apiserver.request_info import Answer, Request
from apiserver.resources.definition import ResourceDefinition
from karmada.api.gvk import GroupVersionKind
from karmada.api.objects import Object

_FLAGS: Final = ("stdin", "stdout", "stderr", "tty")
_TRUE: Final = ("true", "1")


def judged_connection(handler: ResourceHandler, preparation: Preparation) -> ResourceHandler:
    """handler, behind admission of CONNECT."""

    async def connect(request: Request, definition: ResourceDefinition) -> Answer:
        kind = definition.subresources[request.info.subresource].gvk
        await preparation.action(
            request,
            definition,
            "CONNECT",
            connection_options(request, kind),
            name=request.info.name,
            kind=kind,
            options={},
        )
        return await handler(request, definition)

    return connect


def connection_options(request: Request, kind: GroupVersionKind) -> Object:
    """What a client wants of a connection, as an object."""
    options: Object = {"kind": kind.kind, "apiVersion": kind.api_version}
    query = request.query
    if request.info.subresource == "proxy":
        return {**options, "path": request.info.rest} if request.info.rest else options
    for flag in _FLAGS:
        if flag in query:
            options[flag] = query.get(flag) in _TRUE
    if container := query.get("container"):
        options["container"] = container
    if command := query.getall("command"):
        options["command"] = command
    if ports := [int(port) for port in query.getall("ports") if port.isdecimal()]:
        options["ports"] = ports
    return options
