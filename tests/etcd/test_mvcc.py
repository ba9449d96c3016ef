"""mvcc and history against a model that keeps a full copy of the keyspace for every revision."""

from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from etcd import Compacted, Compare, Delete, FutureRevision, KeyValue, LeaseNotFound, Put
from etcd.history import DEFAULT_LIMIT, HistoryLimit
from etcd.mvcc import Batch, Lease, Store

KEYS = st.sampled_from([b"a", b"a/", b"a/1", b"a/2", b"b", b"b/1"])
PREFIXES = st.sampled_from([b"", b"a", b"a/", b"b/", b"c"])

State = dict[bytes, KeyValue]


@dataclass
class Model:
    """states[revision] is everything that was there; the index 0 is no revision."""

    states: list[State] = field(default_factory=lambda: [{}, {}])
    compacted: int = 0

    @property
    def revision(self) -> int:
        return len(self.states) - 1

    def transaction(self, compare: list[Compare], success: list[Put | Delete]) -> bool:
        now = self.states[-1]
        if any((now[each.key].mod_revision if each.key in now else 0) != each.revision for each in compare):
            return False
        after, revision = dict(now), len(self.states)
        for each in success:
            held = now.get(each.key)
            if isinstance(each, Delete):
                after.pop(each.key, None)
            elif held is None:
                after[each.key] = KeyValue(each.key, each.value, revision, revision, 1, each.lease)
            else:
                after[each.key] = KeyValue(
                    each.key, each.value, held.create_revision, revision, held.version + 1, each.lease
                )
        if after != now:
            self.states.append(after)
        return True


class StoreMachine(RuleBasedStateMachine):
    """Any order of transactions, compactions, leases, batches that are dropped, and restarts."""

    leases: Bundle[int] = Bundle("leases")

    @initialize()
    def begin(self) -> None:
        self.store = Store()
        self.model = Model()
        self.versions: list[KeyValue] = []
        self.granted: dict[int, Lease] = {}

    @rule(
        keys=st.lists(KEYS, min_size=1, max_size=3, unique=True),
        delete=st.lists(st.booleans(), min_size=3, max_size=3),
        value=st.binary(max_size=2),
        compared=st.lists(st.tuples(KEYS, st.sampled_from(["now", "absent", "stale"])), max_size=2),
        commit=st.integers(0, 9),
    )
    def transaction(
        self,
        keys: list[bytes],
        delete: list[bool],
        value: bytes,
        compared: list[tuple[bytes, str]],
        commit: int,
    ) -> None:
        now = self.model.states[-1]
        held = {key: now[key].mod_revision if key in now else 0 for key, _ in compared}
        compare = [Compare(key, {"now": held[key], "absent": 0, "stale": 1}[how]) for key, how in compared]
        success: list[Put | Delete] = [
            Delete(key) if gone else Put(key, value) for key, gone in zip(keys, delete, strict=False)
        ]
        batch = Batch(self.store)
        result = batch.transaction(compare, success)
        if commit == 0:  # the disk was full: nothing of the batch may be seen
            return
        assert result.succeeded == self.model.transaction(compare, success)
        assert result.revision == self.model.revision
        if result.succeeded:
            removed = [now.get(each.key) for each in success if isinstance(each, Delete)]
            assert list(result.deleted) == removed
        else:
            assert list(result.current) == [now.get(each.key) for each in compare]
        self.apply(batch)

    @rule(target=leases, identity=st.integers(1, 5))
    def grant(self, identity: int) -> int:
        batch = Batch(self.store)
        lease = Lease(identity, 60, deadline=float(identity))
        if identity not in self.granted:
            self.granted[identity] = lease
            batch.grant(Lease(identity, 60, deadline=float(identity)))
            self.apply(batch)
        return identity

    @rule(lease=leases, key=KEYS)
    def put_with_lease(self, lease: int, key: bytes) -> None:
        batch = Batch(self.store)
        if lease not in self.granted:
            with pytest.raises(LeaseNotFound):
                batch.transaction([], [Put(key, b"leased", lease)])
            assert not batch.changes
            return
        batch.transaction([], [Put(key, b"leased", lease)])
        self.model.transaction([], [Put(key, b"leased", lease)])
        self.apply(batch)

    @rule(lease=leases)
    def revoke(self, lease: int) -> None:
        batch = Batch(self.store)
        if self.granted.pop(lease, None) is None:
            with pytest.raises(LeaseNotFound):
                batch.revoke(lease)
            return
        batch.revoke(lease)
        now = self.model.states[-1]
        self.model.transaction([], [Delete(key) for key in sorted(now) if now[key].lease == lease])
        self.apply(batch)

    @rule(back=st.integers(0, 4))
    def compact(self, back: int) -> None:
        revision = max(self.model.revision - back, 1)
        batch = Batch(self.store)
        if revision <= self.model.compacted:
            with pytest.raises(Compacted):
                batch.compact(revision)
            return
        batch.compact(revision)
        self.model.compacted = revision
        self.apply(batch)

    @rule(several=st.lists(st.tuples(KEYS, st.booleans()), min_size=2, max_size=6))
    def transactions_in_one_batch(self, several: list[tuple[bytes, bool]]) -> None:
        batch = Batch(self.store)
        for key, gone in several:
            operations: list[Put | Delete] = [Delete(key) if gone else Put(key, b"batch")]
            assert batch.transaction([], operations).succeeded == self.model.transaction([], operations)
            assert batch.revision == self.model.revision
        self.apply(batch)

    @rule()
    def restart(self) -> None:
        """From the rows a disk would hold, those dropped that were called garbage."""
        garbage: list[KeyValue] = []
        self.store = Store.restore(
            self.versions,
            compact_revision=self.model.compacted,
            leases=[Lease(each.id, 60, each.deadline) for each in self.granted.values()],
            limit=DEFAULT_LIMIT,
            on_garbage=garbage.append,
        )
        dropped = {(each.key, each.mod_revision) for each in garbage}
        self.versions = [each for each in self.versions if (each.key, each.mod_revision) not in dropped]

    @rule(prefix=PREFIXES, limit=st.integers(0, 3), start=st.just(b"") | KEYS, back=st.integers(0, 6))
    def range(self, prefix: bytes, limit: int, start: bytes, back: int) -> None:
        revision = max(self.model.revision - back, 1)
        if revision < self.model.compacted:
            with pytest.raises(Compacted):
                self.store.range(prefix, revision=revision)
            return
        state = self.model.states[revision]
        expected = [state[key] for key in sorted(state) if key.startswith(prefix) and key >= start]
        result = self.store.range(prefix, start=start, limit=limit, revision=revision if back else 0)
        assert list(result.items) == (expected[:limit] if limit else expected)
        assert result.count == len(expected)
        assert result.more == (len(result.items) < len(expected))
        assert result.revision == self.model.revision

    @rule(back=st.integers(0, 6))
    def watch(self, back: int) -> None:
        """The log from any revision on turns the state before into the state now."""
        start = max(self.model.revision - back, 1)
        if start < self.model.compacted:
            with pytest.raises(Compacted):
                self.store.history.since(start, limit=100)
            return
        state = dict(self.model.states[start - 1])
        changes = self.store.history.since(start, limit=100)
        first = max(start, 2)
        assert [change.revision for change in changes] == list(range(first, self.model.revision + 1))
        for change in changes:
            for event in change.events:
                assert state.get(event.key_value.key) == event.previous
                if event.type == "put":
                    state[event.key_value.key] = event.key_value
                else:
                    del state[event.key_value.key]
            assert state == self.model.states[change.revision]

    @invariant()
    def what_is_there_now_agrees(self) -> None:
        state = self.model.states[-1]
        assert self.store.revision == self.model.revision
        assert list(self.store.range(b"").items) == [state[key] for key in sorted(state)]
        assert {id: lease.keys for id, lease in self.store.leases.items()} == {
            id: {key for key in state if state[key].lease == id} for id in self.granted
        }

    @invariant()
    def sizes_add_up(self) -> None:
        changes = self.store.history.since(max(self.model.compacted, 1), limit=10_000)
        past = sum(len(e.previous.value) for change in changes for e in change.events if e.previous)
        assert self.store.history.value_bytes == past
        assert self.store.size_bytes == past + sum(
            map(len, (v.value for v in self.model.states[-1].values()))
        )

    def apply(self, batch: Batch) -> None:
        for change in batch.changes:
            self.versions += [event.key_value for event in change.events]
        self.store.apply(batch)


TestStoreAgainstModel = StoreMachine.TestCase
TestStoreAgainstModel.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


def grown(limit: HistoryLimit, writes: int, *, size: int = 1) -> Store:
    store = Store(limit=limit)
    for number in range(writes):
        batch = Batch(store)
        batch.transaction([], [Put(b"k%d" % (number % 3), b"x" * size)])
        store.apply(batch)
        if excess := store.history.excess():
            batch = Batch(store)
            batch.compact(excess)
            store.apply(batch)
    return store


def test_the_log_is_bounded_by_its_changes() -> None:
    store = grown(HistoryLimit(changes=20), 1000)
    kept = store.history.since(store.history.compact_revision, limit=10_000)
    assert 18 <= len(kept) <= 20
    assert kept[-1].revision == store.revision == 1001


def test_the_log_is_bounded_by_its_bytes() -> None:
    store = grown(HistoryLimit(value_bytes=10_000), 1000, size=100)
    assert store.history.value_bytes <= 10_000
    assert len(store.history.since(store.history.compact_revision, limit=10_000)) >= 85


def test_a_lease_is_due_at_its_deadline() -> None:
    store = Store()
    batch = Batch(store)
    for identity, deadline in ((1, 30.0), (2, 10.0), (3, 20.0)):
        batch.grant(Lease(identity, 10, deadline))
    store.apply(batch)
    assert store.next_deadline() == 10.0
    assert store.expired(9.9) == []
    assert sorted(store.expired(20.0)) == [2, 3]
    batch = Batch(store)
    batch.expire(20.0)
    store.apply(batch)
    assert store.next_deadline() == 30.0


def test_a_put_behind_a_revoke_in_the_same_batch_finds_no_lease() -> None:
    store = Store()
    batch = Batch(store)
    batch.grant(Lease(1, 10, 10.0))
    batch.transaction([], [Put(b"before", b"", 1)])
    batch.revoke(1)
    with pytest.raises(LeaseNotFound):
        batch.transaction([], [Put(b"after", b"", 1)])
    store.apply(batch)
    assert store.range(b"").count == 0
    assert [event.type for change in store.history.since(0, limit=9) for event in change.events] == [
        "put",
        "delete",
    ]


def test_a_compaction_may_not_reach_into_its_own_batch() -> None:
    store = Store()
    batch = Batch(store)
    batch.transaction([], [Put(b"k", b"")])
    with pytest.raises(FutureRevision):
        batch.compact(2)
