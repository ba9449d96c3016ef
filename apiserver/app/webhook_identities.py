"""Who the server is to admission webhooks: --admission-control-config-file and the kubeconfig it names.

In: an AdmissionConfiguration whose webhook plugins name a kubeconfig. Out: for a host, the client certificate
or token of the user of that name in it; nobody where there is none. Raises StartError with one line.
"""

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from karmada.api import codec
from karmada.client.webhooks import NOBODY, Identity
from karmada.runtime.observe import StartError

_PLUGINS: Final = ("MutatingAdmissionWebhook", "ValidatingAdmissionWebhook")
_FLAG: Final = "--admission-control-config-file"


def webhook_identities(path: str) -> Callable[[str], Identity]:
    """ "": nobody in particular to everybody."""
    users: dict[str, Identity] = {}
    if path:
        for kubeconfig in _kubeconfigs(Path(path)):
            users |= _users(kubeconfig)

    def identify(host: str) -> Identity:
        return next((users[name] for name in names_of(host) if name in users), NOBODY)

    return identify


def names_of(host: str) -> Iterator[str]:
    """The users that stand for a host, the most exact first: itself, `*.suffix`, `*`."""
    yield host
    parts = host.split(".")
    for start in range(1, len(parts)):
        yield ".".join(["*", *parts[start:]])
    yield "*"


def _kubeconfigs(path: Path) -> Iterator[Path]:
    for plugin in _read(path).get("plugins") or ():
        if plugin.get("name") not in _PLUGINS:
            continue
        configuration = plugin.get("configuration")
        below = path.parent
        if configuration is None and plugin.get("path"):
            own = path.parent / plugin["path"]
            configuration, below = _read(own), own.parent
        if name := (configuration or {}).get("kubeConfigFile"):
            yield below / name


def _users(path: Path) -> dict[str, Identity]:
    found: dict[str, Identity] = {}
    for entry in _read(path).get("users") or ():
        user = entry.get("user") or {}
        found[entry.get("name") or ""] = Identity(
            certificate=_content(user, "client-certificate", path),
            key=_content(user, "client-key", path),
            token=user.get("token") or "",
        )
    return found


def _content(user: Mapping[str, Any], field: str, path: Path) -> bytes:
    if data := user.get(f"{field}-data"):
        try:
            return base64.b64decode(data, validate=True)
        except binascii.Error as error:
            raise StartError(f"{_FLAG}: {path}: {field}-data is not base64") from error
    return _bytes(path.parent / user[field]) if user.get(field) else b""


def _read(path: Path) -> Mapping[str, Any]:
    try:
        value: Any = codec.loads_yaml(_bytes(path))
    except ValueError as error:
        raise StartError(f"{_FLAG}: {path}: {error}") from error
    if not isinstance(value, dict):
        raise StartError(f"{_FLAG}: {path} holds no object")
    return value


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise StartError(f"{_FLAG}: {path}: {error.strerror}") from error
