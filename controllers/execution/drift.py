"""Member event -> Work key: an object that was changed behind our back brings its Work back into the queue.
Pure.

Our own writes are recognized by the version they were answered with.
"""

from controllers.members import work_of
from karmada.api.gvk import ObjectKey
from karmada.api.objects import Object, resource_version_of
from karmada.client.informer import Change
from karmada.interpreter.native.prune import prune_manifest


def drifted(change: Change[Object], *, recorded_version: str) -> ObjectKey | None:
    """The Work to look at again. recorded_version is what we last wrote; "" when this process never did."""
    if change.new is None:
        return work_of(change.old)
    if not recorded_version or resource_version_of(change.new) == recorded_version:
        return None
    if change.old is None:
        return work_of(change.new)
    if prune_manifest(change.old) == prune_manifest(change.new):
        return None  # only status, owners or finalizers moved
    return work_of(change.old)
