"""The layout of kubectl's describe. That whole descriptions agree with kubectl's is a journey's business."""

from datetime import UTC, datetime
from typing import Any

import pytest

from karmada.cli.describing import config, generic, pods
from karmada.cli.describing.containers import probe_text
from karmada.cli.describing.events import event_lines
from karmada.cli.describing.layout import annotations, label_for, tabulated
from karmada.cli.describing.volumes import volumes

NOW = datetime(2026, 1, 1, 0, 10, tzinfo=UTC)


def test_columns_are_as_wide_as_their_neighbours_need() -> None:
    lines = ["Name:\ta", "Namespace:\tb", "Data:", "x:\ty\tz", "long one:\tmore\t."]
    assert (
        tabulated(lines)
        == """\
Name:       a
Namespace:  b
Data:
x:         y     z
long one:  more  ."""
    )


@pytest.mark.parametrize(
    ("field", "label"),
    [
        ("creationTimestamp", "Creation Timestamp"),
        ("apiVersion", "API Version"),
        ("uid", "UID"),
        ("ephemeral-storage", "Ephemeral - Storage"),
        ("karmada.io/x", "karmada.io/x"),
        ("spec", "Spec"),
    ],
)
def test_fields_get_titles(field: str, label: str) -> None:
    assert label_for(field) == label


def test_long_annotations_are_cut_and_the_record_of_apply_is_hidden() -> None:
    values = {"kubectl.kubernetes.io/last-applied-configuration": "x", "b": "y" * 200, "a": "1"}
    assert list(annotations("Annotations", values)) == [
        "Annotations:\ta: 1",
        "\tb:",
        "\t  " + "y" * 138 + "...",
    ]


def test_any_object_field_by_field() -> None:
    obj: dict[str, Any] = {
        "apiVersion": "example.io/v1",
        "kind": "Thing",
        "metadata": {"name": "t", "namespace": "n", "uid": "u"},
        "spec": {"list": [{"a": 1}, {"a": True}], "words": ["x"], "none": None},
    }
    assert (
        tabulated(list(generic.described(obj)))
        == """\
Name:         t
Namespace:    n
Labels:       <none>
Annotations:  <none>
API Version:  example.io/v1
Kind:         Thing
Metadata:
  UID:  u
Spec:
  List:
    A:   1
    A:   true
  None:  <nil>
  Words:
    x"""
    )


def test_a_secret_never_shows_its_values() -> None:
    secret = {"metadata": {"name": "s", "namespace": "n"}, "type": "Opaque", "data": {"key": "c2VjcmV0"}}
    text = tabulated(list(config.secret(secret)))
    assert "key:  6 bytes" in text
    assert "c2VjcmV0" not in text


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (
            {"firstTimestamp": "2026-01-01T00:00:00Z", "lastTimestamp": "2026-01-01T00:09:00Z", "count": 3},
            "  Normal\tR\t60s (x3 over 10m)\tc\tm",
        ),
        ({"eventTime": "2026-01-01T00:09:30Z"}, "  Normal\tR\t30s\tc\tm"),
    ],
)
def test_events_say_how_often_and_since_when(event: dict[str, Any], line: str) -> None:
    full = {"type": "Normal", "reason": "R", "source": {"component": "c"}, "message": "m\n", **event}
    assert list(event_lines([full], now=NOW))[-1] == line
    assert list(event_lines([], now=NOW)) == ["Events:\t<none>"]


@pytest.mark.parametrize(
    ("probe", "text"),
    [
        ({"exec": {"command": ["a", "b"]}}, "exec [a b] "),
        ({"httpGet": {"port": 80, "path": "/x", "scheme": "HTTPS"}}, "http-get https://:80/x "),
        ({"tcpSocket": {"port": 1}}, "tcp-socket :1 "),
        ({}, "unknown "),
    ],
)
def test_probes(probe: dict[str, Any], text: str) -> None:
    attributes = "delay=0s timeout=1s period=10s successThreshold=1 failureThreshold=3"
    assert probe_text(probe) == text + attributes


def test_volumes_and_templates() -> None:
    spec = {"volumes": [{"name": "v", "secret": {"secretName": "s"}}, {"name": "n", "nfs": {"server": "x"}}]}
    assert list(volumes(spec)) == [
        "Volumes:",
        "  v:",
        "    Type:\tSecret (a volume populated by a Secret)",
        "    SecretName:\ts",
        "    Optional:\tfalse",
        "  n:",
        "    Type:\tNfs",
        "    Server:\tx",
    ]
    lines = list(pods.template({"spec": {"containers": [{"name": "c", "image": "i"}]}}))
    assert lines[1:4] == ["  Containers:", "   c:", "    Image:\ti"]
