"""Where an API server is and as whom to ask it: Access, read from kubeconfig files or from inside a pod.

In: a kubeconfig path, $KUBECONFIG, ~/.kube/config or a pod's service account. Out: a frozen Access that
client.py connects with. Reading, merging and writing kubeconfig files for the CLI is in
kubeconfig_file.py.
"""

import base64
import binascii
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

from karmada.api.objects import Object
from karmada.client.kubeconfig_file import (
    KubeconfigError,
    default_paths,
    entry_named,
    new_kubeconfig,
    read_kubeconfig,
    read_merged,
    with_context,
    without_context,
    write_kubeconfig,
)

__all__ = [
    "Access",
    "KubeconfigError",
    "access_from",
    "default_paths",
    "in_cluster_access",
    "load_kubeconfig",
    "new_kubeconfig",
    "read_kubeconfig",
    "read_merged",
    "read_token_file",
    "with_context",
    "without_context",
    "write_kubeconfig",
]

EXEC_TIMEOUT_SECONDS: Final = 60.0
SERVICE_ACCOUNT_DIRECTORY: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass(frozen=True, slots=True)
class Access:
    """One API server and one identity. Certificates and keys are PEM; repr shows no secret."""

    server: str
    ca_data: bytes | None = None
    client_certificate: bytes | None = None
    client_key: bytes | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    token_file: str | None = None
    """Read again when the server answers 401: tokens of service accounts rotate."""
    username: str = ""
    password: str = field(default="", repr=False)
    insecure: bool = False
    """Do not verify the server's certificate."""
    tls_server_name: str = ""
    """The name to expect in the server's certificate, when it is not the host of the URL."""
    proxy_url: str | None = None
    proxy_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Sent with every request."""
    impersonate_user: str = ""
    impersonate_uid: str = ""
    impersonate_groups: tuple[str, ...] = ()
    impersonate_extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    namespace: str = ""
    """The context's default namespace."""


def load_kubeconfig(path: str | Path | None, *, context: str = "") -> Access:
    """The Access of a context (default: the current one).

    Without a path: $KUBECONFIG (its files merged), else ~/.kube/config, else the pod's service account.
    Raises KubeconfigError with one clear line.
    """
    paths = [Path(path).expanduser()] if path else default_paths()
    if not path and not any(candidate.exists() for candidate in paths):
        if not context and SERVICE_ACCOUNT_DIRECTORY.joinpath("token").exists():
            return in_cluster_access()
        raise KubeconfigError(
            f"no kubeconfig: {', '.join(map(str, paths)) or '$KUBECONFIG'} does not exist; "
            "give one with --kubeconfig or KUBECONFIG"
        )
    return access_from(read_merged(paths), context=context, origin=":".join(map(str, paths)))


def access_from(config: Object, *, context: str = "", origin: str = "kubeconfig") -> Access:
    """The Access of a context of a kubeconfig document; relative file names are already absolute in it."""
    name = context or config.get("current-context") or ""
    if not name:
        raise KubeconfigError(f"{origin}: no context given and current-context is not set")
    chosen = _entry(config, "contexts", "context", name, origin)
    cluster = _entry(config, "clusters", "cluster", str(chosen.get("cluster") or ""), origin)
    user_name = str(chosen.get("user") or "")
    user = _entry(config, "users", "user", user_name, origin) if user_name else {}
    server = str(cluster.get("server") or "")
    if not server:
        raise KubeconfigError(f'{origin}: cluster "{chosen.get("cluster")}" has no server')
    certificate = _data(user, "client-certificate", origin)
    key = _data(user, "client-key", origin)
    token = str(user["token"]) if user.get("token") else None
    token_file = str(user["tokenFile"]) if user.get("tokenFile") else None
    if token_file:
        token = read_token_file(token_file) or token
    if user.get("exec") and not (token or certificate):
        token, certificate, key = _run_exec_plugin(user["exec"], origin)
    if bool(certificate) != bool(key):
        raise KubeconfigError(f'{origin}: user "{user_name}" needs both client certificate and client key')
    return Access(
        server=server.rstrip("/"),
        ca_data=_data(cluster, "certificate-authority", origin),
        client_certificate=certificate,
        client_key=key,
        token=token,
        token_file=token_file,
        username=str(user.get("username") or ""),
        password=str(user.get("password") or ""),
        insecure=bool(cluster.get("insecure-skip-tls-verify")),
        tls_server_name=str(cluster.get("tls-server-name") or ""),
        proxy_url=cluster.get("proxy-url") or None,
        impersonate_user=str(user.get("as") or ""),
        impersonate_uid=str(user.get("as-uid") or ""),
        impersonate_groups=tuple(user.get("as-groups") or ()),
        impersonate_extra={
            str(extra).lower(): tuple(values) for extra, values in (user.get("as-user-extra") or {}).items()
        },
        namespace=str(chosen.get("namespace") or ""),
    )


def in_cluster_access(directory: Path = SERVICE_ACCOUNT_DIRECTORY) -> Access:
    """The Access a pod has through its service account."""
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST", ""), os.environ.get("KUBERNETES_SERVICE_PORT", "")
    if not host or not port:
        raise KubeconfigError("not in a cluster: KUBERNETES_SERVICE_HOST and _PORT are not set")
    token_file = str(directory / "token")
    namespace_file = directory / "namespace"
    return Access(
        server=f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}",
        ca_data=_read(directory / "ca.crt", "service account"),
        token=read_token_file(token_file),
        token_file=token_file,
        namespace=namespace_file.read_text().strip() if namespace_file.exists() else "",
    )


def read_token_file(path: str) -> str | None:
    """The token a file holds; None if it is empty or cannot be read."""
    try:
        return Path(path).read_text().strip() or None
    except OSError:
        return None


def _entry(config: Object, section: str, body: str, name: str, origin: str) -> Object:
    found = entry_named(config, section, name)
    if found is None:
        raise KubeconfigError(f'{origin}: {body} "{name}" does not exist')
    content: Object = found.get(body) or {}
    return content


def _data(part: Object, name: str, origin: str) -> bytes | None:
    """`name-data` (base64) or else the content of the file `name`."""
    encoded = part.get(f"{name}-data")
    if encoded:
        try:
            return base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError, TypeError) as error:
            raise KubeconfigError(f"{origin}: {name}-data is not base64") from error
    path = part.get(name)
    return _read(Path(path), origin) if path else None


def _read(path: Path, origin: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise KubeconfigError(f"{origin}: cannot read {path}: {error.strerror}") from error


def _run_exec_plugin(plugin: Mapping[str, Any], origin: str) -> tuple[str | None, bytes | None, bytes | None]:
    """Ask a credential plugin (client.authentication.k8s.io) for token, certificate and key."""
    command = [str(plugin.get("command") or ""), *map(str, plugin.get("args") or ())]
    environment = {**os.environ, **{item["name"]: item["value"] for item in plugin.get("env") or ()}}
    environment["KUBERNETES_EXEC_INFO"] = orjson.dumps(
        {
            "apiVersion": plugin.get("apiVersion") or "client.authentication.k8s.io/v1",
            "kind": "ExecCredential",
            "spec": {"interactive": False},
        }
    ).decode()
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, timeout=EXEC_TIMEOUT_SECONDS, check=False
        )
    except FileNotFoundError as error:
        hint = str(plugin.get("installHint") or "").strip()
        raise KubeconfigError(f"{origin}: {command[0]} not found{': ' + hint if hint else ''}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise KubeconfigError(f"{origin}: {command[0]} failed: {error}") from error
    if done.returncode:
        complaint = done.stderr.decode(errors="replace").strip().splitlines()
        raise KubeconfigError(
            f"{origin}: {command[0]} failed: {complaint[-1] if complaint else f'exit code {done.returncode}'}"
        )
    try:
        status = orjson.loads(done.stdout)["status"]
        certificate, key = status.get("clientCertificateData"), status.get("clientKeyData")
        return status.get("token"), certificate and certificate.encode(), key and key.encode()
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise KubeconfigError(f"{origin}: {command[0]} did not print an ExecCredential") from error
