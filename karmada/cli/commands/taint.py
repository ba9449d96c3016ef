"""karmadactl taint clusters NAME KEY=VALUE:EFFECT ... KEY:EFFECT-: keep workloads off, or let them in again.

In: taints to add and to remove. Out: one line saying what happened. Deciding is pure: parse_taints, changed.
"""

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass

from karmada.api.groups.cluster import CLUSTERS, Cluster
from karmada.api.groups.meta import Taint
from karmada.cli.parsing import add_switch
from karmada.cli.places import open_place
from karmada.cli.printers import Console
from karmada.cli.scope import CommandError, add_connection_flags

EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
KINDS = ("cluster", "clusters")
KEY = re.compile(r"([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")


@dataclass(frozen=True, slots=True)
class TaintChanges:
    """add: taints to set. remove: (key, effect), effect "" for all of the key."""

    add: tuple[Taint, ...]
    remove: tuple[tuple[str, str], ...]


def register(parser: argparse.ArgumentParser) -> None:
    parser.usage = f"{parser.prog} clusters NAME KEY_1=VAL_1:EFFECT_1 ... KEY_N:EFFECT_N- [flags]"
    add_connection_flags(parser)
    what = "KEY[=VALUE]:EFFECT or KEY[:EFFECT]-"
    parser.add_argument("words", nargs="*", metavar="clusters NAME TAINT", help=what)
    add_switch(parser, "--overwrite", help="replace taints of the same key and effect")
    add_switch(parser, "--dry-run", help="say what would be done, change nothing")


async def run(args: argparse.Namespace, console: Console) -> int:
    name, texts = split_words([*args.words, *args.rest])
    changes = parse_taints(texts)
    key = CLUSTERS.key("", name)

    def change(cluster: Cluster) -> Cluster:
        return with_changes(cluster, changes, overwrite=args.overwrite)

    async with open_place(args) as place:
        cluster = await place.client.get(CLUSTERS, key)
        change(cluster)
        if not args.dry_run:
            await place.client.update(
                CLUSTERS,
                key,
                lambda live: with_changes(live, changes, overwrite=args.overwrite),
                cached=cluster,
            )
    console.line(f"cluster/{name} {result_word(changes, overwrite=args.overwrite)}")
    return 0


def split_words(words: Sequence[str]) -> tuple[str, list[str]]:
    """The cluster's name and the taints. Raises CommandError."""
    if not words:
        raise CommandError("one or more taint arguments are required: clusters NAME KEY=VALUE:EFFECT")
    if words[0] not in KINDS:
        raise CommandError(f'invalid resource type {words[0]}, only ["cluster" "clusters"] are supported')
    if len(words) < 2 or ":" in words[1] or words[1].endswith("-"):
        raise CommandError("at least one resource name must be specified since 'all' parameter is not set")
    if len(words) < 3:
        raise CommandError("at least one taint update is required")
    return words[1], list(words[2:])


def parse_taints(texts: Sequence[str]) -> TaintChanges:
    """Raises CommandError for what is no taint, and for one that is both added and removed."""
    add: list[Taint] = []
    remove: list[tuple[str, str]] = []
    for text in texts:
        if text.endswith("-"):
            key, _, effect = text[:-1].partition(":")
            key = key.partition("=")[0]
            _check(text, key, "", effect, may_lack_effect=True)
            remove.append((key, effect))
        else:
            pair, _, effect = text.rpartition(":")
            key, _, value = pair.partition("=")
            _check(text, key, value, effect)
            if any((taint.key, taint.effect) == (key, effect) for taint in add):
                raise CommandError(f"duplicated taints with the same key and effect: {text}")
            add.append(Taint(key=key, value=value, effect=effect))
    both = [taint.key for taint in add if (taint.key, taint.effect) in remove or (taint.key, "") in remove]
    if both:
        raise CommandError(
            f"can not both modify and remove the following taint(s) in the same command: {', '.join(both)}"
        )
    return TaintChanges(tuple(add), tuple(remove))


def with_changes(cluster: Cluster, changes: TaintChanges, *, overwrite: bool) -> Cluster:
    """cluster with its taints changed. Raises CommandError when one is there already, or not there."""
    taints = list(cluster.spec.taints or ())
    for key, effect in changes.remove:
        kept = [taint for taint in taints if taint.key != key or (effect and taint.effect != effect)]
        if len(kept) == len(taints):
            raise CommandError(f"taint {key + (':' + effect if effect else '')!r} not found")
        taints = kept
    wanted = {(taint.key, taint.effect) for taint in changes.add}
    there = [taint.key for taint in taints if (taint.key, taint.effect) in wanted]
    if there and not overwrite:
        raise CommandError(
            f"cluster {cluster.metadata.name} already has [{' '.join(there)}] taint(s) with same "
            "effect(s) and --overwrite is false"
        )
    kept = [taint for taint in taints if (taint.key, taint.effect) not in wanted]
    spec = cluster.spec.model_copy(update={"taints": [*changes.add, *kept]})
    return cluster.model_copy(update={"spec": spec})


def result_word(changes: TaintChanges, *, overwrite: bool) -> str:
    if overwrite:
        return "modified"
    return "tainted" if changes.add else "untainted"


def _check(text: str, key: str, value: str, effect: str, *, may_lack_effect: bool = False) -> None:
    if not KEY.fullmatch(key) or not VALUE.fullmatch(value):
        raise CommandError(f"invalid taint spec: {text}: expected KEY[=VALUE]:EFFECT")
    if effect not in EFFECTS and not (may_lack_effect and not effect):
        known = ", ".join(EFFECTS)
        raise CommandError(f"invalid taint effect: {effect}, unsupported taint effect (one of {known})")
