"""Storage with etcd's semantics: open_backend(url) is the front door, kv.py the protocol behind it."""

from etcd.front_door import open_backend
from etcd.kv import (
    Backend,
    Compacted,
    Compare,
    Delete,
    Event,
    FutureRevision,
    KeyValue,
    LeaseNotFound,
    Put,
    RangeResult,
    StoreError,
    TransactionResult,
    Unavailable,
    ValueTooLarge,
    WatchBatch,
    mod,
)

__all__ = [
    "Backend",
    "Compacted",
    "Compare",
    "Delete",
    "Event",
    "FutureRevision",
    "KeyValue",
    "LeaseNotFound",
    "Put",
    "RangeResult",
    "StoreError",
    "TransactionResult",
    "Unavailable",
    "ValueTooLarge",
    "WatchBatch",
    "mod",
    "open_backend",
]
