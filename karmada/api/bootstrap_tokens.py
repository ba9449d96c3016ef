"""Bootstrap tokens `abcdef.0123456789abcdef`: how Secrets in kube-system hold them. Pure.

In: a Secret. Out: the token it holds with what it may be used for and until when, or None. The API server
accepts such tokens, the stock controllers sign cluster-info with them and clean them up.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from karmada.api.objects import Object, is_deleting, name_of

SECRET_TYPE: Final = "bootstrap.kubernetes.io/token"
NAMESPACE: Final = "kube-system"
NAME_PREFIX: Final = "bootstrap-token-"
AUTHENTICATION: Final = "usage-bootstrap-authentication"
SIGNING: Final = "usage-bootstrap-signing"
BOOTSTRAPPERS_GROUP: Final = "system:bootstrappers"

TOKEN: Final = re.compile(r"([a-z0-9]{6})\.([a-z0-9]{16})")
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class BootstrapToken:
    """usages are the keys of the Secret that say "true"; expires None is never."""

    id: str
    secret: str
    usages: frozenset[str]
    expires: datetime | None
    groups: tuple[str, ...]
    """auth-extra-groups, as written."""

    def usable(self, usage: str, *, now: datetime) -> bool:
        return usage in self.usages and not self.is_expired(now=now)

    def is_expired(self, *, now: datetime) -> bool:
        return self.expires is not None and self.expires <= now


def secret_name(token_id: str) -> str:
    return f"{NAME_PREFIX}{token_id}"


def is_token_secret(secret: Object) -> bool:
    """By its type alone; it may hold nothing that makes sense."""
    return secret.get("type") == SECRET_TYPE


def token_in(secret: Object) -> BootstrapToken | None:
    """The token a Secret of that type holds; None when it holds none, or not the one its name says."""
    if not is_token_secret(secret) or is_deleting(secret):
        return None
    data = text_data(secret)
    token_id, token_secret = data.get("token-id", ""), data.get("token-secret", "")
    if not TOKEN.fullmatch(f"{token_id}.{token_secret}") or name_of(secret) != secret_name(token_id):
        return None
    usages = frozenset(key for key, value in data.items() if key.startswith("usage-") and value == "true")
    groups = tuple(group for group in data.get("auth-extra-groups", "").split(",") if group)
    return BootstrapToken(token_id, token_secret, usages, expiry_in(data), groups)


def expiry_in(data: dict[str, str]) -> datetime | None:
    """None without an expiration; long ago for one that cannot be read."""
    text = data.get("expiration", "")
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return _LONG_AGO
    return moment.astimezone(UTC) if moment.tzinfo is not None else _LONG_AGO


def text_data(secret: Object) -> dict[str, str]:
    """The text entries of a Secret's data; what is no base64 text is left out."""
    texts: dict[str, str] = {}
    for key, value in (secret.get("data") or {}).items():
        try:
            texts[key] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError, TypeError):
            continue
    return texts
