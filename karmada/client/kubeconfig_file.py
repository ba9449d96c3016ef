"""kubeconfig files: find, read, merge, change, write.

In: paths. Out: the plain document, with its file references made absolute; written back whole, readable
by the owner only. kubeconfig.py turns a document into an Access. The change functions return a new
document.
"""

import base64
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from karmada.api.objects import Object

_SECTIONS = ("clusters", "contexts", "users")
_FILE_FIELDS = {
    "clusters": ("cluster", ("certificate-authority",)),
    "users": ("user", ("client-certificate", "client-key", "tokenFile")),
}


class KubeconfigError(Exception):
    """A kubeconfig that cannot be used; the message is one line for the user."""


def default_paths() -> list[Path]:
    """The files of $KUBECONFIG, else ~/.kube/config."""
    from_environment = [part for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    return [Path(part).expanduser() for part in from_environment] or [Path.home() / ".kube" / "config"]


def read_kubeconfig(path: Path) -> Object:
    """One file's document as it is. Raises KubeconfigError."""
    try:
        text = path.read_text()
    except FileNotFoundError as error:
        raise KubeconfigError(f"kubeconfig {path} does not exist") from error
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise KubeconfigError(f"cannot read kubeconfig {path}: {reason}") from error
    return parse_kubeconfig(text, origin=f"kubeconfig {path}")


def parse_kubeconfig(text: str, *, origin: str) -> Object:
    """The document of a kubeconfig; origin is what errors call it. Raises KubeconfigError."""
    try:
        config = yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        line = f" (line {where.line + 1})" if where else ""
        raise KubeconfigError(f"{origin} is not YAML{line}") from error
    config = {} if config is None else config
    if not isinstance(config, dict) or config.get("kind") not in (None, "", "Config"):
        raise KubeconfigError(f"{origin} does not hold a Config")
    for section in _SECTIONS:
        entries = config.get(section) or []
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise KubeconfigError(f"{origin}: {section} is not a list of named entries")
    return config


def read_merged(paths: Sequence[Path]) -> Object:
    """Several files as one: of entries with the same name, and of current-context, the first wins.

    With one path the file must exist; of several, missing ones are skipped.
    """
    merged = new_kubeconfig()
    for path in paths:
        if len(paths) > 1 and not path.exists():
            continue
        config = _with_absolute_files(read_kubeconfig(path), path.absolute().parent)
        for section in _SECTIONS:
            for entry in config.get(section) or []:
                if entry_named(merged, section, str(entry.get("name"))) is None:
                    merged[section].append(entry)
        if not merged["current-context"]:
            merged["current-context"] = config.get("current-context") or ""
    return merged


def new_kubeconfig() -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "preferences": {},
        "clusters": [],
        "contexts": [],
        "users": [],
        "current-context": "",
    }


def entry_named(config: Object, section: str, name: str) -> Object | None:
    """The entry of clusters, contexts or users with this name."""
    entries: list[Object] = config.get(section) or []
    return next((entry for entry in entries if entry.get("name") == name), None)


def with_context(
    config: Object,
    *,
    context: str,
    cluster: str,
    user: str,
    server: str,
    ca_data: bytes | None = None,
    insecure: bool = False,
    client_certificate: bytes | None = None,
    client_key: bytes | None = None,
    token: str | None = None,
    namespace: str = "",
    make_current: bool = False,
) -> Object:
    """config with this context, its cluster and its user added or replaced; certificates are embedded."""
    cluster_body = _present(
        {
            "certificate-authority-data": _encoded(ca_data),
            "insecure-skip-tls-verify": insecure or None,
            "server": server,
        }
    )
    user_body = _present(
        {
            "client-certificate-data": _encoded(client_certificate),
            "client-key-data": _encoded(client_key),
            "token": token,
        }
    )
    context_body = _present({"cluster": cluster, "namespace": namespace or None, "user": user})
    changed = {**new_kubeconfig(), **config}
    for section, name, body in (
        ("clusters", cluster, {"cluster": cluster_body}),
        ("users", user, {"user": user_body}),
        ("contexts", context, {"context": context_body}),
    ):
        changed[section] = _replaced(changed[section] or [], name, {**body, "name": name})
    if make_current or not changed["current-context"]:
        changed["current-context"] = context
    return changed


def with_server(config: Object, cluster: str, *, server: str, ca_data: bytes | None) -> Object:
    """config with another address and CA for this cluster; what else is said of it stays."""
    entry = entry_named(config, "clusters", cluster) or {}
    body = _present(
        {**(entry.get("cluster") or {}), "certificate-authority-data": _encoded(ca_data), "server": server}
    )
    return {
        **config,
        "clusters": _replaced(config.get("clusters") or [], cluster, {"cluster": body, "name": cluster}),
    }


def with_credentials(config: Object, user: str, *, certificate: bytes, key: bytes) -> Object:
    """config with another client certificate for this user; what else is said of the user stays."""
    entry = entry_named(config, "users", user) or {}
    present: Object = entry.get("user") or {}
    body = {name: value for name, value in present.items() if not name.startswith("client-")}
    body |= {"client-certificate-data": _encoded(certificate), "client-key-data": _encoded(key)}
    return {**config, "users": _replaced(config.get("users") or [], user, {"name": user, "user": body})}


def kubeconfig_text(config: Object) -> str:
    """The document as it is written to files and Secrets."""
    return yaml.dump(config, Dumper=yaml.CSafeDumper, sort_keys=False, default_flow_style=False)


def without_context(config: Object, context: str) -> Object:
    """config without this context, and without its cluster and user where no other context needs them."""
    entry = entry_named(config, "contexts", context)
    if entry is None:
        return config
    changed = {**new_kubeconfig(), **config}
    changed["contexts"] = [item for item in config["contexts"] if item is not entry]
    for section, part in (("clusters", "cluster"), ("users", "user")):
        name = (entry.get("context") or {}).get(part)
        if all((other.get("context") or {}).get(part) != name for other in changed["contexts"]):
            changed[section] = [item for item in changed[section] or [] if item.get("name") != name]
    if changed["current-context"] == context:
        changed["current-context"] = ""
    return changed


def write_kubeconfig(path: Path, config: Object) -> None:
    """Replace the file in one step, mode 0600; its folder is made if missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = kubeconfig_text(config)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mkstemp: mode 0600
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _with_absolute_files(config: Object, directory: Path) -> Object:
    """File names in a kubeconfig are relative to the file they stand in."""
    changed = dict(config)
    for section, (part, fields) in _FILE_FIELDS.items():
        entries = []
        for entry in config.get(section) or []:
            body = dict(entry.get(part) or {})
            for name in fields:
                if body.get(name):
                    body[name] = str(directory / Path(str(body[name])).expanduser())
            entries.append({**entry, part: body})
        changed[section] = entries
    return changed


def _replaced(entries: list[Object], name: str, entry: Object) -> list[Object]:
    names = [item.get("name") for item in entries]
    if name not in names:
        return [*entries, entry]
    return [entry if item.get("name") == name else item for item in entries]


def _encoded(data: bytes | None) -> str | None:
    return base64.b64encode(data).decode() if data else None


def _present(fields: Mapping[str, Any]) -> Object:
    return {name: value for name, value in fields.items() if value is not None}
