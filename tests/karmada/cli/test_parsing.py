"""Command lines as kubectl reads them."""

import pytest

from karmada.cli.parsing import Parser, UsageError, add_switch, parse


def parser() -> Parser:
    made = Parser(prog="karmadactl get")
    made.add_argument("words", nargs="*")
    made.add_argument("-n", "--namespace", default="")
    made.add_argument("-o", "--output", default="")
    add_switch(made, "-w", "--watch")
    add_switch(made, "--wait", default=True)
    return made


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        pytest.param(
            ["pods", "-n", "x", "a"], {"words": ["pods", "a"], "namespace": "x"}, id="flags-in-between"
        ),
        pytest.param(["-ojson", "pods"], {"output": "json", "words": ["pods"]}, id="glued"),
        pytest.param(["-o=json"], {"output": "json"}, id="glued-with-equals"),
        pytest.param(["--watch=true"], {"watch": True}, id="on"),
        pytest.param(["--wait=false"], {"wait": False}, id="off"),
        pytest.param(["pod", "--", "ls", "-l"], {"words": ["pod"], "rest": ["ls", "-l"]}, id="the-rest"),
    ],
)
def test_what_is_understood(typed: list[str], expected: dict[str, object]) -> None:
    found = vars(parse(parser(), typed))
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("typed", "complaint"),
    [
        (["--colour"], "unknown flag: --colour"),
        (["-x"], "unknown shorthand flag: 'x' in -x"),
        (["--watch=perhaps"], 'invalid argument "perhaps" for "--watch" flag'),
        (["--namespace"], "flag needs an argument: --namespace"),
        (["--name", "x"], "unknown flag: --name"),
    ],
)
def test_what_is_not(typed: list[str], complaint: str) -> None:
    with pytest.raises(UsageError) as told:
        parse(parser(), typed)
    assert complaint in str(told.value)
    assert str(told.value).endswith("See 'karmadactl get --help' for usage.")
