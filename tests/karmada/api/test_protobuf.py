"""Protobuf bodies of built-in kinds, against bytes put together by hand and against themselves."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from karmada.api.codec import decode_protobuf, encode_protobuf
from karmada.api.errors import BadRequest, UnsupportedMediaType
from karmada.api.facts import type_facts, type_names
from karmada.api.gvk import GroupVersionKind
from karmada.api.protobuf import decode_message, encode_message, encode_watch_frame, has_message
from karmada.api.protobuf_wire import ProtobufError, delimited, read_varint, signed32, signed64, varint


def envelope(api_version: str, kind: str, raw: bytes) -> bytes:
    meta = b"\x0a" + delimited(api_version.encode()) + b"\x12" + delimited(kind.encode())
    return b"k8s\x00\x0a" + delimited(meta) + b"\x12" + delimited(raw) + b"\x1a\x00\x22\x00"


def test_a_config_map_as_client_go_sends_it() -> None:
    # metadata full of empty strings and a zero-length creationTimestamp; then data{a: b}, immutable true
    metadata = b"\x0a\x03cm1\x12\x00\x1a\x00\x22\x00\x2a\x00\x32\x00\x38\x00\x42\x00"
    raw = b"\x0a" + delimited(metadata) + b"\x12\x06\x0a\x01a\x12\x01b" + b"\x20\x01"
    assert decode_protobuf(envelope("v1", "ConfigMap", raw)) == {
        "kind": "ConfigMap",
        "apiVersion": "v1",
        "metadata": {"name": "cm1"},
        "data": {"a": "b"},
        "immutable": True,
    }


DEPLOYMENT: dict[str, Any] = {
    "kind": "Deployment",
    "apiVersion": "apps/v1",
    "metadata": {
        "name": "nginx",
        "generation": 2,
        "creationTimestamp": "2026-01-02T03:04:05Z",
        "labels": {"b": "", "a": "1"},
        "managedFields": [{"manager": "m", "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {}}}],
    },
    "spec": {
        "replicas": 0,
        "selector": {"matchLabels": {"app": "nginx"}},
        "strategy": {"rollingUpdate": {"maxUnavailable": -1, "maxSurge": "25%"}},
        "template": {
            "metadata": {"labels": {"app": "nginx"}},
            "spec": {
                "volumes": [{"name": "v", "emptyDir": {}}, {"name": "c", "configMap": {"name": "cm"}}],
                "containers": [
                    {
                        "name": "c",
                        "resources": {"limits": {"cpu": "100m", "memory": "1Gi"}},
                        "livenessProbe": {"httpGet": {"port": "http"}, "periodSeconds": 3},
                    }
                ],
                "terminationGracePeriodSeconds": 0,
            },
        },
    },
}
CRD_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "a": {"type": "array", "items": {"type": "string"}},
        "b": {"type": "array", "items": [{"type": "string"}, {"type": "integer"}]},
        "c": {"additionalProperties": True, "default": {"x": [1, None]}},
        "d": {"additionalProperties": {"type": "string"}, "minimum": 0.5, "maximum": -3},
    },
    "dependencies": {"e": {"type": "string"}, "f": ["a", "b"]},
}


@pytest.mark.parametrize(
    "obj",
    [
        pytest.param(DEPLOYMENT, id="deployment"),
        pytest.param(
            {
                "kind": "Secret",
                "apiVersion": "v1",
                "metadata": {"name": "s"},
                "data": {"k": "AP8=", "empty": ""},
                "type": "Opaque",
            },
            id="bytes-are-base64",
        ),
        pytest.param(
            {
                "kind": "Lease",
                "apiVersion": "coordination.k8s.io/v1",
                "metadata": {"name": "l"},
                "spec": {"leaseDurationSeconds": 40, "renewTime": "2026-01-02T03:04:05.123456Z"},
            },
            id="micro-time",
        ),
        pytest.param(
            {
                "kind": "CustomResourceDefinition",
                "apiVersion": "apiextensions.k8s.io/v1",
                "metadata": {"name": "x.y"},
                "spec": {
                    "versions": [{"name": "v1", "served": True, "schema": {"openAPIV3Schema": CRD_SCHEMA}}]
                },
            },
            id="schema-of-a-crd",
        ),
        pytest.param(
            {
                "kind": "DeleteOptions",
                "apiVersion": "apps/v1",
                "gracePeriodSeconds": 0,
                "preconditions": {"uid": "u"},
                "propagationPolicy": "Background",
            },
            id="delete-options-of-any-group",
        ),
        pytest.param(
            {
                "kind": "SubjectAccessReview",
                "apiVersion": "authorization.k8s.io/v1",
                "spec": {"user": "u", "extra": {"scopes": ["a", "b"]}, "resourceAttributes": {"verb": "get"}},
            },
            id="list-as-map-value",
        ),
        pytest.param(
            {
                "kind": "ControllerRevision",
                "apiVersion": "apps/v1",
                "data": {"spec": {"any": [1, "x", None]}},
                "revision": -2,
            },
            id="raw-extension",
        ),
        pytest.param(
            {
                "kind": "Status",
                "apiVersion": "v1",
                "status": "Failure",
                "message": "no",
                "reason": "NotFound",
                "details": {"name": "x"},
                "code": 404,
            },
            id="status",
        ),
        pytest.param(
            {
                "kind": "ConfigMapList",
                "apiVersion": "v1",
                "metadata": {"resourceVersion": "7"},
                "items": [{"metadata": {"name": "a"}}, {"metadata": {"name": "b"}, "data": {"k": "v"}}],
            },
            id="list",
        ),
    ],
)
def test_an_object_survives_encoding_and_decoding(obj: dict[str, Any]) -> None:
    decoded = decode_protobuf(encode_protobuf(obj))
    # An allocated but absent part of a CRD's spec comes back as it went; nothing else is added.
    assert decoded == obj


def test_zero_values_that_json_leaves_out_are_dropped_and_explicit_ones_kept() -> None:
    message = encode_message(
        "io.k8s.api.apps.v1.DeploymentSpec", {"replicas": 0, "minReadySeconds": 0, "paused": False}
    )
    assert decode_message("io.k8s.api.apps.v1.DeploymentSpec", message) == {"replicas": 0}


def test_fields_nobody_knows_are_skipped() -> None:
    unknown = b"\xf8\x07\x96\x01" + b"\xf9\x07" + b"\0" * 8 + b"\xfa\x07\x02hi" + b"\xfd\x07" + b"\0" * 4
    raw = unknown + b"\x0a\x03\x0a\x01a" + unknown
    assert decode_message("io.k8s.api.core.v1.ConfigMap", raw) == {"metadata": {"name": "a"}}


def test_the_last_value_of_a_single_field_wins() -> None:
    assert decode_message("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", b"\x0a\x01a\x0a\x01b") == {
        "name": "b"
    }


def test_repeated_numbers_come_one_by_one_or_packed() -> None:
    name = "io.k8s.api.core.v1.PodSecurityContext"
    one_by_one = encode_message(name, {"supplementalGroups": [1, 300]})
    packed = bytes((one_by_one[0] & ~7 | 2,)) + delimited(varint(1) + varint(300))
    assert (
        decode_message(name, one_by_one) == decode_message(name, packed) == {"supplementalGroups": [1, 300]}
    )


def test_an_envelope_inside_an_object_is_opened() -> None:
    inner = encode_protobuf({"kind": "ConfigMap", "apiVersion": "v1", "data": {"a": "b"}})
    raw = b"\x0a" + delimited(inner)
    review = b"\x0a" + delimited(b"\x4a" + delimited(raw))
    decoded = decode_message("io.k8s.api.admission.v1.AdmissionReview", review)
    assert decoded["request"]["object"] == {"kind": "ConfigMap", "apiVersion": "v1", "data": {"a": "b"}}


def test_the_kind_may_come_from_the_url() -> None:
    body = envelope("", "", b"\x0a\x03\x0a\x01a")
    assert decode_protobuf(body, default=GroupVersionKind("", "v1", "ConfigMap"))["kind"] == "ConfigMap"


@pytest.mark.parametrize("kind", ["Foo", ""])
def test_a_kind_without_a_message_is_an_unsupported_media_type(kind: str) -> None:
    assert not has_message("example.com/v1", kind)
    with pytest.raises(UnsupportedMediaType):
        decode_protobuf(envelope("example.com/v1", kind, b""))
    with pytest.raises(UnsupportedMediaType):
        encode_protobuf({"kind": kind, "apiVersion": "example.com/v1"})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"k8s\x00\x0a\x7f",
        envelope("v1", "ConfigMap", b"\x0a\x7f"),
        envelope("v1", "ConfigMap", b"\x0a\x03\x0a\x05a"),
        envelope("v1", "ConfigMap", b"\x0b"),
        envelope("v1", "ConfigMap", b"\x0a\x03\x0a\x01\xff"),
        envelope("v1", "ConfigMap", b"\xff" * 11),
    ],
)
def test_broken_bytes_are_a_bad_request(body: bytes) -> None:
    with pytest.raises(BadRequest):
        decode_protobuf(body)


def test_an_object_that_does_not_fit_its_message_is_refused() -> None:
    with pytest.raises(ProtobufError):
        encode_protobuf({"kind": "ConfigMap", "apiVersion": "v1", "data": {"a": 1}})


def test_a_watch_frame_holds_an_enveloped_object() -> None:
    frame = encode_watch_frame("ADDED", encode_protobuf({"kind": "ConfigMap", "apiVersion": "v1"}))
    assert int.from_bytes(frame[:4], "big") == len(frame) - 4
    event = decode_message("io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent", frame[4:])
    assert event == {"type": "ADDED", "object": {"kind": "ConfigMap", "apiVersion": "v1"}}


@given(st.integers(0, 2**64 - 1))
def test_a_varint_survives(value: int) -> None:
    data = varint(value)
    assert read_varint(data, 0) == (value, len(data))


@given(st.integers(-(2**63), 2**63 - 1))
def test_negative_numbers_survive(value: int) -> None:
    assert signed64(read_varint(varint(value), 0)[0]) == value
    if -(2**31) <= value < 2**31:
        assert signed32(read_varint(varint(value), 0)[0]) == value


@given(st.binary(max_size=60))
@example(b"\x0a\x00")
def test_any_bytes_decode_or_are_refused(data: bytes) -> None:
    for type_ in ("io.k8s.api.core.v1.Pod", "io.k8s.api.apps.v1.Deployment"):
        with suppress(ProtobufError):
            decode_message(type_, data)


@given(st.integers(0, 400), st.integers(0, 255))
def test_a_damaged_body_decodes_or_is_refused(position: int, byte: int) -> None:
    body = bytearray(encode_protobuf(DEPLOYMENT))
    body[position % len(body)] = byte
    with suppress(BadRequest, UnsupportedMediaType):
        decode_protobuf(bytes(body))


_SAMPLES: dict[str, st.SearchStrategy[Any]] = {
    "string": st.text(max_size=6),
    "bool": st.booleans(),
    "int32": st.integers(-(2**31), 2**31 - 1),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "double": st.floats(-1e9, 1e9),
    "bytes": st.sampled_from(["", "AA==", "AP8=", "YWJj"]),
    "time": st.just("2026-01-02T03:04:05Z"),
    "microtime": st.just("2026-01-02T03:04:05.000001Z"),
    "duration": st.sampled_from(["0s", "1m30s", "-1.5s"]),
    "quantity": st.sampled_from(["0", "100m", "1Gi", "1e3"]),
    "intorstring": st.integers(-5, 5) | st.text(max_size=3),
    "rawjson": st.sampled_from([{"f:a": {}}, [1, "x"], "text", 5]),
    "rawext": st.just({"any": [1, None]}),
}


def samples(type_: str, depth: int) -> st.SearchStrategy[Any]:
    """Objects of a message type in which every field is set to something JSON would show."""
    facts = type_facts().get(type_, {})
    kind = facts.get("codec", type_)
    if kind in _SAMPLES:
        return _SAMPLES[kind]
    if kind == "list":
        return st.lists(st.text(max_size=3), max_size=2)
    if kind.startswith("schema-or") or kind == "unknown" or depth == 0:
        return st.nothing()
    fields: dict[str, st.SearchStrategy[Any]] = {}
    for name, (_, inner, cardinality, *rest) in facts["fields"].items():
        declared = rest[0] if rest else {}
        values = samples(inner, depth - 1)
        if values.is_empty or declared.get("inline"):
            continue
        if cardinality == "repeated":
            values = st.lists(values, min_size=1, max_size=2)
        elif cardinality == "map":
            values = st.dictionaries(st.text(max_size=4), values, min_size=1, max_size=2)
        elif not declared.get("ptr") and "omit" in declared:
            values = values.filter(bool)
        fields[name] = values
    return st.fixed_dictionaries({}, optional=fields)


ROOTS = sorted(
    {name for (group, _, kind), name in type_names().items() if kind in ("Pod", "Service", "Job", "Ingress")}
)


@pytest.mark.parametrize("type_", ROOTS)
@given(data=st.data())
def test_generated_objects_survive(type_: str, data: st.DataObject) -> None:
    obj = data.draw(samples(type_, 3))
    assert decode_message(type_, encode_message(type_, obj)) == obj
