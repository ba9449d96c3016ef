"""A token bucket: at most so many requests per second, with a burst.

In: qps and burst of a client. Out: take() waits until a request may go.
"""

from karmada.runtime.clock import SYSTEM_CLOCK, Clock


class TokenBucket:
    """qps tokens flow in per second, up to burst; callers are served in the order they ask."""

    def __init__(self, *, qps: float, burst: int, clock: Clock = SYSTEM_CLOCK) -> None:
        self._qps = qps
        self._burst = max(1, burst)
        self._clock = clock
        self._tokens = float(self._burst)
        self._as_of = clock.monotonic()

    async def take(self) -> None:
        """Wait for a token. A caller that is cancelled while it waits gives its token back."""
        now = self._clock.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._as_of) * self._qps)
        self._as_of = now
        self._tokens -= 1.0  # may go below zero: a debt that those who come later wait out
        if self._tokens >= 0:
            return
        try:
            await self._clock.sleep(-self._tokens / self._qps)
        except BaseException:
            self._tokens += 1.0
            raise
