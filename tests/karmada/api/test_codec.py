"""JSON and YAML as Kubernetes clients write them."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from karmada.api.codec import DecodeError, dump_yaml, dumps, loads_json, loads_yaml, loads_yaml_all
from karmada.api.errors import BadRequest

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
printable = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.sampled_from([0.5, -1.25, 1e-7])
    | st.text(
        st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_characters="\x7f\x85\xa0"), max_size=20
    )
    | st.sampled_from(
        ["yes", "y", "Null", "~", "1_0", "0x1f", "1:30", "1e3", "2026-01-02", "a\nb\n", " a", "- a", "<<"]
    ),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text("abcxyn-./ 19:#", min_size=1, max_size=8), inner, max_size=4)
    ),
    max_leaves=20,
)


def test_json_objects_come_and_go() -> None:
    assert loads_json(b'{"b":1,"a":[1,null]}') == {"b": 1, "a": [1, None]}
    assert dumps({"b": 1, "a": 2}) == b'{"b":1,"a":2}'
    assert dumps({"b": 1, "a": 2}, sort_keys=True) == b'{"a":2,"b":1}'


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"1", b'"a"', b"{a:1}", b'{"a":NaN}', b"\xff"])
def test_what_is_no_json_object_is_a_bad_request(body: bytes) -> None:
    with pytest.raises(BadRequest, match="json parse error"):
        loads_json(body)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", True),
        ("y", True),
        ("Off", False),
        ("True", True),
        ("~", None),
        ("null", None),
        ("010", 8),
        ("0o17", 15),
        ("08", 8),
        ("0x1F", 31),
        ("0b101", 5),
        ("1_000", 1000),
        ("-5", -5),
        ("1.0", 1),
        ("1.25", 1.25),
        (".5", 0.5),
        ("1e3", 1000),
        ("18446744073709551615", 18446744073709551615),
        ("1:30", "1:30"),
        ("2026-01-02", "2026-01-02"),
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
        ("1.2.3", "1.2.3"),
        ("v1", "v1"),
        ('"yes"', "yes"),
        ("'1'", "1"),
        ("!!str 5", "5"),
        ("-", "-"),
    ],
)
def test_yaml_scalars_mean_what_kubectl_takes_them_for(text: str, value: Any) -> None:
    parsed = loads_yaml(f"a: {text}\n" if text != "-" else 'a: "-"\n')["a"]
    assert parsed == value
    assert type(parsed) is type(value)


def test_yaml_keys_are_text() -> None:
    assert loads_yaml("1: a\ntrue: b\n1.5: c\n") == {"1": "a", "true": "b", "1.5": "c"}


def test_yaml_anchors_and_merges_are_followed() -> None:
    text = "base: &b {a: 1, b: 1}\nown: {<<: *b, b: 2}\nboth: {<<: [*b, {c: 3, a: 9}]}\n"
    assert loads_yaml(text) == {
        "base": {"a": 1, "b": 1},
        "own": {"a": 1, "b": 2},
        "both": {"a": 1, "b": 1, "c": 3},
    }


@pytest.mark.parametrize(
    ("text", "documents"),
    [
        ("a: 1\n---\n---\n# nothing\n---\nb: 2\n", [{"a": 1}, {"b": 2}]),
        ('{"a": 1}\n{"b": 2}\n---\n{"c": 3}', [{"a": 1}, {"b": 2}, {"c": 3}]),
        ("{a: 1}", [{"a": 1}]),
        ("", []),
        ("# only a comment\n", []),
    ],
    ids=["empty-documents-are-left-out", "json-stream", "flow-mapping", "empty", "comment"],
)
def test_every_document_is_read(text: str, documents: list[Any]) -> None:
    assert loads_yaml_all(text) == documents


def test_keys_given_twice_are_reported_with_their_line() -> None:
    duplicates: list[str] = []
    loads_yaml("kind: A\nmetadata:\n  name: a\n  name: b\n", duplicates=duplicates)
    assert duplicates == ['line 4: key "name" already set in map']


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "yaml: line 2: did not find expected node content"),
        ("a: &x [*x]", "contains itself"),
        ("a: *unknown", "yaml: line 1: found undefined alias"),
        ("a: .inf", "json: unsupported value: inf"),
        ("? [a]\n: b", "map keys must be scalars"),
        ("~: b", "unsupported map key of type: null"),
        (b"a: \xff", "yaml:"),
        ("[" * 5000, "yaml:"),
    ],
)
def test_bad_yaml_is_a_bad_request_that_says_where(text: str | bytes, message: str) -> None:
    with pytest.raises(DecodeError) as error:
        loads_yaml(text)
    assert message in error.value.message
    assert error.value.status_code == 400


def test_a_small_text_cannot_stand_for_a_huge_object() -> None:
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(DecodeError, match="excessive aliasing"):
        loads_yaml("\n".join(lines))


def test_yaml_is_written_as_kubectl_prints_it() -> None:
    obj = {
        "metadata": {"name": "a", "creationTimestamp": "2026-01-02T03:04:05Z", "labels": {}},
        "data": {"b": "1", "yes": "no", "script": "x\ny\n", "star": "*", "empty": ""},
        "spec": {"ports": [{"port": 80, "name": "http"}], "none": None},
    }
    assert dump_yaml(obj) == (
        "data:\n"
        '  b: "1"\n'
        '  empty: ""\n'
        "  script: |\n    x\n    y\n"
        "  star: '*'\n"
        '  "yes": "no"\n'
        'metadata:\n  creationTimestamp: "2026-01-02T03:04:05Z"\n  labels: {}\n  name: a\n'
        "spec:\n  none: null\n  ports:\n  - name: http\n    port: 80\n"
    )


@given(st.dictionaries(st.text(max_size=8), json_values, max_size=4))
def test_json_survives_writing_and_reading(obj: dict[str, Any]) -> None:
    assert loads_json(dumps(obj)) == obj


@given(st.dictionaries(st.text("abcxyn-./ 19:#", min_size=1, max_size=8), printable, max_size=4))
def test_yaml_survives_writing_and_reading(obj: dict[str, Any]) -> None:
    assert loads_yaml(dump_yaml(obj)) == obj


@given(st.text(max_size=60))
def test_any_text_is_yaml_or_a_bad_request(text: str) -> None:
    with suppress(DecodeError):
        loads_yaml_all(text)
