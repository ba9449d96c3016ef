"""create role, clusterrole, rolebinding, clusterrolebinding."""

import argparse

from karmada.api.objects import Object
from karmada.cli.generate.generator import Generator, many, pairs, parts, without_empties
from karmada.cli.scope import CommandError

GROUP = "rbac.authorization.k8s.io"


def _role_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME")
    many(parser, "--verb", "what may be done")
    many(parser, "--resource", "RESOURCE[.GROUP][/SUBRESOURCE]")
    many(parser, "--resource-name", "only these objects")


def _cluster_role_flags(parser: argparse.ArgumentParser) -> None:
    _role_flags(parser)
    many(parser, "--non-resource-url", "paths such as /healthz")
    many(parser, "--aggregation-rule", "labels of roles to take in, KEY=VALUE")


def _role(args: argparse.Namespace) -> Object:
    return _made("Role", args.name, rules=_rules(args))


def _cluster_role(args: argparse.Namespace) -> Object:
    if args.aggregation_rule:
        labels = pairs(parts(args.aggregation_rule), "--aggregation-rule")
        selector = {"clusterRoleSelectors": [{"matchLabels": labels}]}
        return _made("ClusterRole", args.name, aggregationRule=selector, rules=[])
    rules = _rules(args) if args.resource or not args.non_resource_url else []
    if args.non_resource_url:
        urls = parts(args.non_resource_url)
        rules.append({"verbs": _verbs(args), "nonResourceURLs": urls})
    return _made("ClusterRole", args.name, rules=rules)


def _verbs(args: argparse.Namespace) -> list[str]:
    verbs = list(dict.fromkeys(parts(args.verb)))
    if not verbs:
        raise CommandError("at least one verb must be specified")
    return ["*"] if "*" in verbs else verbs


def _rules(args: argparse.Namespace) -> list[Object]:
    """One rule per API group, as kubectl makes them. Groups are what the user wrote behind the dot."""
    verbs = _verbs(args)
    resources = parts(args.resource)
    if not resources:
        raise CommandError("at least one resource must be specified")
    by_group: dict[str, list[str]] = {}
    for text in resources:
        name, slash, sub = text.partition("/")
        resource, _, group = name.partition(".")
        by_group.setdefault(group, []).append(f"{resource}/{sub}" if slash else resource)
    return [
        without_empties({"verbs": verbs, "resources": names, "resourceNames": parts(args.resource_name)})
        | {"apiGroups": [group]}
        for group, names in by_group.items()
    ]


def _binding_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("--clusterrole", default="", help="the ClusterRole that is granted")
    many(parser, "--user", "users who get it")
    many(parser, "--group", "groups who get it")
    many(parser, "--serviceaccount", "NAMESPACE:NAME")


def _role_binding_flags(parser: argparse.ArgumentParser) -> None:
    _binding_flags(parser)
    parser.add_argument("--role", default="", help="the Role that is granted")


def _binding(args: argparse.Namespace) -> Object:
    if bool(args.clusterrole) == bool(args.role):
        raise CommandError("exactly one of clusterrole or role must be specified")
    kind, name = ("Role", args.role) if args.role else ("ClusterRole", args.clusterrole)
    return _bound("RoleBinding", args, kind, name)


def _cluster_binding(args: argparse.Namespace) -> Object:
    if not args.clusterrole:
        raise CommandError("clusterrole must be specified")
    return _bound("ClusterRoleBinding", args, "ClusterRole", args.clusterrole)


def _bound(kind: str, args: argparse.Namespace, role_kind: str, role: str) -> Object:
    people = [("User", name) for name in parts(args.user)] + [("Group", name) for name in parts(args.group)]
    subjects: list[Object] = [{"apiGroup": GROUP, "kind": what, "name": name} for what, name in people]
    for text in parts(args.serviceaccount):
        namespace, colon, name = text.partition(":")
        if not namespace or not colon or not name:
            raise CommandError("serviceaccount must be <namespace>:<name>")
        subjects.append({"kind": "ServiceAccount", "name": name, "namespace": namespace})
    reference = {"apiGroup": GROUP, "kind": role_kind, "name": role}
    return _made(kind, args.name, roleRef=reference, subjects=subjects)


def _made(kind: str, name: str, **fields: object) -> Object:
    return {"apiVersion": f"{GROUP}/v1", "kind": kind, "metadata": {"name": name}, **fields}


ACCESS = (
    Generator("role", "a Role", _role_flags, _role),
    Generator("clusterrole", "a ClusterRole", _cluster_role_flags, _cluster_role),
    Generator("rolebinding", "a RoleBinding", _role_binding_flags, _binding),
    Generator("clusterrolebinding", "a ClusterRoleBinding", _binding_flags, _cluster_binding),
)
