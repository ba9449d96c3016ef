"""The words of AdmissionReview: what is sent, and which answers are believed. Tables."""

import base64
from typing import Any

import orjson
import pytest

from apiserver.admission.webhooks.matching import Target
from apiserver.admission.webhooks.review import BadReview, Question, read_verdict, refusal, review_body
from apiserver.request_info import UserInfo
from karmada.api.objects import Object
from tests.apiserver.admission.contexts import context_of

MAP: Object = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "shop"}}
HEAD: Object = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}


def answer(**response: Any) -> Object:
    return {**HEAD, "response": {"uid": "u", "allowed": True, **response}}


def test_a_question_says_who_asks_for_what() -> None:
    user = UserInfo("me", ("staff",), "7", {"scope": ("a", "b")})
    context = context_of(MAP, user=user, dry_run=True)
    context.options = {"kind": "CreateOptions"}
    body = review_body("u", "v1beta1", Question(context, Target(context.resource, context.kind), MAP, None))
    review = orjson.loads(body)
    assert review["apiVersion"] == "admission.k8s.io/v1beta1"
    assert review["request"] == {
        "uid": "u",
        "kind": {"group": "", "version": "v1", "kind": "ConfigMap"},
        "resource": {"group": "", "version": "v1", "resource": "configmaps"},
        "requestKind": {"group": "", "version": "v1", "kind": "ConfigMap"},
        "requestResource": {"group": "", "version": "v1", "resource": "configmaps"},
        "name": "a",
        "namespace": "shop",
        "operation": "CREATE",
        "userInfo": {"username": "me", "uid": "7", "groups": ["staff"], "extra": {"scope": ["a", "b"]}},
        "object": MAP,
        "oldObject": None,
        "dryRun": True,
        "options": {"kind": "CreateOptions"},
    }


@pytest.mark.parametrize(
    ("given", "text"),
    [
        pytest.param([], "webhook response was absent", id="a-list"),
        pytest.param({**HEAD}, "webhook response was absent", id="no-response"),
        pytest.param(answer(uid="x"), 'expected response.uid="u", got "x"', id="other-uid"),
        pytest.param(
            {**answer(), "kind": "Odd"},
            "expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got "
            "admission.k8s.io/v1, Kind=Odd",
            id="other-kind",
        ),
        pytest.param(
            answer(patch="e30="), "webhook returned response.patch but not response.patchType", id="no-type"
        ),
        pytest.param(
            answer(patchType="JSONPatch"),
            "webhook returned response.patchType but not response.patch",
            id="no-patch",
        ),
        pytest.param(answer(warnings=7), "the response has fields of the wrong type", id="odd-warnings"),
    ],
)
def test_an_answer_that_is_not_believed(given: Any, text: str) -> None:
    with pytest.raises(BadReview) as caught:
        read_verdict(given, "u", "v1", mutating=True)
    assert str(caught.value).startswith(text)


def test_the_older_review_needs_less() -> None:
    patch = base64.b64encode(b"[]").decode()
    loose = {"response": {"allowed": True, "patch": patch}}
    assert read_verdict(loose, "u", "v1beta1", mutating=True).patch == b"[]"
    assert read_verdict(loose, "u", "v1beta1", mutating=False).patch == b""


def test_a_refusal_keeps_details_and_never_claims_success() -> None:
    status = refusal("a.b.test", {"code": 200, "status": "Success", "details": {"name": "a"}}).to_status()
    assert (status["code"], status["status"], status["details"]) == (400, "Failure", {"name": "a"})
    assert "reason" not in status
