"""Bootstrap tokens whose time is over are deleted.

In: bootstrap token Secrets in kube-system. Out: deletes of the very Secret that was looked at.
bootstrap_signer.py takes their signatures away.
"""

from datetime import datetime

from karmada.api.bootstrap_tokens import NAMESPACE, expiry_in, is_token_secret, text_data
from karmada.api.errors import Conflict
from karmada.api.groups.kubernetes import SECRETS
from karmada.api.gvk import ObjectKey
from karmada.api.objects import Object, is_deleting, metadata_of, namespace_of, uid_of
from karmada.client.client import Client
from karmada.client.informer import Change, Informer
from karmada.runtime.clock import Clock
from karmada.runtime.controller import LOW_PRIORITY, Requeue, WorkQueue


class TokenCleaner:
    """Keys are bootstrap token Secrets; each waits for its own time."""

    name = "token-cleaner"

    def __init__(self, *, secrets: Informer[Object], client: Client, clock: Clock) -> None:
        self._secrets = secrets
        self._client = client
        self._clock = clock

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        def changed(change: Change[Object]) -> None:
            if change.new is not None and expiry_of(change.new) is not None:
                queue.add(change.key, priority=LOW_PRIORITY if change.initial else 0)

        self._secrets.add_handler(changed, name=self.name)

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        secret = self._secrets.cache.get(key)
        expiry = expiry_of(secret) if secret is not None else None
        if secret is None or expiry is None:
            return None
        wait = (expiry - self._clock.now()).total_seconds()
        if wait > 0:
            return Requeue(after=wait)
        version = str(metadata_of(secret).get("resourceVersion") or "")
        try:
            await self._client.delete(SECRETS, key, uid=uid_of(secret), resource_version=version)
        except Conflict:
            return None  # prolonged or replaced meanwhile; the watch tells
        return None


def expiry_of(secret: Object) -> datetime | None:
    """When a bootstrap token ends; None for what is none, or has no end."""
    if namespace_of(secret) != NAMESPACE or not is_token_secret(secret) or is_deleting(secret):
        return None
    return expiry_in(text_data(secret))
