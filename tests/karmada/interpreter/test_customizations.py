"""Customizations: which script answers, and what is refused before it could."""

import pytest

from karmada.api.groups.config import ResourceInterpreterCustomization
from karmada.api.gvk import GroupVersionKind
from karmada.interpreter.customizations import customization_error, script_table
from karmada.interpreter.operations import CONTRACTS, Operation
from karmada.interpreter.syntax import syntax_error

LOOM = GroupVersionKind("looms.example.test", "v1", "Loom")


def customization(
    name: str, *, kind: str = "Loom", api_version: str = "looms.example.test/v1", **scripts: str
) -> ResourceInterpreterCustomization:
    """scripts by the wire name of their rule."""
    return ResourceInterpreterCustomization.from_json(
        {
            "metadata": {"name": name},
            "spec": {
                "target": {"apiVersion": api_version, "kind": kind},
                "customizations": {rule: {"luaScript": source} for rule, source in scripts.items()},
            },
        }
    )


RULES = (
    "retention",
    "replicaResource",
    "componentResource",
    "replicaRevision",
    "statusReflection",
    "statusAggregation",
    "healthInterpretation",
    "dependencyInterpretation",
)


def test_every_operation_has_its_rule() -> None:
    rules = dict.fromkeys(RULES, "x = 1")
    table = script_table([customization("all", **rules)])
    assert table[LOOM].keys() == set(Operation)
    assert [contract.function for contract in CONTRACTS.values()] == [
        "Retain",
        "GetReplicas",
        "GetComponents",
        "ReviseReplica",
        "ReflectStatus",
        "AggregateStatus",
        "InterpretHealth",
        "GetDependencies",
    ]


def test_the_first_customization_by_name_wins_each_operation() -> None:
    table = script_table(
        [
            customization("b", healthInterpretation="b", retention="b"),
            customization("a", healthInterpretation="a", retention=""),
            customization("a0", kind="Other", healthInterpretation="other"),
        ]
    )
    found = table[LOOM]
    assert [script.source for script in found[Operation.HEALTH]] == ["a"]
    assert [script.source for script in found[Operation.RETAIN]] == ["b"], "an empty script says nothing"


def test_dependency_scripts_are_all_kept() -> None:
    table = script_table([customization(name, dependencyInterpretation=name) for name in ("b", "a")])
    assert [script.source for script in table[LOOM][Operation.DEPENDENCY]] == ["a", "b"]


GOOD = "function F() end"


@pytest.mark.parametrize(
    ("new", "existing", "expected"),
    [
        pytest.param(customization("n", retention=GOOD), [], "", id="alone"),
        pytest.param(
            customization("n", retention=GOOD),
            [customization("o", retention=GOOD)],
            "conflicting with InterpreterOperation(Retain) of existing ResourceInterpreterCustomization(o)",
            id="the-operation-is-taken",
        ),
        pytest.param(
            customization("n", retention=GOOD),
            [customization("o", healthInterpretation=GOOD, retention="")],
            "",
            id="another-operation-is-free",
        ),
        pytest.param(
            customization("n", retention=GOOD),
            [customization("o", kind="Other", retention=GOOD)],
            "",
            id="another-kind",
        ),
        pytest.param(
            customization("n", retention=GOOD),
            [customization("o", api_version="looms.example.test/v2", retention=GOOD)],
            "",
            id="another-version",
        ),
        pytest.param(
            customization("n", retention=GOOD), [customization("n", retention=GOOD)], "", id="itself"
        ),
        pytest.param(
            customization("n", dependencyInterpretation=GOOD),
            [customization("o", dependencyInterpretation=GOOD)],
            "",
            id="dependencies-may-be-shared",
        ),
        pytest.param(
            customization(
                "n", replicaResource="function GetReplicas(obj)\n  return obj.spec.copies +\nend\n"
            ),
            [],
            "InterpreterOperation(InterpretReplica) Lua script error: <string> line:3(column:3) near 'end':  "
            "syntax error",
            id="not-lua",
        ),
        pytest.param(
            customization("n", retention="not lua"),
            [customization("o", retention=GOOD)],
            "conflicting with InterpreterOperation(Retain) of existing ResourceInterpreterCustomization(o)",
            id="the-conflict-is-told-first",
        ),
    ],
)
def test_a_customization_is_refused_for_one_clear_reason(
    new: ResourceInterpreterCustomization, existing: list[ResourceInterpreterCustomization], expected: str
) -> None:
    assert customization_error(new, existing) == expected


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        pytest.param("while true do end", "", id="compiled-and-never-run"),
        pytest.param("x = + 3", "<string> line:1(column:5) near '+':  syntax error", id="unexpected"),
        pytest.param("function f(", "<string> at EOF:  syntax error: <name> or '...' expected", id="ends"),
        pytest.param(
            "if a the b end",
            "<string> line:1(column:8) near 'the':  syntax error: 'then' expected",
            id="wrong-word",
        ),
        pytest.param(
            "x = 3x", "<string> line:1(column:6) near '3x':  syntax error: malformed number", id="number"
        ),
        pytest.param("\x1bLua", "<string> line:1(column:1): compiled code is not accepted", id="byte-code"),
    ],
)
def test_the_syntax_error_says_where(script: str, expected: str) -> None:
    assert syntax_error(script) == expected


def test_a_monstrous_script_is_an_error_and_no_crash() -> None:
    assert "syntax error" in syntax_error("return " + "(" * 100_000)
    assert syntax_error("\ud800") != ""
