"""Image references and what overriders do to them."""

import pytest

from controllers.binding.image import Image, InvalidImage

DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("text", "registry", "repository", "tag", "digest"),
    [
        pytest.param("nginx", "", "nginx", "", "", id="bare"),
        pytest.param("library/nginx:1.25", "", "library/nginx", "1.25", "", id="repository-and-tag"),
        pytest.param("r.test/shop/web:1", "r.test", "shop/web", "1", "", id="registry-with-dot"),
        pytest.param("host:5000/web", "host:5000", "web", "", "", id="registry-with-port"),
        pytest.param("localhost/web", "localhost", "web", "", "", id="localhost"),
        pytest.param(f"r.test/web@{DIGEST}", "r.test", "web", "", DIGEST, id="digest"),
        pytest.param(f"web:1@{DIGEST}", "", "web", "1", "", id="digest-beside-a-tag-is-dropped"),
    ],
)
def test_a_reference_has_parts(text: str, registry: str, repository: str, tag: str, digest: str) -> None:
    assert Image.parse(text) == Image(registry, repository, tag, digest)


@pytest.mark.parametrize("text", ["", "Nginx", "a//b", "web:", "web:ä", "/web", "a" * 300], ids=repr)
def test_other_text_is_no_reference(text: str) -> None:
    with pytest.raises(InvalidImage, match="invalid reference format"):
        Image.parse(text)


@pytest.mark.parametrize(
    ("text", "component", "operator", "value", "expected"),
    [
        ("r.test/web:1", "Registry", "add", ".eu", "r.test.eu/web:1"),
        ("web:1", "Registry", "add", "r.test", "r.test/web:1"),
        ("r.test/web:1", "Registry", "replace", "m.test:5000", "m.test:5000/web:1"),
        ("r.test/web:1", "Registry", "remove", "", "web:1"),
        ("r.test/web:1", "Repository", "add", "-slim", "r.test/web-slim:1"),
        ("r.test/web:1", "Repository", "replace", "a/b", "r.test/a/b:1"),
        ("web:1", "Tag", "add", ".2", "web:1.2"),
        ("web:1", "Tag", "replace", "2", "web:2"),
        ("web:1", "Tag", "replace", DIGEST, f"web@{DIGEST}"),
        ("web:1", "Tag", "replace", f"@{DIGEST}", "web:1"),
        (f"web@{DIGEST}", "Tag", "replace", "2", "web:2"),
        ("web:1", "Tag", "remove", "", "web"),
        (f"web@{DIGEST}", "Tag", "remove", "", "web"),
        ("web", "Tag", "remove", "", "web"),
    ],
)
def test_one_component_is_changed(
    text: str, component: str, operator: str, value: str, expected: str
) -> None:
    assert str(Image.parse(text).changed(component, operator, value)) == expected
