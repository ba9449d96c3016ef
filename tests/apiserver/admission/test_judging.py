"""When judges are asked."""

import pytest

from apiserver.admission.context import AdmissionContext
from apiserver.admission.judging import of_main_resource
from karmada.api.errors import FieldError
from karmada.api.objects import Object
from tests.apiserver.admission.contexts import context_of

CONFIG_MAP: Object = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "b"}}
ERROR = FieldError("FieldValueInvalid", "a", "no")


def _always(obj: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    return [ERROR]


@pytest.mark.parametrize(("subresource", "expected"), [("", [ERROR]), ("status", [])])
def test_writes_to_a_subresource_are_not_judged(subresource: str, expected: list[FieldError]) -> None:
    context = context_of(CONFIG_MAP, subresource=subresource)
    assert of_main_resource(_always)(CONFIG_MAP, None, context) == expected
