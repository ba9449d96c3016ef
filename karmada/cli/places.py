"""Open the API server a command works on: the control plane, or one member through its proxy.

In: the flags of a command. Out: a Place with client, mapper and namespace. A member must be registered; the
caller's own credentials go through the proxy (scope.py).
"""

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from karmada.api.groups.cluster import CLUSTERS
from karmada.cli.scope import (
    KARMADA_SCOPE,
    MEMBERS_SCOPE,
    CommandError,
    control_plane,
    through_proxy,
)
from karmada.client.client import Client
from karmada.client.kubeconfig import Access
from karmada.client.mapper import Mapper

USER_AGENT = "karmadactl"


@dataclass(frozen=True, slots=True)
class Place:
    """One API server. cluster is "" for the control plane. namespace is what the user means."""

    client: Client
    mapper: Mapper
    access: Access
    namespace: str
    namespace_given: bool
    cluster: str = ""


def add_scope_flags(parser: argparse.ArgumentParser, *, short: bool) -> None:
    """-s, and --cluster with or without the short form -C."""
    parser.add_argument("-s", "--operation-scope", default=KARMADA_SCOPE, help="karmada or members")
    names = ("-C", "--cluster") if short else ("--cluster",)
    parser.add_argument(*names, dest="cluster", default="", help="the member, with scope members")


def chosen_cluster(args: argparse.Namespace) -> str:
    """The member a command means; "" for the control plane. Raises CommandError."""
    if args.operation_scope not in (KARMADA_SCOPE, MEMBERS_SCOPE):
        raise CommandError(f"not support operation scope: {args.operation_scope}")
    if args.operation_scope == KARMADA_SCOPE:
        return ""
    if not args.cluster:
        raise CommandError("must specify a member cluster")
    return str(args.cluster)


@asynccontextmanager
async def open_place(args: argparse.Namespace, *, cluster: str = "") -> AsyncIterator[Place]:
    """The control plane, or a member of it. Raises NotFound for a member nobody registered."""
    access = control_plane(args)
    if cluster:
        async with Client(access, user_agent=USER_AGENT) as plane:
            await plane.get(CLUSTERS, CLUSTERS.key("", cluster))
        access = through_proxy(access, cluster)
    given = getattr(args, "namespace", "")
    async with Client(access, user_agent=USER_AGENT, on_warning=_warn) as client:
        yield Place(
            client=client,
            mapper=Mapper(client),
            access=access,
            namespace=given or access.namespace or "default",
            namespace_given=bool(given),
            cluster=cluster,
        )


def _warn(text: str) -> None:
    from karmada.cli.printers import Console

    Console().error(f"Warning: {text}")
