"""karmadactl exec, attach: a command in a container, or the container's own streams.

In: a pod of a member (scope members), what to run behind `--`. Out: its streams, and its exit code as ours.
streams.py speaks the protocol.
"""

import argparse
import sys

from karmada.api.objects import Object, name_of, namespace_of
from karmada.cli.manifests import add_file_flags, read_manifests
from karmada.cli.parsing import add_switch
from karmada.cli.places import Place, add_scope_flags, chosen_cluster, open_place
from karmada.cli.pod_choice import chosen_container, chosen_pods
from karmada.cli.printers import Console
from karmada.cli.scope import CommandError, add_connection_flags, add_namespace_flag
from karmada.cli.selection import located
from karmada.cli.streams import StreamWish, connect

FINISHED = ("Succeeded", "Failed")


def register(parser: argparse.ArgumentParser) -> None:
    executes = parser.get_default("command") == "exec"
    add_connection_flags(parser)
    add_namespace_flag(parser)
    add_scope_flags(parser, short=False)
    words = "POD [-- COMMAND ...]" if executes else "POD"
    parser.add_argument("words", nargs="*", metavar=words, help="POD, or TYPE/NAME")
    if executes:
        add_file_flags(parser, purpose="that names the pod")
    parser.add_argument("-c", "--container", default="", help="container; default the pod's first")
    add_switch(parser, "-i", "--stdin", help="pass standard input on")
    add_switch(parser, "-t", "--tty", help="the container's input is a terminal")
    add_switch(parser, "-q", "--quiet", help="print nothing but what the container prints")
    parser.add_argument("--pod-running-timeout", default="1m0s", help="how long to wait for the pod to run")


async def run(args: argparse.Namespace, console: Console) -> int:
    cluster = chosen_cluster(args)
    executes = args.command == "exec"
    command = tuple(args.rest)
    if executes and not args.words and not args.filename:
        raise CommandError("pod, type/name or --filename must be specified")
    if executes and not command:
        raise CommandError("you must specify at least one command for the container")
    if not executes and not args.words:
        raise CommandError("at least 1 argument is required for attach")
    if args.tty and not args.stdin and executes and sys.stdin.isatty():
        console.error("Unable to use a TTY - container input is not passed on; add -i")
    async with open_place(args, cluster=cluster) as place:
        pod = await _pod(place, args)
        phase = (pod.get("status") or {}).get("phase")
        if phase in FINISHED:
            word = "exec into" if executes else "attach to"
            raise CommandError(f"cannot {word} a container in a completed pod; current phase is {phase}")
        container = chosen_container(pod, args.container, console, quiet=args.quiet)
        if not executes and not args.quiet:
            console.error("If you don't see a command prompt, try pressing enter.")
        wish = StreamWish(
            path=f"/api/v1/namespaces/{namespace_of(pod)}/pods/{name_of(pod)}/{args.command}",
            query={"container": container},
            stdin=args.stdin,
            tty=args.tty,
            command=command,
        )
        code = await connect(place.client, wish, console)
    if code:
        console.error(f"command terminated with exit code {code}")
    return code


async def _pod(place: Place, args: argparse.Namespace) -> Object:
    words = list(args.words)
    if getattr(args, "filename", None):
        items = await located(place, read_manifests(args.filename, recursive=args.recursive))
        words = [f"{items[0].resource.gvr.group_resource}/{name_of(items[0].object)}"]
    return (await chosen_pods(place, words))[0]
