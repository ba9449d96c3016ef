"""Leases by the clock. All else is in test_contract.py."""

from etcd import Put, open_backend
from karmada.runtime.clock import ManualClock
from tests.etcd.watching import Watching


async def test_leases_run_out_at_their_time_and_in_their_order() -> None:
    clock = ManualClock()
    async with open_backend("memory://", clock=clock) as backend:
        for name, seconds in ((b"/a", 60), (b"/b", 10), (b"/c", 30)):
            lease = await backend.lease(seconds)
            await backend.transaction(compare=[], success=[Put(name, b"1", lease)])
        async with Watching(backend, b"/") as watching:
            await clock.run_for(9.9)
            assert watching.events == []
            await clock.run_for(21)
            assert [event.key_value.key for event in watching.events] == [b"/b", b"/c"]
            await clock.run_for(30)
            assert await backend.count_prefix(b"/") == 0
