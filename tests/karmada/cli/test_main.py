"""How commands start and end: help, words nobody knows, exit codes."""

import sys

import pytest

from karmada.cli.main import COMMANDS
from tests.karmada.cli.console import Typist


@pytest.mark.parametrize("words", [(), ("-h",), ("--help",), ("help",)])
def test_help_lists_every_command(karmadactl: Typist, words: tuple[str, ...]) -> None:
    shown = karmadactl(*words)
    assert shown.code == 0
    assert all(f"  {name} " in shown.out for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(karmadactl: Typist, name: str) -> None:
    shown = karmadactl(name, "--help")
    assert (shown.code, shown.err) == (0, "")
    assert shown.out.startswith("usage: karmadactl")


def test_as_a_plug_in_it_speaks_of_kubectl(karmadactl: Typist, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/usr/bin/kubectl-karmada"])
    assert karmadactl("version").out.startswith("kubectl karmada version: ")
    assert 'Use "kubectl karmada <command> --help"' in karmadactl().out


def test_an_unknown_command_is_named(karmadactl: Typist) -> None:
    shown = karmadactl("conquer", "member1")
    assert (shown.code, shown.out) == (1, "")
    assert shown.err == (
        'error: unknown command "conquer" for "karmadactl"\nRun \'karmadactl --help\' for usage.\n'
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(("get",), "You must specify the type of resource to get", id="get-what"),
        pytest.param(("cordon",), "the following arguments are required: NAME", id="cordon-what"),
        pytest.param(("local",), "up|down|status|add|remove", id="local-what"),
        pytest.param(
            ("get", "pods", "-o", "xml"),
            'unable to match a printer suitable for the output format "xml"',
            id="an-output-nobody-knows",
        ),
        pytest.param(("get", "pods", "--colour"), "unknown flag: --colour", id="an-unknown-flag"),
        pytest.param(
            ("local", "up", "--port", "http"), "invalid int value: 'http'", id="a-port-that-is-none"
        ),
    ],
)
def test_what_cannot_be_understood_is_exit_code_1(
    karmadactl: Typist, words: tuple[str, ...], message: str
) -> None:
    shown = karmadactl(*words)
    assert shown.code == 1
    assert message in shown.err


def test_version_is_one_line(karmadactl: Typist) -> None:
    shown = karmadactl("version")
    assert (shown.code, shown.out.count("\n")) == (0, 1)
    assert shown.out.startswith("karmadactl version: ")
