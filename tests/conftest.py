"""Settings of every test: hypothesis looks for wrong answers, not slow ones; nothing ends a test process."""

import logging

from hypothesis import HealthCheck, settings

from karmada.client.leases import LeaderElection

settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("here")


def _stuck() -> None:
    """A leader in this process that cannot stop fails its own test; the process runs the others."""
    logging.getLogger("tests").critical("work did not stop after the lease was lost")


given = LeaderElection.__init__.__kwdefaults__
assert given is not None
given["on_stuck"] = _stuck
