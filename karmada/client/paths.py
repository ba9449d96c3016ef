"""URL paths of collections and objects, as every Kubernetes API server understands them.

In: keys and query parameters. Out: escaped paths. client.py sends them.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlencode

from karmada.api.errors import BadRequest
from karmada.api.gvk import GroupVersionResource, ObjectKey, Resource

_PLAIN = re.compile(r"[A-Za-z0-9_~:@-][A-Za-z0-9._~:@-]*")


@lru_cache(maxsize=4096)
def version_path(group: str, version: str) -> str:
    """`/api/v1` or `/apis/apps/v1`."""
    return f"/apis/{_segment(group)}/{_segment(version)}" if group else f"/api/{_segment(version)}"


def collection_path(gvr: GroupVersionResource, namespace: str = "") -> str:
    """The collection in a namespace; "" is all namespaces, or a cluster-scoped resource."""
    within = f"/namespaces/{_segment(namespace)}" if namespace else ""
    return f"{version_path(gvr.group, gvr.version)}{within}/{gvr.resource}"


def object_path(resource: Resource[Any], key: ObjectKey, subresource: str = "") -> str:
    """One object. Raises BadRequest for a key without a name: that path would mean the whole collection."""
    if not key.name:
        raise BadRequest("resource name may not be empty")
    if resource.namespaced and not key.namespace:
        raise BadRequest("an empty namespace may not be set when a resource name is provided")
    path = (
        f"{collection_path(resource.gvr, key.namespace if resource.namespaced else '')}/{_segment(key.name)}"
    )
    return f"{path}/{subresource}" if subresource else path


def with_query(path: str, query: Mapping[str, str | int] | None) -> str:
    """path with the parameters that are not empty."""
    wanted = {name: value for name, value in query.items() if value != ""} if query else None
    if not wanted:
        return path
    return f"{path}{'&' if '?' in path else '?'}{urlencode(wanted)}"


def _segment(text: str) -> str:
    if _PLAIN.fullmatch(text):
        return text
    if text in (".", ".."):
        raise BadRequest(f'invalid resource name "{text}": may not be "." or ".."')
    return quote(text, safe="")
