"""String formats."""

import pytest

from apiserver.schema.formats import FORMATS


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("date", "2026-02-28", "2026-02-30"),
        ("date-time", "2026-01-02T03:04:05.6Z", "2026-01-02"),
        ("duration", "1h30m", "1 hour"),
        ("hostname", "a.example", "-a"),
        ("email", "a@b", "ab"),
        ("ipv4", "10.0.0.1", "::1"),
        ("ipv6", "::1", "10.0.0.1"),
        ("cidr", "10.0.0.0/8", "10.0.0.0"),
        ("byte", "YQ==", "Y"),
        ("uri", "https://x/y", "x y"),
        ("uuid", "9b2f8d4e-3c1a-4a6b-9e8d-1f2a3b4c5d6e", "9b2f"),
        ("mac", "00:11:22:33:44:55", "00:11"),
    ],
)
def test_formats_tell_good_from_bad(name: str, good: str, bad: str) -> None:
    assert FORMATS[name](good)
    assert not FORMATS[name](bad)
