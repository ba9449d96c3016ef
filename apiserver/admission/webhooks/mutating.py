"""MutatingAdmissionWebhook: webhooks are asked one after the other, and each sees what the last one made.

In: the object a client wants. Out: the object after all patches. When a later step changed what a webhook
with reinvocationPolicy IfNeeded has seen, it is asked once more in a second round of the whole chain.
"""

import json
from typing import Any, Final

import orjson
from typing_extensions import override

from apiserver.admission.chain import Plugin
from apiserver.admission.context import AdmissionContext
from apiserver.admission.webhooks.asking import Asker, WebhookFailed, subject_of
from apiserver.admission.webhooks.registry import Concerned, HookRegistry
from apiserver.admission.webhooks.review import Question, refusal
from apiserver.merge.patches import json_patch
from karmada.api.errors import ApiError, BadRequest
from karmada.api.objects import Object

MUTATION: Final = "mutation.webhook.admission.k8s.io/round_{round}_index_{index}"
PATCH: Final = "patch.webhook.admission.k8s.io/round_{round}_index_{index}"


class MutatingWebhooks(Plugin):
    """The mutating half. On a delete there is nothing to change, only to refuse."""

    name = "MutatingAdmissionWebhook"

    def __init__(self, registry: HookRegistry, asker: Asker) -> None:
        self._registry = registry
        self._asker = asker

    @override
    def concerns(self, context: AdmissionContext) -> bool:
        return not self._registry.is_empty and bool(self._registry.concerned(subject_of(context)))

    @override
    async def mutate(self, obj: Object | None, context: AdmissionContext) -> Object | None:
        concerned = self._registry.concerned(subject_of(context))
        state = context.reinvocation
        if any(each.hook.reinvocable for each in concerned):
            state.seen(_content(obj))
        changed = None
        for each in concerned:
            if state.round and each.hook.uid not in state.again:
                continue
            question = await self._asker.wants(each, obj, context)
            if question is None:
                continue
            patched = await self._ask(each, question)
            if patched is not None and _content(patched) != _content(obj):
                obj = changed = patched
                state.changed_by_webhook()
            if each.hook.reinvocable:
                state.asked.add(each.hook.uid)
        state.left(_content(obj) if state.asked else None)
        return changed

    @override
    async def validate(self, obj: Object | None, context: AdmissionContext) -> None:
        return None

    async def _ask(self, concerned: Concerned, question: Question) -> Object | None:
        """The object as the webhook wants it, None where it says nothing. Raises what the client gets."""
        hook, context = concerned.hook, question.context
        verdict = await self._asker.ask(concerned, question, round=context.reinvocation.round)
        if verdict is None:
            return None
        if not verdict.allowed:
            raise refusal(hook.name, verdict.status)
        operations = _operations(verdict.patch)
        _note(concerned, context, operations)
        if not operations:
            return None
        patched = _patched(hook.name, question, operations)
        try:
            return context.reshape(await self._asker.back(patched, concerned, context))
        except BadRequest as error:
            raise WebhookFailed(error.message) from error


def _patched(name: str, question: Question, operations: list[Any]) -> Object:
    if question.obj is None:
        raise WebhookFailed(
            f"admission webhook {json.dumps(name)} attempted to modify the object, which is not supported "
            "for this operation"
        )
    try:
        patched = json_patch(question.obj, operations)
    except ApiError as error:
        raise WebhookFailed(error.message) from error
    if not isinstance(patched, dict) or not isinstance(patched.get("metadata", {}), dict):
        raise WebhookFailed("the patch leaves no object")
    return patched


def _note(concerned: Concerned, context: AdmissionContext, operations: list[Any]) -> None:
    """For the audit log."""
    hook, place = concerned.hook, {"round": context.reinvocation.round, "index": concerned.place}
    told: Object = {"configuration": hook.configuration, "webhook": hook.name}
    mutated = bool(operations)
    context.annotations[MUTATION.format(**place)] = json.dumps({**told, "mutated": mutated})
    if mutated:
        patch = {**told, "patch": operations, "patchType": "JSONPatch"}
        context.annotations[PATCH.format(**place)] = json.dumps(patch)


def _operations(patch: bytes) -> list[Any]:
    if not patch:
        return []
    try:
        operations = orjson.loads(patch)
    except orjson.JSONDecodeError as error:
        raise WebhookFailed(f"the patch is not JSON: {error}") from error
    if not isinstance(operations, list):
        raise WebhookFailed("json: cannot unmarshal object into Go value of type jsonpatch.Patch")
    return operations


def _content(obj: Object | None) -> bytes:
    return orjson.dumps(obj, option=orjson.OPT_SORT_KEYS)
