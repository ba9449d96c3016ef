"""When a token that a Secret holds was last used: the label by which old ones are found and cleaned up.

In: Secrets whose token authenticated somebody, from filters/authentication/service_account. Out: the label
kubernetes.io/legacy-token-last-used, written once a day; authentication waits for the write, and goes on
without it when the store does not answer.
"""

import logging
from typing import Final

from apiserver.handlers.settling import settle_object
from apiserver.resources.definition import Resources
from apiserver.storage.keys import path_of
from apiserver.storage.store import Store
from karmada.api.errors import ApiError
from karmada.api.objects import Object, labels_of, name_of, namespace_of, uid_of, with_labels
from karmada.runtime.clock import Clock

log = logging.getLogger(__name__)

LAST_USED_LABEL: Final = "kubernetes.io/legacy-token-last-used"


class TokenUse:
    """Notes the day."""

    def __init__(self, store: Store, resources: Resources, *, clock: Clock) -> None:
        self._store = store
        self._resources = resources
        self._clock = clock

    async def note(self, secret: Object) -> None:
        """The token of secret was used now."""
        today = self._clock.now().date().isoformat()
        definition = self._resources.lookup("", "v1", "secrets")
        if definition is None or labels_of(secret).get(LAST_USED_LABEL) == today:
            return

        def change(stored: Object) -> Object:
            if uid_of(stored) != uid_of(secret):
                return stored
            return with_labels(stored, {LAST_USED_LABEL: today})

        path = path_of(namespace_of(secret), name_of(secret))
        try:
            await settle_object(self._store, definition, path, change)
        except ApiError as error:
            log.warning("use of a token not noted", extra={"secret": path, "error": str(error)})
