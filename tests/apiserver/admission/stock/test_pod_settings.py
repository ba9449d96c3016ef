"""What priority, tolerations and runtime classes make of a new pod."""

from typing import Any

import pytest

from apiserver.admission.context import AdmissionContext
from apiserver.admission.stock.pod_settings import (
    DefaultTolerationSeconds,
    PodPriority,
    RuntimeClassAdmission,
)
from karmada.api.errors import Forbidden
from karmada.api.objects import Object
from tests.apiserver.admission.contexts import context_of

GVISOR: Object = {
    "apiVersion": "node.k8s.io/v1",
    "kind": "RuntimeClass",
    "metadata": {"name": "gvisor"},
    "handler": "runsc",
    "overhead": {"podFixed": {"cpu": "250m"}},
    "scheduling": {
        "nodeSelector": {"sandbox": "yes"},
        "tolerations": [{"key": "sandbox", "operator": "Exists"}],
    },
}


def pod(**spec: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "namespace": "a"},
        "spec": {"containers": [{"name": "c"}], **spec},
    }


async def admit(plugin: RuntimeClassAdmission, subject: Object, context: AdmissionContext) -> None:
    await plugin.mutate(subject, context)
    await plugin.validate(subject, context)


async def test_every_pod_gets_a_priority_and_tolerations() -> None:
    subject = pod()
    context = context_of(subject)
    await PodPriority().mutate(subject, context)
    await DefaultTolerationSeconds().mutate(subject, context)
    assert (subject["spec"]["priority"], subject["spec"]["preemptionPolicy"]) == (0, "PreemptLowerPriority")
    assert [each["tolerationSeconds"] for each in subject["spec"]["tolerations"]] == [300, 300]
    assert not PodPriority().concerns(context_of(subject, old=subject))


async def test_a_runtime_class_brings_overhead_and_scheduling() -> None:
    subject = pod(runtimeClassName="gvisor", nodeSelector={"zone": "a"})
    context = context_of(subject, existing=[GVISOR])
    await admit(RuntimeClassAdmission(), subject, context)
    spec = subject["spec"]
    assert spec["overhead"] == {"cpu": "250m"}
    assert spec["nodeSelector"] == {"zone": "a", "sandbox": "yes"}
    assert spec["tolerations"] == [{"key": "sandbox", "operator": "Exists"}]


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        pytest.param({"runtimeClassName": "x"}, 'pod rejected: RuntimeClass "x" not found', id="missing"),
        pytest.param(
            {"overhead": {"cpu": "1"}},
            "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead",
            id="overhead-without-class",
        ),
        pytest.param(
            {"runtimeClassName": "gvisor", "overhead": {"cpu": "1"}},
            "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead",
            id="other-overhead",
        ),
        pytest.param(
            {"runtimeClassName": "gvisor", "nodeSelector": {"sandbox": "no"}}, "conflict: ", id="conflict"
        ),
    ],
)
async def test_what_does_not_go_together_is_refused(spec: Object, text: str) -> None:
    subject = pod(**spec)
    context = context_of(subject, existing=[GVISOR])
    with pytest.raises(Forbidden) as caught:
        await admit(RuntimeClassAdmission(), subject, context)
    assert caught.value.message.startswith(f'pods "p" is forbidden: {text}')
