"""Entry: one version of one object as bytes; Change: one step of its history, with the frames watchers get.

watch_cache.py makes them, handlers splice them. Nothing is decoded to be served: labels and selectable fields
are read when a selector asks first, and kept; the decoded object is made anew each time and not kept.

An entry holds the value as it is stored: the very bytes an embedded backend holds, so that nothing is kept
twice. Its tail is the object's JSON from `"metadata":{"resourceVersion":"5",` to its end; before it goes a
head, `{"kind":"ConfigMap","apiVersion":"v1",`, which depends on the version the object is served in.
"""

from collections.abc import Callable, Mapping
from typing import Final, Protocol

import orjson

from apiserver.storage.keys import split_path
from karmada.api.objects import Object

METADATA: Final = b'"metadata":{'
_BRACE: Final = ord("}")
_NO_LABELS: Final[Mapping[str, str]] = {}


def head_of(kind: str, api_version: str) -> bytes:
    return b'{"kind":' + orjson.dumps(kind) + b',"apiVersion":' + orjson.dumps(api_version) + b","


def encode(obj: Object, head: bytes) -> bytes:
    """The value to store: head, metadata without resourceVersion, then the rest in the order it has."""
    metadata = obj.get("metadata") or {}
    if "resourceVersion" in metadata:
        metadata = {field: value for field, value in metadata.items() if field != "resourceVersion"}
    rest = {field: value for field, value in obj.items() if field not in ("kind", "apiVersion", "metadata")}
    return head + orjson.dumps({"metadata": metadata, **rest})[1:]


def _split(value: bytes) -> tuple[bytes, int]:
    """The value, and where its metadata's fields begin. Raises ValueError or AttributeError for what is no
    object.

    A value that somebody else wrote, in another order or with a resourceVersion, is written anew.
    """
    start = value.find(METADATA, 0, 512)
    if start < 0 or not value.startswith(b'{"kind":') or b'"resourceVersion":' in value[start : start + 40]:
        obj = orjson.loads(value)
        value = encode(obj, head_of(obj.get("kind") or "", obj.get("apiVersion") or ""))
        start = value.find(METADATA)
    return value, start + len(METADATA)


class Entry:
    """One version of one object, as it is stored; revision 0 of one that is not. Read-only."""

    __slots__ = ("_after", "_fields", "_labels", "_value", "forms", "path", "revision")

    def __init__(self, path: str, revision: int, value: bytes) -> None:
        """Raises ValueError or AttributeError for a value that is no JSON object."""
        self.path = path
        self.revision = revision
        self._value, self._after = _split(value)
        self._labels: Mapping[str, str] | None = None
        self._fields: Mapping[str, str] | None = None
        self.forms: dict[str, bytes] | None = None
        """Renderings that are worth keeping as long as this version is current, by View.name."""

    @property
    def tail(self) -> bytes:
        """From the metadata on, with the resourceVersion spliced in. Made anew each time."""
        value, after = self._value, self._after
        if not self.revision:
            return value[after - len(METADATA) :]
        comma = b'"' if value[after] == _BRACE else b'",'
        return b'"metadata":{"resourceVersion":"%d%b%b' % (self.revision, comma, value[after:])

    @property
    def stored_head(self) -> bytes:
        """What comes before the metadata in storage: it says in what version the object is stored."""
        return self._value[: self._after - len(METADATA)]

    @property
    def size(self) -> int:
        """Bytes it holds on to, roughly."""
        return len(self._value)

    @property
    def name(self) -> str:
        return split_path(self.path)[1]

    @property
    def namespace(self) -> str:
        return split_path(self.path)[0]

    def decode(self, head: bytes) -> Object:
        """A fresh object that the caller may change."""
        obj: Object = orjson.loads(head + self.tail)
        return obj

    def labels(self) -> Mapping[str, str]:
        if self._labels is None:
            metadata = orjson.loads(b"{" + self.tail).get("metadata") or {}
            self._labels = metadata.get("labels") or _NO_LABELS
        return self._labels

    def fields(self, extract: Callable[[Object], Mapping[str, str]]) -> Mapping[str, str]:
        """What field selectors compare. extract must be the same function at each call: its answer is
        kept."""
        if self._fields is None:
            self._fields = extract(orjson.loads(b"{" + self.tail))
        return self._fields

    def at_revision(self, revision: int) -> "Entry":
        """The same state under the revision of a later change: what a deletion shows."""
        entry = Entry(self.path, revision, self._value)
        entry._labels, entry._fields = self._labels, self._fields
        return entry


class View(Protocol):
    """How an object is shown: as JSON of one version, as metadata only, as a table row."""

    @property
    def name(self) -> str:
        """Equal names mean equal renderings."""
        ...

    def render(self, entry: Entry) -> bytes: ...


class Change:
    """One change of one object. new is None when it was deleted, old when it was created."""

    __slots__ = ("_frames", "_tombstone", "new", "old", "path", "revision")

    def __init__(self, path: str, revision: int, old: Entry | None, new: Entry | None) -> None:
        self.path = path
        self.revision = revision
        self.old = old
        self.new = new
        self._tombstone: Entry | None = None
        self._frames: dict[tuple[str, str], bytes] = {}

    @property
    def size(self) -> int:
        """Bytes this change holds on to, roughly."""
        return self.new.size if self.new else 200

    def tombstone(self) -> Entry:
        """The state before the change, under the revision of the change."""
        if self._tombstone is None:
            assert self.old is not None
            self._tombstone = self.old.at_revision(self.revision)
        return self._tombstone

    def frame(self, type_: str, view: View) -> bytes:
        """The line a watcher gets; made once for all watchers with this view."""
        key = (type_, view.name)
        found = self._frames.get(key)
        if found is None:
            entry = self.tombstone() if type_ == "DELETED" else self.new
            assert entry is not None
            found = self._frames[key] = watch_line(type_, view.render(entry))
        return found

    def forget_frames(self) -> None:
        """Called when every watcher has its frame: late ones make theirs anew."""
        self._frames.clear()


def watch_line(type_: str, rendered: bytes) -> bytes:
    return b'{"type":"%s","object":%s}\n' % (type_.encode(), rendered)
