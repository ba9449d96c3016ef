"""How Karmada's rules refuse."""

import pytest

from apiserver.admission.broken_rules import required
from apiserver.admission.context import AdmissionContext
from apiserver.admission.karmada.refusals import WebhookFailure, declared, denied, failed, refusing
from karmada.api.errors import FieldError, Forbidden
from karmada.api.objects import Object
from tests.apiserver.admission.contexts import context_of

WORK: Object = {"apiVersion": "work.karmada.io/v1alpha1", "kind": "Work", "metadata": {"name": "w"}}


def test_a_denial_reads_like_a_webhooks() -> None:
    assert denied("work", "no").to_status() == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'admission webhook "work.karmada.io" denied the request: no',
        "reason": "Forbidden",
        "code": 403,
    }


def test_a_failure_has_no_reason() -> None:
    with pytest.raises(WebhookFailure) as caught:
        failed("work", "no")
    assert "reason" not in caught.value.to_status()


@pytest.mark.parametrize("broken", [True, False])
async def test_a_judge_that_finds_nothing_lets_pass(*, broken: bool) -> None:
    def judge(obj: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
        return [required("spec.a"), required("spec.b")] if broken else []

    refuse = refusing("work", judge)
    if not broken:
        await refuse(WORK, None, context_of(WORK))
        return
    with pytest.raises(Forbidden, match=r"\[spec.a: Required value, spec.b: Required value\]"):
        await refuse(WORK, None, context_of(WORK))


def test_fields_are_shown_in_the_declared_order() -> None:
    given = {"value": 1, "unknown": 2, "path": "/a", "operator": "add", "deep": [{"values": [], "key": "k"}]}
    shown = declared(given)
    assert list(shown) == ["path", "operator", "value", "deep", "unknown"]
    assert list(shown["deep"][0]) == ["key", "values"]
