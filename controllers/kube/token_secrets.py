"""Token Secrets: a Secret of type kubernetes.io/service-account-token gets a token of the account it names.

In: such Secrets, ServiceAccounts. Out: their data (token, namespace, ca.crt) and the account's uid; Secrets
of accounts that are gone are deleted. The token comes from the API server's token endpoint, bound to the
Secret, so no key is needed here and a deleted Secret ends its token. It is how clusters are joined.
"""

import base64
from typing import Final

from karmada.api.errors import Conflict, NotFound
from karmada.api.groups.kubernetes import SECRETS, SERVICE_ACCOUNTS
from karmada.api.gvk import ObjectKey
from karmada.api.objects import (
    Object,
    annotations_of,
    is_deleting,
    name_of,
    namespace_of,
    uid_of,
    with_annotations,
)
from karmada.client.client import Client
from karmada.client.informer import Change, Informer
from karmada.runtime.controller import LOW_PRIORITY, Requeue, WorkQueue

TOKEN_TYPE: Final = "kubernetes.io/service-account-token"
ACCOUNT_NAME: Final = "kubernetes.io/service-account.name"
ACCOUNT_UID: Final = "kubernetes.io/service-account.uid"
TOKEN_SECONDS: Final = 1 << 32
"""The longest a token may be asked for: these Secrets are meant to last."""


class TokenSecretController:
    """Keys are Secrets. root_ca is the PEM text that the Secrets carry."""

    name = "serviceaccount-token"

    def __init__(
        self, *, secrets: Informer[Object], service_accounts: Informer[Object], client: Client, root_ca: str
    ) -> None:
        self._secrets = secrets
        self._service_accounts = service_accounts
        self._client = client
        self._root_ca = root_ca

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        def secret_changed(change: Change[Object]) -> None:
            if change.new is not None and is_token_secret(change.new):
                queue.add(change.key, priority=LOW_PRIORITY if change.initial else 0)

        def account_changed(change: Change[Object]) -> None:
            if change.initial or (change.old is not None and change.new is not None):
                return
            for secret in self._secrets.cache.list(change.key.namespace):
                if is_token_secret(secret) and account_of(secret) == change.key.name:
                    queue.add(SECRETS.key_of(secret))

        self._secrets.add_handler(secret_changed, name=self.name)
        self._service_accounts.add_handler(account_changed, name=self.name)

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        secret = self._secrets.cache.get(key)
        if secret is None or is_deleting(secret) or not is_token_secret(secret):
            return None
        account = await self._account(secret)
        if account is None:
            try:
                await self._client.delete(SECRETS, key, uid=uid_of(secret))
            except Conflict:
                return None  # another Secret took the name
            return None
        if is_filled(secret, account, root_ca=self._root_ca):
            return None
        token = (secret.get("data") or {}).get("token") or _encoded(await self._token(secret, account))

        def change(live: Object) -> Object:
            if uid_of(live) != uid_of(secret):
                return live
            return filled(live, account, root_ca=self._root_ca, token=token)

        try:
            await self._client.update(SECRETS, key, change, cached=secret)
        except NotFound:
            return None
        return None

    async def _account(self, secret: Object) -> Object | None:
        """The account the Secret means; None when it is gone. Asked live before it is given up."""
        key = SERVICE_ACCOUNTS.key(namespace_of(secret), account_of(secret))
        account = self._service_accounts.cache.get(key)
        if account is None or not is_meant(account, secret):
            try:
                account = await self._client.get(SERVICE_ACCOUNTS, key)
            except NotFound:
                return None
        return account if is_meant(account, secret) else None

    async def _token(self, secret: Object, account: Object) -> str:
        bound = {"apiVersion": "v1", "kind": "Secret", "name": name_of(secret), "uid": uid_of(secret)}
        request = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "metadata": {"name": name_of(account), "namespace": namespace_of(account)},
            "spec": {"expirationSeconds": TOKEN_SECONDS, "boundObjectRef": bound},
        }
        answer = await self._client.create(SERVICE_ACCOUNTS, request, subresource="token")
        return str(answer["status"]["token"])


def is_token_secret(secret: Object) -> bool:
    return secret.get("type") == TOKEN_TYPE and bool(account_of(secret))


def account_of(secret: Object) -> str:
    """The name of the account a Secret is for; "" for none."""
    return annotations_of(secret).get(ACCOUNT_NAME, "")


def is_meant(account: Object, secret: Object) -> bool:
    """Whether this is the account of the Secret and not a later one of that name."""
    return annotations_of(secret).get(ACCOUNT_UID) in (None, "", uid_of(account))


def is_filled(secret: Object, account: Object, *, root_ca: str) -> bool:
    token = (secret.get("data") or {}).get("token") or ""
    return bool(token) and filled(secret, account, root_ca=root_ca, token=token) == secret


def filled(secret: Object, account: Object, *, root_ca: str, token: str) -> Object:
    """secret with everything a token Secret holds. token is base64 already."""
    data = {
        **(secret.get("data") or {}),
        "ca.crt": _encoded(root_ca),
        "namespace": _encoded(namespace_of(secret)),
        "token": token,
    }
    return {**with_annotations(secret, {ACCOUNT_UID: uid_of(account)}), "data": data}


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
