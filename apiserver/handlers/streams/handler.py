"""log, exec, attach and portforward of pods.

In: requests for these subresources. Out: what the ContainerRuntime says; without one, the answers for a pod
that no node runs, as a control plane gives them.
"""

from collections.abc import AsyncIterator

from apiserver.handlers.streams.conversation import Wish, converse
from apiserver.handlers.streams.runtime import ContainerIO, ContainerRuntime, LogWish
from apiserver.request_info import Answer, Request, Response, Stream, Writer
from apiserver.resources.definition import ResourceDefinition
from apiserver.storage import refusals
from apiserver.storage.keys import Collection, path_of
from apiserver.storage.store import Store
from karmada.api.errors import BadRequest
from karmada.api.objects import Object

PODS = Collection("", "pods")
TEXT = "text/plain"


class PodStreams:
    """The streams of pods. runtime None: nobody runs containers here."""

    def __init__(self, *, store: Store, runtime: ContainerRuntime | None) -> None:
        self._store = store
        self._runtime = runtime

    async def log(self, request: Request, definition: ResourceDefinition) -> Answer:
        pod = await self._pod(request, definition)
        container = container_of(pod, request.query.get("container"))
        wish = LogWish.parse(request.query)
        if self._runtime is None or not _node(pod):
            return Response(204, content_type=TEXT)
        chunks = self._runtime.log(pod, container, wish)
        first = await anext(chunks, b"")  # what refuses does so before the answer begins

        async def run(writer: Writer) -> None:
            await _copy(first, chunks, writer)

        return Stream(run, content_type=TEXT)

    async def stream(self, request: Request, definition: ResourceDefinition) -> Answer:
        """exec, attach, portforward."""
        pod = await self._pod(request, definition)
        runtime = self._runtime
        if runtime is None or not _node(pod):
            raise BadRequest(f"pod {pod['metadata']['name']} does not have a host assigned")
        if request.info.subresource == "portforward":
            raise BadRequest("no process listens in a simulated container")
        wish = Wish.parse(request.query)
        container = container_of(pod, request.query.get("container"))
        if request.info.subresource == "exec" and not wish.command:
            raise BadRequest("you must specify at least one command for the container")

        async def run(io: ContainerIO) -> int:
            if request.info.subresource == "attach":
                return await runtime.attach(pod, container, io)
            return await runtime.execute(pod, container, wish.command, io)

        return await converse(request, wish, run)

    async def _pod(self, request: Request, definition: ResourceDefinition) -> Object:
        entry = await self._store.get(PODS, path_of(request.info.namespace, request.info.name))
        if entry is None:
            raise refusals.not_found(PODS, request.info.name)
        return definition.decode(entry)


async def _copy(first: bytes, chunks: AsyncIterator[bytes], writer: Writer) -> None:
    if first:
        writer.write(first)
        await writer.drain()
    async for chunk in chunks:
        writer.write(chunk)
        await writer.drain()


def _node(pod: Object) -> str:
    return (pod.get("spec") or {}).get("nodeName") or ""


def container_of(pod: Object, name: str) -> str:
    """The container a log is wanted of. Raises BadRequest."""
    spec = pod.get("spec") or {}
    pod_name = pod["metadata"]["name"]
    containers = [container.get("name") or "" for container in spec.get("containers") or []]
    known = containers + [
        container.get("name") or ""
        for part in ("initContainers", "ephemeralContainers")
        for container in spec.get(part) or []
    ]
    if not name:
        if len(containers) == 1:
            return containers[0]
        listed = " ".join(containers)
        raise BadRequest(f"a container name must be specified for pod {pod_name}, choose one of: [{listed}]")
    if name not in known:
        raise BadRequest(f"container {name} is not valid for pod {pod_name}")
    return name
