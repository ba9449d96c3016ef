"""Kubeconfig files of a local control plane: one context per cluster, named after it."""

from collections.abc import Mapping
from pathlib import Path

from karmada.client.kubeconfig import Access
from karmada.client.kubeconfig_file import (
    new_kubeconfig,
    read_kubeconfig,
    with_context,
    without_context,
    write_kubeconfig,
)


def write_contexts(path: Path, accesses: Mapping[str, Access], *, keep: bool = False) -> None:
    """Write one context per entry, the first the current one. keep: what the file has besides stays."""
    before = read_kubeconfig(path) if path.exists() else None
    config = before if keep and before is not None else new_kubeconfig()
    for name, access in accesses.items():
        config = with_context(
            config,
            context=name,
            cluster=name,
            user=name,
            server=access.server,
            ca_data=access.ca_data,
            insecure=access.insecure,
            client_certificate=access.client_certificate,
            client_key=access.client_key,
            token=access.token,
        )
    if config != before:
        write_kubeconfig(path, config)


def context_names(path: Path) -> list[str]:
    """The contexts of a file; none when it is not there."""
    config = read_kubeconfig(path) if path.exists() else {}
    return [entry["name"] for entry in config.get("contexts") or ()]


def remove_context(path: Path, name: str) -> None:
    if path.exists():
        write_kubeconfig(path, without_context(read_kubeconfig(path), name))
