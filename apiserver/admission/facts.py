"""What CEL expressions in admission know of a request: the variables, their types, their values.

In: an AdmissionContext and the objects in the version an expression wants. Out: values for the variables of
match_conditions.py and of the policies, made when they are asked for. Objects are untyped, as in Kubernetes.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from apiserver.admission.context import AdmissionContext
from apiserver.rbac import Authorizer as ServerAuthorizer
from apiserver.rbac import Decision
from apiserver.request_info import RequestInfo, UserInfo
from apiserver.schema.cel.library.authorizer import (
    AUTHORIZER,
    RESOURCE,
    Attributes,
    Authorizer,
    ResourceCheck,
)
from apiserver.schema.cel.times import parse_timestamp
from apiserver.schema.cel.types import (
    BOOL,
    DYN,
    INT,
    STRING,
    TIMESTAMP,
    Convert,
    Field,
    Type,
    list_of,
    map_of,
    object_of,
)
from karmada.api.gvk import GroupVersionKind, GroupVersionResource
from karmada.api.objects import Object

Result = TypeVar("Result")


class Undecided(Exception):
    """An expression asks about a right that has not been looked up yet."""

    def __init__(self, asked: Attributes) -> None:
        super().__init__("the decision is not known yet")
        self.asked = asked


def _plain(fields: Mapping[str, Type]) -> dict[str, Field]:
    return {name: Field(name, type_) for name, type_ in fields.items()}


_GVK: Final = object_of(
    "kubernetes.GroupVersionKind", _plain({"group": STRING, "version": STRING, "kind": STRING})
)
_GVR: Final = object_of(
    "kubernetes.GroupVersionResource", _plain({"group": STRING, "version": STRING, "resource": STRING})
)
_USER: Final = object_of(
    "kubernetes.UserInfo",
    _plain(
        {
            "username": STRING,
            "uid": STRING,
            "groups": list_of(STRING),
            "extra": map_of(STRING, list_of(STRING)),
        }
    ),
)
REQUEST: Final = object_of(
    "kubernetes.AdmissionRequest",
    _plain(
        {
            "kind": _GVK,
            "resource": _GVR,
            "subResource": STRING,
            "requestKind": _GVK,
            "requestResource": _GVR,
            "requestSubResource": STRING,
            "name": STRING,
            "namespace": STRING,
            "operation": STRING,
            "userInfo": _USER,
            "dryRun": BOOL,
            "options": DYN,
        }
    ),
)
_TIME: Final[Convert] = parse_timestamp
_NAMESPACE_METADATA: Final = object_of(
    "kubernetes.NamespaceMetadata",
    {
        **_plain(
            {
                "name": STRING,
                "generateName": STRING,
                "namespace": STRING,
                "labels": map_of(STRING, STRING),
                "annotations": map_of(STRING, STRING),
                "UID": STRING,
                "deletionGracePeriodSeconds": INT,
                "generation": INT,
                "resourceVersion": STRING,
                "finalizers": list_of(STRING),
            }
        ),
        "creationTimestamp": Field("creationTimestamp", TIMESTAMP, _TIME),
        "deletionTimestamp": Field("deletionTimestamp", TIMESTAMP, _TIME),
    },
)
NAMESPACE: Final = object_of(
    "kubernetes.Namespace",
    _plain(
        {
            "metadata": _NAMESPACE_METADATA,
            "spec": object_of("kubernetes.NamespaceSpec", _plain({"finalizers": list_of(STRING)})),
            "status": object_of("kubernetes.NamespaceStatus", _plain({"phase": STRING})),
        }
    ),
)
CONDITION_VARIABLES: Final[Mapping[str, Type]] = {
    "object": DYN,
    "oldObject": DYN,
    "request": REQUEST,
    "authorizer": AUTHORIZER,
    "authorizer.requestResource": RESOURCE,
}


@dataclass(frozen=True, slots=True)
class Facts:
    """One request as expressions see it. kind and resource are those the objects are shown in.

    Expressions do not wait, authorizers may: what asks for a right for the first time ends with Undecided,
    and settled() runs it again when the answer is there.
    """

    context: AdmissionContext
    obj: Object | None
    old: Object | None
    kind: GroupVersionKind
    resource: GroupVersionResource
    server: ServerAuthorizer
    decisions: dict[Attributes, Decision] = field(default_factory=dict)

    async def settled(self, decide: Callable[[], Result]) -> Result:
        """What decide, which runs expressions, comes to."""
        while True:
            try:
                return decide()
            except Undecided as question:
                self.decisions[question.asked] = await self._authorized(question.asked)

    def values(self) -> tuple[Any, ...]:
        """For CONDITION_VARIABLES, in their order."""
        return (self.obj, self.old, self.request(), self.authorizer(), self.request_resource())

    def request(self) -> Object:
        context = self.context
        user: Object = {"username": context.user.name, "groups": list(context.user.groups)}
        if context.user.uid:
            user["uid"] = context.user.uid
        if context.user.extra:
            user["extra"] = {key: list(values) for key, values in context.user.extra.items()}
        return {
            "kind": self.kind._asdict(),
            "resource": self.resource._asdict(),
            "subResource": context.subresource,
            "requestKind": context.kind._asdict(),
            "requestResource": context.resource._asdict(),
            "requestSubResource": context.subresource,
            "name": context.name,
            "namespace": context.namespace,
            "operation": context.operation,
            "userInfo": user,
            "dryRun": context.dry_run,
            "options": dict(context.options) or None,
        }

    def authorizer(self) -> Authorizer:
        return Authorizer(self._ask, Attributes())

    def request_resource(self) -> ResourceCheck:
        context = self.context
        return ResourceCheck(
            self._ask,
            Attributes(
                group=context.resource.group,
                resource=context.resource.resource,
                subresource=context.subresource,
                namespace=context.namespace,
                name=context.name,
            ),
        )

    def _ask(self, asked: Attributes) -> Decision:
        known = self.decisions.get(asked)
        if known is None:
            raise Undecided(asked)
        return known

    def _authorized(self, asked: Attributes) -> Awaitable[Decision]:
        user = self.context.user
        if asked.user:
            _, _, namespace, _ = asked.user.split(":", 3)
            groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated")
            user = UserInfo(asked.user, groups=groups)
        info = RequestInfo(
            path=asked.path,
            verb=asked.verb,
            is_resource=not asked.path,
            group=asked.group,
            version="*",
            resource=asked.resource,
            subresource=asked.subresource,
            namespace=asked.namespace,
            name=asked.name,
        )
        return self.server.allowed(user, info)
