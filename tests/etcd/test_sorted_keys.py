"""SortedKeys against a plain set."""

from hypothesis import given
from hypothesis import strategies as st

from etcd.sorted_keys import BLOCK_KEYS, SortedKeys

KEYS = st.binary(min_size=1, max_size=3)


@given(st.sets(KEYS), st.lists(KEYS), KEYS | st.just(b""), KEYS | st.just(b""))
def test_it_orders_and_counts_like_a_sorted_set(
    start: set[bytes], toggled: list[bytes], low: bytes, high: bytes
) -> None:
    keys, model = SortedKeys(start), set(start)
    for key in toggled:
        if key in model:
            model.remove(key)
            keys.remove(key)
        else:
            model.add(key)
            keys.add(key)
    expected = [key for key in sorted(model) if key >= low and (not high or key < high)]
    assert list(keys.between(low, high)) == expected
    assert keys.count(low, high) == len(expected)
    assert len(keys) == len(model)


def test_blocks_split_and_vanish() -> None:
    names = [b"%06d" % (number * 7919 % 100_003) for number in range(5 * BLOCK_KEYS)]
    keys = SortedKeys()
    for name in names:
        keys.add(name)
    assert list(keys.between(b"", b"")) == sorted(names)
    assert keys.count(b"0", b"05") == sum(name < b"05" for name in names)
    for name in names:
        keys.remove(name)
    assert list(keys.between(b"", b"")) == []
    assert len(keys) == 0
    keys.add(b"again")
    assert list(keys.between(b"", b"")) == [b"again"]
