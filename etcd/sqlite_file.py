"""The file behind sqlite.py: one SQLite database in WAL mode, one row per key and revision.

In: planned Batches. Out: rows on the disk, and at the start the Store they describe. Every version is
written once and never changed; compaction deletes rows that nobody can ask for any more. A torn write at
the end of the log is recognised by SQLite's checksums and left out. Nothing here waits for anything but the
disk, and no thread is started.
"""

import os
import sqlite3
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Final

import orjson

from etcd.history import Change, HistoryLimit
from etcd.kv import KeyValue, StoreError, Unavailable
from etcd.mvcc import Batch, Lease, Store

APPLICATION_ID: Final = 0x6B6D6461
"""`kmda`: says that a file is ours."""

FORMAT: Final = 1

POSITION_BITS: Final = 20
"""A row's id is its revision, shifted by this, plus its place within the revision: ids sort as things
happened.
"""

LOCK_SECONDS: Final = 1.0
"""How long a process that is just leaving may still hold the file."""

CHECKPOINT_PAGES: Final = 4000
"""16 MB of log are moved into the database at once, in the thread that commits."""

GARBAGE_ROWS: Final = 1000
"""Rows deleted along with one commit."""

SCHEMA: Final = (
    """CREATE TABLE versions (
        id INTEGER PRIMARY KEY, key BLOB NOT NULL, value BLOB NOT NULL,
        create_revision INTEGER NOT NULL, version INTEGER NOT NULL, lease INTEGER NOT NULL)""",
    "CREATE TABLE leases (id INTEGER PRIMARY KEY, ttl_seconds INTEGER NOT NULL, deadline REAL NOT NULL)",
    "CREATE TABLE compaction (revision INTEGER NOT NULL)",
    "INSERT INTO compaction VALUES (0)",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {FORMAT}",
)


class SqliteFile:
    """An opened and locked file. Used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        """Open or make it. Raises Unavailable if it is in use, StoreError if it is not ours or damaged."""
        self.path = path
        self._garbage: deque[int] = deque()
        """Row ids to delete, oldest first: a put never outlives the delete that ended it."""
        self._positions: dict[tuple[bytes, int], int] = {}
        """Place within its revision of each row that is not the first there, by key and revision."""
        self._begun: Batch | None = None
        with _explained(path):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with suppress(FileExistsError):
                # Only a new file: closing a second descriptor of a locked one would give up this process's
                # locks.
                os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            self._connection = sqlite3.connect(
                path, timeout=LOCK_SECONDS, isolation_level=None, check_same_thread=False
            )
        try:
            with _explained(path):
                self._prepare()
        except StoreError:
            self._connection.close()
            raise

    def load(self, *, limit: HistoryLimit) -> Store:
        """The Store as of the last commit. Raises StoreError when something that must be there is not."""
        with _explained(self.path):
            (compact_revision,) = self._connection.execute("SELECT revision FROM compaction").fetchone()
            leases = self._connection.execute("SELECT id, ttl_seconds, deadline FROM leases").fetchall()
            garbage: list[KeyValue] = []
            store = Store.restore(
                self._versions(),
                compact_revision=compact_revision,
                leases=[Lease(*row) for row in leases],
                limit=limit,
                on_garbage=garbage.append,
            )
        self._garbage.extend(map(self._row_id, garbage))
        return store

    def begin(self, batch: Batch) -> None:
        """Write a batch into SQLite's cache. Nothing of it is on the disk before commit. Raises Unavailable.

        Separate from commit, because each statement gives up the interpreter lock: in a second thread,
        beside a busy event loop, each would have to wait for its turn to get it back.
        """
        rows = list(_rows(batch))
        with self._undone_on_error():
            execute, executemany = self._connection.execute, self._connection.executemany
            execute("BEGIN IMMEDIATE")
            if rows:
                executemany("INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?)", rows)
            if batch.granted:
                leases = [(lease.id, lease.ttl_seconds, lease.deadline) for lease in batch.granted]
                executemany("INSERT INTO leases VALUES (?, ?, ?)", leases)
            if batch.revoked:
                executemany("DELETE FROM leases WHERE id = ?", [(lease,) for lease in batch.revoked])
            if batch.compacts:
                execute("UPDATE compaction SET revision = ?", (batch.compact_revision,))
        self._begun = batch

    def commit(self) -> None:
        """Make what begin wrote durable: one fsync. Raises Unavailable, and then nothing of it remains."""
        garbage = list(islice(self._garbage, GARBAGE_ROWS))
        with self._undone_on_error():
            if garbage:
                ids = orjson.dumps(garbage).decode()
                self._connection.execute(
                    "DELETE FROM versions WHERE id IN (SELECT value FROM json_each(?))", (ids,)
                )
            self._connection.execute("COMMIT")
        for _ in garbage:
            self._garbage.popleft()
        if self._begun is not None:
            self._remember_positions(self._begun.changes)

    def forget(self, changes: Sequence[Change]) -> None:
        """The store dropped these changes: what they replaced leaves the disk with the next commits."""
        for change in changes:
            for event in change.events:
                if event.previous is not None:
                    self._garbage.append(self._row_id(event.previous))
                if event.type == "delete":
                    self._garbage.append(self._row_id(event.key_value))

    @property
    def garbage_rows(self) -> int:
        """Rows that wait to be deleted."""
        return len(self._garbage)

    def size_bytes(self) -> int:
        """The database and its log."""
        total = 0
        for name in (self.path, self.path.with_name(self.path.name + "-wal")):
            with suppress(FileNotFoundError):
                total += name.stat().st_size
        return total

    def close(self) -> None:
        """Move the log into the database, so that one file remains, and release the lock."""
        self._connection.close()

    def _prepare(self) -> None:
        execute = self._connection.execute
        execute("PRAGMA locking_mode = EXCLUSIVE")
        execute("PRAGMA journal_mode = WAL")
        execute("PRAGMA synchronous = FULL")
        execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        execute("BEGIN IMMEDIATE")  # takes the lock, and keeps it until close
        (tables,) = execute("SELECT count(*) FROM sqlite_master").fetchone()
        if not tables:
            for statement in SCHEMA:
                execute(statement)
        (application,) = execute("PRAGMA application_id").fetchone()
        (version,) = execute("PRAGMA user_version").fetchone()
        execute("COMMIT")
        if application != APPLICATION_ID:
            raise StoreError(f"store {self.path} is a SQLite file of something else")
        if version != FORMAT:
            raise StoreError(f"store {self.path} has format {version}, this version reads format {FORMAT}")

    def _versions(self) -> Iterator[KeyValue]:
        mask = (1 << POSITION_BITS) - 1
        for row_id, key, value, create_revision, version, lease in self._connection.execute(
            "SELECT id, key, value, create_revision, version, lease FROM versions ORDER BY id"
        ):
            revision = row_id >> POSITION_BITS
            if row_id & mask:
                self._positions[key, revision] = row_id & mask
            yield KeyValue(key, value, create_revision, revision, version, lease)

    def _row_id(self, version: KeyValue) -> int:
        """Of a row that is about to be deleted."""
        position = self._positions.pop((version.key, version.mod_revision), 0)
        return version.mod_revision << POSITION_BITS | position

    def _remember_positions(self, changes: Sequence[Change]) -> None:
        for change in changes:
            for position, event in enumerate(change.events[1:], start=1):
                self._positions[event.key_value.key, change.revision] = position

    @contextmanager
    def _undone_on_error(self) -> Iterator[None]:
        try:
            with _explained(self.path):
                yield
        except StoreError:
            self._begun = None
            if self._connection.in_transaction:
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
            raise


def _rows(batch: Batch) -> Iterator[tuple[int, bytes, bytes, int, int, int]]:
    for change in batch.changes:
        first = change.revision << POSITION_BITS
        for row_id, event in enumerate(change.events, start=first):
            new = event.key_value
            yield row_id, new.key, new.value, new.create_revision, new.version, new.lease


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """SQLite's and the system's errors end here."""
    try:
        yield
    except OSError as error:
        raise Unavailable(f"store {path}: {error.strerror}") from error
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise Unavailable(f"store {path} is in use by another process") from error
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise StoreError(f"store {path} is damaged or not a store: {error}") from error
        raise Unavailable(f"store {path}: {error}") from error
