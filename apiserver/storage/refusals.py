"""What storage answers when it must say no: the stock errors about an object that is missing, there already,
moved on.

Raised by store.py and by the handlers, which share the texts.
"""

from typing import Any

from apiserver.storage.keys import Collection
from karmada.api.errors import AlreadyExists, ApiError, Conflict, Expired, NotFound, ServerTimeout, Timeout

MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"


def details_of(collection: Collection, name: str) -> dict[str, Any]:
    """kind holds the resource, as Kubernetes has it."""
    details: dict[str, Any] = {"name": name} if name else {}
    if collection.group:
        details["group"] = collection.group
    return {**details, "kind": collection.resource}


def not_found(collection: Collection, name: str) -> NotFound:
    return NotFound(f'{collection.group_resource} "{name}" not found', details=details_of(collection, name))


def already_exists(collection: Collection, name: str) -> AlreadyExists:
    return AlreadyExists(
        f'{collection.group_resource} "{name}" already exists', details=details_of(collection, name)
    )


def no_unique_name(collection: Collection, name: str) -> AlreadyExists:
    return AlreadyExists(
        f'{collection.group_resource} "{name}" already exists, the server was not able to generate a '
        "unique name "
        "for the object",
        details={**details_of(collection, name), "retryAfterSeconds": 1},
    )


def conflict(collection: Collection, name: str, text: str = MODIFIED) -> Conflict:
    return Conflict(
        f'Operation cannot be fulfilled on {collection.group_resource} "{name}": {text}',
        details=details_of(collection, name),
    )


def uid_mismatch(collection: Collection, path: str, name: str, *, wanted: str, found: str) -> Conflict:
    key = collection.prefix + path
    return conflict(
        collection,
        name,
        f"StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, AdditionalErrorMsg: "
        f"Precondition failed: UID in precondition: {wanted}, UID in object meta: {found}",
    )


def too_old_list() -> Expired:
    return Expired("The resourceVersion for the provided list is too old.")


def too_far_ahead(revision: int, current: int) -> Timeout:
    return Timeout(
        f"Timeout: Too large resource version: {revision}, current: {current}",
        details={
            "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
            "retryAfterSeconds": 1,
        },
    )


def no_answer(verb: str, collection: Collection) -> ServerTimeout:
    return ServerTimeout(
        f"The {verb} operation against {collection.group_resource} could not be completed at this time, "
        "please try again.",
        details={**details_of(collection, ""), "retryAfterSeconds": 1},
    )


class Unclassified(ApiError):
    """A 500 without a reason: what Kubernetes gives for errors it has no word for."""

    code, reason = 500, ""


def plain_failure(text: str) -> Unclassified:
    return Unclassified(text)
