"""Paths of OpenAPI documents: every operation of every served resource, in both dialects.

In: what is served, as Described. Out: path -> path item. operations_of lists the operations once,
dialect-free; render_v2 and render_v3 write them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from apiserver.schema.openapi_types import META, Dialect, reference
from karmada.api.facts import type_name
from karmada.api.gvk import GroupVersionKind
from karmada.api.served import ServedResource, ServedSubresource

JSON_TYPES: Final = ("application/json", "application/yaml")
PROTOBUF: Final = "application/vnd.kubernetes.protobuf"
WATCH_TYPES: Final = ("application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch")
PATCH_TYPES: Final = (
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
)
CUSTOM_PATCH_TYPES: Final = tuple(kind for kind in PATCH_TYPES if "strategic" not in kind)


class Described(Protocol):
    """What a document needs to know of one served resource."""

    @property
    def served(self) -> ServedResource: ...


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    type: str
    description: str
    place: str = "query"


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    method: str
    action: str
    operation_id: str
    description: str
    gvk: GroupVersionKind
    tag: str
    produces: tuple[str, ...]
    answers: tuple[tuple[str, str], ...]
    """(status code, type name or "string")."""
    parameters: tuple[Parameter, ...] = ()
    body: str = ""
    """Type name of the body; "" for none."""
    body_required: bool = True
    consumes: tuple[str, ...] = ()


@dataclass(slots=True)
class Path:
    """One path with its operations. parameters are shared by all of them."""

    parameters: tuple[Parameter, ...]
    operations: list[Operation] = field(default_factory=list)


_PRETTY: Final = Parameter("pretty", "string", "If 'true', then the output is pretty printed.")
_NAMESPACE: Final = Parameter(
    "namespace", "string", "object name and auth scope, such as for teams and projects", "path"
)
_DRY_RUN: Final = Parameter(
    "dryRun",
    "string",
    "When present, indicates that modifications should not be persisted. Valid values are: - All: all dry "
    "run stages will be processed",
)
_MANAGER: Final = Parameter(
    "fieldManager",
    "string",
    "fieldManager is a name associated with the actor or entity that is making these changes. It must be at "
    "most 128 characters long and printable. Required for apply requests.",
)
_VALIDATION: Final = Parameter(
    "fieldValidation",
    "string",
    "fieldValidation instructs the server on how to handle objects in the request (POST/PUT/PATCH) that hold "
    "unknown or duplicate fields. Valid values are: Ignore, Warn, Strict.",
)
_FORCE: Final = Parameter(
    "force",
    "boolean",
    'Force is going to "force" Apply requests: the applier takes over conflicting fields owned by others. '
    "Must be unset for non-apply patch requests.",
)
_WRITE: Final = (_DRY_RUN, _MANAGER, _VALIDATION)
_DELETE: Final = (
    _DRY_RUN,
    Parameter(
        "gracePeriodSeconds", "integer", "The duration in seconds before the object should be deleted."
    ),
    Parameter("orphanDependents", "boolean", "Deprecated: please use the PropagationPolicy."),
    Parameter("propagationPolicy", "string", "Whether and how garbage collection will be performed."),
)
_SELECT: Final = (
    Parameter(
        "continue", "string", "Continues a list that was cut by limit, with the token of its last page."
    ),
    Parameter("fieldSelector", "string", "Restricts the list of returned objects by their fields."),
    Parameter("labelSelector", "string", "Restricts the list of returned objects by their labels."),
    Parameter("limit", "integer", "The maximum number of objects of a list."),
    Parameter("resourceVersion", "string", "Sets a constraint on what resource versions may be served from."),
    Parameter("resourceVersionMatch", "string", "How resourceVersion is applied to list calls."),
    Parameter("sendInitialEvents", "boolean", "Begin a watch with synthetic events of the present objects."),
    Parameter("timeoutSeconds", "integer", "Timeout of the call, whatever the activity."),
)
_LIST: Final = (
    Parameter("allowWatchBookmarks", "boolean", "Requests watch events with type BOOKMARK."),
    *_SELECT,
    Parameter(
        "watch", "boolean", "Watch for changes to the described resources: a stream instead of a list."
    ),
)
_CONNECTED: Final = frozenset(("attach", "exec", "portforward", "proxy"))
_ITEM_METHODS: Final = {"get": "get", "update": "put", "patch": "patch", "delete": "delete", "create": "post"}


class Namer(Protocol):
    """Names the types of the document; kinds that are not built in get theirs from their group."""

    def __call__(self, gvk: GroupVersionKind) -> str: ...


def paths_of(described: Described, name_of: Namer) -> dict[str, Path]:
    """Every path of one resource."""
    return _ResourcePaths(described.served, name_of).paths()


class _ResourcePaths:
    def __init__(self, served: ServedResource, name_of: Namer) -> None:
        self._served = served
        self._verbs = frozenset(served.verbs)
        self._name_of = name_of
        group, version = served.gvr.group, served.gvr.version
        self._root = f"/apis/{group}/{version}" if group else f"/api/{version}"
        self._scope = "Namespaced" if served.namespaced else ""
        words = [word for label in _short_group(group).split(".") for word in label.split("-")]
        self._short = "".join(word[:1].upper() + word[1:] for word in words) + version.capitalize()
        self._tag = words[0] + "".join(word[:1].upper() + word[1:] for word in words[1:]) + f"_{version}"
        self._types = JSON_TYPES if served.custom else (*JSON_TYPES, PROTOBUF)
        self._type = name_of(served.gvk)
        self._name = Parameter("name", "string", f"name of the {served.kind}", "path")

    def paths(self) -> dict[str, Path]:
        served = self._served
        place = "/namespaces/{namespace}" if served.namespaced else ""
        shared = (_NAMESPACE, _PRETTY) if served.namespaced else (_PRETTY,)
        collection = f"{self._root}{place}/{served.gvr.resource}"
        found = {
            collection: Path(shared, list(self._collection())),
            f"{collection}/{{name}}": Path((self._name, *shared), list(self._item())),
        }
        if served.namespaced and "list" in self._verbs:
            everywhere = self._listing(f"list{self._short}{served.kind}ForAllNamespaces")
            found[f"{self._root}/{served.gvr.resource}"] = Path((_PRETTY,), [everywhere])
        for subresource in served.subresources:
            path = f"{collection}/{{name}}/{subresource.name}"
            found[path] = Path((self._name, *shared), list(self._subresource(subresource)))
        if served.namespaced and "watch" in self._verbs:
            everywhere = self._watch("watchlist", "ListForAllNamespaces", scope="")
            found[f"{self._root}/watch/{served.gvr.resource}"] = Path((_PRETTY, *_LIST), [everywhere])
        if "watch" in self._verbs:
            watched = f"{self._root}/watch{place}/{served.gvr.resource}"
            found[watched] = Path((*shared, *_LIST), [self._watch("watchlist", "List")])
            found[f"{watched}/{{name}}"] = Path((self._name, *shared, *_LIST), [self._watch("watch", "")])
        return {path: item for path, item in sorted(found.items()) if item.operations}

    def _collection(self) -> Iterator[Operation]:
        if "list" in self._verbs:
            yield self._listing(f"list{self._short}{self._scope}{self._served.kind}")
        if "create" in self._verbs:
            yield self._write(
                "post", "post", f"create{self._short}{self._scope}{self._served.kind}", "create a"
            )
        if "deletecollection" in self._verbs:
            yield Operation(
                "delete",
                "deletecollection",
                f"delete{self._short}Collection{self._scope}{self._served.kind}",
                f"delete collection of {self._served.kind}",
                self._served.gvk,
                self._tag,
                self._types,
                (("200", f"{META}.Status"),),
                (*_DELETE, *_SELECT),
                f"{META}.DeleteOptions",
                body_required=False,
            )

    def _item(self) -> Iterator[Operation]:
        suffix = f"{self._short}{self._scope}{self._served.kind}"
        if "get" in self._verbs:
            text = f"read the specified {self._served.kind}"
            yield self._operation("get", "get", f"read{suffix}", text, (("200", self._type),))
        if "update" in self._verbs:
            yield self._write("put", "put", f"replace{suffix}", "replace the specified")
        if "patch" in self._verbs:
            yield self._patch(f"patch{suffix}", self._served.gvk, self._type)
        if "delete" in self._verbs:
            answer = self._type if self._served.delete_returns_object else f"{META}.Status"
            yield Operation(
                "delete",
                "delete",
                f"delete{suffix}",
                f"delete a {self._served.kind}",
                self._served.gvk,
                self._tag,
                self._types,
                (("200", answer), ("202", answer)),
                _DELETE,
                f"{META}.DeleteOptions",
                body_required=False,
            )

    def _subresource(self, subresource: ServedSubresource) -> Iterator[Operation]:
        served = self._served
        part = "".join(word.capitalize() for word in subresource.name.split("-"))
        suffix = f"{self._short}{self._scope}{served.kind}{part}"
        body = self._name_of(subresource.gvk)
        text = f"{subresource.name} of the specified {served.kind}"
        for verb in sorted(subresource.verbs):
            method = _ITEM_METHODS.get(verb)
            if method is None:
                continue
            if subresource.name in _CONNECTED:
                scope = f"{self._scope}{served.kind}{part}"
                yield Operation(
                    method,
                    "connect",
                    f"connect{self._short}{method.capitalize()}{scope}",
                    f"connect {method.upper()} requests to {text}",
                    subresource.gvk,
                    self._tag,
                    ("*/*",),
                    (("200", "string"),),
                )
            elif verb == "get":
                answer = "string" if subresource.name == "log" else body
                yield self._operation(
                    "get", "get", f"read{suffix}", f"read {text}", (("200", answer),), subresource.gvk
                )
            elif verb == "patch":
                yield self._patch(f"patch{suffix}", subresource.gvk, body)
            else:
                name = "create" if verb == "create" else "replace"
                yield self._write(method, method, f"{name}{suffix}", f"{name} {text}", subresource.gvk, body)

    def _listing(self, operation_id: str) -> Operation:
        served = self._served
        answer = self._name_of(served.gvk._replace(kind=served.list_kind))
        return Operation(
            "get",
            "list",
            operation_id,
            f"list or watch objects of kind {served.kind}",
            served.gvk,
            self._tag,
            (*self._types, *(WATCH_TYPES[:1] if served.custom else WATCH_TYPES)),
            (("200", answer),),
            _LIST,
        )

    def _watch(self, action: str, suffix: str, *, scope: str | None = None) -> Operation:
        kind = self._served.kind
        scope = self._scope if scope is None else scope
        return Operation(
            "get",
            action,
            f"watch{self._short}{scope}{kind}{suffix}",
            f"watch changes to objects of kind {kind}. deprecated: use the 'watch' parameter with a list.",
            self._served.gvk,
            self._tag,
            (*self._types, *(WATCH_TYPES[:1] if self._served.custom else WATCH_TYPES)),
            (("200", f"{META}.WatchEvent"),),
        )

    def _operation(
        self,
        method: str,
        action: str,
        operation_id: str,
        text: str,
        answers: tuple[tuple[str, str], ...],
        gvk: GroupVersionKind | None = None,
    ) -> Operation:
        return Operation(
            method, action, operation_id, text, gvk or self._served.gvk, self._tag, self._types, answers
        )

    def _write(
        self,
        method: str,
        action: str,
        operation_id: str,
        text: str,
        gvk: GroupVersionKind | None = None,
        body: str = "",
    ) -> Operation:
        body = body or self._type
        answers = [("200", body), ("201", body)] + ([("202", body)] if method == "post" else [])
        text = text if gvk else f"{text} {self._served.kind}"
        return Operation(
            method,
            action,
            operation_id,
            text,
            gvk or self._served.gvk,
            self._tag,
            self._types,
            tuple(answers),
            _WRITE,
            body,
        )

    def _patch(self, operation_id: str, gvk: GroupVersionKind, answer: str) -> Operation:
        return Operation(
            "patch",
            "patch",
            operation_id,
            f"partially update the specified {self._served.kind}",
            gvk,
            self._tag,
            self._types,
            (("200", answer), ("201", answer)),
            (*_WRITE, _FORCE),
            f"{META}.Patch",
            consumes=CUSTOM_PATCH_TYPES if self._served.custom else PATCH_TYPES,
        )


def _short_group(group: str) -> str:
    return group.removesuffix(".k8s.io") if group else "core"


def builtin_type(gvk: GroupVersionKind) -> str | None:
    """The type name of a built-in kind."""
    return type_name(gvk.group, gvk.version, gvk.kind)


def render(path: Path, dialect: Dialect) -> dict[str, Any]:
    write = _render_v2 if dialect == 2 else _render_v3
    item: dict[str, Any] = {operation.method: write(operation) for operation in path.operations}
    item["parameters"] = [_parameter(parameter, dialect) for parameter in path.parameters]
    return item


def _common(operation: Operation) -> dict[str, Any]:
    group, version, kind = operation.gvk
    return {
        "description": operation.description,
        "operationId": operation.operation_id,
        "tags": [operation.tag],
        "x-kubernetes-action": operation.action,
        "x-kubernetes-group-version-kind": {"group": group, "kind": kind, "version": version},
    }


def _parameter(parameter: Parameter, dialect: Dialect) -> dict[str, Any]:
    form: dict[str, Any] = {"type": parameter.type, "uniqueItems": True}
    described: dict[str, Any] = {
        "description": parameter.description,
        "in": parameter.place,
        "name": parameter.name,
    }
    if parameter.place == "path":
        described["required"] = True
    return described | (form if dialect == 2 else {"schema": form})


_REASONS: Final = {"200": "OK", "201": "Created", "202": "Accepted"}
_UNAUTHORIZED: Final = {"401": {"description": "Unauthorized"}}


def _schema(name: str, dialect: Dialect) -> dict[str, Any]:
    return {"type": "string"} if name == "string" else reference(name, dialect)


def _render_v3(operation: Operation) -> dict[str, Any]:
    rendered = _common(operation)
    if operation.parameters:
        rendered["parameters"] = [_parameter(parameter, 3) for parameter in operation.parameters]
    if operation.body:
        consumes = operation.consumes or ("*/*",)
        content = {media: {"schema": _schema(operation.body, 3)} for media in consumes}
        rendered["requestBody"] = {"content": content} | (
            {"required": True} if operation.body_required else {}
        )
    answers: dict[str, Any] = {}
    for code, name in operation.answers:
        content = {media: {"schema": _schema(name, 3)} for media in operation.produces}
        answers[code] = {"description": _REASONS[code], "content": content}
    rendered["responses"] = answers | _UNAUTHORIZED
    return rendered


def _render_v2(operation: Operation) -> dict[str, Any]:
    rendered = _common(operation)
    rendered |= {
        "consumes": list(operation.consumes or ("*/*",)),
        "produces": list(operation.produces),
        "schemes": ["https"],
    }
    parameters = [_parameter(parameter, 2) for parameter in operation.parameters]
    if operation.body:
        body: dict[str, Any] = {"in": "body", "name": "body", "schema": _schema(operation.body, 2)}
        parameters.insert(0, body | ({"required": True} if operation.body_required else {}))
    if parameters:
        rendered["parameters"] = parameters
    rendered["responses"] = {
        code: {"description": _REASONS[code], "schema": _schema(name, 2)} for code, name in operation.answers
    } | _UNAUTHORIZED
    return rendered
