"""Asking one webhook about one request: does it want to know, what does it say, and what if it does not.

In: a webhook that rules have picked, the request. Out: its verdict, or None when selectors, conditions or
its failure policy let the request pass. mutating.py and validating.py decide in which order webhooks are
asked.
"""

import json
import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from apiserver.admission.context import AdmissionContext
from apiserver.admission.webhooks.matching import Hook, Subject
from apiserver.admission.webhooks.registry import Concerned
from apiserver.admission.webhooks.review import BadReview, Question, Verdict, read_verdict, review_body
from apiserver.resources.webhook_calls import CallFailed, WebhookCaller
from karmada.api.errors import BadRequest, InternalError, NotFound
from karmada.api.gvk import GroupVersionResource
from karmada.api.objects import Object, labels_of

log = logging.getLogger(__name__)

FAILED_OPEN: Final = "failed-open.{kind}.webhook.admission.k8s.io/round_{round}_index_{index}"


class WebhookFailed(InternalError):
    """A webhook that must answer did not: the 500 the client sees."""

    def __init__(self, text: str) -> None:
        super().__init__(f"Internal error occurred: {text}", details={"causes": [{"message": text}]})


class Versions(Protocol):
    async def convert(
        self, obj: Object, source: GroupVersionResource, target: GroupVersionResource
    ) -> Object:
        """obj in another version of its resource."""
        ...


Conditions = Callable[
    [Hook, AdmissionContext, Object | None, Object | None, Mapping[str, Any]], Awaitable[bool]
]
"""Whether the match conditions of a webhook hold. Raises Forbidden where they cannot be evaluated and the
webhook's failure policy is Fail."""


def subject_of(context: AdmissionContext) -> Subject:
    is_namespace = (context.resource.group, context.resource.resource) == ("", "namespaces")
    return Subject(
        context.operation,
        context.resource,
        context.kind,
        context.subresource,
        namespaced=bool(context.namespace) and not is_namespace,
    )


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks webhooks. conditions evaluates CEL."""

    caller: WebhookCaller
    versions: Versions
    conditions: Conditions | None = None

    async def wants(
        self, concerned: Concerned, obj: Object | None, context: AdmissionContext
    ) -> Question | None:
        """The question for a webhook whose rules match; None when it is not interested after all."""
        hook, target = concerned.hook, concerned.target
        if not await self._is_in_namespace(hook, obj, context) or not hook.selects(obj, context.old):
            return None
        question = Question(
            context,
            target,
            await self._in_version(obj, context, target.resource),
            await self._in_version(context.old, context, target.resource),
        )
        if hook.conditions:
            if self.conditions is None:
                raise context.forbidden("match conditions cannot be evaluated")
            request = {"kind": target.kind, "resource": target.resource}
            if not await self.conditions(hook, context, question.obj, question.old, request):
                return None
        return question

    async def _in_version(
        self, obj: Object | None, context: AdmissionContext, target: GroupVersionResource
    ) -> Object | None:
        if obj is None or target == context.resource or _is_action(context):
            return obj
        return await self.versions.convert(obj, context.resource, target)

    async def back(self, obj: Object, concerned: Concerned, context: AdmissionContext) -> Object:
        """obj as a webhook left it, in the version of the request."""
        if concerned.target.resource == context.resource or _is_action(context):
            return obj
        return await self.versions.convert(obj, concerned.target.resource, context.resource)

    async def _is_in_namespace(self, hook: Hook, obj: Object | None, context: AdmissionContext) -> bool:
        selector = hook.namespace_selector
        if selector.is_everything:
            return True
        if (context.resource.group, context.resource.resource) == ("", "namespaces"):
            if not context.subresource and obj is not None:
                return selector.matches(labels_of(obj))
            name = context.name
        else:
            name = context.namespace
        if not name:
            return True
        namespace = context.reader.get("", "namespaces", "", name)
        if namespace is None:
            namespace = await context.reader.get_live("", "namespaces", "", name)
        if namespace is None:
            raise NotFound(f'namespaces "{name}" not found', details={"name": name, "kind": "namespaces"})
        return selector.matches(labels_of(namespace))

    async def ask(self, concerned: Concerned, question: Question, *, round: int) -> Verdict | None:
        """None: no answer, and that is to be ignored. Raises WebhookFailed, BadRequest."""
        hook, context = concerned.hook, question.context
        if context.dry_run and not hook.runs_dry:
            raise BadRequest(f"admission webhook {json.dumps(hook.name)} does not support dry run")
        try:
            verdict = await self._verdict(hook, question)
        except (CallFailed, BadReview) as error:
            words = "failed to call webhook" if isinstance(error, CallFailed) else _INVALID
            text = f"failed calling webhook {json.dumps(hook.name)}: {words}: {error}"
            if not hook.fails_open:
                raise WebhookFailed(text) from error
            log.warning("webhook failed, request goes on", extra={"webhook": hook.uid, "reason": str(error)})
            key = FAILED_OPEN.format(kind=hook.kind, round=round, index=concerned.place)
            context.annotations[key] = hook.name
            return None
        context.warnings.extend(verdict.warnings)
        for name, value in verdict.annotations.items():
            context.annotations[f"{hook.name}/{name}"] = value
        return verdict

    async def _verdict(self, hook: Hook, question: Question) -> Verdict:
        if not hook.review_version:
            raise CallFailed("webhook does not accept known AdmissionReview versions (v1, v1beta1)")
        uid = str(uuid.uuid4())
        answer = await self.caller.call(
            hook.config,
            review_body(uid, hook.review_version, question),
            timeout_seconds=hook.timeout_seconds,
            told_seconds=hook.timeout_seconds,
        )
        return read_verdict(answer, uid, hook.review_version, mutating=hook.kind == "mutating")


_INVALID: Final = "received invalid webhook response"


def _is_action(context: AdmissionContext) -> bool:
    """Whether the object is not the resource's own: a Scale, a Binding, an Eviction."""
    return bool(context.subresource) and context.kind.group != context.resource.group
