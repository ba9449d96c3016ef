"""What every controller process does around its controllers."""

import pytest

from controllers.process import split_address


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1:0", ("127.0.0.1", 0)),
        (":10357", ("", 10357)),
        ("[::1]:80", ("::1", 80)),
        ("0", None),
    ],
)
def test_addresses(address: str, expected: tuple[str, int] | None) -> None:
    assert split_address(address) == expected
