"""create configmap, secret {generic, docker-registry, tls}, serviceaccount, namespace."""

import argparse
import base64
from collections.abc import Iterator
from pathlib import Path

import orjson

from karmada.api.objects import Object
from karmada.cli.generate.generator import Generator, many, pairs, read
from karmada.cli.scope import CommandError


def _name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME")


def _data_flags(parser: argparse.ArgumentParser) -> None:
    _name(parser)
    many(parser, "--from-file", "KEY=FILE, FILE, or a folder; the file name is the key unless one is given")
    many(parser, "--from-literal", "KEY=VALUE")
    many(parser, "--from-env-file", "file of KEY=VALUE lines")


def _data(args: argparse.Namespace) -> dict[str, bytes]:
    """Raises CommandError for keys that come twice."""
    if args.from_env_file and (args.from_file or args.from_literal):
        raise CommandError("from-env-file cannot be combined with from-file or from-literal")
    found: dict[str, bytes] = {}
    for key, value in _entries(args):
        if key in found:
            raise CommandError(f'cannot add key "{key}", another key by that name already exists in data')
        found[key] = value
    return found


def _entries(args: argparse.Namespace) -> Iterator[tuple[str, bytes]]:
    for text in args.from_file:
        key, equals, file = text.rpartition("=")
        path = Path(file)
        if path.is_dir():
            if equals:
                raise CommandError("cannot give a key name for a directory path")
            yield from ((each.name, read(str(each))) for each in sorted(path.iterdir()) if each.is_file())
        else:
            yield key or path.name, read(file)
    for key, value in pairs(args.from_literal, "--from-literal").items():
        yield key, value.encode()
    for file in args.from_env_file:
        for line in read(file).decode(errors="replace").splitlines():
            if line.strip() and not line.lstrip().startswith("#"):
                key, _, value = line.strip().partition("=")
                yield key, value.encode()


def _configmap(args: argparse.Namespace) -> Object:
    texts: dict[str, str] = {}
    binary: dict[str, str] = {}
    for key, value in _data(args).items():
        try:
            texts[key] = value.decode()
        except UnicodeDecodeError:
            binary[key] = base64.b64encode(value).decode()
    made: Object = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": args.name}}
    if texts:
        made["data"] = texts
    if binary:
        made["binaryData"] = binary
    return made


def _secret(name: str, data: dict[str, bytes], kind: str) -> Object:
    made: Object = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}}
    if data:
        made["data"] = {key: base64.b64encode(value).decode() for key, value in data.items()}
    if kind:
        made["type"] = kind
    return made


def _generic_flags(parser: argparse.ArgumentParser) -> None:
    _data_flags(parser)
    parser.add_argument("--type", default="", help="type of the secret")


def _registry_flags(parser: argparse.ArgumentParser) -> None:
    _name(parser)
    parser.add_argument("--docker-server", default="https://index.docker.io/v1/", help="the registry")
    parser.add_argument("--docker-username", default="", help="who")
    parser.add_argument("--docker-password", default="", help="with which password")
    parser.add_argument("--docker-email", default="", help="e-mail address")
    many(parser, "--from-file", "a docker configuration file")


def _registry(args: argparse.Namespace) -> Object:
    key = ".dockerconfigjson"
    if args.from_file:
        content = read(args.from_file[0].rpartition("=")[2])
    else:
        if not args.docker_username or not args.docker_password:
            raise CommandError(
                "either --from-file or the combination of --docker-username, --docker-password and "
                "--docker-server is required"
            )
        login = f"{args.docker_username}:{args.docker_password}".encode()
        entry = {
            "username": args.docker_username,
            "password": args.docker_password,
            **({"email": args.docker_email} if args.docker_email else {}),
            "auth": base64.b64encode(login).decode(),
        }
        content = orjson.dumps({"auths": {args.docker_server: entry}})
    return _secret(args.name, {key: content}, "kubernetes.io/dockerconfigjson")


def _tls_flags(parser: argparse.ArgumentParser) -> None:
    _name(parser)
    parser.add_argument("--cert", required=True, help="certificate, PEM")
    parser.add_argument("--key", required=True, help="key, PEM")


def _tls(args: argparse.Namespace) -> Object:
    data = {"tls.crt": read(args.cert), "tls.key": read(args.key)}
    return _secret(args.name, data, "kubernetes.io/tls")


def _named(kind: str) -> Generator:
    aliases = {"Namespace": ("ns",), "ServiceAccount": ("sa",)}[kind]
    return Generator(
        kind.lower(),
        f"a {kind}",
        _name,
        lambda args: {"apiVersion": "v1", "kind": kind, "metadata": {"name": args.name}},
        aliases,
    )


CONFIG = (
    Generator("configmap", "a ConfigMap of files and literals", _data_flags, _configmap, ("cm",)),
    Generator(
        "secret generic",
        "a Secret of files and literals",
        _generic_flags,
        lambda args: _secret(args.name, _data(args), args.type),
    ),
    Generator("secret docker-registry", "a Secret for a registry", _registry_flags, _registry),
    Generator("secret tls", "a Secret of a certificate and its key", _tls_flags, _tls),
    _named("Namespace"),
    _named("ServiceAccount"),
)
