"""The words of the protocol."""

import pytest

from etcd import Compacted, Compare, FutureRevision, StoreError, mod
from etcd import kv as protocol


@pytest.mark.parametrize(
    ("prefix", "end"),
    [
        pytest.param(b"a", b"b", id="last-byte-grows"),
        pytest.param(b"/registry/", b"/registry0", id="slash"),
        pytest.param(b"a\xff", b"b", id="full-byte-carries"),
        pytest.param(b"\xff\xff", b"", id="nothing-comes-after"),
        pytest.param(b"", b"", id="everything"),
    ],
)
def test_a_prefix_ends_before_the_next_one(prefix: bytes, end: bytes) -> None:
    assert protocol.prefix_end(prefix) == end


def test_mod_reads_like_etcd3() -> None:
    assert (mod(b"k") == 7) == Compare(b"k", 7)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (Compacted(7), "required revision has been compacted (compact revision 7)"),
        (Compacted(), "required revision has been compacted"),
        (FutureRevision(9, 7), "revision 9 is a future revision (current 7)"),
        (FutureRevision(9), "revision 9 is a future revision"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_errors_say_what_is_known(error: StoreError, text: str) -> None:
    assert str(error) == text
