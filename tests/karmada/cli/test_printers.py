"""What commands print."""

import io

import pytest

from karmada.cli.printers import Console, format_objects, format_table


@pytest.mark.parametrize(
    ("header", "rows", "expected"),
    [
        pytest.param(
            ["Name", "Age"],
            [["nginx", "5s"], ["a-longer-name", "12d"]],
            "NAME            AGE\nnginx           5s\na-longer-name   12d",
            id="columns-are-as-wide-as-their-longest-cell",
        ),
        pytest.param(["Name", "Age"], [], "NAME   AGE", id="no-rows-leave-the-header"),
        pytest.param(["Name", "Zones"], [["m", ""]], "NAME   ZONES\nm", id="nothing-trails-a-line"),
        pytest.param(["A", "B"], [[None, True]], "A        B\n<none>   true", id="null-and-true"),
        pytest.param(["A"], [["one\ntwo"]], "A\none", id="only-the-first-line-of-a-cell"),
        pytest.param(["A"], [[3]], "A\n3", id="numbers"),
    ],
)
def test_a_table_is_aligned(header: list[str], rows: list[list[object]], expected: str) -> None:
    assert format_table(header, rows) == expected


def test_a_table_can_have_no_header() -> None:
    assert format_table(["Name", "Age"], [["nginx", "5s"]], headers=False) == "nginx   5s"


def test_one_object_is_printed_as_itself() -> None:
    assert format_objects([{"kind": "ConfigMap", "apiVersion": "v1"}], "yaml") == (
        "apiVersion: v1\nkind: ConfigMap"
    )


def test_several_objects_are_printed_as_a_list() -> None:
    text = format_objects([{"kind": "A"}, {"kind": "B"}], "json")
    assert text.startswith('{\n  "apiVersion": "v1",\n  "items": [\n    {\n      "kind": "A"')
    assert '"kind": "List"' in text


def test_results_and_complaints_go_to_different_streams() -> None:
    out, err = io.StringIO(), io.StringIO()
    console = Console(out, err)
    console.line("result")
    console.error("complaint")
    assert (out.getvalue(), err.getvalue()) == ("result\n", "complaint\n")
