"""karmadactl logs: what containers in a member wrote, once or as it comes.

In: a pod, a workload or a selector, and always a cluster. Out: the lines, from several containers side by
side (--prefix says whose). Streams run through the control plane's proxy.
"""

import argparse
import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

from karmada.api.errors import ApiError
from karmada.api.objects import Object, name_of, namespace_of
from karmada.cli.parsing import add_switch
from karmada.cli.places import Place, open_place
from karmada.cli.pod_choice import chosen_container, chosen_pods, containers_of
from karmada.cli.printers import Console
from karmada.cli.scope import CommandError, add_connection_flags, add_namespace_flag
from karmada.client.watch import LineSplitter
from karmada.runtime.options import parse_duration

SELECTOR_TAIL = 10


@dataclass(frozen=True, slots=True)
class Source:
    """One container's log."""

    namespace: str
    pod: str
    container: str

    @property
    def path(self) -> str:
        return f"/api/v1/namespaces/{self.namespace}/pods/{self.pod}/log"

    @property
    def prefix(self) -> str:
        return f"[pod/{self.pod}/{self.container}] "


def register(parser: argparse.ArgumentParser) -> None:
    add_connection_flags(parser)
    add_namespace_flag(parser)
    parser.add_argument("words", nargs="*", metavar="POD [CONTAINER]", help="POD, or TYPE/NAME")
    parser.add_argument("-C", "--cluster", default="", help="the member")
    add_switch(parser, "-f", "--follow", help="go on as lines are written")
    parser.add_argument("-c", "--container", default="", help="container; default the pod's first")
    add_switch(parser, "--all-containers", help="every container of the pods")
    add_switch(parser, "--all-pods", help="every pod of the workload")
    add_switch(parser, "-p", "--previous", help="of the container that ran before")
    parser.add_argument("-l", "--selector", default="", help="label selector of pods")
    parser.add_argument("--since", default="0s", help="only lines younger than this, such as 5m")
    parser.add_argument("--since-time", default="", help="only lines after this time (RFC 3339)")
    parser.add_argument("--tail", type=int, default=-1, help="only so many of the last lines; -1: all")
    parser.add_argument("--limit-bytes", type=int, default=0, help="at most so many bytes")
    add_switch(parser, "--timestamps", help="with the time of each line")
    add_switch(parser, "--prefix", help="say before each line whose it is")
    parser.add_argument("--max-log-requests", type=int, default=5, help="logs followed at the same time")
    parser.add_argument("--pod-running-timeout", default="20s", help="how long to wait for a pod to run")
    add_switch(parser, "--ignore-errors", help="go on when one log cannot be read")
    add_switch(parser, "--insecure-skip-tls-verify-backend", help="do not verify the kubelet's certificate")


async def run(args: argparse.Namespace, console: Console) -> int:
    if not args.cluster:
        raise CommandError("must specify a cluster")
    if not args.words and not args.selector:
        raise CommandError(
            "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\n"
            "POD or TYPE/NAME is a required argument for the logs command"
        )
    query = query_of(args)
    async with open_place(args, cluster=args.cluster) as place:
        pods = await chosen_pods(place, args.words, selector=args.selector)
        if not args.selector and not args.all_pods:
            _say_choice(pods, args, console)
            pods = pods[:1]
        sources = [source for pod in pods for source in sources_of(pod, args, console)]
        if not sources:
            console.error(f"No resources found in {place.namespace} namespace.")
            return 0
        if args.follow and len(sources) > args.max_log_requests:
            raise CommandError(
                f"you are attempting to follow {len(sources)} log streams, but maximum allowed concurrency "
                f"is {args.max_log_requests}, use --max-log-requests to increase the limit"
            )
        printing = _Printing(place, query, console, prefix=args.prefix, ignore_errors=args.ignore_errors)
        if args.follow:
            async with asyncio.TaskGroup() as group:
                for source in sources:
                    group.create_task(printing.copy(source), name=f"log {source.pod} {source.container}")
        else:
            for source in sources:
                await printing.copy(source)
    return printing.code


def query_of(args: argparse.Namespace) -> dict[str, str | int]:
    """The parameters of the log subresource. Raises CommandError for flags that exclude each other."""
    since = parse_duration(args.since)
    if since and args.since_time:
        raise CommandError("at most one of `sinceTime` or `sinceSeconds` may be specified")
    tail = SELECTOR_TAIL if args.selector and args.tail < 0 else args.tail
    query: dict[str, str | int] = {}
    if args.follow:
        query["follow"] = "true"
    if args.previous:
        query["previous"] = "true"
    if args.timestamps:
        query["timestamps"] = "true"
    if args.insecure_skip_tls_verify_backend:
        query["insecureSkipTLSVerifyBackend"] = "true"
    if since:
        query["sinceSeconds"] = max(1, int(since))
    if args.since_time:
        query["sinceTime"] = args.since_time
    if tail >= 0:
        query["tailLines"] = tail
    if args.limit_bytes:
        query["limitBytes"] = args.limit_bytes
    return query


def sources_of(pod: Object, args: argparse.Namespace, console: Console) -> Iterator[Source]:
    asked = args.container or (args.words[1] if len(args.words) > 1 else "")
    if args.all_containers:
        names = containers_of(pod, everything=True)
    else:
        names = [chosen_container(pod, asked, console)]
    for name in names:
        yield Source(namespace_of(pod), name_of(pod), name)


def _say_choice(pods: list[Object], args: argparse.Namespace, console: Console) -> None:
    if len(pods) > 1:
        console.error(f"Found {len(pods)} pods, using pod/{name_of(pods[0])}")


class _Printing:
    """Copies logs to standard output; code is 1 once one could not be read."""

    def __init__(
        self,
        place: Place,
        query: dict[str, str | int],
        console: Console,
        *,
        prefix: bool,
        ignore_errors: bool,
    ) -> None:
        self._place = place
        self._query = query
        self._console = console
        self._prefix = prefix
        self._ignore_errors = ignore_errors
        self.code = 0

    async def copy(self, source: Source) -> None:
        try:
            query = {"container": source.container, **self._query}
            async with self._place.client.stream("GET", source.path, query=query) as stream:
                if not self._prefix:
                    async for chunk in stream.iter_any():
                        self._console.write(chunk)
                    return
                splitter = LineSplitter()
                async for chunk in stream.iter_any():
                    for line in splitter.feed(chunk):
                        self._console.write(source.prefix.encode() + line + b"\n")
        except ApiError as error:
            if not self._ignore_errors:
                raise
            self._console.error(f"error: {error.message}")
            self.code = 1
