"""The clusters of a hypothetical world: some lost, cordoned, tainted, added. Pure.

In: clusters as they are, wishes of a command line. Out: clusters as they would be, and the wishes in words.
Raises CommandError for a wish that cannot be meant.
"""

import argparse
from collections.abc import Sequence
from typing import Final

from karmada.api.groups.cluster import Cluster
from karmada.api.groups.meta import ObjectMeta, Taint
from karmada.cli.cordoning import with_cordon, without_cordon
from karmada.cli.members import named
from karmada.cli.scope import CommandError

EFFECTS: Final = ("NoSchedule", "NoExecute", "PreferNoSchedule")


def add_cluster_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--lose", action="append", default=[], metavar="CLUSTER", help="it is gone")
    parser.add_argument(
        "--cordon", action="append", default=[], metavar="CLUSTER", help="it takes nothing new"
    )
    parser.add_argument("--uncordon", action="append", default=[], metavar="CLUSTER", help="it does again")
    parser.add_argument(
        "--taint",
        action="append",
        default=[],
        metavar="CLUSTER=KEY[=VALUE]:EFFECT",
        help="it has this taint; with effect NoExecute what does not tolerate it leaves",
    )
    parser.add_argument(
        "--untaint", action="append", default=[], metavar="CLUSTER=KEY", help="it has no taint of this key"
    )
    parser.add_argument(
        "--add", action="append", default=[], metavar="NAME=LIKE", help="another one, empty, of this size"
    )


def changed_clusters(
    clusters: Sequence[Cluster], args: argparse.Namespace, written: Sequence[Cluster] = ()
) -> tuple[list[Cluster], list[str]]:
    """The clusters as they would be, and what was changed in words. written: those of files."""
    world = {cluster.metadata.name: cluster for cluster in clusters}
    words: list[str] = []
    for cluster in written:
        name = cluster.metadata.name
        words.append(f"{name} is as the file says" if name in world else f"{name} is added by a file")
        world[name] = _with_status_of(cluster, world.get(name))
    for text in args.add:
        name, like = _pair(text, "--add", "NAME=LIKE")
        if name in world:
            raise CommandError(f"--add {text}: {name} is there already")
        world[name] = _empty_copy(_known(world, like, "--add"), name)
        words.append(f"{name} is added, of the size of {like}")
    for flag, change, says in (
        ("cordon", with_cordon, "is cordoned"),
        ("uncordon", without_cordon, "is uncordoned"),
    ):
        for name in named(getattr(args, flag)):
            world[name] = change(_known(world, name, f"--{flag}"))
            words.append(f"{name} {says}")
    for text in args.taint:
        name, taint = _taint(text)
        cluster = _known(world, name, "--taint")
        world[name] = _with_taints(cluster, [*cluster.spec.taints, taint])
        words.append(f"{name} is tainted {text.partition('=')[2]}")
    for text in args.untaint:
        name, key = _pair(text, "--untaint", "CLUSTER=KEY")
        cluster = _known(world, name, "--untaint")
        world[name] = _with_taints(cluster, [each for each in cluster.spec.taints if each.key != key])
        words.append(f"{name} has no taint {key}")
    for name in named(args.lose):
        _known(world, name, "--lose")
        del world[name]
        words.append(f"{name} is lost")
    return list(world.values()), words


def _known(world: dict[str, Cluster], name: str, flag: str) -> Cluster:
    if name not in world:
        raise CommandError(f"{flag} {name}: there is no such cluster")
    return world[name]


def _pair(text: str, flag: str, form: str) -> tuple[str, str]:
    name, equals, rest = text.partition("=")
    if not (name and equals and rest):
        raise CommandError(f"{flag} {text}: expected {form}")
    return name, rest


def _taint(text: str) -> tuple[str, Taint]:
    name, rest = _pair(text, "--taint", "CLUSTER=KEY[=VALUE]:EFFECT")
    pair, colon, effect = rest.rpartition(":")
    key, _, value = pair.partition("=")
    if not colon or not key or effect not in EFFECTS:
        raise CommandError(
            f"--taint {text}: expected CLUSTER=KEY[=VALUE]:EFFECT, one of {', '.join(EFFECTS)}"
        )
    return name, Taint(key=key, value=value, effect=effect)


def _with_taints(cluster: Cluster, taints: list[Taint]) -> Cluster:
    spec = cluster.spec.model_copy(update={"taints": taints})
    return cluster.model_copy(update={"spec": spec})


def _empty_copy(like: Cluster, name: str) -> Cluster:
    """A cluster that serves and has what another one does, with nothing on it."""
    status = like.status
    if status.resource_summary is not None:
        empty = status.resource_summary.model_copy(
            update={"allocated": {}, "allocating": {}, "allocatable_modelings": []}
        )
        status = status.model_copy(update={"resource_summary": empty})
    metadata = ObjectMeta(name=name, labels=dict(like.metadata.labels))
    return like.model_copy(update={"metadata": metadata, "status": status})


def _with_status_of(written: Cluster, known: Cluster | None) -> Cluster:
    """A cluster of a file: what it reports is not written there, but known of the one it replaces."""
    if known is None or written.status.resource_summary is not None or written.status.api_enablements:
        return written
    return written.model_copy(update={"status": known.status})
