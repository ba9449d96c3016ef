"""Objects of every kind with wounds, in every form and by every verb: refused or stored whole, never a 5xx.

What was stored can be read in every form, alone and in a list; what was refused
or only tried changed nothing.
FUZZ_TIMES=20 looks twenty times longer.
"""

from typing import Any

import orjson
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.conftest import ONLY_TRIED
from tests.fuzz.objects import JSON, WOUNDS, Kind, Wound, wounded
from tests.fuzz.wire import TIMES, Wire

pytestmark = pytest.mark.timeout(120 * TIMES)
SETTINGS = settings(
    max_examples=150 * TIMES,
    deadline=None,
    derandomize=TIMES == 1,  # CI sees the same requests each time; longer runs see new ones
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.filter_too_much,
    ],
)
FORMS = (
    b"application/json",
    b"application/yaml",
    b"application/vnd.kubernetes.protobuf",
    b"application/json;as=Table;v=v1;g=meta.k8s.io",
    b"application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
)
PATCHES = (
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/json-patch+json",
    "application/apply-patch+yaml",
)
OPERATIONS = st.lists(
    st.fixed_dictionaries(
        {
            "op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test", "odd"]),
            "path": st.sampled_from(
                [
                    "",
                    "/",
                    "/metadata",
                    "/metadata/labels/a",
                    "/spec",
                    "/spec/-",
                    "/data",
                    "/a~1b",
                    "/~",
                    "/spec/containers/0",
                ]
            ),
        },
        optional={"from": st.sampled_from(["", "/metadata", "/spec"]), "value": JSON},
    ),
    max_size=4,
)
DRY = "?dryRun=All"


def dumps(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)


def seen(wire: Wire, path: str) -> bytes | None:
    answer = wire.call("GET", path)
    return answer.body if answer.status == 200 else None


def check_readable(wire: Wire, kind: Kind, path: str) -> None:
    for form in FORMS:
        for where in (path, kind.path):
            answer = wire.send(b"GET", where.encode(), [(b"Accept", form)])
            assert answer.status in (200, 404, 405, 406), (where, form, answer.status, answer.body[:500])


def clean(wire: Wire, path: str) -> None:
    wire.call("PATCH", path, {"metadata": {"finalizers": None}}, kind=PATCHES[0])
    wire.call("DELETE", path + "?gracePeriodSeconds=0")


@SETTINGS
@given(which=st.integers(0, 9999), seed=st.integers(0, 2**16), wounds=WOUNDS, as_yaml=st.booleans())
def test_a_wounded_object_is_refused_or_stored_whole(
    wire: Wire, kinds: list[Kind], which: int, seed: int, wounds: list[Wound], as_yaml: bool
) -> None:
    kind = kinds[which % len(kinds)]
    obj = wounded(kind.sample(seed, "a"), wounds)
    tried = DRY if kind.path.rpartition("/")[2] in ONLY_TRIED else ""
    body, form = (
        (yaml.safe_dump(obj).encode(), "application/yaml") if as_yaml else (dumps(obj), "application/json")
    )
    path = f"{kind.path}/a"
    before = seen(wire, path)
    answer = wire.call("POST", kind.path + tried, body, kind=form)
    assert not answer.is_broken, (kind, obj, answer.body)
    if answer.status >= 300 or tried:
        assert seen(wire, path) == before
        return
    name = (answer.object.get("metadata") or {}).get("name") or ""
    if not name:
        return  # a review, which nothing keeps
    path = f"{kind.path}/{name}"
    check_readable(wire, kind, path)
    before = seen(wire, path)
    again = wire.call("PUT", path + DRY, dumps(wounded(kind.sample(seed, name), wounds[::-1])))
    assert not again.is_broken, (kind, again.body)
    assert seen(wire, path) == before
    clean(wire, path)


@SETTINGS
@given(
    which=st.integers(0, 9999),
    seed=st.integers(0, 2**16),
    wounds=WOUNDS,
    operations=OPERATIONS,
    odd=JSON,
    form=st.sampled_from(PATCHES),
    shape=st.sampled_from(["object", "operations", "odd"]),
)
def test_a_patch_is_refused_or_leaves_something_readable(
    wire: Wire,
    kinds: list[Kind],
    which: int,
    seed: int,
    wounds: list[Wound],
    operations: list[Any],
    odd: Any,
    form: str,
    shape: str,
) -> None:
    patched = [kind for kind in kinds if kind.kind in PATCHED]
    kind = patched[which % len(patched)]
    path = f"{kind.path}/p"
    made = wire.call("POST", kind.path, PATCHED[kind.kind])
    assert made.status in (201, 409), made.body
    before = seen(wire, path)
    if form.startswith("application/json-patch") and shape == "object":
        shape = "operations"
    patch: Any = odd
    if shape == "operations":
        patch = operations
    elif shape == "object":
        patch = wounded(kind.sample(seed, "p"), wounds)
    answer = wire.call("PATCH", f"{path}?fieldManager=fuzz&force=true", dumps(patch), kind=form)
    assert not answer.is_broken, (kind, form, patch, answer.body)
    if answer.status >= 300:
        assert seen(wire, path) == before
    else:
        check_readable(wire, kind, path)
        clean(wire, path)


_POD = {"containers": [{"name": "c", "image": "i"}]}
_TEMPLATE = {"metadata": {"labels": {"a": "b"}}, "spec": _POD}
_META = {"name": "p", "labels": {"a": "b"}}
_SELECTED = {"selector": {"matchLabels": {"a": "b"}}, "template": _TEMPLATE}
PATCHED: dict[str, Any] = {
    "ConfigMap": {"metadata": _META, "data": {"a": "b"}},
    "Secret": {"metadata": _META, "stringData": {"a": "b"}},
    "Pod": {"metadata": _META, "spec": _POD},
    "Service": {"metadata": _META, "spec": {"ports": [{"port": 80}], "selector": {"a": "b"}}},
    "Deployment": {"metadata": _META, "spec": _SELECTED},
    "DaemonSet": {"metadata": _META, "spec": _SELECTED},
    "Job": {"metadata": _META, "spec": {"template": {"spec": {**_POD, "restartPolicy": "Never"}}}},
    "PropagationPolicy": {
        "apiVersion": "policy.karmada.io/v1alpha1",
        "kind": "PropagationPolicy",
        "metadata": _META,
        "spec": {"resourceSelectors": [{"apiVersion": "v1", "kind": "ConfigMap"}]},
    },
}


@SETTINGS
@given(which=st.integers(0, 9999), body=st.binary(max_size=200), whole=st.booleans(), cut=st.integers(0, 400))
def test_random_protobuf_is_refused(
    wire: Wire, kinds: list[Kind], which: int, body: bytes, whole: bool, cut: int
) -> None:
    """whole: behind the four magic bytes, and a real object with random bytes in it."""
    kind = kinds[which % len(kinds)]
    real = wire.send(b"GET", b"/api/v1/namespaces/fuzz", [(b"Accept", FORMS[2])]).body
    sent = (
        real[: cut % len(real)] + body + real[cut % len(real) + len(body) :] if whole else b"k8s\x00" + body
    )
    answer = wire.call("POST", kind.path + DRY, sent, kind=FORMS[2].decode())
    assert not answer.is_broken, (kind, sent, answer.body)
    answer = wire.call("POST", kind.path + DRY, body, kind="application/json")
    assert not answer.is_broken, (kind, body, answer.body)
