"""kube-public/cluster-info is signed with every bootstrap token that may sign it, so that a joining cluster
which holds one of them can tell the true control plane from a false one.

In: the ConfigMap, bootstrap token Secrets. Out: its jws-kubeconfig-<token id> keys; stale ones go. Without
the ConfigMap nothing happens.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime
from typing import Final

import orjson

from karmada.api.bootstrap_tokens import (
    NAMESPACE,
    SIGNING,
    BootstrapToken,
    is_token_secret,
    token_in,
)
from karmada.api.errors import NotFound
from karmada.api.groups.kubernetes import CONFIG_MAPS
from karmada.api.gvk import ObjectKey
from karmada.api.objects import Object, is_deleting, namespace_of
from karmada.client.client import Client
from karmada.client.informer import Change, Informer
from karmada.runtime.clock import Clock
from karmada.runtime.controller import LOW_PRIORITY, Requeue, WorkQueue

CLUSTER_INFO: Final = CONFIG_MAPS.key("kube-public", "cluster-info")
KUBECONFIG: Final = "kubeconfig"
SIGNATURE_PREFIX: Final = "jws-kubeconfig-"


class BootstrapSigner:
    """The one key is cluster-info."""

    name = "bootstrap-signer"

    def __init__(
        self, *, config_maps: Informer[Object], secrets: Informer[Object], client: Client, clock: Clock
    ) -> None:
        self._config_maps = config_maps
        self._secrets = secrets
        self._client = client
        self._clock = clock

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        def config_map_changed(change: Change[Object]) -> None:
            if change.key == CLUSTER_INFO:
                queue.add(CLUSTER_INFO, priority=LOW_PRIORITY if change.initial else 0)

        def secret_changed(change: Change[Object]) -> None:
            if any(one is not None and _may_hold_token(one) for one in (change.old, change.new)):
                queue.add(CLUSTER_INFO, priority=LOW_PRIORITY if change.initial else 0)

        self._config_maps.add_handler(config_map_changed, name=self.name)
        self._secrets.add_handler(secret_changed, name=self.name)

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        config_map = self._config_maps.cache.get(key)
        if config_map is None or is_deleting(config_map):
            return None
        now = self._clock.now()
        tokens = [
            token
            for secret in self._secrets.cache.list(NAMESPACE)
            if (token := token_in(secret)) is not None and token.usable(SIGNING, now=now)
        ]

        def change(live: Object) -> Object:
            before = live.get("data") or {}
            after = signed(before, tokens)
            return live if after == before else {**live, "data": after}

        try:
            await self._client.update(CONFIG_MAPS, key, change, cached=config_map)
        except NotFound:
            return None
        return _until_next_end(tokens, now=now)


def signed(data: dict[str, str], tokens: Iterable[BootstrapToken]) -> dict[str, str]:
    """The data of cluster-info with the signatures it should have, and no others."""
    kept = {name: value for name, value in data.items() if not name.startswith(SIGNATURE_PREFIX)}
    kubeconfig = data.get(KUBECONFIG)
    if not kubeconfig:
        return kept
    signatures = {f"{SIGNATURE_PREFIX}{token.id}": detached_signature(kubeconfig, token) for token in tokens}
    return kept | signatures


def detached_signature(content: str, token: BootstrapToken) -> str:
    """A JWS (HS256) of content without its payload: `header..signature`."""
    header = _encoded(orjson.dumps({"alg": "HS256", "kid": token.id}))
    signing_input = f"{header}.{_encoded(content.encode())}".encode()
    digest = hmac.new(token.secret.encode(), signing_input, hashlib.sha256).digest()
    return f"{header}..{_encoded(digest)}"


def _until_next_end(tokens: Iterable[BootstrapToken], *, now: datetime) -> Requeue | None:
    ends = [(token.expires - now).total_seconds() for token in tokens if token.expires is not None]
    return Requeue(after=min(ends)) if ends else None


def _may_hold_token(secret: Object) -> bool:
    return namespace_of(secret) == NAMESPACE and is_token_secret(secret)


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
