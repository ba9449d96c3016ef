"""create deployment, job, cronjob."""

import argparse
import re

from karmada.api.objects import Object
from karmada.cli.generate.generator import Generator, many, without_empties
from karmada.cli.scope import CommandError


def _deployment_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME")
    many(parser, "--image", "image to run; several make several containers")
    parser.add_argument("-r", "--replicas", type=int, default=1, help="how many pods")
    parser.add_argument("--port", type=int, default=-1, help="port the container serves")


def _deployment(args: argparse.Namespace) -> Object:
    images = _images(args)
    if args.rest and len(images) > 1:
        raise CommandError("cannot specify multiple --image options and command")
    containers = [
        without_empties(
            {
                "name": container_name(image),
                "image": image,
                "command": list(args.rest),
                "ports": [{"containerPort": args.port}] if args.port > 0 else [],
            }
        )
        for image in images
    ]
    labels = {"app": args.name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": args.name, "labels": labels},
        "spec": {
            "replicas": args.replicas,
            "selector": {"matchLabels": labels},
            "strategy": {},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}},
        },
    }


def _job_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME")
    many(parser, "--image", "image to run")


def _job(args: argparse.Namespace) -> Object:
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": args.name},
        "spec": {"template": {"metadata": {}, "spec": _once(args, "Never")}},
    }


def _cron_flags(parser: argparse.ArgumentParser) -> None:
    _job_flags(parser)
    parser.add_argument("--schedule", required=True, help="when, as cron writes it")
    parser.add_argument("--restart", default="OnFailure", help="restart policy of the pods")


def _cron_job(args: argparse.Namespace) -> Object:
    template = {"metadata": {}, "spec": _once(args, args.restart)}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": args.name},
        "spec": {
            "schedule": args.schedule,
            "jobTemplate": {"metadata": {"name": args.name}, "spec": {"template": template}},
        },
    }


def _once(args: argparse.Namespace, restart: str) -> Object:
    container = {"name": args.name, "image": _images(args)[0], "command": list(args.rest)}
    return {"containers": [without_empties(container)], "restartPolicy": restart}


def _images(args: argparse.Namespace) -> list[str]:
    if not args.image:
        raise CommandError('required flag(s) "image" not set')
    return list(args.image)


def container_name(image: str) -> str:
    """`registry/team/nginx:1.19` -> `nginx`."""
    last = image.rpartition("/")[2]
    bare = re.split(r"[:@]", last, maxsplit=1)[0]
    return re.sub(r"[^a-z0-9-]", "-", bare.lower()).strip("-") or "container"


WORKLOADS = (
    Generator("deployment", "a Deployment", _deployment_flags, _deployment, ("deploy",)),
    Generator("job", "a Job", _job_flags, _job),
    Generator("cronjob", "a CronJob", _cron_flags, _cron_job, ("cj",)),
)
