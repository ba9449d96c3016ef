"""Namespaces that say what their pods may do: refusals, warnings, audit; in a running server."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from apiserver.admission.stock.pod_security import label_errors, policy_of
from apiserver.app.auditing import AuditOptions
from karmada.api.objects import Object
from tests.apiserver.serving import Plane, deployment, running_plane, until

PODS = "/api/v1/namespaces/tight/pods"
RESTRICTED = (
    'allowPrivilegeEscalation != false (container "c" must set '
    "securityContext.allowPrivilegeEscalation=false), "
    'unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), '
    'runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), '
    'seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to '
    '"RuntimeDefault" or "Localhost")'
)


@pytest.fixture
async def plane(tmp_path: Path) -> AsyncIterator[Plane]:
    async with running_plane(audit=AuditOptions(log_path=str(tmp_path / "audit.log"))) as running:
        yield running


async def namespace(plane: Plane, **modes: str) -> None:
    labels = {f"pod-security.kubernetes.io/{mode}": level for mode, level in modes.items()}
    made = await plane.post("/api/v1/namespaces", {"metadata": {"name": "tight", "labels": labels}})
    assert made.status == 201, made.message


def pod(name: str = "p", **spec: Any) -> Object:
    return {"metadata": {"name": name}, "spec": {"containers": [{"name": "c", "image": "i"}], **spec}}


def annotations_of_pods(log: Path) -> list[dict[str, str]]:
    """Of the records that are whole already."""
    lines = log.read_bytes().splitlines(keepends=True)
    records = [orjson.loads(line) for line in lines if line.endswith(b"\n")]
    return [record["annotations"] for record in records if record["objectRef"]["resource"] == "pods"]


async def test_an_enforced_level_refuses(plane: Plane) -> None:
    await namespace(plane, enforce="restricted")
    reply = await plane.post(PODS, pod())
    assert reply.status == 403
    assert reply.message == (f'pods "p" is forbidden: violates PodSecurity "restricted:latest": {RESTRICTED}')
    workload = deployment("web")
    assert (await plane.post("/apis/apps/v1/namespaces/tight/deployments", workload)).status == 201


async def test_a_warned_level_lets_pods_and_workloads_pass_and_says_so(plane: Plane, tmp_path: Path) -> None:
    await namespace(plane, warn="restricted", audit="restricted", enforce="baseline")
    text = f'would violate PodSecurity "restricted:latest": {RESTRICTED}'
    shown = text.replace('"', '\\"')
    reply = await plane.post(PODS, pod())
    assert (reply.status, reply.warnings) == (201, [f'299 - "{shown}"'])
    reply = await plane.post("/apis/apps/v1/namespaces/tight/deployments", deployment("web"))
    assert (reply.status, reply.warnings) == (201, [f'299 - "{shown}"'])
    log = tmp_path / "audit.log"
    await until(lambda: bool(annotations_of_pods(log)))  # a thread of its own writes them
    told = annotations_of_pods(log)
    assert told[0]["pod-security.kubernetes.io/audit-violations"] == text
    assert told[0]["pod-security.kubernetes.io/enforce-policy"] == "baseline:latest"


async def test_a_namespace_that_becomes_stricter_hears_of_its_pods(plane: Plane) -> None:
    await namespace(plane)
    for name in ("a", "b"):
        await plane.post(PODS, pod(name, hostNetwork=True))
    labels = {"pod-security.kubernetes.io/enforce": "baseline"}
    reply = await plane.patch("/api/v1/namespaces/tight", {"metadata": {"labels": labels}})
    assert reply.status == 200
    assert ", ".join(reply.warnings).count("hostNetwork=true") == 1
    assert reply.warnings[0] == (
        '299 - "existing pods in namespace \\"tight\\" violate the new PodSecurity enforce level '
        '\\"baseline:latest\\"", 299 - "a (and 1 other pod): host namespaces (hostNetwork=true)"'
    )


async def test_a_level_that_does_not_exist_is_refused(plane: Plane) -> None:
    labels = {"pod-security.kubernetes.io/enforce": "tight"}
    reply = await plane.post("/api/v1/namespaces", {"metadata": {"name": "x", "labels": labels}})
    assert (reply.status, reply.message) == (
        422,
        'Namespace "x" is invalid: metadata.labels[pod-security.kubernetes.io/enforce]: '
        'Invalid value: "tight": must be one of privileged, baseline, restricted',
    )


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        pytest.param({}, "privileged:latest", id="nothing-said"),
        pytest.param({"enforce": "baseline", "enforce-version": "v1.25"}, "baseline:v1.25", id="version"),
        pytest.param({"enforce": "odd"}, "restricted:latest", id="unreadable"),
    ],
)
def test_labels_say_the_level(labels: dict[str, str], expected: str) -> None:
    given = {f"pod-security.kubernetes.io/{name}": value for name, value in labels.items()}
    assert str(policy_of(given, "enforce")) == expected


def test_a_version_is_latest_or_a_minor_one() -> None:
    assert label_errors({"pod-security.kubernetes.io/warn-version": "latest"}) == []
    (error,) = label_errors({"pod-security.kubernetes.io/warn-version": "1.25"})
    assert error.message == 'Invalid value: "1.25": must be "latest" or "v1.x"'
