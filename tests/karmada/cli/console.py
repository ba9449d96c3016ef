"""karmadactl as a test types it: the command's own entry point, with what it printed and its exit code."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from karmada.cli.main import main


@dataclass(frozen=True, slots=True)
class Outcome:
    code: int
    out: str
    err: str


class Typist:
    """Types commands in this process; the environment has no kubeconfig unless a command names one."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: str) -> Outcome:
        self._capsys.readouterr()
        with _without_kubeconfig():
            try:
                code = main(words)
            except SystemExit as error:  # argparse
                code = int(error.code or 0)
        captured = self._capsys.readouterr()
        return Outcome(code, captured.out, captured.err)


@contextmanager
def _without_kubeconfig() -> Iterator[None]:
    before = {name: os.environ.get(name) for name in ("KUBECONFIG", "HOME")}
    os.environ |= {"KUBECONFIG": "", "HOME": "/nonexistent"}
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
