"""Objects of files, folders and standard input."""

from pathlib import Path

import pytest

from karmada.cli.manifests import parse_manifests, read_manifests
from karmada.cli.scope import CommandError

ONE = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n"


def names(paths: list[str], *, recursive: bool = False) -> list[str]:
    return [each.object["metadata"]["name"] for each in read_manifests(paths, recursive=recursive)]


def test_a_folder_gives_its_files_in_order_and_deeper_ones_when_asked(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(ONE % "b")
    (tmp_path / "a.yml").write_text((ONE % "a1") + "---\n" + (ONE % "a2"))
    (tmp_path / "notes.txt").write_text("no manifest")
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "c.json").write_text('{"apiVersion":"v1","kind":"Secret","metadata":{"name":"c"}}')
    assert names([str(tmp_path)]) == ["a1", "a2", "b"]
    assert names([str(tmp_path)], recursive=True) == ["a1", "a2", "b", "c"]


def test_lists_are_taken_apart() -> None:
    items = b"- {apiVersion: v1, kind: Secret}\n- {apiVersion: v1, kind: Pod}\n"
    text = b"apiVersion: v1\nkind: List\nitems:\n" + items
    assert [each.object["kind"] for each in parse_manifests(text, "x")] == ["Secret", "Pod"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (b"kind: Pod\n", 'error validating "x": error validating data: apiVersion not set'),
        (b"a: 1\n", "[apiVersion not set, kind not set]"),
        (b"- 1\n", "a document is list, not an object"),
        (b"a: [\n", "error parsing x"),
        (b"apiVersion: v1\nkind: Pod\nmetadata: 3\n", "metadata is no object"),
    ],
)
def test_what_is_no_manifest_is_told(text: bytes, complaint: str) -> None:
    with pytest.raises(CommandError) as told:
        parse_manifests(text, "x")
    assert complaint in str(told.value)


def test_a_url_nobody_serves_is_told() -> None:
    with pytest.raises(CommandError, match="unable to read URL"):
        read_manifests(["http://127.0.0.1:1/x.yaml"])
