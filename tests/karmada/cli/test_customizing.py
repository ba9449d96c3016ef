"""Customizations checked, tried and edited without any cluster."""

from pathlib import Path

import pytest

from karmada.api.codec import dump_yaml, loads_yaml
from karmada.cli.customizing import as_lua, from_lua
from tests.karmada.cli.console import Typist

REPLICAS = "function GetReplicas(obj)\n  return obj.spec.replicas, nil\nend\n"
CUSTOMIZATION = {
    "apiVersion": "config.karmada.io/v1alpha1",
    "kind": "ResourceInterpreterCustomization",
    "metadata": {"name": "things"},
    "spec": {
        "target": {"apiVersion": "example.io/v1", "kind": "Thing"},
        "customizations": {
            "replicaResource": {"luaScript": REPLICAS},
            "replicaRevision": {
                "luaScript": "function ReviseReplica(obj, n)\n  obj.spec.replicas = n\n  return obj\nend\n"
            },
            "healthInterpretation": {"luaScript": "function InterpretHealth(obj) return true end"},
            "retention": {"luaScript": "functn x"},
        },
    },
}
THING = {"apiVersion": "example.io/v1", "kind": "Thing", "metadata": {"name": "t"}, "spec": {"replicas": 3}}


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    (tmp_path / "ric.yaml").write_text(dump_yaml(CUSTOMIZATION))
    (tmp_path / "thing.yaml").write_text(dump_yaml(THING))
    return str(tmp_path / "ric.yaml"), str(tmp_path / "thing.yaml")


def test_a_check_names_every_rule(karmadactl: Typist, files: tuple[str, str]) -> None:
    shown = karmadactl("interpret", "-f", files[0], "--check")
    assert shown.code == 1
    assert (
        shown.out
        == f"""\
-----------------------------------
SOURCE: {files[0]}
TARGET: example.io/v1 Thing
RULERS:
    Retain:               ERROR: <string> line:1(column:8) near 'x':  syntax error: '=' expected
    InterpretReplica:     PASS
    InterpretComponent:   UNSET
    ReviseReplica:        PASS
    InterpretStatus:      UNSET
    AggregateStatus:      UNSET
    InterpretHealth:      PASS
    InterpretDependency:  UNSET
"""
    )


@pytest.mark.parametrize(
    ("operation", "shown"),
    [
        ("InterpretReplica", "---\n# [1/2] replica:\n3\n---\n# [2/2] requires:\nnull\n"),
        ("interprethealth", "---\n# [1/1] healthy:\ntrue\n"),
    ],
)
def test_an_operation_is_tried(
    karmadactl: Typist, files: tuple[str, str], operation: str, shown: str
) -> None:
    tried = karmadactl("interpret", "-f", files[0], "--operation", operation, "--observed-file", files[1])
    assert (tried.code, tried.out) == (0, shown)


def test_replicas_are_revised(karmadactl: Typist, files: tuple[str, str]) -> None:
    flags = ("--operation=ReviseReplica", "--desired-file", files[1], "--desired-replica=7")
    tried = karmadactl("interpret", "-f", files[0], *flags)
    assert loads_yaml(tried.out)["spec"] == {"replicas": 7}


def test_a_script_that_fails_is_told_and_status_0(karmadactl: Typist, files: tuple[str, str]) -> None:
    flags = ("--operation=Retain", "--desired-file", files[1], "--observed-file", files[1])
    tried = karmadactl("interpret", "-f", files[0], *flags)
    assert (tried.code, tried.out) == (0, "")
    assert tried.err.startswith("Execute Retain error: ")


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        ((), "error: operation is not set for executing\n"),
        (("--check", "--edit"), "error: you can't set both --check and --edit options\n"),
        (("--operation=Guess",), "operation Guess is not supported, valid operations are: Retain,"),
    ],
)
def test_what_makes_no_sense(
    karmadactl: Typist, files: tuple[str, str], flags: tuple[str, ...], complaint: str
) -> None:
    shown = karmadactl("interpret", "-f", files[0], *flags)
    assert shown.code == 1
    assert complaint in shown.err


def test_scripts_survive_the_editor() -> None:
    text = as_lua(CUSTOMIZATION, documented=True)
    assert "---@rule: InterpretReplica\n-- function GetReplicas(obj)" in text
    again = from_lua(text, CUSTOMIZATION)
    rules = again["spec"]["customizations"]
    assert rules["replicaResource"]["luaScript"] == REPLICAS
    assert set(rules) == set(CUSTOMIZATION["spec"]["customizations"])  # type: ignore[index]
    emptied = from_lua("---@rule: InterpretReplica\n\n", CUSTOMIZATION)
    assert "replicaResource" not in emptied["spec"]["customizations"]


def test_edit_writes_the_file(
    karmadactl: Typist, files: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDITOR", "sed -i -e s/functn.x// -e s/spec.replicas,/spec.size,/")
    monkeypatch.delenv("KUBE_EDITOR", raising=False)
    shown = karmadactl("interpret", "-f", files[0], "--edit")
    assert (shown.code, shown.out) == (0, "ResourceInterpreterCustomization things edited\n")
    rules = loads_yaml(Path(files[0]).read_text())["spec"]["customizations"]
    assert "spec.size" in rules["replicaResource"]["luaScript"]
    assert "retention" not in rules
