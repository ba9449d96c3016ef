"""ValidatingAdmissionWebhook: every webhook concerned is asked at once, and all must allow."""

import asyncio

from typing_extensions import override

from apiserver.admission.chain import Plugin
from apiserver.admission.context import AdmissionContext
from apiserver.admission.webhooks.asking import Asker, subject_of
from apiserver.admission.webhooks.registry import Concerned, HookRegistry
from apiserver.admission.webhooks.review import Question, refusal
from karmada.api.errors import ApiError
from karmada.api.objects import Object


class ValidatingWebhooks(Plugin):
    """The validating half. The first refusal, in the order of the configurations, is what the client gets."""

    name = "ValidatingAdmissionWebhook"

    def __init__(self, registry: HookRegistry, asker: Asker) -> None:
        self._registry = registry
        self._asker = asker

    @override
    def concerns(self, context: AdmissionContext) -> bool:
        return not self._registry.is_empty and bool(self._registry.concerned(subject_of(context)))

    @override
    async def mutate(self, obj: Object | None, context: AdmissionContext) -> Object | None:
        return None

    @override
    async def validate(self, obj: Object | None, context: AdmissionContext) -> None:
        questions = []
        for each in self._registry.concerned(subject_of(context)):
            question = await self._asker.wants(each, obj, context)
            if question is not None:
                questions.append((each, question))
        if len(questions) == 1:
            await self._ask(*questions[0])
        elif questions:
            await self._ask_all(questions)

    async def _ask(self, concerned: Concerned, question: Question) -> None:
        verdict = await self._asker.ask(concerned, question, round=0)
        if verdict is not None and not verdict.allowed:
            raise refusal(concerned.hook.name, verdict.status)

    async def _ask_all(self, questions: list[tuple[Concerned, Question]]) -> None:
        async def outcome(concerned: Concerned, question: Question) -> ApiError | None:
            try:
                await self._ask(concerned, question)
            except ApiError as error:
                return error
            return None

        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(outcome(each, question), name=f"ask {each.hook.uid}")
                for each, question in questions
            ]
        for task in tasks:
            if (error := task.result()) is not None:
                raise error
