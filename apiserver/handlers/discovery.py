"""What is served: the discovery documents, legacy and aggregated, made once per change of the resources.

In: the registry of served resources, and the group versions other servers answer for. Out: answers to /api,
/apis and what lies one or two segments below. Clients ask for /api and /apis in the aggregated form and
keep the ETag.
"""

import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any, Final

import orjson

from apiserver.handlers.negotiate import (
    PLAIN_JSON,
    Encoding,
    Form,
    encode,
    negotiate,
    parse_accept,
    wants_pretty,
)
from apiserver.handlers.ordering import group_priority, group_rank, version_rank
from apiserver.request_info import Request, Response
from apiserver.resources.definition import Resources
from karmada.api.errors import ApiError, MethodNotAllowed, NotAcceptable, NotFound
from karmada.api.objects import Object
from karmada.api.scheme import ServedResource

AGGREGATED_TYPE: Final = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_AGGREGATED: Final = {"g": "apidiscovery.k8s.io", "v": "v2", "as": "APIGroupDiscoveryList"}


@dataclass(frozen=True, slots=True)
class RemoteVersion:
    """A group version another server answers for: what it said of itself. stale: it does not answer now."""

    group: str
    version: str
    group_priority: int
    version_priority: int
    resources: tuple[Object, ...] = ()
    stale: bool = False


@dataclass(frozen=True, slots=True)
class VersionResources:
    """One group version with its APIResource objects in order."""

    group: str
    version: str
    resources: tuple[Object, ...]
    group_priority: int
    version_priority: int
    stale: bool = False

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version


@dataclass(frozen=True, slots=True)
class Aggregated:
    body: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class Documents:
    """Every discovery document of one state of the resources, by path."""

    legacy: Mapping[str, Object]
    aggregated: Mapping[str, Aggregated]
    groups: frozenset[str]


class Discovery:
    """Answers discovery requests. Documents are made at the first request after a change."""

    def __init__(self, resources: Resources, remote: Callable[[], Iterable[RemoteVersion]] = tuple) -> None:
        self.resources = resources
        self.remote = remote
        self._documents: Documents | None = None
        self._encoded: dict[str, bytes] = {}
        resources.on_change(self.invalidate)

    def invalidate(self) -> None:
        """The resources, or what other servers serve, changed."""
        self._documents = None
        self._encoded = {}

    @property
    def documents(self) -> Documents:
        if self._documents is None:
            served = (definition.served for definition in self.resources)
            self._documents = documents_of(served, self.remote())
        return self._documents

    async def handle(self, request: Request) -> Response:
        """The answer to a path under /api or /apis that names no resource. Raises ApiError."""
        path = request.info.path.rstrip("/")
        if request.method != "GET":
            raise MethodNotAllowed("the server does not allow this method on the requested resource")
        form = discovery_form(request.headers.get("accept", ""), aggregated=path in self.documents.aggregated)
        if form is None:
            return self._aggregated(path, request.headers.get("if-none-match", ""))
        if path == "/api":
            return _respond(request, form, api_versions(request.headers.get("host", "")))
        document = self.documents.legacy.get(path)
        if document is None:
            return self._unknown(path)
        return self._legacy(request, form, path, document)

    def _legacy(self, request: Request, form: Form, path: str, document: Object) -> Response:
        pretty = wants_pretty(request.query.get("pretty"), request.headers.get("user-agent", ""))
        if form != PLAIN_JSON or pretty:
            return _respond(request, form, document)
        if path not in self._encoded:
            self._encoded[path] = encode(form, document)
        return Response(200, self._encoded[path])

    def _aggregated(self, path: str, known_etag: str) -> Response:
        document = self.documents.aggregated[path]
        headers = {"ETag": document.etag, "Vary": "Accept", "Cache-Control": "public"}
        if document.etag in (tag.strip() for tag in known_etag.split(",")):
            return Response(304, b"", AGGREGATED_TYPE, headers)
        return Response(200, document.body, AGGREGATED_TYPE, headers)

    def _unknown(self, path: str) -> Response:
        """A group nobody knows is answered as any unknown path; a version of a known one as a resource is."""
        parts = path.strip("/").split("/")
        if parts[0] == "apis" and (len(parts) < 2 or parts[1] not in self.documents.groups):
            return page_not_found()
        raise unknown_resource()


def page_not_found() -> Response:
    """The answer to a path that means nothing."""
    headers = {"X-Content-Type-Options": "nosniff"}
    return Response(404, b"404 page not found\n", "text/plain; charset=utf-8", headers)


def unknown_resource() -> ApiError:
    """The refusal of a resource, version or subresource that is not served."""
    return NotFound("the server could not find the requested resource")


@lru_cache(maxsize=256)
def discovery_form(accept: str, *, aggregated: bool) -> Form | None:
    """None for the aggregated document, where that exists and comes first. Raises NotAcceptable."""
    plain: list[str] = []
    asked = False
    for clause in sorted(parse_accept(accept), key=lambda clause: (-clause.weight, clause.position)):
        parameters = dict(clause.parameters)
        if "as" not in parameters:
            plain.append(clause.media_type)
        elif clause.media_type == Encoding.JSON and _AGGREGATED.items() <= parameters.items():
            if aggregated and not plain:
                return None
            asked = True
        else:
            asked = True
    if asked and not plain:
        listed = ", ".join(encoding.value for encoding in Encoding)
        raise NotAcceptable(f"only the following media types are accepted: {listed}")
    return negotiate(",".join(plain))


def documents_of(served: Iterable[ServedResource], remote: Iterable[RemoteVersion] = ()) -> Documents:
    """Every document for these resources. Pure."""
    versions = sorted([*_local_versions(served), *_remote_versions(remote)], key=_order_key)
    legacy: dict[str, Object] = {}
    for version in versions:
        legacy[_path(version)] = resource_list(version)
    named = [version for version in versions if version.group]
    groups = [list(members) for _, members in groupby(_in_group_order(named), key=lambda one: one.group)]
    for members in groups:
        legacy[f"/apis/{members[0].group}"] = {"kind": "APIGroup", "apiVersion": "v1", **_group(members)}
    listed = [_group(members) for members in groups]
    legacy["/apis"] = {"kind": "APIGroupList", "apiVersion": "v1", "groups": listed}
    core = [version for version in versions if not version.group]
    aggregated = {"/api": _aggregate([core] if core else []), "/apis": _aggregate(groups)}
    return Documents(legacy, aggregated, frozenset(version.group for version in named))


def _local_versions(served: Iterable[ServedResource]) -> list[VersionResources]:
    by_version: dict[tuple[str, str], list[ServedResource]] = {}
    for resource in served:
        by_version.setdefault((resource.gvr.group, resource.gvr.version), []).append(resource)
    return [
        VersionResources(
            group,
            version,
            tuple(
                entry
                for one in sorted(members, key=lambda one: one.gvr.resource)
                for entry in entries_of(one)
            ),
            *group_priority(group, version),
        )
        for (group, version), members in by_version.items()
    ]


def _remote_versions(remote: Iterable[RemoteVersion]) -> list[VersionResources]:
    return [
        VersionResources(
            one.group, one.version, one.resources, one.group_priority, one.version_priority, one.stale
        )
        for one in remote
    ]


def _order_key(version: VersionResources) -> Any:
    return version.group, -version.version_priority, version_rank(version.version)


def _in_group_order(versions: list[VersionResources]) -> list[VersionResources]:
    """Versions, sorted within their groups already, with the groups in the order clients prefer them."""
    highest: dict[str, int] = {}
    for version in versions:
        highest[version.group] = max(highest.get(version.group, 0), version.group_priority)
    return sorted(versions, key=lambda version: group_rank(version.group, highest[version.group]))


def entries_of(served: ServedResource) -> list[Object]:
    """The APIResource of a resource and those of its subresources."""
    entry: Object = {
        "name": served.gvr.resource,
        "singularName": served.singular,
        "namespaced": served.namespaced,
        "kind": served.kind,
        "verbs": list(served.verbs),
    }
    if served.short_names:
        entry["shortNames"] = list(served.short_names)
    if served.categories:
        entry["categories"] = list(served.categories)
    if "watch" in served.verbs:
        entry["storageVersionHash"] = storage_version_hash(served)
    entries = [entry]
    for subresource in sorted(served.subresources, key=lambda one: one.name):
        inner: Object = {
            "name": f"{served.gvr.resource}/{subresource.name}",
            "singularName": "",
            "namespaced": served.namespaced,
        }
        if subresource.gvk[:2] != served.gvr[:2]:
            inner |= {"group": subresource.gvk.group, "version": subresource.gvk.version}
        entries.append(inner | {"kind": subresource.gvk.kind, "verbs": list(subresource.verbs)})
    return entries


def storage_version_hash(served: ServedResource) -> str:
    text = f"{served.storage.group}/{served.storage.version}/{served.kind}"
    return base64.b64encode(hashlib.sha256(text.encode()).digest()[:8]).decode()


def api_versions(host: str) -> Object:
    """The document at /api. host is where the client reached us."""
    addresses = [{"clientCIDR": "0.0.0.0/0", "serverAddress": host}]
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": addresses}


def resource_list(version: VersionResources) -> Object:
    head: Object = {"kind": "APIResourceList"}
    if version.group:
        head["apiVersion"] = "v1"
    return {**head, "groupVersion": version.api_version, "resources": list(version.resources)}


def _path(version: VersionResources) -> str:
    return f"/apis/{version.group}/{version.version}" if version.group else f"/api/{version.version}"


def _group(members: list[VersionResources]) -> Object:
    versions = [{"groupVersion": one.api_version, "version": one.version} for one in members]
    return {"name": members[0].group, "versions": versions, "preferredVersion": versions[0]}


def _aggregate(groups: list[list[VersionResources]]) -> Aggregated:
    items = [
        {
            "metadata": {"name": members[0].group} if members[0].group else {},
            "versions": [_aggregated_version(one) for one in members],
        }
        for members in groups
    ]
    body = orjson.dumps(
        {
            "kind": "APIGroupDiscoveryList",
            "apiVersion": "apidiscovery.k8s.io/v2",
            "metadata": {},
            "items": items,
        }
    )
    return Aggregated(body + b"\n", f'"{hashlib.sha512(body).hexdigest().upper()}"')


def _aggregated_version(version: VersionResources) -> Object:
    resources: dict[str, Object] = {}
    for entry in version.resources:
        name, _, subresource = entry["name"].partition("/")
        kind = {"group": entry.get("group", ""), "version": entry.get("version", ""), "kind": entry["kind"]}
        if not subresource:
            resources[name] = _aggregated_resource(entry, kind)
        elif name in resources:
            inner = {"subresource": subresource, "responseKind": kind, "verbs": entry["verbs"]}
            resources[name].setdefault("subresources", []).append(inner)
    result: Object = {"version": version.version}
    if resources:
        result["resources"] = list(resources.values())
    result["freshness"] = "Stale" if version.stale else "Current"
    return result


def _aggregated_resource(entry: Object, kind: Object) -> Object:
    resource: Object = {
        "resource": entry["name"],
        "responseKind": kind,
        "scope": "Namespaced" if entry["namespaced"] else "Cluster",
        "singularResource": entry.get("singularName", ""),
        "verbs": entry["verbs"],
    }
    for name in ("shortNames", "categories"):
        if entry.get(name):
            resource[name] = entry[name]
    return resource


def _respond(request: Request, form: Form, document: Object) -> Response:
    pretty = wants_pretty(request.query.get("pretty"), request.headers.get("user-agent", ""))
    return Response(200, encode(form, document, pretty=pretty), form.content_type)
