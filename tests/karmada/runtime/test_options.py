"""karmada.runtime.options: dataclass fields to flags and back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from karmada.runtime.options import (
    flags_of,
    format_duration,
    parse_bool,
    parse_duration,
    parse_feature_gates,
    parse_flags,
    to_flags,
)


@dataclass(frozen=True)
class Election:
    leader_elect: bool = True
    """--leader-elect: act only with the lease."""

    lease_seconds: float = 15.0
    """--leader-elect-lease-duration: how long a lease lasts."""


@dataclass(frozen=True)
class Options(Election):
    kubeconfig: str = ""
    """--kubeconfig: where the control plane is."""

    workers: int = 5
    """--concurrent-work-syncs: Works reconciled
    at the same time."""

    rate: float = 0.5
    """--resource-eviction-rate: bindings per second; 100% is fine."""

    controllers: tuple[str, ...] = ("*",)
    """--controllers: which to run."""

    feature_gates: Mapping[str, bool] = field(
        default_factory=lambda: {"Failover": False, "PropagateDeps": True}
    )
    """--feature-gates: features to turn on or off."""

    log_format: Literal["text", "json"] = "text"
    """--logging-format: how lines look."""

    node: str | None = None
    """--node: only this one."""

    internal: int = 7
    """Not a flag."""


@dataclass(frozen=True)
class Nested:
    election: Election = Election()
    port: int = 8080
    """--port: where to listen."""


def parse(*argv: str) -> Options:
    return parse_flags(Options, argv, prog="karmada-test")


def test_without_flags_everything_has_its_default() -> None:
    assert parse() == Options()


@pytest.mark.parametrize(
    ("argv", "name", "expected"),
    [
        pytest.param(["--kubeconfig", "/k"], "kubeconfig", "/k", id="two-words"),
        pytest.param(["--kubeconfig=/k=1"], "kubeconfig", "/k=1", id="equals-sign"),
        pytest.param(["--leader-elect=false"], "leader_elect", False, id="bool-off"),
        pytest.param(["--leader-elect"], "leader_elect", True, id="bool-alone"),
        pytest.param(["--leader-elect-lease-duration=1m30s"], "lease_seconds", 90.0, id="duration"),
        pytest.param(["--concurrent-work-syncs=9"], "workers", 9, id="int"),
        pytest.param(["--resource-eviction-rate=0.25"], "rate", 0.25, id="float"),
        pytest.param(
            ["--controllers=a,-b", "--controllers", "c"], "controllers", ("a", "-b", "c"), id="lists-join"
        ),
        pytest.param(
            ["--feature-gates=Failover=true"],
            "feature_gates",
            {"Failover": True, "PropagateDeps": True},
            id="gates-keep-the-others",
        ),
        pytest.param(["--logging-format=json"], "log_format", "json", id="choice"),
        pytest.param(["--node=n1"], "node", "n1", id="optional"),
    ],
)
def test_a_flag_sets_its_field(argv: list[str], name: str, expected: object) -> None:
    assert getattr(parse(*argv), name) == expected


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--leader-elect=perhaps"], '"perhaps" is neither true nor false'),
        (["--leader-elect-lease-duration=15"], 'invalid duration "15": use for example 30s'),
        (["--concurrent-work-syncs=many"], 'invalid value "many": not a whole number'),
        (["--feature-gates=Unknown=true"], "unrecognized feature gate: Unknown"),
        (["--feature-gates=Failover"], "missing bool value for feature gate Failover"),
        (["--logging-format=xml"], 'invalid value "xml": use one of text, json'),
        (["--no-such-flag"], "unrecognized arguments: --no-such-flag"),
        (["--kube=x"], "unrecognized arguments: --kube=x"),
    ],
)
def test_what_cannot_be_meant_ends_with_one_clear_line(
    argv: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(*argv)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_help_shows_text_defaults_and_choices(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse("--help")
    text = " ".join(capsys.readouterr().out.split())
    assert "Works reconciled at the same time. (default 5)" in text
    assert "how long a lease lasts. (default 15s)" in text
    assert "100% is fine" in text
    assert "One of text, json." in text
    assert "Known: Failover, PropagateDeps." in text


def test_only_documented_flags_are_flags_and_bases_come_first() -> None:
    names = [flag.name for flag in flags_of(Options)]
    assert names[:3] == ["leader-elect", "leader-elect-lease-duration", "kubeconfig"]
    assert len(names) == 9


def test_flags_of_a_part_join_those_of_the_whole() -> None:
    options = parse_flags(Nested, ["--leader-elect=false", "--port=1"], prog="x")
    assert options == Nested(Election(leader_elect=False), 1)
    assert to_flags(options) == ["--leader-elect=false", "--port=1"]


def test_flags_made_from_options_give_the_same_options() -> None:
    options = parse(
        "--leader-elect=false",
        "--leader-elect-lease-duration=1h0m5s",
        "--controllers=a,b",
        "--feature-gates=PropagateDeps=false",
        "--node=n",
    )
    assert parse(*to_flags(options)) == options
    assert to_flags(Options()) == []


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("10s", 10),
        ("5m", 300),
        ("1h30m", 5400),
        ("1.5s", 1.5),
        ("250ms", 0.25),
        ("-2m", -120),
        (".5s", 0.5),
    ],
)
def test_durations_are_read_as_go_reads_them(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "10", "s", "1d", "1m 2s", "five"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="invalid duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (10, "10s"), (90, "1m30s"), (3600, "1h0m0s"), (0.25, "250ms"), (1.5, "1.5s"), (-5, "-5s")],
)
def test_durations_are_written_as_go_writes_them(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@given(st.integers(0, 10**9).map(lambda milliseconds: milliseconds / 1000))
def test_a_duration_written_is_read_back(seconds: float) -> None:
    assert parse_duration(format_duration(seconds)) == pytest.approx(seconds)


def test_gates_and_booleans_are_read_as_go_reads_them() -> None:
    assert parse_feature_gates(" A=true, B=F,", {"A": False, "B": True}) == {"A": True, "B": False}
    assert parse_feature_gates("", {}) == {}
    assert (parse_bool("1"), parse_bool("FALSE")) == (True, False)
