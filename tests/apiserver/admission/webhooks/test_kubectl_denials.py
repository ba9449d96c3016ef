"""What users of kubectl read when admission says no."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.apiserver.admission.webhooks.test_registered_webhooks import register, webhook
from tests.apiserver.serving import Plane, running_plane
from tests.support.kubectl import VERSIONS, kubectl_path
from tests.support.tools import default_cache
from tests.support.webhooks import PlayedWebhook, played_webhook


@pytest.fixture
async def plane(tmp_path: Path) -> AsyncIterator[Plane]:
    async with running_plane(certificate_directory=str(tmp_path / "pki")) as running:
        yield running


@pytest.fixture
async def hook(tmp_path: Path) -> AsyncIterator[PlayedWebhook]:
    async with played_webhook(tmp_path) as played:
        yield played


@pytest.mark.parametrize("version", VERSIONS)
async def test_kubectl_shows_denials_warnings_and_full_quotas(
    plane: Plane, hook: PlayedWebhook, tmp_path: Path, version: str
) -> None:
    program = kubectl_path(version, default_cache())
    if not program.exists():
        pytest.skip(f"no kubectl {version} in the cache: `make tools` fetches it")

    async def kubectl(*arguments: str) -> tuple[int, str]:
        command = [str(program), f"--kubeconfig={tmp_path / 'pki' / 'admin.kubeconfig'}", *arguments]
        done = await asyncio.to_thread(
            subprocess.run, command, capture_output=True, text=True, timeout=60, check=False
        )
        return done.returncode, done.stderr.strip()

    await register(plane, "Validating", webhook(hook))
    hook.response = {"allowed": True, "warnings": ["teal is out of fashion"]}
    assert await kubectl("create", "configmap", "a") == (0, "Warning: teal is out of fashion")
    hook.response = {
        "allowed": False,
        "status": {"message": "no more teal", "code": 403, "reason": "Forbidden"},
    }
    code, said = await kubectl("create", "configmap", "b")
    assert (code, said.removeprefix("error: failed to create configmap: ")) == (
        1,
        'admission webhook "maps.example.test" denied the request: no more teal',
    )
    await plane.delete("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/hooks")
    quotas = "/api/v1/namespaces/default/resourcequotas"
    await plane.post(quotas, {"metadata": {"name": "q"}, "spec": {"hard": {"configmaps": "1"}}})
    status = {"hard": {"configmaps": "1"}, "used": {"configmaps": "1"}}
    await plane.patch(f"{quotas}/q/status", {"status": status})
    code, said = await kubectl("create", "configmap", "c")
    assert (code, said.removeprefix("error: failed to create configmap: ")) == (
        1,
        'configmaps "c" is forbidden: exceeded quota: q, requested: configmaps=1, used: configmaps=1, '
        "limited: configmaps=1",
    )
