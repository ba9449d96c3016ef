"""Too much, too deep, too slow, too many: refused in the stock words, and the server lives on.

Requests that come in halves hold nothing but their own connection.
"""

import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack

import orjson
import pytest

from tests.fuzz.wire import Wire, head, read_answer

CONFIG_MAPS = "/api/v1/namespaces/fuzz/configmaps"
PROTOBUF = "application/vnd.kubernetes.protobuf"
MIB = 1 << 20
TOO_LARGE = "Request entity too large: limit is 3145728"
MANY = 100


@pytest.fixture(autouse=True)
def _lives_on(wire: Wire) -> Iterator[None]:
    yield
    assert wire.call("GET", "/readyz").status == 200


@pytest.mark.parametrize("kind", ["application/json", "application/yaml", PROTOBUF])
def test_a_body_over_the_limit_is_refused(wire: Wire, kind: str) -> None:
    answer = wire.call("POST", CONFIG_MAPS, b" " * (3 * MIB + 1), kind=kind)
    assert (answer.status, answer.object["message"]) == (413, TOO_LARGE)


def test_a_length_over_the_limit_is_refused_before_the_body_comes(wire: Wire) -> None:
    with wire.connect() as connection:
        connection.sendall(head(b"POST", CONFIG_MAPS.encode(), length=1 << 40))
        answer, again = read_answer(connection, b"POST")
    assert (answer.status, answer.object["message"], again) == (413, TOO_LARGE, False)


def test_a_body_in_chunks_without_end_is_refused_at_the_limit(wire: Wire) -> None:
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    with wire.connect() as connection:
        connection.sendall(head(b"POST", CONFIG_MAPS.encode(), [(b"Transfer-Encoding", b"chunked")]))
        sent = 0
        try:
            while sent < 64:
                connection.sendall(chunk)
                sent += 1
        except (ConnectionError, ssl.SSLError):
            assert sent > 40  # it was cut off, though not before the limit
            return
        answer, _ = read_answer(connection, b"POST")
    assert answer.status == 413


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        pytest.param(b"[" * 200_000, "application/json", id="lists"),
        pytest.param(b'{"a":' * 100_000, "application/json", id="objects"),
        pytest.param(b'{"data":' + b"[" * 5_000 + b"]" * 5_000 + b"}", "application/json", id="closed"),
        pytest.param(b"a: " + b"[" * 20_000, "application/yaml", id="yaml-lists"),
        pytest.param(b"- " * 20_000, "application/yaml", id="yaml-dashes"),
        pytest.param(b"k8s\x00" + b"\x12\xff\xff\xff\xff\x0f" * 500, PROTOBUF, id="lengths"),
    ],
)  # fmt: skip
def test_deep_nesting_is_refused(wire: Wire, body: bytes, kind: str) -> None:
    answer = wire.call("POST", CONFIG_MAPS, body, kind=kind)
    assert answer.status == 400, answer.body[:300]


def test_deep_json_in_a_free_form_field_can_be_read_again_or_is_refused(wire: Wire) -> None:
    deep = b'{"a":' * 2_000 + b"1" + b"}" * 2_000
    body = (
        b'{"apiVersion":"work.karmada.io/v1alpha1","kind":"Work","metadata":{"name":"deep"},"spec":{"workload":'
        b'{"manifests":[{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"x":' + deep + b"}]}}}"
    )
    answer = wire.call("POST", "/apis/work.karmada.io/v1alpha1/namespaces/fuzz/works", body)
    assert answer.status in (201, 400, 422), answer.body[:300]
    assert wire.call("GET", "/apis/work.karmada.io/v1alpha1/namespaces/fuzz/works").status == 200


def test_yaml_that_multiplies_itself_is_refused(wire: Wire) -> None:
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    answer = wire.call("POST", CONFIG_MAPS, "\n".join(lines).encode(), kind="application/yaml")
    assert answer.status == 400, answer.body[:300]


def test_huge_maps_of_labels_and_annotations_are_judged(wire: Wire) -> None:
    labels = {f"k{number}": "v" for number in range(60_000)}
    answer = wire.call("POST", CONFIG_MAPS, {"metadata": {"name": "many", "labels": labels}})
    assert answer.status < 500
    annotations = {f"k{number}": "v" * 20 for number in range(12_000)}
    answer = wire.call("POST", CONFIG_MAPS, {"metadata": {"name": "notes", "annotations": annotations}})
    assert (answer.status, "Too long" in answer.object["message"]) == (422, True)


@pytest.mark.parametrize(
    "body", [b'{"metadata":{"name":"\xff"}}', b'{"metadata":{"name":"\xed\xa0\x80"}}', b"\xff\xfe{}"]
)
def test_what_is_no_utf8_is_no_json(wire: Wire, body: bytes) -> None:
    assert wire.call("POST", CONFIG_MAPS, body).status == 400


def test_halves_of_requests_hold_up_nobody(wire: Wire) -> None:
    whole = head(b"POST", CONFIG_MAPS.encode(), [(b"Content-Type", b"application/json")], 1000)
    with ExitStack() as stack:
        for number in range(MANY):
            connection = stack.enter_context(wire.connect())
            connection.sendall(whole[: len(whole) // 2] if number % 2 else whole + b"{")
        assert wire.call("GET", CONFIG_MAPS).status == 200


def test_a_client_that_says_no_more_is_still_answered(wire: Wire) -> None:
    with wire.connect() as connection:
        connection.sendall(head(b"GET", b"/version"))
        answer, _ = read_answer(connection)
        assert answer.status == 200
        connection.sendall(head(b"POST", CONFIG_MAPS.encode(), length=1000) + b'{"metadata":')
        connection.shutdown(socket.SHUT_WR)
    assert wire.call("GET", f"{CONFIG_MAPS}/half").status == 404


def test_pipelined_requests_are_all_answered_in_order(wire: Wire) -> None:
    with wire.connect() as connection:
        connection.sendall(b"".join(head(b"GET", b"%b/c%d" % (CONFIG_MAPS.encode(), n)) for n in range(MANY)))
        received, wanted = b"", [b'configmaps \\"c%d\\" not found' % n for n in range(MANY)]
        while received.count(b'"code":404') < MANY:
            piece = connection.recv(65536)
            assert piece, f"closed after {received.count(b'HTTP/1.1 404')} answers"
            received += piece
    places = [received.find(text) for text in wanted]
    assert places == sorted(places)
    assert -1 not in places


def test_a_long_line_or_header_is_refused(wire: Wire) -> None:
    for target, headers in ((b"/" + b"a" * 200_000, []), (b"/version", [(b"X-Odd", b"a" * 200_000)])):
        with wire.connect() as connection:
            try:
                connection.sendall(head(b"GET", target, headers))
                answer, _ = read_answer(connection)
            except (ConnectionError, ssl.SSLError):
                continue  # cut off while it was still sending
        assert answer.status in (400, 414, 431)


def test_an_object_that_etcd_would_not_take_is_stored_or_refused_whole(wire: Wire) -> None:
    body = orjson.dumps({"metadata": {"name": "large"}, "data": {"k": "v" * (2 * MIB)}})
    answer = wire.call("POST", CONFIG_MAPS, body)
    assert answer.status == 422
    assert answer.object["message"].startswith('ConfigMap "large" is invalid: []: Too long')
