"""karmadactl options: the flags that every command takes."""

import argparse

from karmada.cli.printers import Console

TEXT = """\
The following options can be passed to any command:

    -v, --v=0:
        verbosity of the log on standard error: 4 shows what our own parts say, 6 everything
    -h, --help:
        what a command does and takes

Commands that talk to a control plane also take:

    --kubeconfig='':
        its kubeconfig; without it $KUBECONFIG, then ~/.kube/config, then that of the pod
    --karmada-context='':
        a context inside that file; without it the current one
    -n, --namespace='':
        the namespace meant, where there is one; without it that of the context, then default"""


def register(parser: argparse.ArgumentParser) -> None:
    parser.description = "List the flags every command takes."


def run(args: argparse.Namespace, console: Console) -> int:
    console.line(TEXT)
    return 0
