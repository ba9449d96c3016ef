"""Permanent ids: the random label that tells an object from a later one with the same name.

Policies, bindings, Works and MultiClusterServices carry one from creation on; controllers find what belongs
together by it.
"""

import uuid

from karmada.api.objects import Object, labels_of


def ensure_id(obj: Object, label: str) -> str:
    """The id in this label, made if it is missing or empty."""
    return labels_of(obj).get(label) or new_id(obj, label)


def new_id(obj: Object, label: str) -> str:
    """A fresh id, in place of any other."""
    made = str(uuid.uuid4())
    obj["metadata"]["labels"] = {**labels_of(obj), label: made}
    return made
