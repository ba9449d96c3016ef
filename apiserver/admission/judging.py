"""Judges: functions that find the broken rules of an object, and when they are asked."""

from collections.abc import Callable
from typing import TypeAlias

from apiserver.admission.context import AdmissionContext
from karmada.api.errors import FieldError
from karmada.api.objects import Object

Judge: TypeAlias = Callable[[Object, Object | None, AdmissionContext], list[FieldError]]


def of_main_resource(judge: Judge) -> Judge:
    """judge for writes to the object itself: what components report through a subresource is not judged."""

    def judge_main(obj: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
        return [] if context.subresource else judge(obj, old, context)

    return judge_main
