"""Questions about rights and identity: the review resources, which are created, answered and never stored.

In: a decoded review object of one of the kinds in Reviews.handles. Out: the same object with its status, to
be answered with 201. The caller's own right to ask was checked like any request's.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from apiserver.rbac import Authorizer, Decision, PolicyRule
from apiserver.request_info import Request, RequestInfo, UserInfo
from karmada.api.errors import BadRequest, FieldError, InternalError, Invalid, invalid
from karmada.api.objects import Object
from karmada.runtime.clock import SYSTEM_CLOCK, Clock, rfc3339

AUTHENTICATION: Final = "authentication.k8s.io"
AUTHORIZATION: Final = "authorization.k8s.io"

ReviewToken: TypeAlias = Callable[
    [str, Sequence[str]], Awaitable[tuple[UserInfo | None, tuple[str, ...], str]]
]
"""The user a token stands for with the audiences it is good for, or nobody and the reason."""


class Rules(Protocol):
    def rules_of(self, user: UserInfo, namespace: str) -> Iterable[PolicyRule]: ...


@dataclass(frozen=True, slots=True)
class Reviews:
    """Answers reviews with the same authorizer and authenticators that requests meet."""

    authorizer: Authorizer
    rules: Rules
    review_token: ReviewToken
    audiences: Sequence[str]
    clock: Clock = SYSTEM_CLOCK

    @staticmethod
    def handles(info: RequestInfo) -> bool:
        """Is this the creation of a review?"""
        return info.verb == "create" and (info.group, info.resource) in _REVIEWS and not info.subresource

    async def create(self, request: Request, obj: Object) -> Object:
        """The answered review. Raises BadRequest, Invalid."""
        if request.user is None:
            raise InternalError("no user on request")  # the authentication filter must run first
        answer = await _REVIEWS[request.info.group, request.info.resource](self, request, request.user, obj)
        return {"kind": obj.get("kind"), "apiVersion": obj.get("apiVersion"), "metadata": {}, **answer}

    async def _self_subject(self, request: Request, user: UserInfo, obj: Object) -> Object:
        stamp = rfc3339(self.clock.now())
        return {"metadata": {"creationTimestamp": stamp}, "status": {"userInfo": user_json(user)}}

    async def _token(self, request: Request, user: UserInfo, obj: Object) -> Object:
        spec = obj.get("spec") or {}
        token = spec.get("token")
        if not token:
            raise BadRequest("token is required for TokenReview in authentication")
        found, audiences, problem = await self.review_token(token, spec.get("audiences") or self.audiences)
        if found is None:
            return {"spec": spec, "status": {"user": {}, "error": problem}}
        status: Object = {"authenticated": True, "user": user_json(found)}
        if audiences:
            status["audiences"] = list(audiences)
        return {"spec": spec, "status": status}

    async def _self_access(self, request: Request, user: UserInfo, obj: Object) -> Object:
        return await self._access(user, obj.get("spec") or {}, [])

    async def _subject_access(self, request: Request, user: UserInfo, obj: Object) -> Object:
        spec = obj.get("spec") or {}
        return await self._access(subject_of(spec), spec, subject_errors(spec))

    async def _local_access(self, request: Request, user: UserInfo, obj: Object) -> Object:
        spec = obj.get("spec") or {}
        errors = [*subject_errors(spec), *namespace_errors(spec, request.info.namespace)]
        return await self._access(subject_of(spec), spec, errors, namespaced=True)

    async def _self_rules(self, request: Request, user: UserInfo, obj: Object) -> Object:
        namespace = (obj.get("spec") or {}).get("namespace")
        if not namespace:
            raise BadRequest("no namespace on request")
        return {"spec": {}, "status": rules_status(self.rules.rules_of(user, namespace))}

    async def _access(
        self, user: UserInfo, spec: Object, errors: list[FieldError], *, namespaced: bool = False
    ) -> Object:
        errors = [*attribute_errors(spec, namespaced=namespaced), *errors]
        if errors:
            raise _refusal(errors)
        return {"spec": spec, "status": access_status(await self.authorizer.allowed(user, info_of(spec)))}


Answer = Callable[[Reviews, Request, UserInfo, Object], Awaitable[Object]]
_REVIEWS: Final[dict[tuple[str, str], Answer]] = {
    (AUTHENTICATION, "selfsubjectreviews"): Reviews._self_subject,
    (AUTHENTICATION, "tokenreviews"): Reviews._token,
    (AUTHORIZATION, "selfsubjectaccessreviews"): Reviews._self_access,
    (AUTHORIZATION, "subjectaccessreviews"): Reviews._subject_access,
    (AUTHORIZATION, "localsubjectaccessreviews"): Reviews._local_access,
    (AUTHORIZATION, "selfsubjectrulesreviews"): Reviews._self_rules,
}


def info_of(spec: Object) -> RequestInfo:
    """The request an access review is about."""
    asked = spec.get("resourceAttributes")
    if asked is None:
        path = spec.get("nonResourceAttributes") or {}
        return RequestInfo(path=path.get("path") or "", verb=path.get("verb") or "")
    return RequestInfo(
        path="",
        verb=asked.get("verb") or "",
        is_resource=True,
        group=asked.get("group") or "",
        version=asked.get("version") or "",
        resource=asked.get("resource") or "",
        subresource=asked.get("subresource") or "",
        namespace=asked.get("namespace") or "",
        name=asked.get("name") or "",
    )


def subject_of(spec: Object) -> UserInfo:
    extra = {key.lower(): tuple(values or ()) for key, values in (spec.get("extra") or {}).items()}
    return UserInfo(spec.get("user") or "", tuple(spec.get("groups") or ()), spec.get("uid") or "", extra)


def access_status(decision: Decision) -> Object:
    status: Object = {"allowed": decision.allowed}
    if decision.denied:
        status["denied"] = True
    if decision.reason:
        status["reason"] = decision.reason
    if decision.error:
        status["evaluationError"] = decision.error
    return status


def rules_status(rules: Iterable[PolicyRule]) -> Object:
    """Each rule once, those on resources apart from those on paths."""
    resource_rules: list[Object] = []
    path_rules: list[Object] = []
    for rule in dict.fromkeys(rules):
        if rule.non_resource_urls:
            path_rules.append({"verbs": list(rule.verbs), "nonResourceURLs": list(rule.non_resource_urls)})
        if rule.resources:
            resource_rules.append(PolicyRule.to_json(rule) | {"apiGroups": list(rule.api_groups)})
    return {"resourceRules": resource_rules, "nonResourceRules": path_rules, "incomplete": False}


def attribute_errors(spec: Object, *, namespaced: bool) -> list[FieldError]:
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if resource is None and path is None:
        text = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        return [_wrong("spec.resourceAttributes", f"Invalid value: null: {text}")]
    if path is not None and (resource is not None or namespaced):
        text = "cannot be specified in combination with resourceAttributes"
        if namespaced:
            text = "disallowed on this kind of request"
        shown = f'{{"path":"{path.get("path") or ""}","verb":"{path.get("verb") or ""}"}}'
        return [_wrong("spec.nonResourceAttributes", f"Invalid value: {shown}: {text}")]
    return []


def subject_errors(spec: Object) -> list[FieldError]:
    if spec.get("user") or spec.get("groups"):
        return []
    return [_wrong("spec.user", 'Invalid value: "": at least one of user or group must be specified')]


def namespace_errors(spec: Object, namespace: str) -> list[FieldError]:
    given = (spec.get("resourceAttributes") or {}).get("namespace") or ""
    if spec.get("resourceAttributes") is None or given == namespace:
        return []
    text = f'Invalid value: "{given}": must match metadata.namespace'
    return [_wrong("spec.resourceAttributes.namespace", text)]


def user_json(user: UserInfo) -> Object:
    """The UserInfo of authentication.k8s.io."""
    shown: Object = {"username": user.name}
    if user.uid:
        shown["uid"] = user.uid
    if user.groups:
        shown["groups"] = list(user.groups)
    if user.extra:
        shown["extra"] = {key: list(values) for key, values in user.extra.items()}
    return shown


def _wrong(field: str, message: str) -> FieldError:
    return FieldError("FieldValueInvalid", field, message)


def _refusal(errors: list[FieldError]) -> Invalid:
    """The kind slot is empty, as everybody's messages have it."""
    return invalid(AUTHORIZATION, "", "", errors)
