"""Which API server a command talks to: the control plane, or a member through the control plane's proxy.

A member is never reached with its own credentials: the server URL of the control plane is rewritten to the
cluster's proxy path and the caller's credentials are kept, as karmadactl does.
"""

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from karmada.client.kubeconfig import Access

KARMADA_SCOPE = "karmada"
MEMBERS_SCOPE = "members"
ALL_SCOPE = "all"


class CommandError(Exception):
    """A command cannot do what was asked; the message is printed after `error: `."""


class ExitStatus(Exception):
    """A command that ends with a status of its own, everything being said already."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


def add_connection_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--kubeconfig", default="", help="kubeconfig of the control plane ($KUBECONFIG, ~/.kube/config)"
    )
    parser.add_argument("--karmada-context", default="", help="context inside that file")


def add_namespace_flag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-n", "--namespace", default="", help="namespace of this request")


def control_plane(args: argparse.Namespace) -> "Access":
    """Access to the control plane by the connection flags. Raises CommandError."""
    return access_from(args.kubeconfig, context=args.karmada_context)


def access_from(path: str, *, context: str) -> "Access":
    from karmada.client.kubeconfig import KubeconfigError, load_kubeconfig  # quick commands need none

    try:
        return load_kubeconfig(path or None, context=context)
    except KubeconfigError as error:
        raise CommandError(str(error)) from error


def through_proxy(access: "Access", cluster: str) -> "Access":
    """The same caller, but every request goes to this member."""
    server = access.server.rstrip("/")
    return replace(access, server=f"{server}/apis/cluster.karmada.io/v1alpha1/clusters/{cluster}/proxy")
