"""The Accept header decides the form; JSON wins where it is welcome."""

import pytest

from apiserver.handlers.negotiate import (
    CUSTOM,
    OBJECT_ONLY,
    STREAMS,
    Encoding,
    Form,
    View,
    encode,
    encode_json_bytes,
    negotiate,
    wants_pretty,
)
from karmada.api.errors import NotAcceptable

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
KUBECTL_GET = f"{TABLE},application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json"
JSON = Form(Encoding.JSON)


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        pytest.param("", JSON, id="none"),
        pytest.param("*/*", JSON, id="anything"),
        pytest.param("application/*", JSON, id="any-application"),
        pytest.param("application/json", JSON, id="json"),
        pytest.param("application/yaml", Form(Encoding.YAML), id="yaml"),
        pytest.param("application/vnd.kubernetes.protobuf", Form(Encoding.PROTOBUF), id="protobuf-only"),
        pytest.param("application/vnd.kubernetes.protobuf,application/json", JSON, id="typed-client"),
        pytest.param("application/vnd.kubernetes.protobuf, */*", JSON, id="older-typed-client"),
        pytest.param(KUBECTL_GET, Form(Encoding.JSON, View.TABLE), id="kubectl-get"),
        pytest.param(
            "application/json;as=Table;v=v1beta1;g=meta.k8s.io",
            Form(Encoding.JSON, View.TABLE, "v1beta1"),
            id="old-table",
        ),
        pytest.param(
            "application/json;as=Table;v=v2;g=meta.k8s.io,application/json", JSON, id="unknown-version"
        ),
        pytest.param(
            "application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,"
            "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json",
            Form(Encoding.JSON, View.PARTIAL_METADATA),
            id="metadata-informer",
        ),
        pytest.param("application/yaml;q=0.5,application/json;q=0.4", JSON, id="json-even-when-second"),
        pytest.param("text/html,application/xhtml+xml,*/*;q=0.8", JSON, id="browser"),
    ],
)
def test_the_form(accept: str, form: Form) -> None:
    assert negotiate(accept) == form


@pytest.mark.parametrize(
    ("accept", "allowed", "watch", "message"),
    [
        pytest.param(
            "text/html",
            None,
            False,
            "406: Not Acceptable\n\nAvailable representations: "
            "application/json, application/yaml, application/vnd.kubernetes.protobuf",
            id="no-media-type-we-have",
        ),
        pytest.param(
            "application/json;as=Bogus;v=v1;g=meta.k8s.io",
            None,
            False,
            "only the following media types are accepted: "
            "application/json, application/yaml, application/vnd.kubernetes.protobuf",
            id="unknown-view",
        ),
        pytest.param(
            "application/vnd.kubernetes.protobuf",
            CUSTOM,
            False,
            "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml",
            id="no-protobuf-of-custom-resources",
        ),
        pytest.param(
            "application/json;as=Bogus",
            STREAMS,
            True,
            "only the following media types are accepted: application/json;stream=watch",
            id="watch",
        ),
    ],
)
def test_what_is_not_acceptable(
    accept: str, allowed: frozenset[Encoding] | None, watch: bool, message: str
) -> None:
    with pytest.raises(NotAcceptable) as refused:
        negotiate(accept, allowed or frozenset(Encoding), watch=watch)
    status = refused.value.to_status()
    assert status["message"] == message
    assert ("details" in status) is message.startswith("406")


def test_a_kind_without_a_table_skips_to_the_next_clause() -> None:
    assert negotiate(KUBECTL_GET, views=OBJECT_ONLY) == JSON


@pytest.mark.parametrize(
    ("pretty", "agent", "expected"),
    [
        pytest.param("", "kubectl/v1.36", False, id="kubectl"),
        pytest.param("", "curl/8.0", True, id="curl"),
        pytest.param("false", "curl/8.0", False, id="curl-refused"),
        pytest.param("1", "kubectl/v1.36", True, id="asked-for"),
    ],
)
def test_people_get_indented_output(pretty: str, agent: str, expected: bool) -> None:
    assert wants_pretty(pretty, agent) is expected


def test_json_bytes_pass_through_and_end_with_a_newline() -> None:
    assert encode_json_bytes(JSON, b'{"a":1}') == b'{"a":1}\n'
    assert encode_json_bytes(JSON, b'{"a":1}', pretty=True) == b'{\n  "a": 1\n}\n'
    assert encode(Form(Encoding.YAML), {"b": 1, "a": "x"}) == b"a: x\nb: 1\n"
