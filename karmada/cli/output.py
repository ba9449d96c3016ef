"""What -o means: json, yaml, name, jsonpath, custom-columns; and dry runs in the words kubectl uses.

In: the value of -o. Out: an Output that turns objects into text. Tables (default and wide) come from the
servers and are made by the commands that show them.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from karmada.api.gvk import GroupVersionKind
from karmada.api.objects import Object, metadata_of, name_of
from karmada.cli.printers import format_objects, format_table
from karmada.cli.scope import CommandError

TABLES = ("", "wide")
PLAIN = ("json", "yaml", "name")
TEMPLATES = (
    "jsonpath",
    "jsonpath-file",
    "jsonpath-as-json",
    "custom-columns",
    "custom-columns-file",
)
DRY_RUNS = ("none", "client", "server")
NO_VALUE = "<none>"


@dataclass(frozen=True, slots=True)
class Output:
    """A form of output. argument is what stands behind `=`."""

    form: str = ""
    argument: str = ""

    @property
    def is_table(self) -> bool:
        return self.form in TABLES

    @property
    def wide(self) -> bool:
        return self.form == "wide"

    def text(self, objects: Sequence[Object], *, as_list: bool, headers: bool = True) -> str:
        """objects in this form. as_list: they were asked for as a collection. Raises CommandError."""
        shown = [without_managed_fields(obj) for obj in objects]
        if self.form in ("json", "yaml"):
            if as_list:
                return format_objects([list_of(shown)], self.form)
            return format_objects(shown, self.form)
        if self.form == "name":
            return "\n".join(reference(obj) for obj in objects)
        if self.form.startswith("custom-columns"):
            return self._columns(shown, headers=headers)
        document: Any = list_of(shown) if as_list or len(shown) != 1 else shown[0]
        return self._template(document)

    def _template(self, document: Any) -> str:
        from karmada.cli.jsonpath import TemplateError, find_all, render

        text = _file(self.argument) if self.form == "jsonpath-file" else self.argument
        try:
            if self.form == "jsonpath-as-json":
                return orjson.dumps(find_all(text, document), option=orjson.OPT_INDENT_2).decode()
            return render(text, document)
        except TemplateError as error:
            raise CommandError(f"error parsing jsonpath {text}, {error}") from error

    def _columns(self, objects: Sequence[Object], *, headers: bool) -> str:
        from karmada.cli.jsonpath import TemplateError, column

        try:
            if self.form == "custom-columns":
                pairs = [_column_pair(part) for part in self.argument.split(",")]
            else:
                names, paths = [*_file(self.argument).splitlines(), "", ""][:2]
                pairs = list(zip(names.split(), paths.split(), strict=True))
            rows = [[column(path, obj, missing=NO_VALUE) for _, path in pairs] for obj in objects]
        except (TemplateError, ValueError) as error:
            raise CommandError(f"unexpected custom-columns spec: {error}") from error
        return format_table([name for name, _ in pairs], rows, headers=headers)


def _column_pair(part: str) -> tuple[str, str]:
    name, colon, path = part.partition(":")
    if not colon or not path:
        raise CommandError(f"unexpected custom-columns spec: {part}, expected <header>:<json-path-expr>")
    return name, path


def add_output_flag(parser: argparse.ArgumentParser, *, names: str = "json, yaml, name") -> None:
    parser.add_argument("-o", "--output", default="", help=f"output format: {names}")


def add_dry_run_flag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--dry-run",
        nargs="?",
        const="client",
        default="none",
        choices=DRY_RUNS,
        help="none, client (send nothing) or server (send, store nothing)",
    )


def parse_output(text: str, *, tables: bool = True) -> Output:
    """Raises CommandError for a form nobody knows."""
    form, equals, argument = text.partition("=")
    known = (*(TABLES if tables else ("",)), *PLAIN)
    if form in known and not equals:
        return Output(form)
    if form in TEMPLATES:
        if not argument:
            raise CommandError(f"template format specified but no template given: {form}=<template>")
        return Output(form, argument)
    allowed = ", ".join(sorted({*known, *TEMPLATES} - {""}))
    raise CommandError(
        f'unable to match a printer suitable for the output format "{text}", allowed formats are: {allowed}'
    )


def reference(obj: Object) -> str:
    """`deployment.apps/nginx`, `pod/a`: how results name an object."""
    gvk = GroupVersionKind.of(obj)
    kind = gvk.kind.lower()
    return f"{kind}.{gvk.group}/{name_of(obj)}" if gvk.group else f"{kind}/{name_of(obj)}"


def result_line(obj: Object, word: str, *, dry_run: str = "none") -> str:
    """`deployment.apps/nginx created (dry run)`."""
    suffix = {"client": " (dry run)", "server": " (server dry run)"}.get(dry_run, "")
    return f"{reference(obj)} {word}{suffix}"


def shown_result(obj: Object, word: str, *, output: str, dry_run: str = "none") -> str:
    """What a writing command prints about one object."""
    form = parse_output(output, tables=False)
    if form.form == "":
        return result_line(obj, word, dry_run=dry_run)
    return form.text([obj], as_list=False)


def list_of(objects: Sequence[Object]) -> Object:
    return {
        "apiVersion": "v1",
        "items": list(objects),
        "kind": "List",
        "metadata": {"resourceVersion": ""},
    }


def without_managed_fields(obj: Object) -> Object:
    """managedFields are shown to nobody who does not ask for them."""
    metadata = metadata_of(obj)
    if isinstance(obj.get("items"), list):
        return {**obj, "items": [without_managed_fields(item) for item in obj["items"]]}
    if "managedFields" not in metadata:
        return obj
    return {**obj, "metadata": {key: value for key, value in metadata.items() if key != "managedFields"}}


def _file(name: str) -> str:
    try:
        return Path(name).read_text()
    except OSError as error:
        raise CommandError(f"error reading template {name}, {error.strerror}") from error
