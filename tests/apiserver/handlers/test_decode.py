"""Bodies to objects: duplicate keys above all."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apiserver.handlers.decode import decode_body, duplicate_fields, media_type
from karmada.api.errors import BadRequest, UnsupportedMediaType

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), JSON, max_size=4), st.booleans())
def test_objects_without_duplicates_have_none(obj: dict[str, Any], indented: bool) -> None:
    body = json.dumps(obj, indent=2 if indented else None).encode()
    assert duplicate_fields(body, orjson.loads(body)) == []


@pytest.mark.parametrize(
    ("body", "complaints"),
    [
        pytest.param(b'{"a":1,"a":2}', ['duplicate field "a"'], id="top"),
        pytest.param(b'{"a":{"b":1,"b":2}}', ['duplicate field "a.b"'], id="below"),
        pytest.param(b'{"a":[{"b":1,"b":2}]}', ['duplicate field "a[0].b"'], id="in-a-list"),
        pytest.param(b'{"a" : 1, "a" : 2}', ['duplicate field "a"'], id="spaced"),
        pytest.param(b'{"a":"x\\":","b":1}', [], id="text-like-a-key"),
        pytest.param(b'{"a":1,"a":2,"a":3}', ['duplicate field "a"'] * 2, id="thrice"),
    ],
)
def test_keys_given_twice_are_found(body: bytes, complaints: list[str]) -> None:
    assert duplicate_fields(body, orjson.loads(body)) == complaints


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        pytest.param(b"", "(<empty>)", id="empty"),
        pytest.param(b"[]", "json parse error: not an object ([])", id="list"),
        pytest.param(b"{" + b"x" * 50, "(" + "{" + "x" * 29 + " ...)", id="long"),
        pytest.param(b"\x00\x01", "(0001)", id="unprintable"),
    ],
)
def test_what_is_no_object_is_shown_shortened(body: bytes, problem: str) -> None:
    with pytest.raises(BadRequest) as raised:
        decode_body(body, "application/json", kind="ConfigMap", accepted=("application/json",))
    assert raised.value.message.startswith(
        "the object provided is unrecognized (must be of type ConfigMap): "
    )
    assert raised.value.message.endswith(problem)


def test_media_types_are_read_without_parameters() -> None:
    assert [media_type(text) for text in ("", "Application/JSON; charset=utf-8")] == ["application/json"] * 2
    with pytest.raises(
        UnsupportedMediaType, match="accepted media types include: application/json, application/yaml"
    ):
        decode_body(b"{}", "text/plain", kind="X", accepted=("application/json", "application/yaml"))
