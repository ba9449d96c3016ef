"""Makes the objects of a new control plane, through the same handlers that clients use, before it is
ready."""

import asyncio

import orjson

from apiserver.app import startup
from apiserver.app.aggregation import LocalApis
from apiserver.app.bootstrap_user import USER
from apiserver.app.options import ServerOptions
from apiserver.app.parts import Parts
from apiserver.app.security import Security
from apiserver.filters.flow_defaults import flow_objects
from apiserver.rbac import bootstrap_objects, reconciled
from apiserver.request_info import Query, Request, RequestInfo
from karmada.api.errors import AlreadyExists, ApiError, Conflict
from karmada.api.gvk import GroupVersionKind
from karmada.api.objects import Object, name_of, namespace_of, private_copy
from karmada.runtime.observe import StartError


class Bootstrap:
    """Writes what is missing, nothing else."""

    def __init__(self, parts: Parts, security: Security, options: ServerOptions, *, port: int) -> None:
        self._parts = parts
        self._security = security
        self._options = options
        self._port = port

    async def run(self) -> None:
        """Raises StartError."""
        options = self._options
        wanted = startup.namespaces(karmada=options.karmada) + startup.priority_classes()
        wanted.append(startup.service_range())
        wanted += startup.kubernetes_service(host=options.host, port=self._port)
        pki = self._security.pki
        wanted.append(
            startup.front_proxy_settings(
                client_ca=self._security.client_ca, front_proxy_ca=pki.front_proxy_authority.certificate
            )
        )
        if options.karmada and (host := options.public_host):
            url = f"https://{f'[{host}]' if ':' in host else host}:{self._port}"
            wanted.append(startup.cluster_info(url=url, ca=pki.authority.certificate))
        try:
            for obj in wanted:
                if self._stored(obj) is None:
                    await self.create(obj)
            for obj in flow_objects():
                if self._stored(obj) is None:
                    await self.create(private_copy(obj))
            for obj in bootstrap_objects(karmada=options.karmada):
                await self._reconcile(obj)
            if self._parts.local_apis is not None:
                await self._register(self._parts.local_apis)
        except ApiError as error:
            raise StartError(f"objects of a new control plane cannot be written: {error.message}") from error

    async def _register(self, local: LocalApis) -> None:
        """The APIServices of what is served here, and that they are there: many, so side by side."""
        names = local.wanted()
        await asyncio.gather(*(local.reconcile(name) for name in names))
        await asyncio.gather(*(self._parts.api_services.reconcile_local(name) for name in names))

    async def _reconcile(self, wanted: Object) -> None:
        stored = self._stored(wanted)
        if stored is None:
            await self.create(wanted)
            return
        result = reconciled(stored, wanted)
        if result is not None:
            try:
                await self._send("PUT", result, name=name_of(result))
            except Conflict:
                return  # another server of this control plane was quicker

    async def create(self, obj: Object) -> None:
        try:
            await self._send("POST", obj, name="")
        except AlreadyExists:
            return

    def _stored(self, obj: Object) -> Object | None:
        definition = self._parts.resources.by_kind(GroupVersionKind.of(obj))
        assert definition is not None
        collection = definition.collection
        return self._parts.reader.get(collection.group, collection.resource, namespace_of(obj), name_of(obj))

    async def _send(self, method: str, obj: Object, *, name: str) -> None:
        definition = self._parts.resources.by_kind(GroupVersionKind.of(obj))
        assert definition is not None
        group, version, resource = definition.gvr
        info = RequestInfo(
            path="",
            verb="create" if method == "POST" else "update",
            is_resource=True,
            group=group,
            version=version,
            resource=resource,
            namespace=namespace_of(obj),
            name=name,
        )
        request = Request(
            method, info, Query(), {"user-agent": "kube-apiserver/"}, body=orjson.dumps(obj), user=USER
        )
        await self._parts.dispatcher.handle(request)
