"""Templates around JSONPaths, and the cells of custom columns."""

import pytest

from karmada.cli.jsonpath import TemplateError, column, find_all, render

PODS = {"items": [{"name": "a", "ok": True, "n": 1}, {"name": "b", "ok": False, "n": None, "l": {"x": "y"}}]}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{.items[*].name}", "a b"),
        ("{.items[0].ok}/{.items[0].n}", "true/1"),
        ("{range .items[*]}{.name}{'\\n'}{end}", "a\nb\n"),
        ('{range .items[*]}{.name}{"\\t"}{$.items[0].name};{end}', "a\ta;b\ta;"),
        ("{.items[1].l}", '{"x":"y"}'),
        ("{.items[1].n}", "<nil>"),
        ("{.none}", ""),
        ("plain", "plain"),
    ],
)
def test_templates(template: str, text: str) -> None:
    assert render(template, PODS) == text


@pytest.mark.parametrize("template", ["{.a", "{end}", "{range .items[*]}x", "{.a[}"])
def test_templates_that_are_none(template: str) -> None:
    with pytest.raises(TemplateError):
        render(template, PODS)


@pytest.mark.parametrize("path", [".name", "name", "{.name}", "{name}"])
def test_a_column_may_be_written_in_several_ways(path: str) -> None:
    assert column(path, PODS["items"][0], missing="-") == "a"
    assert column(path, {}, missing="-") == "-"


def test_values_as_json() -> None:
    assert find_all("{.items[*].n}", PODS) == [1, None]
