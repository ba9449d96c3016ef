"""Entries: bytes with the version spliced in."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apiserver.storage.entries import Change, Entry, encode, head_of

HEAD = head_of("ConfigMap", "v1")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=8,
)


@given(
    metadata=st.dictionaries(st.text(), JSON, max_size=4),
    rest=st.dictionaries(
        st.text().filter(lambda name: name not in ("kind", "apiVersion", "metadata")), JSON, max_size=4
    ),
    revision=st.integers(1, 2**62),
)
def test_any_object_comes_back_with_its_version(
    metadata: dict[str, object], rest: dict[str, object], revision: int
) -> None:
    value = encode({"metadata": metadata, **rest}, HEAD)
    entry = Entry("ns/a", revision, value)
    expected = {"kind": "ConfigMap", "apiVersion": "v1", **rest}
    expected["metadata"] = {**metadata, "resourceVersion": str(revision)}
    assert entry.decode(HEAD) == expected
    assert entry.at_revision(revision + 7).decode(HEAD)["metadata"]["resourceVersion"] == str(revision + 7)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}', id="other-order"),
        pytest.param(
            b'{"data":{"k":"v"},"kind":"ConfigMap","metadata":{"name":"a"},"apiVersion":"v1"}', id="late"
        ),
        pytest.param(b'{"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "a"}}', id="spaced"),
        pytest.param(
            b'{"kind":"ConfigMap","apiVersion":"v1","metadata":{"resourceVersion":"9","name":"a"}}',
            id="version",
        ),
        pytest.param(b'{"kind":"ConfigMap","apiVersion":"v1"}', id="no-metadata"),
    ],
)
def test_values_written_by_others_are_understood(value: bytes) -> None:
    shown = Entry("a", 5, value).decode(HEAD)
    assert shown["metadata"].pop("resourceVersion") == "5"
    original = orjson.loads(value)
    original.setdefault("metadata", {}).pop("resourceVersion", None)
    assert shown == original


class CountingView:
    """The object, and how often it was asked for."""

    name = "counting"

    def __init__(self) -> None:
        self.rendered = 0

    def render(self, entry: Entry) -> bytes:
        self.rendered += 1
        return HEAD + entry.tail


def test_a_frame_is_made_once_for_all_watchers() -> None:
    view = CountingView()
    entry = Entry("a", 3, encode({"metadata": {"name": "a"}}, HEAD))
    change = Change("a", 3, None, entry)
    first = change.frame("ADDED", view)
    assert first is change.frame("ADDED", view)
    assert view.rendered == 1
    assert orjson.loads(first)["object"]["metadata"] == {"resourceVersion": "3", "name": "a"}
