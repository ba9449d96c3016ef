"""Random methods, paths, queries and headers: never a 5xx, and reading changes nothing.

FUZZ_TIMES=20 looks twenty times longer.
"""

from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.wire import TIMES, Wire

pytestmark = pytest.mark.timeout(120 * TIMES)
SETTINGS = settings(
    max_examples=400 * TIMES,
    deadline=None,
    derandomize=TIMES == 1,  # CI sees the same requests each time; longer runs see new ones
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
WORDS = st.sampled_from(
    [
        "api",
        "apis",
        "v1",
        "apps",
        "namespaces",
        "fuzz",
        "default",
        "configmaps",
        "pods",
        "deployments",
        "status",
        "scale",
        "a",
        "watch",
        "proxy",
        "log",
        "exec",
        "clusters",
        "cluster.karmada.io",
        "v1alpha1",
        "openapi",
        "v2",
        "v3",
        "version",
        "healthz",
        "livez",
        "readyz",
        "ping",
        "metrics",
        "",
        ".",
        "..",
        "policy.karmada.io",
        "search",
        "nodes",
        "rbac.authorization.k8s.io",
        "authentication.k8s.io",
        "selfsubjectreviews",
        "secrets",
        "events",
        "finalize",
        "componentstatuses",
        "apiextensions.k8s.io",
        "customresourcedefinitions",
        "debug",
        "pprof",
        "*",
    ]
)
SEGMENTS = WORDS | st.text(max_size=5).map(lambda text: quote(text, errors="surrogatepass", safe=""))
RAW = st.binary(max_size=8).map(
    lambda raw: bytes(byte for byte in raw if byte > 0x20 and byte not in b"?#\x7f")
)
PATHS = st.lists(SEGMENTS.map(str.encode) | RAW, max_size=8).map(lambda parts: b"/" + b"/".join(parts))
NAMES = st.sampled_from(
    [
        "watch",
        "limit",
        "continue",
        "resourceVersion",
        "resourceVersionMatch",
        "timeoutSeconds",
        "timeout",
        "pretty",
        "labelSelector",
        "fieldSelector",
        "allowWatchBookmarks",
        "sendInitialEvents",
        "dryRun",
        "fieldManager",
        "force",
        "fieldValidation",
        "propagationPolicy",
        "gracePeriodSeconds",
        "verbose",
        "exclude",
        "hash",
        "includeObject",
        "odd",
    ]
)
VALUES = st.sampled_from(
    [
        "",
        "0",
        "1",
        "-1",
        "true",
        "false",
        "All",
        "NotOlderThan",
        "Exact",
        "99999999999999999999",
        "1e3",
        "a=b",
        "a in (b",
        "metadata.name=x",
        "a==b,c!=d",
        "status.phase=",
        "x notin (a,b)",
        "!a",
        "\u0661",
        "0.5",
        "nan",
        "inf",
        "-1s",
        "9999999h",
        "eyJ2IjoibWV0YS5rOHMuaW8vdjEifQ",
        "Object",
        "\x00",
    ]
) | st.text(max_size=6)
QUERIES = st.lists(st.tuples(NAMES, VALUES), max_size=4).map(
    lambda pairs: "&".join(f"{name}={quote(value, errors='surrogatepass')}" for name, value in pairs).encode()
)
HEADER_NAMES = st.sampled_from(
    [
        b"Accept",
        b"Content-Type",
        b"Authorization",
        b"Impersonate-User",
        b"Impersonate-Group",
        b"Impersonate-Extra-x",
        b"Impersonate-Uid",
        b"User-Agent",
        b"If-None-Match",
        b"Accept-Encoding",
        b"X-Forwarded-For",
        b"Audit-ID",
        b"Range",
        b"X-Remote-User",
        b"Cookie",
        b"Origin",
        b"Traceparent",
        b"X-Odd",
    ]
)
HEADER_VALUES = st.sampled_from(
    [
        b"*/*",
        b"application/json;as=Table;v=v1;g=meta.k8s.io",
        b"application/json;as=Odd",
        b"Bearer x",
        b"Bearer a.b.c",
        b"Bearer ",
        b"Basic eA==",
        b";;,,",
        b"application/json;q=nan",
        b"q=",
        b"gzip;q=0",
        b"a/b;q=1e999, */*",
        b"system:admin",
        b"Bearer eyJhbGciOiJub25lIn0.e30.",
        b"Bearer \xc3\xa9.\xff.x",
        b"application/yaml",
        b"kubectl/v1.20.0",
        b"x" * 3000,
    ]
) | st.binary(max_size=12).map(lambda raw: bytes(byte for byte in raw if byte >= 0x20 and byte != 0x7F))
HEADERS = st.lists(st.tuples(HEADER_NAMES, HEADER_VALUES), max_size=4)


def revision(wire: Wire) -> str:
    return str(wire.call("GET", "/api/v1/namespaces/fuzz/configmaps").object["metadata"]["resourceVersion"])


@SETTINGS
@given(
    method=st.sampled_from([b"GET", b"HEAD", b"OPTIONS", b"TRACE", b"PROPFIND", b"get", b"X"]),
    path=PATHS,
    query=QUERIES,
    headers=HEADERS,
)
def test_reading_anything_is_answered_and_changes_nothing(
    wire: Wire, method: bytes, path: bytes, query: bytes, headers: list[tuple[bytes, bytes]]
) -> None:
    target = path + b"?" + query + b"&timeoutSeconds=1"
    if b"watch" in target or b"sendInitialEvents" in target:
        method = b"HEAD" if method == b"HEAD" else b"OPTIONS"  # a watch lasts as long as it likes
    before = revision(wire)
    answer = wire.send(method, target, headers)
    assert not answer.is_broken, (answer.status, answer.body)
    assert revision(wire) == before


@SETTINGS
@given(
    method=st.sampled_from([b"POST", b"PUT", b"PATCH", b"DELETE"]),
    resource=WORDS,
    rest=st.lists(SEGMENTS, max_size=2),
    query=QUERIES,
    headers=HEADERS,
    body=st.none() | st.binary(max_size=30) | st.sampled_from([b"{}", b"[]", b"null", b"1"]),
)
def test_writing_anything_is_answered(
    wire: Wire,
    method: bytes,
    resource: str,
    rest: list[str],
    query: bytes,
    headers: list[tuple[bytes, bytes]],
    body: bytes | None,
) -> None:
    path = "/".join(["/api/v1/namespaces/fuzz", resource, *rest]).encode()
    answer = wire.send(method, path + b"?" + query, headers, body)
    assert not answer.is_broken, (answer.status, answer.body)
