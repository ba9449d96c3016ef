"""Kubeconfig files beside the certificates: how the processes of a control plane, and its owner, reach this
server.

Written at every start, and only when the content changes: a port may have moved, a certificate may be new.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from apiserver.filters.authentication.pki import Credential, Pki
from karmada.client.kubeconfig_file import (
    KubeconfigError,
    new_kubeconfig,
    read_kubeconfig,
    with_context,
    write_kubeconfig,
)

CLUSTER: Final = "karmada-apiserver"


def write_kubeconfigs(pki: Pki, url: str) -> None:
    """`admin.kubeconfig`, `controller-manager.kubeconfig` and `scheduler.kubeconfig` in the certificate
    directory."""
    users: Mapping[str, Credential] = {
        "admin": pki.admin,
        "controller-manager": pki.controller_manager,
        "scheduler": pki.scheduler,
    }
    for name, credential in users.items():
        config = with_context(
            new_kubeconfig(),
            context=CLUSTER,
            cluster=CLUSTER,
            user=name,
            server=url,
            ca_data=pki.authority.certificate,
            client_certificate=credential.certificate,
            client_key=credential.key,
        )
        path = pki.directory / f"{name}.kubeconfig"
        if _present(path) != config:
            write_kubeconfig(path, config)


def _present(path: Path) -> object:
    try:
        return read_kubeconfig(path)
    except (KubeconfigError, OSError):
        return None
