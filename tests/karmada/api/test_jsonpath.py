"""JSONPath as printer columns use it."""

from typing import Any

import pytest

from karmada.api.jsonpath import compile_path

OBJECT: dict[str, Any] = {
    "metadata": {"annotations": {"example.io/key": "dotted"}},
    "spec": {
        "replicas": 3,
        "ports": [{"name": "a", "port": 80}, {"name": "b", "port": 443}],
        "empty": [],
        "null": None,
    },
    "status": {"conditions": [{"type": "Ready", "status": "False"}, {"type": "Applied", "status": "True"}]},
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        pytest.param(".spec.replicas", [3], id="name"),
        pytest.param("{.spec.replicas}", [3], id="braces"),
        pytest.param("spec.replicas", [3], id="without-leading-dot"),
        pytest.param("$.spec.replicas", [3], id="root"),
        pytest.param(".spec.missing.deeper", [], id="missing"),
        pytest.param(".spec.null", [None], id="null-is-a-value"),
        pytest.param(".metadata.annotations.example\\.io/key", ["dotted"], id="escaped-dot"),
        pytest.param(".metadata.annotations['example.io/key']", ["dotted"], id="quoted-name"),
        pytest.param(".spec.ports[0].name", ["a"], id="index"),
        pytest.param(".spec.ports[-1].name", ["b"], id="index-from-the-end"),
        pytest.param(".spec.ports[5].name", [], id="index-out-of-range"),
        pytest.param(".spec.ports[*].name", ["a", "b"], id="every-item"),
        pytest.param(".spec.ports[0:1].name", ["a"], id="slice"),
        pytest.param(".spec.ports[0,1].port", [80, 443], id="union"),
        pytest.param('.status.conditions[?(@.type=="Applied")].status', ["True"], id="filter"),
        pytest.param(".status.conditions[?(@.type=='Ready')].status", ["False"], id="filter-single-quotes"),
        pytest.param('.status.conditions[?(@.type == "Gone")].status', [], id="filter-without-a-match"),
        pytest.param(".spec.ports[?(@.port>100)].name", ["b"], id="filter-by-number"),
        pytest.param(".spec.ports[?(@.port!=80)].name", ["b"], id="filter-unequal"),
        pytest.param(".spec.ports[?(@.name)].port", [80, 443], id="filter-by-presence"),
        pytest.param(".spec.ports[?(@.name>1)].port", [], id="filter-of-different-types"),
        pytest.param("..port", [80, 443], id="anywhere"),
        pytest.param(".spec.empty[*]", [], id="empty-list"),
        pytest.param(".spec.replicas.more", [], id="below-a-number"),
    ],
)
def test_a_path_finds(path: str, found: list[Any]) -> None:
    assert compile_path(path).find(OBJECT) == found


@pytest.mark.parametrize("path", [".spec[", ".spec[x]", ".spec.ports[a:b:c:d]", ".a["])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="JSONPath"):
        compile_path(path)
