"""The map of the house is true: modules open with their job, import alone, and every flag is documented."""

import ast
import importlib
from pathlib import Path

import pytest

from tests.map.crds import FOLDER, definitions
from tests.map.reference import PAGE, page

ROOT = Path(__file__).parents[2]
PACKAGES = ("karmada", "etcd", "apiserver", "controllers", "scheduler")
MODULES = sorted(
    path.relative_to(ROOT)
    for package in PACKAGES
    for path in (ROOT / package).rglob("*.py")
    if "rpc" not in path.parts and path.name != "__main__.py"
)
MAX_LINES = 500


def dotted(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_a_module_opens_with_its_job_and_can_be_read_in_one_sitting(path: Path) -> None:
    text = (ROOT / path).read_text()
    assert ast.get_docstring(ast.parse(text)), "a module says what it is for"
    assert text.count("\n") <= MAX_LINES, "split it at its second noun"


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_a_module_imports(path: Path) -> None:
    importlib.import_module(dotted(path))


def test_every_flag_is_documented() -> None:
    assert PAGE.read_text() == page(), "python -m tests.map.reference writes it anew"


@pytest.mark.parametrize("name", ["README.md", "docs/architecture.md"])
def test_pages_name_only_files_that_exist(name: str) -> None:
    words = (ROOT / name).read_text().replace("`", " ").replace("(", " ").replace(")", " ").split()
    paths = [word.rstrip(".,:") for word in words if word.startswith(("docs/", "samples/", "hack/"))]
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_the_definitions_of_karmada_kinds_are_those_of_the_models() -> None:
    assert {path.name: path.read_text() for path in FOLDER.glob("*.yaml")} == definitions()
