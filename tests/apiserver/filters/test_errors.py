"""Every failure becomes a Status, in a form the client reads."""

import logging

import orjson
import pytest

from apiserver.filters.errors import with_errors
from apiserver.filters.headers import warning_values, with_headers
from apiserver.request_info import Response
from karmada.api.errors import ApiError, NotFound, TooManyRequests
from tests.apiserver.filters import Reached, request

MISSING = NotFound('pods "p" not found', details={"name": "p", "kind": "pods"})


async def answered(error: Exception, accept: str = "") -> Response:
    answer = await with_errors(Reached(error))(request(headers={"Accept": accept} if accept else {}))
    assert isinstance(answer, Response)
    return answer


async def test_an_api_error_is_its_status() -> None:
    answer = await answered(MISSING)
    assert answer.status == 404
    assert orjson.loads(answer.body) == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'pods "p" not found',
        "reason": "NotFound",
        "details": {"name": "p", "kind": "pods"},
        "code": 404,
    }


async def test_a_bug_is_an_internal_error_and_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        answer = await answered(ZeroDivisionError("secret text"))
    status = orjson.loads(answer.body)
    assert (answer.status, status["reason"]) == (500, "InternalError")
    assert status["message"] == "Internal error occurred: ZeroDivisionError"
    assert status["details"]["causes"] == [{"message": "ZeroDivisionError"}]
    assert len(caplog.records) == 1


@pytest.mark.parametrize(
    ("accept", "content_type", "start"),
    [
        pytest.param("", "application/json", b"{", id="no-accept"),
        pytest.param(
            "application/vnd.kubernetes.protobuf,application/json", "application/json", b"{", id="either"
        ),
        pytest.param("application/vnd.kubernetes.protobuf, */*", "application/json", b"{", id="anything"),
        pytest.param(
            "application/vnd.kubernetes.protobuf",
            "application/vnd.kubernetes.protobuf",
            b"k8s\0",
            id="protobuf-only",
        ),
        pytest.param("application/yaml", "application/yaml", b"apiVersion: v1\n", id="yaml-only"),
        pytest.param("text/html", "application/json", b"{", id="nothing-we-have"),
    ],
)
async def test_the_status_is_written_in_the_form(accept: str, content_type: str, start: bytes) -> None:
    answer = await answered(MISSING, accept)
    assert answer.content_type == content_type
    assert answer.body.startswith(start)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        pytest.param(TooManyRequests("slow", details={"retryAfterSeconds": 3}), "3", id="429"),
        pytest.param(TooManyRequests("slow"), None, id="429-without-a-hint"),
        pytest.param(ApiError("odd", details={"retryAfterSeconds": 3}, code=409), None, id="other-code"),
    ],
)
async def test_retry_after_follows_the_details(error: ApiError, expected: str | None) -> None:
    answer = await answered(error)
    assert answer.headers.get("Retry-After") == expected


async def test_answers_carry_the_audit_id_and_are_not_cached() -> None:
    answer = await with_headers(Reached())(request(headers={"Audit-ID": "abc"}))
    assert answer.headers == {"Audit-Id": "abc", "Cache-Control": "no-cache, private"}


async def test_a_new_audit_id_is_made_for_each_request() -> None:
    first, second = Reached(), Reached()
    await with_headers(first)(request())
    await with_headers(second)(request())
    assert first.requests[0].audit_id
    assert first.requests[0].audit_id != second.requests[0].audit_id


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        pytest.param(["a", "b", "a"], ['299 - "a"', '299 - "b"'], id="each-once"),
        pytest.param(['say "x\\y"'], ['299 - "say \\"x\\\\y\\""'], id="quotes-escaped"),
        pytest.param(["line\nbreak"], ['299 - "linebreak"'], id="control-characters-dropped"),
        pytest.param(["x" * 5000], ['299 - "' + "x" * 256 + '"'], id="too-much-is-cut"),
    ],
)
def test_warnings_become_header_values(texts: list[str], values: list[str]) -> None:
    assert warning_values(texts) == values
