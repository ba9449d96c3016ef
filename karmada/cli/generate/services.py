"""create service {clusterip, nodeport, loadbalancer, externalname}, ingress."""

import argparse
from collections.abc import Callable
from typing import Any

from karmada.api.objects import Object
from karmada.cli.generate.generator import Generator, many, pairs, parts, without_empties
from karmada.cli.scope import CommandError


def _ports_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME")
    many(parser, "--tcp", "PORT or PORT:TARGET")
    parser.add_argument("--clusterip", default="", help='the address, or "None" for a headless service')
    parser.add_argument("--node-port", type=int, default=0, help="port on each node")


def _external_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("--external-name", required=True, help="the name it stands for")
    many(parser, "--tcp", "PORT or PORT:TARGET")


def _service(kind: str) -> Callable[[argparse.Namespace], Object]:
    def make(args: argparse.Namespace) -> Object:
        ports = [_port(text, getattr(args, "node_port", 0)) for text in parts(args.tcp)]
        headless = getattr(args, "clusterip", "") == "None"
        if not ports and kind != "ExternalName" and not headless:
            raise CommandError("at least one tcp port specifier must be provided")
        labels = {"app": args.name}
        spec = {
            "type": kind,
            "selector": labels,
            "ports": ports,
            "clusterIP": getattr(args, "clusterip", ""),
            "externalName": getattr(args, "external_name", ""),
        }
        metadata = {"name": args.name, "labels": labels}
        return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": without_empties(spec)}

    return make


def _port(text: str, node_port: int) -> Object:
    port, colon, target = text.partition(":")
    if not port.isdigit() or not 0 < int(port) < 65536 or (colon and not target):
        raise CommandError(f'invalid port "{text}": expected PORT or PORT:TARGET, between 1 and 65535')
    aim: int | str = int(target) if target.isdigit() else target or int(port)
    name = f"{port}-{target}" if target else port
    made: Object = {"name": name, "port": int(port), "protocol": "TCP", "targetPort": aim}
    if node_port:
        made["nodePort"] = node_port
    return made


def _ingress_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("--class", dest="ingress_class", default="", help="ingress class")
    many(parser, "--rule", "HOST/PATH=SERVICE:PORT[,tls[=SECRET]]; a * behind the path means its prefix")
    parser.add_argument("--default-backend", default="", help="SERVICE:PORT")
    many(parser, "--annotation", "KEY=VALUE")


def _ingress(args: argparse.Namespace) -> Object:
    if not args.rule and not args.default_backend:
        raise CommandError(
            "not enough information provided: every ingress has to either specify a default-backend "
            "(which catches all traffic) or a list of rules (which catch specific paths)"
        )
    hosts: dict[str, list[Object]] = {}
    tls: dict[str, list[str]] = {}
    for text in args.rule:
        host, path, secret = _rule(text)
        hosts.setdefault(host, []).append(path)
        if secret is not None and host not in tls.setdefault(secret, []):
            tls[secret].append(host)
    rules = [without_empties({"host": host, "http": {"paths": paths}}) for host, paths in hosts.items()]
    spec = {
        "ingressClassName": args.ingress_class,
        "defaultBackend": _backend(args.default_backend) if args.default_backend else None,
        "rules": rules,
        "tls": [
            without_empties({"hosts": [h for h in names if h], "secretName": secret})
            for secret, names in tls.items()
        ],
    }
    metadata = without_empties({"name": args.name, "annotations": pairs(args.annotation, "--annotation")})
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": metadata,
        "spec": without_empties(spec),
    }


def _rule(text: str) -> tuple[str, Object, str | None]:
    """Host, path, and the secret for TLS ("" the controller's own, None without TLS)."""
    rule, *options = text.split(",")
    place, equals, target = rule.partition("=")
    host, slash, path = place.partition("/")
    if not equals or not slash:
        raise CommandError(
            f"rule {text} is invalid and should be in format host/path=svcname:svcport[,tls[=secret]]"
        )
    secret: str | None = None
    for option in options:
        name, _, value = option.partition("=")
        if name != "tls":
            raise CommandError(f"rule {text} is invalid: {option} is not tls")
        secret = value
    full = "/" + path
    prefix = full.endswith("*")
    made: dict[str, Any] = {
        "path": full.rstrip("*") or "/",
        "pathType": "Prefix" if prefix else "Exact",
        "backend": _backend(target),
    }
    return host, made, secret


def _backend(text: str) -> Object:
    name, colon, port = text.partition(":")
    if not name or not colon or not port:
        raise CommandError(f"backend {text} is invalid and should be in format svcname:svcport")
    aim = {"number": int(port)} if port.isdigit() else {"name": port}
    return {"service": {"name": name, "port": aim}}


SERVICES = (
    Generator("service clusterip", "a ClusterIP Service", _ports_flags, _service("ClusterIP")),
    Generator("service nodeport", "a NodePort Service", _ports_flags, _service("NodePort")),
    Generator("service loadbalancer", "a LoadBalancer Service", _ports_flags, _service("LoadBalancer")),
    Generator("service externalname", "an ExternalName Service", _external_flags, _service("ExternalName")),
    Generator("ingress", "an Ingress", _ingress_flags, _ingress, ("ing",)),
)
