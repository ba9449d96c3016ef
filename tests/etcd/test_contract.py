"""What every backend promises, in etcd's words: one suite on memory, sqlite and a real etcd."""

import asyncio
from collections.abc import Sequence

import pytest

from etcd import (
    Backend,
    Compacted,
    Compare,
    Delete,
    FutureRevision,
    KeyValue,
    LeaseNotFound,
    Put,
    StoreError,
    TransactionResult,
    ValueTooLarge,
    mod,
)
from tests.etcd.watching import Watching

EXPIRY_SECONDS = 15.0
"""A real etcd raises short leases to its own minimum of 2 s and looks for expired ones twice a second."""


async def put(backend: Backend, key: bytes, value: bytes, *, lease: int = 0) -> int:
    """The revision of an unconditional put."""
    result = await backend.transaction(compare=[], success=[Put(key, value, lease)])
    return result.revision


async def delete(backend: Backend, key: bytes) -> TransactionResult:
    return await backend.transaction(compare=[], success=[Delete(key)])


def names(items: Sequence[KeyValue], prefix: bytes) -> list[bytes]:
    return [item.key.removeprefix(prefix) for item in items]


async def test_a_created_key_counts_its_versions_from_one(backend: Backend, prefix: bytes) -> None:
    created = await put(backend, prefix + b"a", b"1")
    updated = await put(backend, prefix + b"a", b"2")
    assert await backend.get(prefix + b"a") == KeyValue(prefix + b"a", b"2", created, updated, 2)


async def test_a_missing_key_is_none(backend: Backend, prefix: bytes) -> None:
    assert await backend.get(prefix + b"a") is None


async def test_a_deleted_and_recreated_key_starts_anew(backend: Backend, prefix: bytes) -> None:
    await put(backend, prefix + b"a", b"1")
    await delete(backend, prefix + b"a")
    again = await put(backend, prefix + b"a", b"2")
    assert await backend.get(prefix + b"a") == KeyValue(prefix + b"a", b"2", again, again, 1)


async def test_each_changing_transaction_is_one_revision(backend: Backend, prefix: bytes) -> None:
    before = await backend.current_revision()
    result = await backend.transaction(
        compare=[], success=[Put(prefix + b"a", b"1"), Put(prefix + b"b", b"1")]
    )
    assert result == TransactionResult(succeeded=True, revision=before + 1)
    assert await backend.current_revision() == before + 1


async def test_a_transaction_that_changes_nothing_takes_no_revision(backend: Backend, prefix: bytes) -> None:
    before = await backend.current_revision()
    result = await delete(backend, prefix + b"absent")
    assert result.succeeded
    assert result.revision == before
    assert list(result.deleted) == [None]


async def test_a_key_is_created_only_once(backend: Backend, prefix: bytes) -> None:
    key = prefix + b"a"
    first = await backend.transaction(compare=[mod(key) == 0], success=[Put(key, b"1")])
    second = await backend.transaction(compare=[mod(key) == 0], success=[Put(key, b"2")])
    assert (first.succeeded, second.succeeded) == (True, False)
    assert list(second.current) == [KeyValue(key, b"1", first.revision, first.revision, 1)]
    assert second.revision == first.revision


async def test_an_update_needs_the_revision_it_read(backend: Backend, prefix: bytes) -> None:
    key = prefix + b"a"
    read = await put(backend, key, b"1")
    await put(backend, key, b"2")
    stale = await backend.transaction(compare=[mod(key) == read], success=[Put(key, b"3")])
    assert not stale.succeeded
    held = await backend.get(key)
    assert held is not None
    assert held.value == b"2"
    fresh = await backend.transaction(compare=[mod(key) == held.mod_revision], success=[Put(key, b"3")])
    assert fresh.succeeded


async def test_one_failing_compare_undoes_everything(backend: Backend, prefix: bytes) -> None:
    a, b = prefix + b"a", prefix + b"b"
    revision = await put(backend, a, b"1")
    result = await backend.transaction(
        compare=[mod(a) == revision, mod(b) == 7], success=[Put(a, b"2"), Delete(b)]
    )
    assert not result.succeeded
    assert [each and each.value for each in result.current] == [b"1", None]
    assert (await backend.get_prefix(prefix)).items == [KeyValue(a, b"1", revision, revision, 1)]


async def test_a_delete_says_what_it_removed(backend: Backend, prefix: bytes) -> None:
    key = prefix + b"a"
    revision = await put(backend, key, b"1")
    result = await backend.transaction(compare=[mod(key) == revision], success=[Delete(key)])
    assert result.succeeded
    assert list(result.deleted) == [KeyValue(key, b"1", revision, revision, 1)]
    assert await backend.get(key) is None


async def test_concurrent_increments_lose_nothing(backend: Backend, prefix: bytes) -> None:
    key = prefix + b"counter"
    await put(backend, key, b"0")

    async def increment() -> None:
        while True:
            held = await backend.get(key)
            assert held is not None
            success = [Put(key, str(int(held.value) + 1).encode())]
            result = await backend.transaction(compare=[mod(key) == held.mod_revision], success=success)
            if result.succeeded:
                return

    async with asyncio.TaskGroup() as group:
        for _ in range(20):
            group.create_task(increment())
    held = await backend.get(key)
    assert held is not None
    assert (held.value, held.version) == (b"20", 21)


@pytest.mark.parametrize(
    ("compare", "success", "error"),
    [
        pytest.param([], [Put(b"k", b"x" * 2_000_000)], ValueTooLarge, id="two-megabytes"),
        pytest.param([], [Put(b"%d" % i, b"") for i in range(200)], ValueTooLarge, id="200-operations"),
        pytest.param([], [Put(b"k", b"1"), Delete(b"k")], StoreError, id="a-key-twice"),
        pytest.param([], [Put(b"", b"1")], StoreError, id="an-empty-key"),
        pytest.param([], [Put(b"k", b"1", 4711)], LeaseNotFound, id="a-lease-that-never-was"),
    ],
)
async def test_what_etcd_refuses_is_refused_and_changes_nothing(
    backend: Backend, compare: list[Compare], success: list[Put | Delete], error: type[StoreError]
) -> None:
    before = await backend.current_revision()
    with pytest.raises(error):
        await backend.transaction(compare=compare, success=success)
    assert await backend.current_revision() == before


# Ranges


async def test_a_range_is_in_byte_order_and_stays_under_its_prefix(backend: Backend, prefix: bytes) -> None:
    inside = [b"a", b"a/b", b"a0", b"b", b"\xff", b"\xff\xff"]
    for name in reversed(inside):
        await put(backend, prefix + name, b"1")
    await put(backend, prefix[:-1] + b"0", b"outside")
    result = await backend.get_prefix(prefix)
    assert names(result.items, prefix) == sorted(inside)
    assert (result.count, result.more) == (len(inside), False)
    assert await backend.count_prefix(prefix) == len(inside)
    assert names((await backend.get_prefix(prefix + b"a")).items, prefix) == [b"a", b"a/b", b"a0"]


async def test_the_empty_prefix_is_everything(backend: Backend, prefix: bytes) -> None:
    await put(backend, prefix + b"a", b"1")
    result = await backend.get_prefix(b"")
    assert prefix + b"a" in [item.key for item in result.items]
    assert result.count == await backend.count_prefix(b"") == len(result.items)


async def test_pages_pinned_to_a_revision_do_not_see_later_changes(backend: Backend, prefix: bytes) -> None:
    for name in (b"a", b"b", b"c", b"d", b"e"):
        await put(backend, prefix + name, b"old")
    first = await backend.get_prefix(prefix, limit=2)
    assert (names(first.items, prefix), first.count, first.more) == ([b"a", b"b"], 5, True)
    await put(backend, prefix + b"c", b"new")
    await delete(backend, prefix + b"d")
    await put(backend, prefix + b"bb", b"new")
    await delete(backend, prefix + b"bb")
    await put(backend, prefix + b"f", b"new")
    second = await backend.get_prefix(
        prefix, start=first.items[-1].key + b"\0", limit=2, revision=first.revision
    )
    assert (names(second.items, prefix), second.count, second.more) == ([b"c", b"d"], 3, True)
    assert {item.value for item in second.items} == {b"old"}
    third = await backend.get_prefix(prefix, start=prefix + b"d\0", limit=2, revision=first.revision)
    assert (names(third.items, prefix), third.count, third.more) == ([b"e"], 1, False)


async def test_a_range_without_values_keeps_the_rest(backend: Backend, prefix: bytes) -> None:
    revision = await put(backend, prefix + b"a", b"1")
    result = await backend.get_prefix(prefix, keys_only=True)
    assert list(result.items) == [KeyValue(prefix + b"a", b"", revision, revision, 1)]


async def test_a_start_behind_the_prefix_finds_nothing(backend: Backend, prefix: bytes) -> None:
    await put(backend, prefix + b"a", b"1")
    result = await backend.get_prefix(prefix, start=prefix + b"b")
    assert (list(result.items), result.count, result.more) == ([], 0, False)


async def test_a_range_of_a_thousand_keys_and_more_is_complete(backend: Backend, prefix: bytes) -> None:
    keys = [prefix + b"%05d" % number for number in range(2_100)]
    for index in range(0, len(keys), 100):
        await backend.transaction(compare=[], success=[Put(key, b"v") for key in keys[index : index + 100]])
    result = await backend.get_prefix(prefix)
    assert [item.key for item in result.items] == keys
    assert (result.count, result.more) == (2_100, False)
    cut = await backend.get_prefix(prefix, limit=1_500)
    assert ([item.key for item in cut.items], cut.count, cut.more) == (keys[:1_500], 2_100, True)


async def test_a_future_revision_is_refused(backend: Backend, prefix: bytes) -> None:
    future = await backend.current_revision() + 100
    with pytest.raises(FutureRevision, match=f"revision {future} is a future revision"):
        await backend.get_prefix(prefix, revision=future)


# Compaction


async def test_a_range_at_a_compacted_revision_is_refused(backend: Backend, prefix: bytes) -> None:
    old = await put(backend, prefix + b"a", b"1")
    new = await put(backend, prefix + b"a", b"2")
    await backend.compact(new)
    with pytest.raises(Compacted):
        await backend.get_prefix(prefix, revision=old)
    kept = await backend.get_prefix(prefix, revision=new)
    assert [item.value for item in kept.items] == [b"2"]


async def test_a_watch_from_a_compacted_revision_is_refused(backend: Backend, prefix: bytes) -> None:
    old = await put(backend, prefix + b"a", b"1")
    new = await put(backend, prefix + b"a", b"2")
    await backend.compact(new)
    async with Watching(backend, prefix, start_revision=old) as watching:
        await watching.until(lambda watching: watching.error is not None)
    assert isinstance(watching.error, Compacted)
    assert watching.error.compact_revision == new
    assert watching.events == []


async def test_compaction_goes_only_forward_and_not_into_the_future(backend: Backend, prefix: bytes) -> None:
    revision = await put(backend, prefix + b"a", b"1")
    await backend.compact(revision)
    with pytest.raises(Compacted):
        await backend.compact(revision)
    with pytest.raises(FutureRevision):
        await backend.compact(revision + 100)


# Watches


async def test_a_watch_tells_every_change_with_what_was_there(backend: Backend, prefix: bytes) -> None:
    key = prefix + b"a"
    async with Watching(backend, prefix) as watching:
        created = await put(backend, key, b"1")
        updated = await put(backend, key, b"2")
        removed = (await delete(backend, key)).revision
        await watching.until(lambda watching: len(watching.events) == 3)
    first = KeyValue(key, b"1", created, created, 1)
    second = KeyValue(key, b"2", created, updated, 2)
    assert [tuple(event) for event in watching.events] == [
        ("put", first, None),
        ("put", second, first),
        ("delete", KeyValue(key, b"", 0, removed, 0), second),
    ]


async def test_a_watch_is_established_before_anything_happens(backend: Backend, prefix: bytes) -> None:
    before = await backend.current_revision()
    async with Watching(backend, prefix) as watching:
        assert [tuple(batch) for batch in watching.batches] == [(before, ())]


async def test_a_watch_from_the_past_continues_into_the_present(backend: Backend, prefix: bytes) -> None:
    revisions = [await put(backend, prefix + b"a", b"%d" % number) for number in range(5)]
    async with Watching(backend, prefix, start_revision=revisions[2]) as watching:
        assert watching.batches[0].revision == revisions[2] - 1
        revisions.append(await put(backend, prefix + b"a", b"5"))
        await watching.until(lambda watching: len(watching.events) == 4)
    assert [event.key_value.mod_revision for event in watching.events] == revisions[2:]
    first = watching.events[0].previous
    assert first is not None
    assert first.value == b"1"


async def test_a_watch_from_the_future_waits_for_it(backend: Backend, prefix: bytes) -> None:
    start = await backend.current_revision() + 3
    async with Watching(backend, prefix, start_revision=start) as watching:
        revisions = [await put(backend, prefix + b"a", b"%d" % number) for number in range(4)]
        await watching.until(lambda watching: len(watching.events) == 2)
    assert [event.key_value.mod_revision for event in watching.events] == revisions[2:]


async def test_a_revision_is_never_split_over_two_batches(backend: Backend, prefix: bytes) -> None:
    async with Watching(backend, prefix) as watching:
        for number in range(10):
            await backend.transaction(
                compare=[], success=[Put(prefix + b"%d" % i, b"%d" % number) for i in range(5)]
            )
        await watching.until(lambda watching: len(watching.events) == 50)
    for batch in watching.batches:
        assert len(batch.events) % 5 == 0
        assert all(event.key_value.mod_revision <= batch.revision for event in batch.events)


async def test_big_values_arrive_whole(backend: Backend, prefix: bytes) -> None:
    big = b"x" * 700_000
    start = await backend.current_revision() + 1
    for number in range(6):
        await put(backend, prefix + b"%d" % number, big)
    async with Watching(backend, prefix, start_revision=start) as watching:
        await watching.until(lambda watching: len(watching.events) == 6)
    assert [event.key_value.key for event in watching.events] == [prefix + b"%d" % i for i in range(6)]
    assert all(event.key_value.value == big for event in watching.events)


async def test_changes_elsewhere_are_progress(backend: Backend, prefix: bytes) -> None:
    async with Watching(backend, prefix + b"mine/") as watching:
        revision = await put(backend, prefix + b"theirs/a", b"1")
        assert await backend.current_revision() >= revision
        await watching.until(lambda watching: watching.revision >= revision)
    assert watching.events == []


async def test_watchers_see_the_same_order_without_gap_or_duplicate(backend: Backend, prefix: bytes) -> None:
    start = await backend.current_revision() + 1

    async def write(writer: int) -> None:
        for number in range(30):
            await put(backend, prefix + b"%d/%d" % (writer, number % 7), b"%d" % number)

    async with Watching(backend, prefix) as live:
        async with asyncio.TaskGroup() as group:
            for writer in range(5):
                group.create_task(write(writer))
        async with Watching(backend, prefix, start_revision=start) as late:
            await late.until(lambda watching: len(watching.events) >= 150)
            await live.until(lambda watching: len(watching.events) >= 150)
    assert live.events == late.events
    revisions = [event.key_value.mod_revision for event in live.events]
    assert revisions == sorted(set(revisions))
    assert len(revisions) == 150


async def test_the_state_at_a_revision_plus_the_watch_is_the_state_now(
    backend: Backend, prefix: bytes
) -> None:
    """What a watch cache relies on."""
    for number in range(40):
        await put(backend, prefix + b"%d" % (number % 11), b"%d" % number)
    listed = await backend.get_prefix(prefix)
    state = {item.key: item for item in listed.items}
    async with Watching(backend, prefix, start_revision=listed.revision + 1) as watching:
        for number in range(40):
            if number % 3:
                await put(backend, prefix + b"%d" % (number % 13), b"%d" % number)
            else:
                await delete(backend, prefix + b"%d" % (number % 13))
        newest = await backend.get_prefix(prefix)
        await watching.until(lambda watching: watching.revision >= newest.revision)
    for event in watching.events:
        assert state.get(event.key_value.key) == event.previous
        if event.type == "put":
            state[event.key_value.key] = event.key_value
        else:
            del state[event.key_value.key]
    assert sorted(state.values()) == list(newest.items)


# Leases


async def test_keys_vanish_with_their_lease(backend: Backend, prefix: bytes) -> None:
    lease = await backend.lease(1)
    await put(backend, prefix + b"kept", b"1")
    await put(backend, prefix + b"leased", b"1", lease=lease)
    held = await backend.get(prefix + b"leased")
    assert held is not None
    assert held.lease == lease
    async with Watching(backend, prefix) as watching, asyncio.timeout(EXPIRY_SECONDS):
        await watching.until(lambda watching: len(watching.events) == 1)
    assert watching.told()[0][:2] == ("delete", b"1")
    assert names((await backend.get_prefix(prefix)).items, prefix) == [b"kept"]


async def test_a_revoked_lease_takes_its_keys_along_in_one_revision(backend: Backend, prefix: bytes) -> None:
    lease = await backend.lease(600)
    for name in (b"a", b"b", b"c"):
        await put(backend, prefix + name, name, lease=lease)
    async with Watching(backend, prefix) as watching:
        await backend.revoke(lease)
        await watching.until(lambda watching: len(watching.events) == 3)
    told = watching.told()
    assert sorted(each[:2] for each in told) == [("delete", b"a"), ("delete", b"b"), ("delete", b"c")]
    assert len({revision for *_, revision in told}) == 1
    with pytest.raises(LeaseNotFound):
        await backend.revoke(lease)


async def test_a_key_put_again_without_the_lease_outlives_it(backend: Backend, prefix: bytes) -> None:
    lease = await backend.lease(600)
    await put(backend, prefix + b"a", b"1", lease=lease)
    await put(backend, prefix + b"a", b"2")
    await backend.revoke(lease)
    held = await backend.get(prefix + b"a")
    assert held is not None
    assert (held.value, held.lease) == (b"2", 0)


# The store as a whole


async def test_callers_who_ask_together_learn_a_revision_not_older_than_their_question(
    backend: Backend, prefix: bytes
) -> None:
    async def write_and_ask(number: int) -> None:
        written = await put(backend, prefix + b"%d" % number, b"1")
        assert await backend.current_revision() >= written

    async with asyncio.TaskGroup() as group:
        for number in range(50):
            group.create_task(write_and_ask(number))


async def test_the_store_says_how_big_it_is(backend: Backend, prefix: bytes) -> None:
    await put(backend, prefix + b"a", b"x" * 100_000)
    assert await backend.size_bytes() >= 100_000


async def test_every_backend_is_a_backend(backend: Backend) -> None:
    assert isinstance(backend, Backend)
