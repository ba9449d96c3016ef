"""What every namespace is given: the ServiceAccount `default` and the ConfigMap kube-root-ca.crt.

In: Namespaces, and changes to these two objects. Out: the objects, made again when deleted, mended when
changed. token_secrets.py fills the Secrets that ask for a token.
"""

from typing import Final

from karmada.api.errors import AlreadyExists, ApiError, Forbidden, NotFound
from karmada.api.groups.kubernetes import CONFIG_MAPS, NAMESPACES, SERVICE_ACCOUNTS
from karmada.api.gvk import ObjectKey
from karmada.api.objects import Object, is_deleting
from karmada.client.client import Client
from karmada.client.informer import Change, Informer
from karmada.runtime.controller import LOW_PRIORITY, Requeue, WorkQueue

DEFAULT_ACCOUNT: Final = "default"
ROOT_CA: Final = "kube-root-ca.crt"
ROOT_CA_DESCRIPTION: Final = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints "
    "such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across "
    "distributions of Kubernetes clusters."
)


class ServiceAccountController:
    """Keeps `default` and kube-root-ca.crt in every active namespace."""

    name = "serviceaccount"

    def __init__(
        self,
        *,
        namespaces: Informer[Object],
        service_accounts: Informer[Object],
        config_maps: Informer[Object],
        client: Client,
        root_ca: str,
    ) -> None:
        """root_ca is the PEM text that kube-root-ca.crt holds."""
        self._namespaces = namespaces
        self._service_accounts = service_accounts
        self._config_maps = config_maps
        self._client = client
        self._root_ca = root_ca

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        def namespace_changed(change: Change[Object]) -> None:
            if change.new is not None and not is_deleting(change.new):
                queue.add(change.key, priority=LOW_PRIORITY if change.initial else 0)

        def content_changed(change: Change[Object]) -> None:
            if not change.initial and change.key.name in (DEFAULT_ACCOUNT, ROOT_CA):
                queue.add(NAMESPACES.key("", change.key.namespace))

        self._namespaces.add_handler(namespace_changed, name=self.name)
        self._service_accounts.add_handler(content_changed, name=self.name)
        self._config_maps.add_handler(content_changed, name=self.name)

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        namespace = self._namespaces.cache.get(key)
        if namespace is None or is_deleting(namespace):
            return None
        try:
            await self._ensure_account(key.name)
            await self._ensure_root_ca(key.name)
        except (NotFound, Forbidden) as error:
            if await self._is_leaving(key):
                return None
            raise error
        return None

    async def _ensure_account(self, namespace: str) -> None:
        if self._service_accounts.cache.named(namespace, DEFAULT_ACCOUNT) is not None:
            return
        account = {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": DEFAULT_ACCOUNT, "namespace": namespace},
        }
        try:
            await self._client.create(SERVICE_ACCOUNTS, account)
        except AlreadyExists:
            return

    async def _ensure_root_ca(self, namespace: str) -> None:
        wanted = {"ca.crt": self._root_ca}
        present = self._config_maps.cache.named(namespace, ROOT_CA)
        if present is not None:
            if present.get("data") != wanted:
                key = CONFIG_MAPS.key(namespace, ROOT_CA)
                await self._client.update(
                    CONFIG_MAPS, key, lambda live: {**live, "data": wanted}, cached=present
                )
            return
        config_map = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": ROOT_CA,
                "namespace": namespace,
                "annotations": {"kubernetes.io/description": ROOT_CA_DESCRIPTION},
            },
            "data": wanted,
        }
        try:
            await self._client.create(CONFIG_MAPS, config_map)
        except AlreadyExists:
            return

    async def _is_leaving(self, key: ObjectKey) -> bool:
        """Whether the namespace is gone or going, so that a refused write is no fault."""
        try:
            return is_deleting(await self._client.get(NAMESPACES, key))
        except NotFound:
            return True
        except ApiError:
            return False
