"""create poddisruptionbudget, priorityclass, quota."""

import argparse

from karmada.api.objects import Object
from karmada.api.selectors import parse_label_selector
from karmada.cli.generate.generator import Generator, pairs, parts, without_empties
from karmada.cli.parsing import add_switch
from karmada.cli.scope import CommandError


def _budget_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("--selector", default="", help="label selector of the pods")
    parser.add_argument("--min-available", default="", help="number or percentage")
    parser.add_argument("--max-unavailable", default="", help="number or percentage")


def _budget(args: argparse.Namespace) -> Object:
    if not args.selector:
        raise CommandError("a selector must be specified")
    if bool(args.min_available) == bool(args.max_unavailable):
        raise CommandError("one of min-available or max-unavailable must be specified")
    spec = without_empties(
        {"minAvailable": _amount(args.min_available), "maxUnavailable": _amount(args.max_unavailable)}
    )
    parse_label_selector(args.selector)
    labels = pairs(parts([args.selector]), "--selector")
    spec["selector"] = {"matchLabels": labels}
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": args.name},
        "spec": spec,
    }


def _amount(text: str) -> int | str:
    return int(text) if text.isdigit() else text


def _priority_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("--value", type=int, default=0, help="the priority")
    add_switch(parser, "--global-default", help="for pods that name none")
    parser.add_argument("--description", default="", help="when to use it")
    parser.add_argument("--preemption-policy", default="PreemptLowerPriority", help="or Never")


def _priority(args: argparse.Namespace) -> Object:
    return {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": args.name},
        "value": args.value,
        "globalDefault": args.global_default,
        "description": args.description,
        "preemptionPolicy": args.preemption_policy,
    }


def _quota_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("--hard", default="", help="RESOURCE=AMOUNT, comma separated")
    parser.add_argument("--scopes", default="", help="what it counts, comma separated")


def _quota(args: argparse.Namespace) -> Object:
    spec = without_empties({"hard": pairs(parts([args.hard]), "--hard"), "scopes": parts([args.scopes])})
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": args.name}, "spec": spec}


RULES = (
    Generator("poddisruptionbudget", "a PodDisruptionBudget", _budget_flags, _budget, ("pdb",)),
    Generator("priorityclass", "a PriorityClass", _priority_flags, _priority, ("pc",)),
    Generator("quota", "a ResourceQuota", _quota_flags, _quota, ("resourcequota",)),
)
