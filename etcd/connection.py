"""To a member of an etcd cluster that answers: endpoints, TLS, failover, authentication and what errors mean.

In: endpoints and calls. Out: responses, or the errors of kv.py. Reads are tried again on the other members
until REQUEST_SECONDS are over. A write is sent once, to a member that is known to be connected; when its
answer does not come, only the caller can find out what became of it. remote.py and remote_watch.py call
through here.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import unquote, urlsplit

import grpc
import grpc.aio

from etcd.kv import Compacted, FutureRevision, LeaseNotFound, StoreError, Unavailable, ValueTooLarge
from etcd.rpc import etcd_pb2, etcd_pb2_grpc
from karmada.runtime.clock import Clock

T = TypeVar("T")

REQUEST_SECONDS: Final = 10.0
"""One answer, and all attempts at one read together."""

CONNECT_SECONDS: Final = 5.0
"""All members together, before a call is given up that was not sent."""

MEMBER_CONNECT_SECONDS: Final = 2.0

RETRY_SECONDS: Final = 0.1

CHANNEL_OPTIONS: Final = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1_000),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    ("grpc.enable_http_proxy", 0),
    ("grpc.use_local_subchannel_pool", 1),
)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the members of one cluster listen, and as whom to speak to them."""

    addresses: tuple[str, ...]
    tls: bool
    user: str = ""
    password: str = ""


def parse_endpoints(url: str, *, tls: bool) -> Endpoints:
    """`etcd://a:2379,b:2379`, `https://a:2379,https://b:2379`; tls decides for etcd://. Raises StoreError."""
    scheme = url.partition("://")[0]
    addresses: list[str] = []
    user = password = ""
    for part in url.split(","):
        parsed = urlsplit(part if "://" in part else f"{scheme}://{part}")
        try:
            host, port = parsed.hostname, parsed.port
        except ValueError as error:
            raise StoreError(f"etcd endpoint {part!r}: {error}") from error
        if not host or parsed.path.strip("/") or parsed.scheme != scheme:
            raise StoreError(f"etcd endpoint {part!r} is not {scheme}://host:port")
        addresses.append(f"[{host}]:{port or 2379}" if ":" in host else f"{host}:{port or 2379}")
        user = user or unquote(parsed.username or "")
        password = password or unquote(parsed.password or "")
    return Endpoints(
        tuple(addresses), tls=scheme == "https" or (scheme == "etcd" and tls), user=user, password=password
    )


class Member:
    """One endpoint and its connection."""

    def __init__(self, address: str, channel: grpc.aio.Channel) -> None:
        self.address = address
        self.channel = channel
        self.kv = etcd_pb2_grpc.KVStub(channel)
        self.watch = etcd_pb2_grpc.WatchStub(channel)
        self.lease = etcd_pb2_grpc.LeaseStub(channel)
        self.maintenance = etcd_pb2_grpc.MaintenanceStub(channel)
        self.auth = etcd_pb2_grpc.AuthStub(channel)

    async def connect(self) -> bool:
        """Whether the member can be reached."""
        state = self.channel.get_state(try_to_connect=True)
        while state in (grpc.ChannelConnectivity.IDLE, grpc.ChannelConnectivity.CONNECTING):
            await self.channel.wait_for_state_change(state)
            state = self.channel.get_state(try_to_connect=True)
        return state is grpc.ChannelConnectivity.READY


class Connection:
    """An async context manager; leaving it breaks off every call."""

    def __init__(
        self, endpoints: Endpoints, *, ca_file: str, cert_file: str, key_file: str, clock: Clock
    ) -> None:
        self.endpoints = endpoints
        self.closed = False
        self._files = (ca_file, key_file, cert_file)
        self._clock = clock
        self._members: list[Member] = []
        self._preferred = 0
        self._connecting = asyncio.Lock()
        self._metadata: tuple[tuple[str, str], ...] | None = None if endpoints.user else ()

    async def __aenter__(self) -> "Connection":
        credentials = await asyncio.to_thread(self._credentials) if self.endpoints.tls else None
        for address in self.endpoints.addresses:
            if credentials is None:
                channel = grpc.aio.insecure_channel(address, options=CHANNEL_OPTIONS)
            else:
                channel = grpc.aio.secure_channel(address, credentials, options=CHANNEL_OPTIONS)
            self._members.append(Member(address, channel))
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.closed = True
        for member in self._members:
            await member.channel.close()

    async def member(self) -> Member:
        """One that is connected. Raises Unavailable when none is to be had within CONNECT_SECONDS."""
        if self.closed:
            raise Unavailable("store is closed")
        preferred = self._members[self._preferred]
        if preferred.channel.get_state(try_to_connect=True) is grpc.ChannelConnectivity.READY:
            return preferred
        try:
            async with asyncio.timeout(CONNECT_SECONDS), self._connecting:
                return await self._connect()
        except TimeoutError:
            raise Unavailable(f"no etcd endpoint answers: {', '.join(self.endpoints.addresses)}") from None

    async def read(self, rpc: Callable[[Member], Any], request: object) -> Any:
        """Send request until somebody answers it."""
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                while True:
                    try:
                        return await self.write(rpc, request)
                    except Unavailable:
                        if self.closed:
                            raise
                    await self._clock.sleep(RETRY_SECONDS)
        except TimeoutError:
            raise Unavailable(f"etcd does not answer: {', '.join(self.endpoints.addresses)}") from None

    async def write(self, rpc: Callable[[Member], Any], request: object) -> Any:
        """Send request once. After Unavailable it may have happened."""
        member = await self.member()
        try:
            return await self.ask(member, rpc(member), request)
        except grpc.aio.AioRpcError as error:
            if self.must_log_in(error.code(), error.details() or ""):  # refused, so it did not happen
                return await self._ask_again(member, rpc, request)
            raise self.explained(error, member) from error

    async def metadata(self, member: Member) -> Sequence[tuple[str, str]]:
        """What proves who we are."""
        if self._metadata is None:
            login = etcd_pb2.AuthenticateRequest(name=self.endpoints.user, password=self.endpoints.password)
            try:
                response = await member.auth.Authenticate(login, timeout=REQUEST_SECONDS)
            except grpc.aio.AioRpcError as error:
                raise self.explained(error, member) from error
            self._metadata = (("token", response.token),)
        return self._metadata

    def must_log_in(self, code: grpc.StatusCode, details: str) -> bool:
        """Whether the server wants a new token; if so, the next call gets one."""
        if not self.endpoints.user:
            return False
        stale = code is grpc.StatusCode.UNAUTHENTICATED or "revision of auth store is old" in details
        if stale or "invalid auth token" in details:
            self._metadata = None
            return True
        return False

    def fail_over(self, member: Member) -> None:
        """Prefer another one from now on."""
        if self._members[self._preferred] is member:
            self._preferred = (self._preferred + 1) % len(self._members)

    def explained(self, error: grpc.aio.AioRpcError, member: Member) -> StoreError:
        """The error in our words; when the member is at fault, the next one is preferred."""
        meaning = meaning_of(error.code(), error.details() or "", address=member.address)
        if isinstance(meaning, Unavailable):
            self.fail_over(member)
        return meaning

    async def ask(self, member: Member, method: Any, request: object) -> Any:
        """Send request to this very member. Raises gRPC's error."""
        metadata = await self.metadata(member)
        return await interruptible(
            method(request, timeout=REQUEST_SECONDS, metadata=metadata), closed=lambda: self.closed
        )

    async def _ask_again(self, member: Member, rpc: Callable[[Member], Any], request: object) -> Any:
        try:
            return await self.ask(member, rpc(member), request)
        except grpc.aio.AioRpcError as error:
            raise self.explained(error, member) from error

    async def _connect(self) -> Member:
        while True:
            for _ in self._members:
                member = self._members[self._preferred]
                try:
                    async with asyncio.timeout(MEMBER_CONNECT_SECONDS):
                        if await member.connect():
                            return member
                except TimeoutError:
                    pass
                self.fail_over(member)
            await self._clock.sleep(RETRY_SECONDS)

    def _credentials(self) -> grpc.ChannelCredentials:
        try:
            contents = [Path(name).read_bytes() if name else None for name in self._files]
        except OSError as error:
            raise StoreError(f"etcd TLS file {error.filename}: {error.strerror}") from error
        return grpc.ssl_channel_credentials(*contents)


async def interruptible(call: Awaitable[T], *, closed: Callable[[], bool]) -> T:
    """await call; when it was broken off because the connection is closed, that is Unavailable.

    gRPC reports that as a cancellation, which would end a task that nobody cancelled.
    """
    try:
        return await call
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if closed() and task is not None and not task.cancelling():
            raise Unavailable("store is closed") from None
        raise


def meaning_of(code: grpc.StatusCode, details: str, *, address: str = "") -> StoreError:
    """etcd's refusal in the words of kv.py."""
    if "has been compacted" in details:
        return Compacted()
    if "future revision" in details:
        return FutureRevision(0)
    if "lease not found" in details:
        return LeaseNotFound(0)
    if "too large" in details or "too many operations" in details or "larger than max" in details:
        return ValueTooLarge(details.removeprefix("etcdserver: "))
    if code in REFUSALS:
        return StoreError(details or code.name)
    return Unavailable(f"etcd {address}: {details or code.name}")


REFUSALS: Final = frozenset(
    {
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.ALREADY_EXISTS,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.OUT_OF_RANGE,
        grpc.StatusCode.UNIMPLEMENTED,
    }
)
"""The server looked at the request and did nothing."""
