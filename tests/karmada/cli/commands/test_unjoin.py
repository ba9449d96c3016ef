"""How long an unjoin may take."""

import pytest

from karmada.cli.commands.unjoin import parse_wait
from karmada.cli.scope import CommandError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("60s", 60), ("2m", 120), ("1h", 3600), ("0.5s", 0.5), ("1m30s", 90), ("500ms", 0.5)],
)
def test_a_wait_is_a_duration(text: str, seconds: float) -> None:
    assert parse_wait(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "s", "nan", "inf", "1d", "1m30"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(CommandError, match="not a duration"):
        parse_wait(text)


@pytest.mark.parametrize("text", ["0s", "-5s"])
def test_a_wait_must_be_positive(text: str) -> None:
    with pytest.raises(CommandError, match="must be a positive duration"):
        parse_wait(text)
