"""Bootstrap tokens as this side makes them: what `karmadactl token create` and a local control plane store.

In: what a token may be used for, how long. Out: its Secret. karmada.api.bootstrap_tokens reads it again.
"""

import base64
import secrets
import string
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from karmada.api.bootstrap_tokens import NAMESPACE, SECRET_TYPE, secret_name
from karmada.api.objects import Object
from karmada.cli.scope import CommandError
from karmada.runtime.clock import rfc3339

USAGES: Final = ("signing", "authentication")
_ALPHABET: Final = string.ascii_lowercase + string.digits


def new_token() -> str:
    """`abcdef.0123456789abcdef`, from the machine's best source of chance."""
    return f"{_random(6)}.{_random(16)}"


def token_secret(
    token: str,
    *,
    usages: Sequence[str],
    groups: Sequence[str],
    description: str,
    ttl_seconds: float,
    now: datetime,
) -> Object:
    """The Secret that holds a token. Raises CommandError for usages and groups no server accepts."""
    if unknown := [usage for usage in usages if usage not in USAGES]:
        raise CommandError(
            f"invalid bootstrap token usage string: {unknown[0]}, valid usage options are: "
            f"{', '.join(USAGES)}"
        )
    if wrong := [group for group in groups if not group.startswith("system:bootstrappers:")]:
        raise CommandError(
            f'bootstrap group "{wrong[0]}" is invalid (must match '
            r"\Asystem:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]\z)"
        )
    token_id, _, secret = token.partition(".")
    data = {"token-id": token_id, "token-secret": secret, "auth-extra-groups": ",".join(groups)}
    data |= {f"usage-bootstrap-{usage}": "true" for usage in usages}
    if description:
        data["description"] = description
    if ttl_seconds > 0:
        data["expiration"] = rfc3339(now + timedelta(seconds=ttl_seconds))
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": secret_name(token_id), "namespace": NAMESPACE},
        "type": SECRET_TYPE,
        "data": {key: base64.b64encode(value.encode()).decode() for key, value in data.items()},
    }


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))
