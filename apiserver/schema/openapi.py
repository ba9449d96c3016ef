"""OpenAPI documents of everything that is served: version 2 as JSON and protobuf, version 3 per group
version.

In: the resources served now. Out: Documents, bytes with their ETag. A document is built when it is first
asked for and kept until what it describes changes; hashes come from what is described, so the index is cheap
and equal on every server. Building the version 2 document takes long enough to be worth a thread.

openapi_types.py writes type definitions, openapi_paths.py operations, openapi_protobuf.py the protobuf form.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha512
from typing import Any, Final, Protocol

import orjson

from apiserver.schema.openapi_paths import Described, builtin_type, paths_of, render
from apiserver.schema.openapi_protobuf import encode, encode_named
from apiserver.schema.openapi_types import (
    META,
    Definition,
    Dialect,
    builtin_definition,
    custom_definition,
    custom_type_name,
    list_definition,
    reachable,
    reference,
    referenced,
)
from apiserver.schema.structural import Schema
from karmada.api.gvk import GroupVersionKind

FORMAT: Final = "1"
"""Part of every hash: raise it when the documents change although what is served does not."""

_ALWAYS: Final = tuple(
    f"{META}.{name}" for name in ("APIResourceList", "DeleteOptions", "Patch", "Status", "WatchEvent")
)
_BEARER: Final = {
    "BearerToken": {
        "description": "Bearer Token authentication",
        "in": "header",
        "name": "authorization",
        "type": "apiKey",
    }
}
_ROOTS: Final = {
    "api": ("/api/", f"{META}.APIVersions", "get available API versions"),
    "apis": ("/apis/", f"{META}.APIGroupList", "get available API versions"),
    "version": ("/version/", "", "get the version information for this server"),
    "openid/v1/jwks": ("/openid/v1/jwks/", "", "get service account issuer OpenID JSON Web Key Set"),
    ".well-known/openid-configuration": (
        "/.well-known/openid-configuration/",
        "",
        "get service account issuer OpenID configuration",
    ),
}


class Definable(Described, Protocol):
    """One served resource, as the registry's definitions are."""

    @property
    def schema(self) -> Schema: ...


class Served(Protocol):
    """The registry of what is served."""

    def __iter__(self) -> Iterator[Definable]: ...

    def on_change(self, listener: Callable[[], None]) -> None: ...


@dataclass(frozen=True, slots=True)
class Document:
    """body and its hash in upper-case hex; the ETag header is the hash in quotes."""

    body: bytes
    etag: str


class OpenApi:
    """The documents. Methods are synchronous and may run in a thread; a race only builds a document twice."""

    def __init__(self, resources: Served) -> None:
        self._resources = resources
        self._groups: dict[str, _Group] | None = None
        self._documents: dict[str, Document] = {}
        self._encoded: dict[str, tuple[Any, bytes]] = {}
        resources.on_change(self._changed)

    def _changed(self) -> None:
        self._groups = None

    def v2_json(self) -> Document:
        return self._document("v2 json", lambda: orjson.dumps(self._v2(), option=orjson.OPT_SORT_KEYS))

    def v2_protobuf(self) -> Document:
        return self._document("v2 protobuf", self._v2_protobuf)

    def v3_index(self) -> Document:
        keys = {key: f"/openapi/v3/{key}?hash={self._hash(key)}" for key in sorted(self._keys())}
        paths = {key: {"serverRelativeURL": url} for key, url in keys.items()}
        body = orjson.dumps({"paths": paths})
        return Document(body, sha512(body).hexdigest().upper())

    def v3_document(self, key: str) -> Document | None:
        """The document of `apis/apps/v1` and the like; None for what is not served."""
        if key in _ROOTS:
            return self._document(key, lambda: _root_document(*_ROOTS[key]))
        if key.count("/") == 1 and key.startswith("apis/") and key in self._keys():
            return self._document(
                key, lambda: _root_document(f"/{key}/", f"{META}.APIGroup", "get information of a group")
            )
        group = self._by_key().get(key)
        return self._document(key, group.v3) if group is not None else None

    def _document(self, key: str, build: Callable[[], bytes]) -> Document:
        wanted = self._hash(key)
        known = self._documents.get(key)
        if known is None or known.etag != wanted:
            known = self._documents[key] = Document(build(), wanted)
        return known

    def _hash(self, key: str) -> str:
        if key.startswith("v2 "):
            # The same for both forms: clients compare it whichever form they read.
            text = "".join(group.fingerprint for group in self._by_key().values())
            return sha512(f"{FORMAT} v2 {text}".encode()).hexdigest().upper()
        group = self._by_key().get(key)
        text = group.fingerprint if group is not None else key
        return sha512(f"{FORMAT} {text}".encode()).hexdigest().upper()

    def _keys(self) -> set[str]:
        keys = {*_ROOTS, *self._by_key()}
        return keys | {key.rpartition("/")[0] for key in keys if key.startswith("apis/")}

    def _by_key(self) -> dict[str, "_Group"]:
        groups = self._groups
        if groups is None:
            served: dict[str, list[Definable]] = {}
            for definition in self._resources:
                group, version, _ = definition.served.gvr
                key = f"apis/{group}/{version}" if group else f"api/{version}"
                served.setdefault(key, []).append(definition)
            groups = self._groups = {key: _Group(key, served[key]) for key in sorted(served)}
        return groups

    def _v2(self) -> dict[str, Any]:
        paths: dict[str, Any] = {}
        definitions: dict[str, Definition] = {}
        for group in self._by_key().values():
            paths |= group.paths(2)
            definitions |= group.definitions(2)
        return {**_v2_frame(), "paths": paths, "definitions": definitions}

    def _v2_protobuf(self) -> bytes:
        document = self._v2()
        paths = b"".join(
            self._part("Paths", name, item) for name, item in sorted(document.pop("paths").items())
        )
        definitions = b"".join(
            self._part("Definitions", name, item)
            for name, item in sorted(document.pop("definitions").items())
        )
        return encode("Document", document) + _wrapped("paths", paths) + _wrapped("definitions", definitions)

    def _part(self, message: str, name: str, value: Any) -> bytes:
        """Encoded once as long as it stays the same: a new CRD must not cost the whole document."""
        known = self._encoded.get(name)
        if known is None or known[0] != value:
            known = self._encoded[name] = (value, encode_named(message, name, value))
        return known[1]


_DOCUMENT_FIELDS: Final = {"paths": 8, "definitions": 9}


def _wrapped(field: str, content: bytes) -> bytes:
    length = len(content)
    head = bytearray([_DOCUMENT_FIELDS[field] << 3 | 2])
    while length >= 0x80:
        head.append(length & 0x7F | 0x80)
        length >>= 7
    head.append(length)
    return bytes(head) + content


def _v2_frame() -> dict[str, Any]:
    return {
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": "v1.36.0"},
        "security": [{"BearerToken": []}],
        "securityDefinitions": _BEARER,
    }


class _Group:
    """The resources of one group version."""

    def __init__(self, key: str, definitions: Iterable[Definable]) -> None:
        self._key = key
        self._definitions = sorted(definitions, key=lambda definition: definition.served.gvr.resource)
        self._own: dict[GroupVersionKind, str] = {}
        for definition in self._definitions:
            served = definition.served
            if definition.schema.open_api is not None:
                self._own[served.gvk] = custom_type_name(served.gvk)
                list_kind = served.gvk._replace(kind=served.list_kind)
                self._own[list_kind] = custom_type_name(list_kind)
        described = [
            [
                [list(served.gvr), served.kind, served.list_kind, served.namespaced, list(served.verbs)],
                [[sub.name, list(sub.gvk), list(sub.verbs)] for sub in served.subresources],
                definition.schema.open_api,
            ]
            for definition in self._definitions
            for served in (definition.served,)
        ]
        self.fingerprint = sha512(orjson.dumps(described, option=orjson.OPT_SORT_KEYS)).hexdigest()

    def v3(self) -> bytes:
        paths = {f"/{self._key}/": _resource_list_item(self._key, 3)} | self.paths(3)
        document = {
            "openapi": "3.0.0",
            "info": {"title": "Kubernetes", "version": "v1.36.0"},
            "paths": paths,
            "components": {"schemas": self.definitions(3), "securitySchemes": _BEARER},
        }
        return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)

    def paths(self, dialect: Dialect) -> dict[str, Any]:
        return {
            path: render(item, dialect)
            for definition in self._definitions
            for path, item in paths_of(definition, self._name_of).items()
        }

    def definitions(self, dialect: Dialect) -> dict[str, Definition]:
        own = dict(self._own_definitions(dialect))
        wanted = set(_ALWAYS)
        for definition in own.values():
            wanted.update(referenced(definition))
        for described in self._definitions:
            served = described.served
            kinds = [
                served.gvk,
                served.gvk._replace(kind=served.list_kind),
                *(sub.gvk for sub in served.subresources),
            ]
            wanted.update(filter(None, (builtin_type(kind) for kind in kinds if kind.kind)))
        names = reachable(name for name in wanted if name not in own)
        return {name: builtin_definition(name, dialect) for name in names} | own

    def _own_definitions(self, dialect: Dialect) -> Iterator[tuple[str, Definition]]:
        for definition in self._definitions:
            served, open_api = definition.served, definition.schema.open_api
            if open_api is None:
                continue
            name = custom_type_name(served.gvk)
            yield name, custom_definition(open_api, served.gvk, dialect)
            if served.list_kind:
                list_name = custom_type_name(served.gvk._replace(kind=served.list_kind))
                yield list_name, list_definition(name, served.gvk, served.list_kind, dialect)

    def _name_of(self, gvk: GroupVersionKind) -> str:
        return self._own.get(gvk) or builtin_type(gvk) or "string"


def _resource_list_item(key: str, dialect: Dialect) -> Mapping[str, Any]:
    content = {"application/json": {"schema": reference(f"{META}.APIResourceList", dialect)}}
    answers = {"200": {"content": content, "description": "OK"}, "401": {"description": "Unauthorized"}}
    name = "".join(part.capitalize() for part in key.removeprefix("apis/").replace(".", "/").split("/"))
    return {
        "get": {
            "description": "get available resources",
            "operationId": f"get{name}APIResources",
            "responses": answers,
        }
    }


def _root_document(path: str, answer: str, text: str) -> bytes:
    schema = reference(answer, 3) if answer else {"type": "string"}
    content = {"application/json": {"schema": schema}}
    names = reachable([answer]) if answer else []
    document = {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "v1.36.0"},
        "paths": {
            path: {
                "get": {"description": text, "responses": {"200": {"content": content, "description": "OK"}}}
            }
        },
        "components": {
            "schemas": {name: builtin_definition(name, 3) for name in names},
            "securitySchemes": _BEARER,
        },
    }
    return orjson.dumps(document)
