"""Reach a member cluster: the Access that a Cluster and its Secret describe, and the client for it.

In: a Cluster, the Secret its secretRef names. Out: an Access, a Client at the member's rate. Who reads
the Secret again after a 401 is the caller's business (on_unauthorized).
"""

import base64
import binascii
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final

from karmada.api.groups.cluster import Cluster
from karmada.api.objects import Object
from karmada.client.client import Client
from karmada.client.kubeconfig import Access

TOKEN_KEY: Final = "token"
CA_BUNDLE_KEY: Final = "caBundle"
MEMBER_QPS: Final = 40.0
MEMBER_BURST: Final = 60
MEMBER_REQUEST_SECONDS: Final = 32.0


class MemberAccessError(Exception):
    """The Cluster or its Secret does not say how to reach the member."""


def member_access(cluster: Cluster, secret: Object | None) -> Access:
    """Raises MemberAccessError when the endpoint, the secret, its token or its CA is missing."""
    name, spec = cluster.metadata.name, cluster.spec
    if not spec.api_endpoint:
        raise MemberAccessError(f"the api endpoint of cluster {name} is empty")
    if spec.secret_ref is None or not spec.secret_ref.name:
        raise MemberAccessError(f"cluster {name} does not have a secret")
    if secret is None:
        raise MemberAccessError(
            f"secret {spec.secret_ref.namespace}/{spec.secret_ref.name} of cluster {name} not found"
        )
    token = secret_value(secret, TOKEN_KEY)
    if not token:
        raise MemberAccessError(
            f'the secret for cluster {name} is missing a non-empty value for "{TOKEN_KEY}"'
        )
    insecure = spec.insecure_skip_tls_verification
    ca_data = None if insecure else secret_value(secret, CA_BUNDLE_KEY)
    if not ca_data and not insecure and spec.api_endpoint.startswith("https://"):
        raise MemberAccessError(
            f'the secret for cluster {name} is missing a non-empty value for "{CA_BUNDLE_KEY}"'
        )
    return Access(
        server=spec.api_endpoint.rstrip("/"),
        ca_data=ca_data,
        token=token.decode(errors="replace").strip(),
        insecure=insecure,
        proxy_url=spec.proxy_url or None,
        proxy_headers=dict(spec.proxy_header),
    )


def impersonating(access: Access, *, user: str, groups: Sequence[str]) -> Access:
    """The same server and token, acting as user."""
    return replace(access, impersonate_user=user, impersonate_groups=tuple(groups))


def member_client(
    access: Access,
    *,
    user_agent: str = "karmada",
    qps: float = MEMBER_QPS,
    burst: int = MEMBER_BURST,
    timeout_seconds: float = MEMBER_REQUEST_SECONDS,
    on_unauthorized: Callable[[], Awaitable[str | None]] | None = None,
) -> Client:
    """One client per member, so that all who talk to it share one rate."""
    return Client(
        access,
        user_agent=user_agent,
        qps=qps,
        burst=burst,
        timeout_seconds=timeout_seconds,
        on_unauthorized=on_unauthorized,
    )


def secret_value(secret: Object, key: str) -> bytes | None:
    """The decoded value of a Secret's key; None if it is missing, empty or not base64."""
    encoded = (secret.get("data") or {}).get(key)
    if not encoded:
        return None
    try:
        return base64.b64decode(encoded, validate=True) or None
    except (binascii.Error, ValueError, TypeError):
        return None
