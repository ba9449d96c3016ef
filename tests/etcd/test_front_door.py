"""Which URL opens which store."""

from pathlib import Path

import pytest

from etcd import Backend, StoreError, open_backend
from etcd.connection import Endpoints, parse_endpoints
from etcd.memory import MemoryBackend
from etcd.remote import RemoteBackend
from etcd.sqlite import SqliteBackend


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("memory://", MemoryBackend),
        ("sqlite:///var/lib/karmada/store.db", SqliteBackend),
        ("etcd://127.0.0.1:2379", RemoteBackend),
        ("http://127.0.0.1:2379,http://127.0.0.1:2380", RemoteBackend),
        ("https://etcd-0.etcd:2379", RemoteBackend),
    ],
)
def test_the_scheme_chooses_the_store(url: str, kind: type[Backend]) -> None:
    assert isinstance(open_backend(url), kind)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "memory",
        "memory://x",
        "sqlite://relative/path",
        "sqlite://",
        "mysql://localhost",
        "etcd://",
        "etcd://:2379",
        "http://host:port",
        "http://host:2379/path",
        "http://a:2379,https://b:2379",
    ],
)
def test_other_urls_are_refused_by_name(url: str) -> None:
    with pytest.raises(StoreError):
        open_backend(url)


@pytest.mark.parametrize(
    ("url", "tls", "expected"),
    [
        pytest.param("etcd://a:1,b:2", False, Endpoints(("a:1", "b:2"), tls=False), id="several"),
        pytest.param(
            "http://a,http://b", False, Endpoints(("a:2379", "b:2379"), tls=False), id="stock-flags"
        ),
        pytest.param("etcd://a", True, Endpoints(("a:2379",), tls=True), id="tls-by-files"),
        pytest.param("http://a", True, Endpoints(("a:2379",), tls=False), id="http-is-never-tls"),
        pytest.param("https://[::1]:7", False, Endpoints(("[::1]:7",), tls=True), id="ipv6"),
        pytest.param(
            "etcd://root:p%40ss@a:1,b:2", False, Endpoints(("a:1", "b:2"), False, "root", "p@ss"), id="user"
        ),
    ],
)
def test_endpoints_are_read_from_the_url(url: str, tls: bool, expected: Endpoints) -> None:
    assert parse_endpoints(url, tls=tls) == expected


async def test_a_path_with_spaces_is_unquoted(tmp_path: Path) -> None:
    async with open_backend(f"sqlite://{tmp_path}/a%20b/store.db"):
        assert (tmp_path / "a b" / "store.db").exists()
