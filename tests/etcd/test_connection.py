"""What etcd's refusals mean."""

import grpc
import pytest

from etcd import Compacted, FutureRevision, LeaseNotFound, StoreError, Unavailable, ValueTooLarge
from etcd.connection import meaning_of

CODE = grpc.StatusCode


@pytest.mark.parametrize(
    ("code", "details", "kind", "text"),
    [
        (
            CODE.OUT_OF_RANGE,
            "etcdserver: mvcc: required revision has been compacted",
            Compacted,
            "required revision has been compacted",
        ),
        (
            CODE.OUT_OF_RANGE,
            "etcdserver: mvcc: required revision is a future revision",
            FutureRevision,
            "future revision",
        ),
        (CODE.INVALID_ARGUMENT, "etcdserver: request is too large", ValueTooLarge, "^request is too large$"),
        (
            CODE.RESOURCE_EXHAUSTED,
            "grpc: received message larger than max (3 vs. 2)",
            ValueTooLarge,
            "larger than max",
        ),
        (CODE.NOT_FOUND, "etcdserver: requested lease not found", LeaseNotFound, "lease not found"),
        (CODE.PERMISSION_DENIED, "etcdserver: permission denied", StoreError, "permission denied"),
        (CODE.UNAVAILABLE, "etcdserver: no leader", Unavailable, "etcd host:2379: etcdserver: no leader"),
        (CODE.DEADLINE_EXCEEDED, "", Unavailable, "DEADLINE_EXCEEDED"),
        (
            CODE.RESOURCE_EXHAUSTED,
            "etcdserver: mvcc: database space exceeded",
            Unavailable,
            "database space exceeded",
        ),
    ],
)
def test_a_refusal_has_one_meaning(
    code: grpc.StatusCode, details: str, kind: type[StoreError], text: str
) -> None:
    with pytest.raises(kind, match=text) as caught:
        raise meaning_of(code, details, address="host:2379")
    assert type(caught.value) is kind
