"""open_backend: a storage URL to the Backend that serves it.

In: a URL and TLS files. Out: a Backend that is opened by entering it. The remote one is imported only when
asked for, because gRPC costs 150 ms and 28 MB.
"""

from urllib.parse import unquote

from etcd.kv import Backend, StoreError
from etcd.memory import MemoryBackend
from karmada.runtime.clock import SYSTEM_CLOCK, Clock


def open_backend(
    url: str, *, ca_file: str = "", cert_file: str = "", key_file: str = "", clock: Clock = SYSTEM_CLOCK
) -> Backend:
    """The Backend for url; enter it to open it.

        memory://                              forgets everything at the end
        sqlite:///absolute/path                one file
        etcd://host:2379,host2:2379            etcd; with TLS when ca_file or cert_file is given
        http://host:2379,http://host2:2379     etcd without TLS
        https://host:2379                      etcd with TLS (ca_file "": the machine's own authorities)
        etcd://user:password@host:2379         etcd with authentication

    Raises StoreError when the URL says nothing of the kind.
    """
    scheme, _, rest = url.partition("://")
    if url == "memory://":
        return MemoryBackend(clock=clock)
    if scheme == "sqlite" and rest.startswith("/"):
        from etcd.sqlite import SqliteBackend

        return SqliteBackend(unquote(rest), clock=clock)
    if scheme in ("etcd", "http", "https") and rest:
        from etcd.connection import parse_endpoints
        from etcd.remote import RemoteBackend

        return RemoteBackend(
            parse_endpoints(url, tls=bool(ca_file or cert_file)),
            ca_file=ca_file,
            cert_file=cert_file,
            key_file=key_file,
            clock=clock,
        )
    raise StoreError(
        f"storage URL {url!r} is none of memory://, sqlite:///absolute/path,"
        " etcd://host:port, http(s)://host:port"
    )
