"""karmadactl unjoin: remove a push-mode cluster and what join left on both sides."""

import argparse
from typing import Any

from karmada.api.codec import dumps
from karmada.api.errors import ApiError, NotFound
from karmada.api.groups.cluster import CLUSTERS
from karmada.api.groups.kubernetes import (
    CLUSTER_ROLE_BINDINGS,
    CLUSTER_ROLES,
    NAMESPACES,
    SERVICE_ACCOUNTS,
)
from karmada.api.groups.work import WORKS
from karmada.api.names import KARMADA_CLUSTER_NAMESPACE, execution_namespace
from karmada.api.wellknown import CLUSTER_FINALIZER, EXECUTION_FINALIZER
from karmada.cli.printers import Console
from karmada.cli.scope import CommandError, access_from, add_connection_flags, control_plane
from karmada.client.client import Client
from karmada.client.kubeconfig import Access
from karmada.client.registration import control_plane_account, control_plane_role
from karmada.runtime.clock import SYSTEM_CLOCK
from karmada.runtime.options import parse_duration

POLL_SECONDS = 0.1


def register(parser: argparse.ArgumentParser) -> None:
    add_connection_flags(parser)
    parser.add_argument("name", metavar="NAME", help="the cluster")
    parser.add_argument(
        "--cluster-kubeconfig", default="", help="kubeconfig of the member, to clean up there too"
    )
    parser.add_argument(
        "--cluster-context", default="", help="context inside that file; default the cluster's name"
    )
    parser.add_argument(
        "--cluster-namespace", default=KARMADA_CLUSTER_NAMESPACE, help="namespace of the cluster Secrets"
    )
    parser.add_argument(
        "--force", action="store_true", help="drop finalizers when the removal takes too long"
    )
    parser.add_argument("--wait", default="60s", help="how long the removal may take")
    parser.add_argument("--dry-run", action="store_true", help="check everything, change nothing")


async def run(args: argparse.Namespace, console: Console) -> int:
    wait_seconds = parse_wait(args.wait)
    member = None
    if args.cluster_kubeconfig:
        member = access_from(args.cluster_kubeconfig, context=args.cluster_context or args.name)
    async with Client(control_plane(args), user_agent="karmadactl") as plane:
        await require_push_mode(plane, args.name)
        if not args.dry_run:
            await remove_cluster(plane, args.name, wait_seconds=wait_seconds, force=args.force)
    if member is not None and not args.dry_run:
        await _clean_member(member, args, console)
    console.line(f"cluster({args.name}) is unjoined successfully")
    return 0


def parse_wait(text: str) -> float:
    """Seconds of `60s`, `1m30s`. Raises CommandError unless above 0."""
    try:
        seconds = parse_duration(text)
    except ValueError as error:
        raise CommandError(f'invalid argument "{text}" for "--wait" flag: not a duration') from error
    if seconds <= 0:
        raise CommandError(f"--wait {text} must be a positive duration, e.g. 1m0s")
    return seconds


async def require_push_mode(plane: Client, name: str) -> None:
    try:
        cluster = await plane.get(CLUSTERS, CLUSTERS.key("", name))
    except NotFound as error:
        raise CommandError(f"no cluster object {name} found in karmada control Plane") from error
    if cluster.spec.sync_mode == "Pull":
        raise CommandError(
            f"cluster {name} is a pull mode member cluster, use the `unregister` command to remove it"
        )


async def remove_cluster(plane: Client, name: str, *, wait_seconds: float, force: bool) -> None:
    """Delete the Cluster and wait until it is gone. Raises CommandError when it is not, unless force."""
    key = CLUSTERS.key("", name)
    await plane.delete(CLUSTERS, key)
    if await _gone_within(plane, name, wait_seconds):
        return
    if not force:
        raise CommandError(
            f"cluster {name} is not gone after {wait_seconds:.0f} s: its objects may still be leaving the "
            "member; look at `kubectl get works -n " + execution_namespace(name) + "`, or repeat with --force"
        )
    await _drop_finalizers(plane, name)


async def _gone_within(plane: Client, name: str, seconds: float) -> bool:
    deadline = SYSTEM_CLOCK.monotonic() + seconds
    while SYSTEM_CLOCK.monotonic() < deadline:
        try:
            await plane.get(CLUSTERS, CLUSTERS.key("", name))
        except NotFound:
            return True
        await SYSTEM_CLOCK.sleep(POLL_SECONDS)
    return False


async def _drop_finalizers(plane: Client, name: str) -> None:
    """What --force does: nothing waits for the member any more."""
    namespace = execution_namespace(name)
    for work in (await plane.list(WORKS, namespace=namespace)).items:
        await _without_finalizer(plane, WORKS, WORKS.key_of(work.to_json()), EXECUTION_FINALIZER)
    namespace_key = NAMESPACES.key("", namespace)
    try:
        live = await plane.get(NAMESPACES, namespace_key)
        await plane.request(
            "PUT",
            f"/api/v1/namespaces/{namespace}/finalize",
            body=dumps({**live, "spec": {"finalizers": []}}),
        )
    except NotFound:
        pass
    await _without_finalizer(plane, CLUSTERS, CLUSTERS.key("", name), CLUSTER_FINALIZER)


async def _without_finalizer(plane: Client, resource: Any, key: Any, finalizer: str) -> None:
    def change(value: Any) -> Any:
        kept = [item for item in value.metadata.finalizers or () if item != finalizer]
        return value.model_copy(update={"metadata": value.metadata.model_copy(update={"finalizers": kept})})

    try:
        await plane.update(resource, key, change)
    except NotFound:
        return


async def _clean_member(access: Access, args: argparse.Namespace, console: Console) -> None:
    rights = control_plane_role(args.name)
    account = SERVICE_ACCOUNTS.key(args.cluster_namespace, control_plane_account(args.name))
    try:
        async with Client(access, user_agent="karmadactl") as member:
            await member.delete(CLUSTER_ROLE_BINDINGS, CLUSTER_ROLE_BINDINGS.key("", rights))
            await member.delete(CLUSTER_ROLES, CLUSTER_ROLES.key("", rights))
            await member.delete(SERVICE_ACCOUNTS, account)
            await member.delete(NAMESPACES, NAMESPACES.key("", args.cluster_namespace))
    except ApiError as error:
        if not args.force:
            raise
        console.error(f"warning: the member was not cleaned up: {error.message}")
