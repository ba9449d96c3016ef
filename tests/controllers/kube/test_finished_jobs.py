"""When a Job that ended may go."""

from typing import Any

import pytest

from controllers.kube.finished_jobs import expiry_of
from karmada.api.objects import Object

ENDED = "2026-01-01T12:00:00Z"


def job(*, ended: str = "", ttl: int | None = 60, **metadata: Any) -> Object:
    conditions = [{"type": ended, "status": "True", "lastTransitionTime": ENDED}] if ended else []
    return {
        "metadata": metadata,
        "spec": {"ttlSecondsAfterFinished": ttl},
        "status": {"conditions": conditions},
    }


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        pytest.param(job(ended="Complete"), "2026-01-01T12:01:00+00:00", id="complete"),
        pytest.param(job(ended="Failed", ttl=0), "2026-01-01T12:00:00+00:00", id="failed-goes-at-once"),
        pytest.param(job(ended="Complete", ttl=None), None, id="no-time-set"),
        pytest.param(job(), None, id="runs"),
        pytest.param(job(ended="SuccessCriteriaMet"), None, id="not-quite-over"),
        pytest.param(job(ended="Complete", deletionTimestamp=ENDED), None, id="on-its-way"),
    ],
)
def test_expiry(subject: Object, expected: str | None) -> None:
    found = expiry_of(subject)
    assert (found.isoformat() if found else None) == expected
