"""karmadactl why: which policy won, what each cluster was worth, what was changed, and what it waits for.

In: one object of the control plane. Out: text, or the same as JSON. The decisions are those of the
controllers and the scheduler, made once more on what the control plane holds now (journey/).
"""

import argparse

import orjson

from karmada.cli.parsing import add_switch
from karmada.cli.places import open_place
from karmada.cli.printers import Console
from karmada.cli.scope import CommandError, add_connection_flags, add_namespace_flag
from karmada.cli.selection import Wish, select


def register(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Say which policy won and why each other one did not, what the scheduler's plugins say of every "
        "cluster, how replicas were divided, what was overridden, and what a stuck object waits for."
    )
    add_connection_flags(parser)
    add_namespace_flag(parser)
    parser.add_argument("words", nargs="*", metavar="KIND/NAME", help="KIND NAME, or KIND/NAME")
    parser.add_argument("-o", "--output", default="", choices=("", "json"), help="json, or text")
    add_switch(parser, "--exit-code", help="end with 3 when something is still to come")


async def run(args: argparse.Namespace, console: Console) -> int:
    if not args.words:
        raise CommandError("say which object: karmadactl why KIND/NAME, such as deployment/nginx")
    from karmada.cli.journey.account import account_of
    from karmada.cli.journey.text import account_text
    from karmada.cli.journey.world import read_world

    waits = False
    async with open_place(args) as place:
        for number, item in enumerate(await select(place, Wish(words=args.words))):
            account = account_of(await read_world(place, item.object))
            waits = waits or bool(account.waits)
            if args.output == "json":
                console.line(orjson.dumps(account.to_json(), option=orjson.OPT_INDENT_2).decode())
            else:
                console.line(("\n" if number else "") + account_text(account))
    return 3 if waits and args.exit_code else 0
