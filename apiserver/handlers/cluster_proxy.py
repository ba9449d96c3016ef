"""clusters/{name}/proxy: a member's API through the control plane, as the user who asks.

In: a request whose path goes on behind `/proxy`. Out: the member's answer. The member is reached with the
token of the Cluster's impersonator secret, and decides with its own RBAC. `*` asks every member: a named
object is found where it is, a list is put together from all.
"""

import asyncio
import base64
import binascii
import posixpath
from typing import Final

import orjson

from apiserver.admission.context import Reader
from apiserver.handlers.connect import Forwarder, Target
from apiserver.request_info import Answer, Handler, Request, RequestInfo, Response, UserInfo
from apiserver.resources.definition import ResourceDefinition
from apiserver.storage import refusals
from apiserver.storage.keys import Collection
from karmada.api.errors import InternalError, MethodNotAllowed, ServiceUnavailable
from karmada.api.objects import Object
from karmada.client.kubeconfig import Access

CLUSTERS: Final = Collection("cluster.karmada.io", "clusters")
ALL: Final = "*"
PROBES: Final = 32
_LEFT_OUT: Final = frozenset({"system:authenticated", "system:unauthenticated"})


class ClusterProxy:
    """The handler of clusters/proxy."""

    def __init__(self, *, reader: Reader, forwarder: Forwarder, local: Handler) -> None:
        """local answers what `*` asks of the control plane itself."""
        self._reader = reader
        self._forwarder = forwarder
        self._local = local

    async def handle(self, request: Request, definition: ResourceDefinition) -> Answer:
        user = request.user
        assert user is not None
        if request.info.name == ALL:
            return await self._everywhere(request, user)
        cluster = await self._reader.get_live(*CLUSTERS, "", request.info.name)
        if cluster is None:
            raise refusals.not_found(CLUSTERS, request.info.name)
        target = await self.target(cluster, request.info.rest, user)
        return await self._forwarder.forward(request, target)

    async def target(self, cluster: Object, path: str, user: UserInfo) -> Target:
        """Raises InternalError when the Cluster does not say how to reach the member."""
        name, spec = cluster["metadata"]["name"], cluster.get("spec") or {}
        if not spec.get("apiEndpoint"):
            raise _failed(f"API endpoint of cluster {name} should not be empty")
        reference = spec.get("impersonatorSecretRef")
        if not reference:
            raise _failed(f"the impersonatorSecretRef of cluster {name} is nil")
        token = _value(await self._secret(reference, name), "token")
        if not token:
            raise _failed(
                f"failed to get token of impersonatorSecret {reference['namespace']}/{reference['name']}"
            )
        ca = b""
        if spec.get("secretRef") and not spec.get("insecureSkipTLSVerification"):
            ca = _value(await self._secret(spec["secretRef"], name), "caBundle")
        headers = [("Authorization", f"Bearer {token.decode().strip()}"), ("Impersonate-User", user.name)]
        headers += [("Impersonate-Group", group) for group in user.groups if group not in _LEFT_OUT]
        access = Access(
            server=spec["apiEndpoint"].rstrip("/"),
            ca_data=ca or None,
            insecure=bool(spec.get("insecureSkipTLSVerification")) or not ca,
            proxy_url=spec.get("proxyURL") or None,
            proxy_headers=dict(spec.get("proxyHeader") or {}),
        )
        return Target(access, _clean(path), tuple(headers))

    async def _secret(self, reference: Object, cluster: str) -> Object:
        namespace, name = reference.get("namespace") or "", reference.get("name") or ""
        found = self._reader.get("", "secrets", namespace, name)
        if found is None:
            found = await self._reader.get_live("", "secrets", namespace, name)
        if found is None:
            raise _failed(f"failed to get secret {namespace}/{name} of cluster {cluster}")
        return found

    # -- all members ----------------------------------------------------------------------------------------

    async def _everywhere(self, request: Request, user: UserInfo) -> Answer:
        info = RequestInfo.parse(request.method, request.info.rest or "/", request.query)
        if not info.is_resource:
            request.info = info
            return await self._local(request)
        named = bool(info.name) and info.verb not in ("list", "watch", "deletecollection")
        if not named and info.verb != "list":
            raise MethodNotAllowed("the server does not allow this method on the requested resource")
        path = request.info.rest
        if named and info.subresource in ("exec", "log", "attach", "portforward"):
            path = path.rpartition("/" + info.subresource)[0]
        query = "" if named else request.connection.raw_query
        answers = await self._ask_all(path, query, user)
        return await self._one_of(request, answers, user) if named else _merged(answers)

    async def _ask_all(self, path: str, query: str, user: UserInfo) -> list[tuple[Object, Response]]:
        """(cluster, answer) of the members that answer 200."""
        gate = asyncio.Semaphore(PROBES)

        async def ask(cluster: Object) -> tuple[Object, Response] | None:
            async with gate:
                try:
                    answer = await self._forwarder.probe(await self.target(cluster, path, user), query)
                except (ServiceUnavailable, InternalError):
                    return None
                return (cluster, answer) if answer.status == 200 else None

        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(ask(cluster), name=f"ask {cluster['metadata']['name']}")
                for cluster in self._reader.list(*CLUSTERS)
            ]
        return [found for task in tasks if (found := task.result()) is not None]

    async def _one_of(
        self, request: Request, answers: list[tuple[Object, Response]], user: UserInfo
    ) -> Answer:
        if not answers:
            return _text(404, "resource not found or don't have permission to get it")
        if len(answers) > 1:
            names = " ".join(cluster["metadata"]["name"] for cluster, _ in answers)
            return _text(409, f"conflict resource, exist in more than one cluster: [{names}]")
        target = await self.target(answers[0][0], request.info.rest, user)
        return await self._forwarder.forward(request, target)


def _merged(answers: list[tuple[Object, Response]]) -> Response:
    """The first list with the items of all."""
    if not answers:
        return _text(404, "resource not found or don't have permission to get it")
    merged: Object = orjson.loads(answers[0][1].body)
    for _, answer in answers[1:]:
        merged.setdefault("items", []).extend(orjson.loads(answer.body).get("items") or [])
    return Response(200, orjson.dumps(merged))


def _clean(path: str) -> str:
    """path without `.` and `..`, its last slash kept."""
    cleaned = posixpath.normpath("/" + path.lstrip("/"))
    return cleaned + "/" if path.endswith("/") and cleaned != "/" else cleaned


def _value(secret: Object, key: str) -> bytes:
    try:
        return base64.b64decode((secret.get("data") or {}).get(key) or "")
    except (binascii.Error, ValueError):
        return b""


def _failed(text: str) -> InternalError:
    return InternalError(f"Internal error occurred: {text}", details={"causes": [{"message": text}]})


def _text(status: int, text: str) -> Response:
    return Response(status, text.encode() + b"\n", "text/plain; charset=utf-8")
