"""The fields of a kind, found through references, lists and maps."""

from typing import Any

import pytest

from karmada.api.gvk import GroupVersionKind
from karmada.cli.explaining import Schemas, explained
from karmada.cli.scope import CommandError

THING = GroupVersionKind("example.io", "v1", "Thing")
DOCUMENT: dict[str, Any] = {
    "components": {
        "schemas": {
            "io.example.v1.Thing": {
                "description": "A thing.",
                "type": "object",
                "x-kubernetes-group-version-kind": [
                    {"group": "example.io", "version": "v1", "kind": "Thing"}
                ],
                "required": ["spec"],
                "properties": {
                    "spec": {
                        "allOf": [{"$ref": "#/components/schemas/io.example.v1.Spec"}],
                        "description": "Wanted.",
                    },
                    "tags": {"type": "object", "additionalProperties": {"type": "string"}},
                },
            },
            "io.example.v1.Spec": {
                "type": "object",
                "properties": {
                    "mode": {"type": "string", "enum": ["B", "A"], "description": "How."},
                    "parts": {"type": "array", "items": {"$ref": "#/components/schemas/io.example.v1.Part"}},
                },
            },
            "io.example.v1.Part": {"type": "object", "properties": {"size": {"type": "integer"}}},
        }
    }
}


def lines(*path: str, recursive: bool = False) -> str:
    return "\n".join(explained(Schemas(DOCUMENT), THING, path, recursive=recursive))


def test_a_kind_and_its_fields() -> None:
    assert lines().splitlines() == [
        "GROUP:      example.io",
        "KIND:       Thing",
        "VERSION:    v1",
        "",
        "DESCRIPTION:",
        "    A thing.",
        "    ",
        "FIELDS:",
        "  spec\t<Spec> -required-",
        "    Wanted.",
        "",
        "  tags\t<map[string]string>",
        "    <no description>",
        "",
    ]


def test_a_field_and_its_choices() -> None:
    text = lines("spec", "mode")
    assert "FIELD: mode <string>\nENUM:\n    B\n    A\n\nDESCRIPTION:\n    How.\n" in text
    assert "  mode\t<string>\n  enum: A, B\n" in lines("spec")


def test_the_path_goes_through_lists() -> None:
    assert "FIELD: size <integer>" in lines("spec", "parts", "size")
    assert "  parts\t<[]Part>\n" in lines("spec")


def test_the_whole_tree() -> None:
    tree = lines(recursive=True).split("FIELDS:\n")[1]
    assert tree.splitlines() == [
        "  spec\t<Spec> -required-",
        "    mode\t<string>",
        "    enum: A, B",
        "    parts\t<[]Part>",
        "      size\t<integer>",
        "  tags\t<map[string]string>",
    ]


def test_what_does_not_exist() -> None:
    with pytest.raises(CommandError, match='field "none" does not exist'):
        lines("spec", "none")
    with pytest.raises(CommandError, match="describes no such kind"):
        "".join(explained(Schemas({}), THING, (), recursive=False))
