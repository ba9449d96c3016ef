"""How long a placement puts up with the taints of a cluster. Pure.

In: taints, tolerations, the time. Out: seconds; taint_manager.py acts on them. As Kubernetes reads
tolerations, for the taints that drive out what already runs.
"""

import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from karmada.api.groups.meta import Taint, Toleration
from karmada.api.selection import tolerates
from karmada.api.wellknown import NO_EXECUTE

FOR_EVER: Final = math.inf


def evicting_taints(taints: Iterable[Taint]) -> list[Taint]:
    return [taint for taint in taints if taint.effect == NO_EXECUTE]


def tolerated_seconds(taints: Iterable[Taint], tolerations: Sequence[Toleration], *, now: datetime) -> float:
    """How much longer all of these NoExecute taints are tolerated: 0 or less is not any more, or FOR_EVER."""
    shortest = FOR_EVER
    for taint in taints:
        toleration = next((item for item in tolerations if tolerates(item, taint)), None)
        if toleration is None:
            return 0.0
        if toleration.toleration_seconds is not None:
            added = now if taint.time_added is None else datetime.fromisoformat(taint.time_added)
            until = added + timedelta(seconds=toleration.toleration_seconds)
            shortest = min(shortest, (until - now).total_seconds())
    return shortest
