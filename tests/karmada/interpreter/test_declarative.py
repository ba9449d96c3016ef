"""Customizations: each operation answered by a script, and how its errors read."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from karmada.api.groups.config import ResourceInterpreterCustomization
from karmada.api.groups.work import AggregatedStatusItem
from karmada.api.objects import Object
from karmada.interpreter.chain import Interpreter, Operation
from karmada.interpreter.declarative import DeclarativeLayer
from karmada.interpreter.errors import InterpreterError, ScriptFailed
from karmada.interpreter.native.layer import NativeLayer
from karmada.interpreter.pool import ScriptPool
from karmada.runtime.clock import SYSTEM_CLOCK
from tests.karmada.interpreter.test_customizations import LOOM, customization


def loom(**fields: Any) -> Object:
    return {
        "apiVersion": "looms.example.test/v1",
        "kind": "Loom",
        "metadata": {"name": "cloth", "namespace": "mill"},
        **fields,
    }


@pytest.fixture
async def scripts() -> AsyncIterator[ScriptPool]:
    async with ScriptPool() as scripts:
        yield scripts


def interpreter(scripts: ScriptPool, *customizations: ResourceInterpreterCustomization) -> Interpreter:
    declarative = DeclarativeLayer(customizations=lambda: customizations, scripts=scripts)
    return Interpreter(layers=(declarative, NativeLayer(clock=SYSTEM_CLOCK)))


async def test_replicas_and_requirements(scripts: ScriptPool) -> None:
    source = """
    local kube = require("kube")
    function GetReplicas(obj) return obj.spec.copies, kube.accuratePodRequirements(obj.spec.template) end
    """
    asked = interpreter(scripts, customization("c", replicaResource=source))
    template = {"spec": {"containers": [{"name": "a", "resources": {"requests": {"cpu": "250m"}}}]}}
    replicas, requirements = await asked.get_replicas(loom(spec={"copies": 6, "template": template}))
    assert replicas == 6
    assert requirements is not None
    assert requirements.resource_request == {"cpu": "250m"}


@pytest.mark.parametrize(
    ("returned", "replicas"),
    [pytest.param("3.9", 3, id="fractions-are-cut"), pytest.param("-1.5", -1, id="towards-zero")],
)
async def test_replicas_are_integers(scripts: ScriptPool, returned: str, replicas: int) -> None:
    source = f"function GetReplicas(obj) return {returned} end"
    asked = interpreter(scripts, customization("c", replicaResource=source))
    assert await asked.get_replicas(loom()) == (replicas, None)


async def test_components(scripts: ScriptPool) -> None:
    source = """
    function GetComponents(obj)
      local found = {}
      for i, part in ipairs(obj.spec.parts) do
        found[i] = {name = part.name, replicas = part.n,
                    replicaRequirements = {resourceRequest = {cpu = part.cpu}}}
      end
      return found
    end
    """
    asked = interpreter(scripts, customization("c", componentResource=source))
    assert asked.handles(LOOM, Operation.COMPONENT)
    parts = [{"name": "head", "n": 1, "cpu": "1"}, {"name": "worker", "n": 4, "cpu": "2"}]
    found = await asked.get_components(loom(spec={"parts": parts}))
    assert [(each.name, each.replicas) for each in found] == [("head", 1), ("worker", 4)]
    assert found[1].replica_requirements is not None
    assert found[1].replica_requirements.resource_request == {"cpu": "2"}
    assert await asked.get_components(loom(spec={"parts": []})) == []


async def test_no_components_is_an_empty_list(scripts: ScriptPool) -> None:
    asked = interpreter(scripts, customization("c", componentResource="function GetComponents() end"))
    assert await asked.get_components(loom()) == []


async def test_revising_changes_the_number_and_keeps_empty_fields(scripts: ScriptPool) -> None:
    source = "function ReviseReplica(obj, n) obj.spec.copies = n return obj end"
    asked = interpreter(scripts, customization("c", replicaRevision=source))
    before = loom(spec={"copies": 1, "args": [], "volumes": [{"emptyDir": {}}], "ratio": 0.5})
    after = await asked.revise_replica(before, 5)
    assert after == {**before, "spec": {**before["spec"], "copies": 5}}
    assert before["spec"]["copies"] == 1


async def test_retaining_takes_from_the_member_what_the_script_says(scripts: ScriptPool) -> None:
    source = """
    function Retain(desired, observed)
      desired.spec.paused = observed.spec.paused
      desired.spec.slots = observed.spec.slots
      return desired
    end
    """
    asked = interpreter(scripts, customization("c", retention=source))
    desired, observed = loom(spec={"copies": 2}), loom(spec={"copies": 9, "paused": True, "slots": []})
    assert await asked.retain(desired, observed) == loom(spec={"copies": 2, "paused": True, "slots": []})


async def test_reflected_status_is_what_the_script_picks(scripts: ScriptPool) -> None:
    source = "function ReflectStatus(o) return {up = o.status.up, none = {}, deep = {list = {}}} end"
    asked = interpreter(scripts, customization("c", statusReflection=source))
    assert await asked.reflect_status(loom(status={"up": 4, "noise": "x"})) == {"up": 4, "deep": {}}


async def test_a_status_without_content_is_an_empty_object(scripts: ScriptPool) -> None:
    asked = interpreter(
        scripts, customization("c", statusReflection="function ReflectStatus() return {} end")
    )
    assert await asked.reflect_status(loom()) == {}


AGGREGATE = """
function AggregateStatus(desired, items)
  local n, applied = 0, 0
  for _, item in ipairs(items or {}) do
    if item.status ~= nil then n = n + item.status.up end
    if item.applied then applied = applied + 1 end
  end
  desired.status = {up = n, applied = applied, from = items and items[1].clusterName}
  desired.spec = nil
  return desired
end
"""


async def test_aggregated_status_is_written_into_the_template_and_nothing_else(scripts: ScriptPool) -> None:
    asked = interpreter(scripts, customization("c", statusAggregation=AGGREGATE))
    items = [
        AggregatedStatusItem(cluster_name="m1", applied=True, status={"up": 4}),
        AggregatedStatusItem(cluster_name="m2", applied=False, applied_message="no"),
    ]
    template = loom(spec={"copies": 5})
    expected = {"up": 4, "applied": 1, "from": "m1"}
    assert await asked.aggregate_status(template, items) == {**template, "status": expected}
    settled = {**template, "status": expected}
    assert await asked.aggregate_status(settled, items) is settled, "equal means no write"


async def test_no_items_are_nil_for_the_script(scripts: ScriptPool) -> None:
    asked = interpreter(scripts, customization("c", statusAggregation=AGGREGATE))
    assert (await asked.aggregate_status(loom(), []))["status"] == {"up": 0, "applied": 0}


@pytest.mark.parametrize(("up", "health"), [(3, "Healthy"), (1, "Unhealthy")])
async def test_health(scripts: ScriptPool, up: int, health: str) -> None:
    source = "function InterpretHealth(o) return o.status ~= nil and o.status.up == o.spec.copies end"
    asked = interpreter(scripts, customization("c", healthInterpretation=source))
    assert await asked.interpret_health(loom(spec={"copies": 3}, status={"up": up})) == health


async def test_health_is_unknown_when_the_script_fails(scripts: ScriptPool) -> None:
    source = "function InterpretHealth(o) return o.status.up == 1 end"
    asked = interpreter(scripts, customization("c", healthInterpretation=source))
    assert await asked.interpret_health(loom()) == "Unknown"


def reference(kind: str, name: str) -> str:
    return f"{{apiVersion = 'v1', kind = '{kind}', namespace = obj.metadata.namespace, name = '{name}'}}"


def dependencies(*references: str) -> str:
    return f"function GetDependencies(obj) return {{{', '.join(references)}}} end"


async def test_dependencies_of_all_customizations_are_united(scripts: ScriptPool) -> None:
    selector = (
        "{apiVersion = 'v1', kind = 'Pod', namespace = 'mill', labelSelector = {matchLabels = {a = 'b'}}}"
    )
    asked = interpreter(
        scripts,
        customization("a", dependencyInterpretation=dependencies(reference("Secret", "pw"), selector)),
        customization("b", dependencyInterpretation=dependencies(reference("Secret", "pw"), selector)),
        customization("c", dependencyInterpretation=dependencies(reference("ConfigMap", "conf"))),
        customization("d", dependencyInterpretation=dependencies()),
    )
    found = await asked.get_dependencies(loom())
    assert [(each.kind, each.name) for each in found] == [
        ("ConfigMap", "conf"),
        ("Pod", ""),
        ("Pod", ""),
        ("Secret", "pw"),
    ]


@pytest.mark.parametrize(
    ("literal", "message"),
    [
        pytest.param("{kind = 'Secret', name = 'x'}", "missing required apiVersion", id="no-version"),
        pytest.param("{apiVersion = 'v1', name = 'x'}", "missing required kind", id="no-kind"),
        pytest.param(
            "{apiVersion = 'v1', kind = 'Secret'}", "name and labelSelector all empty", id="no-name"
        ),
        pytest.param(
            "{apiVersion = 'v1', kind = 'Pod', "
            "labelSelector = {matchExpressions = {{key = 'a', operator = 'Like'}}}}",
            "operator",
            id="bad-selector",
        ),
        pytest.param("'x'", "cannot be read", id="not-even-an-object"),
    ],
)
async def test_one_dependency_that_says_too_little_fails_them_all(
    scripts: ScriptPool, literal: str, message: str
) -> None:
    source = dependencies(reference("Secret", "pw"), literal)
    asked = interpreter(scripts, customization("c", dependencyInterpretation=source))
    with pytest.raises(InterpreterError, match=message):
        await asked.get_dependencies(loom())


@pytest.mark.parametrize(
    ("source", "message"),
    [
        pytest.param(
            "function ReviseReplica(obj) obj.metadata.name = 'other' return obj end",
            "the object looms.example.test/v1, Kind=Loom mill/cloth came back as .* mill/other",
            id="another-name",
        ),
        pytest.param(
            "function ReviseReplica(obj) return {spec = obj.spec} end", "came back as", id="no-identity"
        ),
        pytest.param(
            "function ReviseReplica(obj) return obj.spec.copies end",
            "ReviseReplica by customization c: ReviseReplica must return an object, not number",
            id="not-an-object",
        ),
        pytest.param(
            "function ReviseReplica(obj) return obj.spec.a.b end",
            r"ReviseReplica by customization c: <string>:1: attempt to index field 'a' \(a nil value\)",
            id="raises",
        ),
    ],
)
async def test_a_wrong_revision_is_an_error_that_names_the_customization(
    scripts: ScriptPool, source: str, message: str
) -> None:
    asked = interpreter(scripts, customization("c", replicaRevision=source))
    with pytest.raises(InterpreterError, match=message):
        await asked.revise_replica(loom(spec={"copies": 1}), 2)


@pytest.mark.parametrize("returned", ["2 ^ 31", "-2 ^ 31 - 1", "1e300"])
async def test_numbers_beyond_32_bits_are_no_replicas(scripts: ScriptPool, returned: str) -> None:
    source = f"function GetReplicas() return {returned} end"
    asked = interpreter(scripts, customization("c", replicaResource=source))
    with pytest.raises(InterpreterError, match="no number of replicas"):
        await asked.get_replicas(loom())


async def test_the_customization_goes_before_what_karmada_knows(scripts: ScriptPool) -> None:
    asked = interpreter(
        scripts,
        customization(
            "c",
            api_version="apps/v1",
            kind="Deployment",
            replicaResource="function GetReplicas() return 42 end",
            healthInterpretation="function InterpretHealth() error('no') end",
        ),
    )
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {}}
    assert (await asked.get_replicas(deployment))[0] == 42
    assert await asked.interpret_health(deployment) == "Unknown", "its error is final"
    assert (await asked.revise_replica(deployment, 1)) == deployment, "the rest is still known"


async def test_a_change_of_the_customizations_takes_effect_at_once(scripts: ScriptPool) -> None:
    current = [customization("c", replicaResource="function GetReplicas() return 1 end")]
    layer = DeclarativeLayer(customizations=lambda: current, scripts=scripts)
    assert (await layer.get_replicas(loom()))[0] == 1
    current[:] = [customization("c", replicaResource="function GetReplicas() return 2 end")]
    layer.changed()
    assert (await layer.get_replicas(loom()))[0] == 2
    current.clear()
    layer.changed()
    assert not layer.handles(LOOM, Operation.REPLICA)
    with pytest.raises(InterpreterError, match="any more"):
        await layer.get_replicas(loom())


async def test_errors_keep_their_kind(scripts: ScriptPool) -> None:
    asked = interpreter(scripts, customization("c", retention="no lua"))
    with pytest.raises(ScriptFailed, match=r"Retain by customization c: <string> line:1.*syntax error"):
        await asked.retain(loom(), loom())
