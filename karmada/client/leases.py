"""Leader election over a coordination.k8s.io/v1 Lease: one process of several acts.

In: a Lease all candidates know. Out: run_as_leader runs its work only while the Lease is held. A leader
that cannot renew stops acting well before another may take over, and a clock that is wrong does no harm:
each candidate counts, by its own monotonic clock, how long the Lease it watches has not moved.
"""

import asyncio
import logging
import os
import random
import socket
import uuid
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NoReturn, TypeVar

from karmada.api.errors import AlreadyExists, ApiError, Conflict, NotFound
from karmada.api.groups.kubernetes import LEASES
from karmada.api.objects import Object, resource_version_of
from karmada.client.client import Client
from karmada.runtime.clock import SYSTEM_CLOCK, Clock, rfc3339_micro
from karmada.runtime.tasks import spawn

log = logging.getLogger(__name__)

T = TypeVar("T")

RELEASE_SECONDS: Final = 3.0


class LeadershipLost(Exception):
    """The Lease could not be renewed in time; the work was stopped."""


@dataclass(frozen=True, slots=True)
class LeaderElectionOptions:
    leader_elect: bool = True
    """--leader-elect: act only while holding the lease, so that several replicas can run."""

    lease_seconds: float = 15.0
    """--leader-elect-lease-duration: others wait this long after the last renewal they saw."""

    renew_seconds: float = 10.0
    """--leader-elect-renew-deadline: a leader that could not renew for so long stops."""

    retry_seconds: float = 2.0
    """--leader-elect-retry-period: pause between two tries to take or renew the lease."""

    namespace: str = "karmada-system"
    """--leader-elect-resource-namespace: where the lease is."""

    identity: str = ""
    """--leader-elect-identity: who holds the lease; a new name for each process when none is given. With a
    given one a restarted process goes on at once: never give the same to two that may run at a time."""


@dataclass(slots=True)
class _Seen:
    """The Lease as last read, and when it was first seen like that."""

    record: Object
    at: float


def default_identity() -> str:
    return f"{socket.gethostname()}_{uuid.uuid4()}"


def exit_now() -> NoReturn:
    """The last resort: work that ignores its cancellation must not act beside a new leader."""
    os._exit(1)


class LeaderElection:
    """One candidate. client should be a client of its own: the Lease must not queue behind other requests."""

    def __init__(
        self,
        client: Client,
        *,
        name: str,
        namespace: str = "karmada-system",
        identity: str = "",
        lease_seconds: float = 15.0,
        renew_seconds: float = 10.0,
        retry_seconds: float = 2.0,
        clock: Clock = SYSTEM_CLOCK,
        on_stuck: Callable[[], object] = exit_now,
    ) -> None:
        if not lease_seconds > renew_seconds > retry_seconds > 0:
            raise ValueError("leader election needs lease duration > renew deadline > retry period > 0")
        self.identity = identity or default_identity()
        self._client = client
        self._key = LEASES.key(namespace, name)
        self._lease_seconds = lease_seconds
        self._renew_seconds = renew_seconds
        self._retry_seconds = retry_seconds
        self._clock = clock
        self._on_stuck = on_stuck
        self._seen: _Seen | None = None
        self._renewed_at: float | None = None

    @property
    def is_leader(self) -> bool:
        """May this process act at this moment?"""
        return self._renewed_at is not None and self._left(self._renewed_at) > 0

    def require(self) -> None:
        """Raises LeadershipLost unless is_leader; made for Client.set_fence."""
        if not self.is_leader:
            raise LeadershipLost(f"{self.identity} does not hold the lease {self._key.name}")

    async def run_as_leader(self, work: Callable[[], Awaitable[T]] | Coroutine[Any, Any, T]) -> T:
        """Wait for the lease, run work while it is held, give it back.

        Raises LeadershipLost when it could not be kept; work has been cancelled and has ended by then.
        """
        try:
            await self._acquire()
        except BaseException:
            if asyncio.iscoroutine(work):
                work.close()
            raise
        log.info("became leader", extra={"lease": self._key.name, "identity": self.identity})
        try:
            return await self._lead(work)
        finally:
            await self._release()

    async def _acquire(self) -> None:
        reported = ""
        while True:
            try:
                if await self._try():
                    return
                holder = self._holder()
                if holder != reported:
                    reported = holder
                    log.info("waiting for the lease", extra={"lease": self._key.name, "holder": holder})
            except ApiError as error:
                if str(error) != reported:
                    reported = str(error)
                    log.warning("lease cannot be read", extra={"lease": self._key.name, "error": reported})
            await self._clock.sleep(self._retry_seconds * (1 + random.random() * 0.2))

    async def _lead(self, work: Callable[[], Awaitable[T]] | Coroutine[Any, Any, T]) -> T:
        acting = spawn(_call(work), name=f"leader {self._key.name}")
        async with asyncio.TaskGroup() as group:
            renewing = group.create_task(self._renew(), name=f"lease {self._key.name}")
            try:
                await asyncio.wait({acting, renewing}, return_when=asyncio.FIRST_COMPLETED)
                lost = not acting.done()
            finally:
                await self._stop(acting, renewing)
                renewing.cancel()
        if lost:
            raise LeadershipLost(f"lease {self._key.name} could not be renewed")
        return acting.result()

    async def _stop(self, acting: asyncio.Task[T], renewing: asyncio.Task[None]) -> None:
        """End the work. Once the lease is lost it has until the lease can be taken by another."""
        acting.cancel()
        await asyncio.wait({acting, renewing}, return_when=asyncio.FIRST_COMPLETED)
        if not acting.done():
            await asyncio.wait({acting}, timeout=self._lease_seconds - self._renew_seconds)
        if not acting.done():
            log.critical("work goes on without the lease", extra={"lease": self._key.name})
            self._on_stuck()

    async def _renew(self) -> None:
        """Return when the lease is lost."""
        while True:
            await self._clock.sleep(self._retry_seconds)
            assert self._renewed_at is not None
            left = self._left(self._renewed_at)
            if left <= 0:
                return
            try:
                async with asyncio.timeout(left):
                    if not await self._try() and self._holder() != self.identity:
                        return  # another has it
            except TimeoutError:
                return
            except ApiError as error:
                log.warning("lease not renewed", extra={"lease": self._key.name, "error": str(error)})

    def _left(self, renewed_at: float) -> float:
        return renewed_at + self._renew_seconds - self._clock.monotonic()

    def _holder(self) -> str:
        record = self._seen.record if self._seen is not None else {}
        return (record.get("spec") or {}).get("holderIdentity") or ""

    async def _try(self) -> bool:
        """Take or renew the lease, once.

        Its time counts from before the request, so we never overstate it.
        """
        started = self._clock.monotonic()
        try:
            if self.is_leader and self._seen is not None:
                lease = self._seen.record  # ours as we wrote it: no read needed
            else:
                lease = await self._client.get(LEASES, self._key)
                self._observe(lease)
                if not may_take(lease, self.identity, unchanged_seconds=self._unchanged()):
                    return False
            written = await self._client.replace(LEASES, self._with_spec(lease))
        except NotFound:
            self._seen = None
            written = await self._create()
        except Conflict:
            if self.is_leader:  # somebody touched it; look who
                self._observe(await self._client.get(LEASES, self._key))
                if self._holder() == self.identity:
                    return await self._rewrite(started)
                self._renewed_at = None
            return False
        except AlreadyExists:
            return False
        self._seen = _Seen(written, self._clock.monotonic())
        self._renewed_at = started
        return True

    async def _rewrite(self, started: float) -> bool:
        assert self._seen is not None
        try:
            written = await self._client.replace(LEASES, self._with_spec(self._seen.record))
        except Conflict:
            return False
        self._seen = _Seen(written, self._clock.monotonic())
        self._renewed_at = started
        return True

    async def _create(self) -> Object:
        spec = next_spec({}, self.identity, lease_seconds=self._lease_seconds, now=self._clock.now())
        return await self._client.create(
            LEASES,
            {
                "apiVersion": "coordination.k8s.io/v1",
                "kind": "Lease",
                "metadata": {"name": self._key.name, "namespace": self._key.namespace},
                "spec": spec,
            },
        )

    def _observe(self, lease: Object) -> None:
        if self._seen is None or resource_version_of(self._seen.record) != resource_version_of(lease):
            self._seen = _Seen(lease, self._clock.monotonic())

    def _unchanged(self) -> float:
        return self._clock.monotonic() - self._seen.at if self._seen is not None else 0.0

    def _with_spec(self, lease: Object) -> Object:
        spec = next_spec(
            lease.get("spec") or {}, self.identity, lease_seconds=self._lease_seconds, now=self._clock.now()
        )
        return {**lease, "spec": spec}

    async def _release(self) -> None:
        """Let the next one act at once instead of after the lease has run out."""
        if not self.is_leader or self._seen is None:
            return
        self._renewed_at = None
        try:
            async with asyncio.timeout(RELEASE_SECONDS):
                # A renewal that was cut off may have been written all the same: then the record is newer
                # than ours.
                await self._client.update(LEASES, self._key, self._given_up, cached=self._seen.record)
        except (ApiError, TimeoutError) as error:
            log.warning("lease not released", extra={"lease": self._key.name, "error": str(error)})
        else:
            log.info("released the lease", extra={"lease": self._key.name})

    def _given_up(self, lease: Object) -> Object:
        """lease without a holder, if we are that; somebody else's is left alone."""
        spec = lease.get("spec") or {}
        if spec.get("holderIdentity") != self.identity:
            return lease
        free = {
            "holderIdentity": "",
            "leaseDurationSeconds": 1,
            "renewTime": rfc3339_micro(self._clock.now()),
        }
        return {**lease, "spec": {**spec, **free}}


async def _call(work: Callable[[], Awaitable[T]] | Coroutine[Any, Any, T]) -> T:
    return await (work() if callable(work) else work)


def may_take(lease: Object, identity: str, *, unchanged_seconds: float) -> bool:
    """May identity take this lease, having seen it without a change for so long?"""
    spec = lease.get("spec") or {}
    holder = spec.get("holderIdentity") or ""
    if not holder or holder == identity:
        return True
    return unchanged_seconds > float(spec.get("leaseDurationSeconds") or 0)


def next_spec(spec: Object, identity: str, *, lease_seconds: float, now: datetime) -> Object:
    """The spec of a lease that identity takes or renews."""
    held = spec.get("holderIdentity") == identity
    moment = rfc3339_micro(now)
    transitions = spec.get("leaseTransitions") or 0
    return {
        **spec,
        "holderIdentity": identity,
        "leaseDurationSeconds": max(1, round(lease_seconds)),
        "acquireTime": spec.get("acquireTime") or moment if held else moment,
        "renewTime": moment,
        "leaseTransitions": transitions if held or not spec else transitions + 1,
    }
