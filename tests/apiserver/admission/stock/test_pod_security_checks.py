"""The Pod Security Standards, check by check. Tables."""

from typing import Any

import pytest

from apiserver.admission.stock.pod_security_checks import LATEST, violations
from karmada.api.objects import Object

GOOD: Object = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def pod(security: Object | None = None, *, container: Object | None = None, **spec: Any) -> Object:
    given = {"name": "c", **({} if security is None else {"securityContext": security}), **(container or {})}
    return {"containers": [given], **spec}


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        pytest.param(
            pod({"capabilities": {"add": ["NET_ADMIN", "CHOWN"]}}),
            'non-default capabilities (container "c" must not include "NET_ADMIN" in '
            "securityContext.capabilities.add)",
            id="capabilities",
        ),
        pytest.param(
            pod(hostNetwork=True, hostPID=True), "host namespaces (hostNetwork=true, hostPID=true)", id="host"
        ),
        pytest.param(
            pod(volumes=[{"name": "v", "hostPath": {"path": "/"}}]),
            'hostPath volumes (volume "v")',
            id="path",
        ),
        pytest.param(
            pod(container={"ports": [{"hostPort": 80}]}),
            'hostPort (container "c" uses hostPort 80)',
            id="host-port",
        ),
        pytest.param(
            pod({"privileged": True}),
            'privileged (container "c" must not set securityContext.privileged=true)',
            id="privileged",
        ),
        pytest.param(
            pod({"procMount": "Unmasked"}),
            'procMount (container "c" must not set securityContext.procMount to "Unmasked")',
            id="proc-mount",
        ),
        pytest.param(
            pod(securityContext={"seLinuxOptions": {"type": "x", "user": "u"}}),
            'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "x"; user may not be '
            "set)",
            id="selinux",
        ),
        pytest.param(
            pod({"seccompProfile": {"type": "Unconfined"}}),
            'seccompProfile (container "c" must not set securityContext.seccompProfile.type to "Unconfined")',
            id="seccomp",
        ),
        pytest.param(
            pod(securityContext={"sysctls": [{"name": "kernel.msgmax"}]}),
            "forbidden sysctls (kernel.msgmax)",
            id="sysctls",
        ),
        pytest.param(
            pod(container={"livenessProbe": {"httpGet": {"host": "1.2.3.4"}}}),
            'probe or lifecycle host (container "c" uses probe or lifecycle host "1.2.3.4")',
            id="probe-host",
        ),
        pytest.param(
            pod({"windowsOptions": {"hostProcess": True}}),
            'hostProcess (container "c" must not set securityContext.windowsOptions.hostProcess=true)',
            id="host-process",
        ),
        pytest.param(
            pod({"appArmorProfile": {"type": "Unconfined"}}),
            'forbidden AppArmor profile (container "c" must not set AppArmor profile type to "Unconfined")',
            id="app-armor",
        ),
    ],
)
def test_baseline_forbids(spec: Object, reason: str) -> None:
    assert violations("baseline", LATEST, {}, spec) == [reason]
    assert violations("privileged", LATEST, {}, spec) == []


def test_a_plain_pod_is_baseline_and_not_restricted() -> None:
    assert violations("baseline", LATEST, {}, pod()) == []
    assert violations("restricted", LATEST, {}, pod()) == [
        'allowPrivilegeEscalation != false (container "c" must set '
        "securityContext.allowPrivilegeEscalation=false)",
        'unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"])',
        'runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true)',
        'seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to '
        '"RuntimeDefault" or "Localhost")',
    ]


def test_a_pod_that_is_careful_is_restricted() -> None:
    assert violations("restricted", LATEST, {}, pod(GOOD)) == []
    whole = {"runAsNonRoot": True, "seccompProfile": {"type": "Localhost"}}
    little = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    assert violations("restricted", LATEST, {}, pod(little, securityContext=whole)) == []


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        pytest.param(
            pod({**GOOD, "runAsUser": 0}), 'runAsUser=0 (container "c" must not set runAsUser=0)', id="root"
        ),
        pytest.param(
            pod({**GOOD, "runAsNonRoot": False}),
            'runAsNonRoot != true (container "c" must not set securityContext.runAsNonRoot=false)',
            id="not-non-root",
        ),
        pytest.param(
            pod(GOOD, volumes=[{"name": "v", "hostPath": {}}, {"name": "ok", "emptyDir": {}}]),
            'restricted volume types (volume "v" uses restricted volume type "hostPath")',
            id="volumes",
        ),
        pytest.param(
            pod({**GOOD, "capabilities": {"drop": ["ALL"], "add": ["CHOWN", "NET_BIND_SERVICE"]}}),
            'unrestricted capabilities (container "c" must not include "CHOWN" in '
            "securityContext.capabilities.add)",
            id="added-capability",
        ),
    ],
)
def test_restricted_forbids_more(spec: Object, reason: str) -> None:
    assert violations("restricted", LATEST, {}, spec) == [reason]


def test_an_older_version_of_the_standards_asks_for_less() -> None:
    assert (
        violations("restricted", 18, {}, pod({"allowPrivilegeEscalation": False, "runAsNonRoot": True})) == []
    )


def test_windows_pods_are_not_asked_for_what_only_linux_knows() -> None:
    assert violations("restricted", LATEST, {}, pod({"runAsNonRoot": True}, os={"name": "windows"})) == []
