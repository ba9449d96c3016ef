"""Cluster key: the agent's own certificate, renewed in time.

In: the Secret karmada-kubeconfig in the member. Out: the same Secret with a new certificate and key, asked
for with the old one; and the kubeconfig file of this process, where it is one of ours to write. agent/ reads
it again when it changes. Used by the agent, off by default.
"""

import base64
import logging
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from karmada.api.errors import NotFound, UserError
from karmada.api.groups.cluster import CLUSTERS, Cluster
from karmada.api.groups.kubernetes import SECRETS
from karmada.api.gvk import ObjectKey
from karmada.api.names import KARMADA_KUBECONFIG_SECRET, KARMADA_SYSTEM_NAMESPACE
from karmada.api.objects import Object
from karmada.client.certificates import (
    lifetime_of,
    random_suffix,
    request_certificate,
)
from karmada.client.client import Client
from karmada.client.informer import Change, Informer
from karmada.client.kubeconfig_file import (
    entry_named,
    kubeconfig_text,
    parse_kubeconfig,
    with_credentials,
    write_kubeconfig,
)
from karmada.client.member import secret_value
from karmada.runtime.clock import Clock
from karmada.runtime.controller import LOW_PRIORITY, Requeue, WorkQueue

log = logging.getLogger(__name__)

_NOT_IN_NAMES: Final = re.compile(r"[^a-z0-9-]+")
LEAST_SECONDS: Final = 600
"""No request may ask for less."""


@dataclass(frozen=True, slots=True)
class RotationOptions:
    """When the agent's certificate is renewed."""

    interval_seconds: float = 300.0
    """--cert-rotation-checking-interval: how often the certificate is looked at."""
    threshold: float = 0.2
    """--cert-rotation-remaining-time-threshold: renew when no more than this part of its lifetime is left."""
    namespace: str = KARMADA_SYSTEM_NAMESPACE
    """--karmada-kubeconfig-namespace: namespace in the member of the Secret karmada-kubeconfig."""


class NoCertificate(UserError):
    """The kubeconfig does not hold a client certificate; the message says where."""


class CertificateRotation:
    """Keys are Clusters: that of the agent. kubeconfig: the file the agent was started with."""

    name = "cert-rotation-controller"

    def __init__(
        self,
        *,
        clusters: Informer[Cluster],
        plane: Client,
        member: Client,
        options: RotationOptions,
        kubeconfig: str,
        clock: Clock,
    ) -> None:
        self._clusters = clusters
        self._plane = plane
        self._member = member
        self._options = options
        self._kubeconfig = kubeconfig
        self._clock = clock

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        def changed(change: Change[Cluster]) -> None:
            if change.new is not None and change.old is None:
                queue.add(CLUSTERS.key("", change.key.name), priority=LOW_PRIORITY if change.initial else 0)

        self._clusters.add_handler(changed, name=self.name)

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        if self._clusters.cache.get(key) is None:
            return None
        await self._look()
        return Requeue(after=self._options.interval_seconds)

    async def _look(self) -> None:
        key = SECRETS.key(self._options.namespace, KARMADA_KUBECONFIG_SECRET)
        try:
            secret = await self._member.get(SECRETS, key)
        except NotFound as error:
            raise NoCertificate(f"the member has no Secret {key.namespace}/{key.name}") from error
        text = secret_value(secret, KARMADA_KUBECONFIG_SECRET)
        if text is None:
            raise NoCertificate(f"Secret {key.namespace}/{key.name} has no {KARMADA_KUBECONFIG_SECRET}")
        config = parse_kubeconfig(text.decode(errors="replace"), origin=f"Secret {key.namespace}/{key.name}")
        user = current_user(config)
        lifetime = lifetime_of(certificate_of(config, user), clock=self._clock)
        if lifetime.remaining > lifetime.total * self._options.threshold:
            return
        renewed = await request_certificate(
            self._plane,
            f"{_NOT_IN_NAMES.sub('-', user.lower()).strip('-')}-{random_suffix()}",
            lifetime.certificate.subject,
            seconds=max(LEAST_SECONDS, round(lifetime.total.total_seconds())),
            clock=self._clock,
        )
        changed = with_credentials(config, user, certificate=renewed.certificate, key=renewed.key)
        await self._keep(key, changed)
        log.info("the agent's certificate was renewed", extra={"user": user})

    async def _keep(self, key: ObjectKey, config: Object) -> None:
        """In the Secret first: that is what a restarted agent gets."""
        encoded = base64.b64encode(kubeconfig_text(config).encode()).decode()
        await self._member.patch(SECRETS, key, {"data": {KARMADA_KUBECONFIG_SECRET: encoded}})
        replace_file(Path(self._kubeconfig), config)


def replace_file(path: Path, config: Object) -> None:
    """Where the file is ours to write. A mounted Secret is a link, which the kubelet follows up."""
    if path.is_symlink() or not path.is_file():
        return
    try:
        write_kubeconfig(path, config)
    except OSError as error:
        log.info("kubeconfig file left as it is", extra={"path": str(path), "error": str(error)})


def current_user(config: Object) -> str:
    """The user of the current context. Raises NoCertificate."""
    context = entry_named(config, "contexts", str(config.get("current-context") or ""))
    user = str(((context or {}).get("context") or {}).get("user") or "")
    if not user:
        raise NoCertificate("the kubeconfig of the agent has no current context with a user")
    return user


def certificate_of(config: Object, user: str) -> bytes:
    """The client certificate of a user, PEM. Raises NoCertificate."""
    entry = entry_named(config, "users", user) or {}
    encoded = (entry.get("user") or {}).get("client-certificate-data")
    try:
        pem = base64.b64decode(encoded or "", validate=True)
    except ValueError as error:
        raise NoCertificate(f"the certificate of user {user} is not base64") from error
    if not pem:
        raise NoCertificate(f"user {user} in the kubeconfig of the agent has no client certificate")
    return pem
