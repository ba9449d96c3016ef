"""The kube library: as scripts see it."""

from typing import Any

import pytest

from karmada.interpreter.errors import ScriptFailed
from karmada.interpreter.sandbox import Call, run


def kube(expression: str, *arguments: Any) -> Any:
    names = ", ".join("abc"[: len(arguments)])
    source = f"local kube = require('kube') function F({names}) return {{v = kube.{expression}}} end"
    (value,) = run(Call(source, "F", arguments, ("object",)))
    return value.get("v")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        pytest.param("resourceAdd('100m', '1900m')", "2", id="canonical-spelling"),
        pytest.param("resourceAdd('512Mi', '512Mi')", "1Gi", id="binary-stays-binary"),
        pytest.param("resourceAdd('1', nil, '500m')", "1500m", id="nil-is-nothing"),
        pytest.param("resourceAdd(nil, nil)", "0", id="only-nothing"),
        pytest.param("resourceAdd('1', '2', '3', '4')", "10", id="as-many-as-there-are"),
        pytest.param("getResourceQuantity('250m')", 0.25, id="quantity-as-number"),
        pytest.param("getResourceQuantity('1Gi')", 2**30, id="whole-quantity"),
        pytest.param("getResourceQuantity(nil)", 0, id="no-quantity"),
    ],
)
def test_quantities(expression: str, expected: Any) -> None:
    assert kube(expression) == expected


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        pytest.param("resourceAdd('1', 2)", "bad argument #2 to resourceAdd", id="numbers-are-no-quantities"),
        pytest.param("resourceAdd('1', {})", "string expected, got table", id="tables-are-no-quantities"),
        pytest.param("resourceAdd('one')", "quantities must match", id="not-a-quantity"),
        pytest.param("getResourceQuantity('-1')", "is negative", id="negative"),
        pytest.param("getResourceQuantity('1e500')", "too large", id="beyond-a-double"),
        pytest.param("accuratePodRequirements(nil)", "table expected, got nil", id="no-template"),
        pytest.param("accuratePodRequirements('x')", "table expected, got string", id="text-as-template"),
        pytest.param(
            "accuratePodRequirements({spec = {containers = {'x'}}})", "not a pod template", id="no-containers"
        ),
        pytest.param(
            "getPodDependencies({spec = {volumes = 1}}, 'n')", "not a pod template", id="no-volumes"
        ),
        pytest.param("getPodDependencies({}, {})", "#2 to getPodDependencies", id="namespace-is-text"),
        pytest.param("getPodDependencies(print)", "function cannot be part", id="a-function"),
    ],
)
def test_wrong_arguments_raise_at_the_line_of_the_call(expression: str, message: str) -> None:
    with pytest.raises(ScriptFailed, match=f"<string>:1: .*{message}"):
        kube(expression)


def test_an_error_of_the_library_can_be_caught_and_is_text() -> None:
    source = """
    local kube = require("kube")
    function F() local ok, e = pcall(kube.resourceAdd, "one") return {ok = ok, kind = type(e)} end
    """
    assert run(Call(source, "F", (), ("object",))) == [{"ok": False, "kind": "string"}]


TEMPLATE = {
    "spec": {
        "nodeSelector": {"zone": "a"},
        "tolerations": [{"key": "gpu", "operator": "Exists"}],
        "serviceAccountName": "runner",
        "volumes": [{"configMap": {"name": "conf"}}, {"secret": {"secretName": "pw"}}],
        "containers": [
            {
                "name": "a",
                "resources": {"requests": {"cpu": "250m"}, "limits": {"memory": "64Mi"}},
                "env": [{"valueFrom": {"secretKeyRef": {"name": "pw", "key": "k"}}}],
            }
        ],
    }
}


def test_requirements_are_those_of_built_in_workloads() -> None:
    assert kube("accuratePodRequirements(a)", TEMPLATE) == {
        "nodeClaim": {
            "nodeSelector": {"zone": "a"},
            "tolerations": [{"key": "gpu", "operator": "Exists"}],
        },
        "resourceRequest": {"cpu": "250m", "memory": "64Mi"},
    }


@pytest.mark.parametrize("template", [{}, {"spec": {}}, {"spec": {"containers": [{"name": "a"}]}}])
def test_a_template_that_asks_for_nothing_has_no_requirements(template: Any) -> None:
    assert kube("accuratePodRequirements(a)", template) is None


@pytest.mark.parametrize(
    ("expression", "namespace"),
    [
        pytest.param("getPodDependencies(a, 'shop')", "shop", id="namespace-of-the-caller"),
        pytest.param("getPodDependencies(a)", "default", id="default-namespace"),
    ],
)
def test_dependencies_are_those_of_built_in_workloads(expression: str, namespace: str) -> None:
    found = kube(expression, TEMPLATE)
    assert [(each["kind"], each["name"], each["namespace"], each["apiVersion"]) for each in found] == [
        ("ConfigMap", "conf", namespace, "v1"),
        ("Secret", "pw", namespace, "v1"),
        ("ServiceAccount", "runner", namespace, "v1"),
    ]
