"""karmadactl token create | list | delete: bootstrap tokens, with which clusters register in pull mode.

A token is a Secret in kube-system (karmada.api.bootstrap_tokens); the token cleaner removes it when it has
expired. --print-register-command prints what to type in the member.
"""

import argparse
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlsplit

from apiserver.handlers.durations import human_duration
from karmada.api.bootstrap_tokens import (
    NAMESPACE,
    SECRET_TYPE,
    TOKEN,
    expiry_in,
    secret_name,
    text_data,
    token_in,
)
from karmada.api.errors import NotFound
from karmada.api.groups.kubernetes import SECRETS
from karmada.api.objects import Object
from karmada.api.wellknown import BOOTSTRAP_TOKEN_GROUP
from karmada.cli.parsing import add_switch
from karmada.cli.places import Place, open_place
from karmada.cli.printers import Console, format_table
from karmada.cli.scope import CommandError, add_connection_flags
from karmada.cli.tokens import USAGES, new_token, token_secret
from karmada.client.kubeconfig import Access
from karmada.runtime.clock import SYSTEM_CLOCK, rfc3339
from karmada.runtime.options import parse_duration


def register(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="create|list|delete")
    create = actions.add_parser("create", help="make a bootstrap token and print it")
    create.add_argument("--ttl", default="24h", help="how long it is valid; 0: for ever")
    create.add_argument("--usages", action="append", default=[], help="signing, authentication")
    create.add_argument("--groups", action="append", default=[], help="groups of whoever uses it")
    create.add_argument("--description", default="", help="what it is for")
    add_switch(create, "--print-register-command", help="print the whole command for the member")
    listing = actions.add_parser("list", help="show the bootstrap tokens")
    delete = actions.add_parser("delete", help="delete bootstrap tokens")
    delete.add_argument("tokens", nargs="+", metavar="TOKEN", help="a token, or its id")
    for action in (create, listing, delete):
        add_connection_flags(action)


async def run(args: argparse.Namespace, console: Console) -> int:
    async with open_place(args) as place:
        if args.action == "create":
            return await _create(place, args, console)
        if args.action == "list":
            return await _list(place, console)
        return await _delete(place, args.tokens, console)


async def _create(place: Place, args: argparse.Namespace, console: Console) -> int:
    command = ""
    if args.print_register_command:
        command = register_command(place.access, parent=args.parent)
    token = new_token()
    secret = token_secret(
        token,
        usages=_listed(args.usages) or USAGES,
        groups=_listed(args.groups) or (BOOTSTRAP_TOKEN_GROUP,),
        description=args.description,
        ttl_seconds=_seconds(args.ttl),
        now=SYSTEM_CLOCK.now(),
    )
    await place.client.create(SECRETS, secret)
    console.line(command.format(token=token) if command else token)
    return 0


def register_command(access: Access, *, parent: str) -> str:
    """The command for the member, with {token} where the token goes. Raises CommandError without a CA."""
    if not access.ca_data:
        raise CommandError(
            "the kubeconfig names no certificate authority of the control plane, whose hash the "
            "register command needs"
        )
    address = urlsplit(access.server)
    port = address.port or (443 if address.scheme == "https" else 80)
    hashed = ca_hash(access.ca_data)
    return (
        f"{parent} register {address.hostname}:{port} --token {{token}} "
        f"--discovery-token-ca-cert-hash {hashed}"
    )


def ca_hash(pem: bytes) -> str:
    """`sha256:` and the hash over the public key of the first certificate."""
    from cryptography import x509

    from karmada.cli.pull.discovery import hash_of

    try:
        return hash_of(x509.load_pem_x509_certificates(pem)[0])
    except (ValueError, IndexError) as error:
        raise CommandError(f"the certificate authority of the kubeconfig cannot be read: {error}") from error


async def _list(place: Place, console: Console) -> int:
    listed = await place.client.list(SECRETS, namespace=NAMESPACE, field_selector=f"type={SECRET_TYPE}")
    console.line(token_table(listed.items, now=SYSTEM_CLOCK.now()))
    return 0


def token_table(secrets_: Sequence[Object], *, now: datetime) -> str:
    header = ("TOKEN", "TTL", "EXPIRES", "USAGES", "DESCRIPTION", "EXTRA GROUPS")
    rows = []
    for secret in secrets_:
        token = token_in(secret)
        if token is None:
            continue
        data = text_data(secret)
        expires = expiry_in(data)
        left = "<forever>"
        if expires is not None:
            left = human_duration((expires - now).total_seconds()) if expires > now else "<invalid>"
        usages = [usage for usage in USAGES if f"usage-bootstrap-{usage}" in token.usages]
        rows.append(
            (
                f"{token.id}.{token.secret}",
                left,
                rfc3339(expires) if expires is not None else "<never>",
                ",".join(sorted(usages)) or "<none>",
                data.get("description") or "<none>",
                ",".join(token.groups) or "<none>",
            )
        )
    return format_table(header, sorted(rows))


async def _delete(place: Place, tokens: Sequence[str], console: Console) -> int:
    for text in tokens:
        token_id = text.partition(".")[0]
        if not TOKEN.fullmatch(text) and not (len(token_id) == 6 and token_id == text and token_id.isalnum()):
            patterns = r"[\A([a-z0-9]{6})\z] or [\A([a-z0-9]{6})\.([a-z0-9]{16})\z]"
            raise CommandError(f'given token or token id "{text}" didn\'t match pattern {patterns}')
        try:
            key = SECRETS.key(NAMESPACE, secret_name(token_id))
            await place.client.delete(SECRETS, key, missing_ok=False)
        except NotFound as error:
            raise CommandError(f'failed to delete bootstrap token "{token_id}": {error.message}') from error
        console.line(f'bootstrap token "{token_id}" deleted')
    return 0


def _listed(values: Sequence[str]) -> list[str]:
    return [part for value in values for part in value.split(",") if part]


def _seconds(text: str) -> float:
    try:
        seconds = parse_duration(text)
    except ValueError as error:
        raise CommandError(f'invalid argument "{text}" for "--ttl" flag: not a duration') from error
    if seconds < 0:
        raise CommandError("--ttl must not be negative")
    return seconds
