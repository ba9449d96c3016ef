"""What form the client wants: the Accept header to a Form, remembered per header.

In: an Accept header and what the handler can produce. Out: a Form (encoding, view, content type) or
NotAcceptable. Objects in other views are made by tables.py. JSON wins whenever the client accepts it, since
it is the form that objects are kept in; protobuf and YAML are for clients that take nothing else.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

import orjson
from typing_extensions import override

from karmada.api import codec
from karmada.api.errors import NotAcceptable
from karmada.api.objects import Object

JSON_TYPE: Final = "application/json"
YAML_TYPE: Final = "application/yaml"
PROTOBUF_TYPE: Final = "application/vnd.kubernetes.protobuf"
META_GROUP: Final = "meta.k8s.io"
STREAM_SUFFIX: Final = ";stream=watch"


class Encoding(StrEnum):
    JSON = JSON_TYPE
    YAML = YAML_TYPE
    PROTOBUF = PROTOBUF_TYPE


class View(StrEnum):
    """What of the object is shown."""

    OBJECT = ""
    TABLE = "Table"
    PARTIAL_METADATA = "PartialObjectMetadata"
    PARTIAL_METADATA_LIST = "PartialObjectMetadataList"


@dataclass(frozen=True, slots=True)
class Form:
    """How to answer. version is that of meta.k8s.io for the converted views."""

    encoding: Encoding
    view: View = View.OBJECT
    version: str = "v1"

    @property
    def content_type(self) -> str:
        return self.encoding.value

    @property
    def plain(self) -> bool:
        """JSON of the whole object: the stored bytes serve as they are."""
        return self.encoding is Encoding.JSON and self.view is View.OBJECT

    @property
    def api_version(self) -> str:
        return f"{META_GROUP}/{self.version}"


PLAIN_JSON: Final = Form(Encoding.JSON)
BUILT_IN: Final = frozenset(Encoding)
"""What kinds with a message can be written as."""
CUSTOM: Final = frozenset({Encoding.JSON, Encoding.YAML})
"""What custom resources can be written as."""
STREAMS: Final = frozenset({Encoding.JSON})
"""What watches are written as."""
ALL_VIEWS: Final = frozenset(View)
OBJECT_ONLY: Final = frozenset({View.OBJECT})
_VIEWS: Final = {view.value: view for view in View}


@lru_cache(maxsize=1024)
def negotiate(
    accept: str,
    allowed: frozenset[Encoding] = BUILT_IN,
    *,
    views: frozenset[View] = ALL_VIEWS,
    watch: bool = False,
) -> Form:
    """The form to answer in. Raises NotAcceptable. Answers are remembered: every argument is hashable.

    Clauses are tried by weight, then precision, then order; one whose parameters we cannot serve is skipped.
    """
    if not accept:
        return PLAIN_JSON
    typed = False
    later: Form | None = None
    for clause in sorted(parse_accept(accept), key=_rank):
        encodings = _encodings(clause.media_type)
        typed = typed or bool(encodings & allowed)
        form = _form(clause, encodings & allowed, views)
        if form is not None and form.encoding is Encoding.JSON:
            return form
        later = later or form
    if later is not None:
        return later
    raise _not_acceptable(allowed, typed=typed, watch=watch)


@dataclass(frozen=True, slots=True)
class Clause:
    """One alternative of an Accept header."""

    media_type: str
    parameters: tuple[tuple[str, str], ...]
    weight: float
    position: int


def parse_accept(accept: str) -> Iterator[Clause]:
    for position, text in enumerate(accept.split(",")):
        media_type, *rest = (part.strip() for part in text.split(";"))
        if not media_type:
            continue
        weight = 1.0
        parameters: list[tuple[str, str]] = []
        for part in rest:
            name, _, value = part.partition("=")
            if name.strip().lower() == "q":
                weight = _weight(value)
            else:
                parameters.append((name.strip().lower(), value.strip().strip('"')))
        if weight > 0:
            yield Clause(media_type.lower(), tuple(parameters), weight, position)


def _rank(clause: Clause) -> tuple[float, int, int]:
    stars = clause.media_type.count("*")
    return (-clause.weight, stars, clause.position)


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 1.0


def _encodings(media_type: str) -> frozenset[Encoding]:
    if media_type in ("*/*", "application/*"):
        return frozenset({Encoding.JSON})
    return frozenset(encoding for encoding in Encoding if encoding.value == media_type)


def _form(clause: Clause, encodings: frozenset[Encoding], views: frozenset[View]) -> Form | None:
    """The form a clause asks for, None when it cannot be had."""
    if not encodings:
        return None
    parameters = dict(clause.parameters)
    view = parameters.get("as", "")
    if not view:
        return Form(next(iter(encodings)))
    version = parameters.get("v", "v1")
    asked = _VIEWS.get(view)
    if asked is None or asked not in views:
        return None
    if parameters.get("g") != META_GROUP or version not in ("v1", "v1beta1"):
        return None
    return Form(next(iter(encodings)), asked, version)


class _Unroutable(NotAcceptable):
    """Not one clause names a media type we have; its Status carries empty details."""

    @override
    def to_status(self) -> dict[str, Any]:
        status = super().to_status()
        code = status.pop("code")
        return {**status, "details": {}, "code": code}


def unserved_view(allowed: frozenset[Encoding]) -> NotAcceptable:
    """The refusal of a view that this kind does not have."""
    return _not_acceptable(allowed, typed=True, watch=False)


def _not_acceptable(allowed: frozenset[Encoding], *, typed: bool, watch: bool) -> NotAcceptable:
    suffix = STREAM_SUFFIX if watch else ""
    listed = ", ".join(encoding.value + suffix for encoding in Encoding if encoding in allowed)
    if typed:
        return NotAcceptable(f"only the following media types are accepted: {listed}")
    return _Unroutable(f"406: Not Acceptable\n\nAvailable representations: {listed}")


def wants_pretty(pretty: str, user_agent: str) -> bool:
    """Indented output: asked for, or for people's own tools unless refused. pretty is the query parameter."""
    if pretty:
        return pretty.lower() in ("1", "t", "true")
    return user_agent.startswith(("curl", "Wget", "Mozilla/5.0"))


def encode(form: Form, obj: Object, *, pretty: bool = False) -> bytes:
    """obj in form's encoding (views are not made here). One JSON object ends with a newline."""
    if form.encoding is Encoding.JSON:
        option = orjson.OPT_INDENT_2 if pretty else 0
        return orjson.dumps(obj, option=option | orjson.OPT_APPEND_NEWLINE)
    return codec.dump_yaml(obj).encode() if form.encoding is Encoding.YAML else codec.encode_protobuf(obj)


def encode_json_bytes(form: Form, data: bytes, *, pretty: bool = False) -> bytes:
    """encode for an object that is at hand as JSON bytes; plain JSON is passed through without parsing."""
    if form.encoding is Encoding.JSON and not pretty:
        return data if data.endswith(b"\n") else data + b"\n"
    return encode(form, orjson.loads(data), pretty=pretty)
