"""Deletion protection."""

import pytest

from apiserver.admission.karmada.deletion_protection import DeletionProtection
from karmada.api.errors import Forbidden
from karmada.api.objects import Object
from tests.apiserver.admission.contexts import context_of

LABEL = "resourcetemplate.karmada.io/deletion-protected"


def obj(kind: str, api_version: str, value: str) -> Object:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "a", "labels": {LABEL: value}}}


async def delete(stored: Object, *, subresource: str = "") -> None:
    context = context_of(stored, operation="DELETE", old=stored, subresource=subresource)
    await DeletionProtection().validate(None, context)


async def test_a_protected_object_stays() -> None:
    with pytest.raises(Forbidden) as caught:
        await delete(obj("Namespace", "v1", "Always"))
    assert caught.value.message == (
        'admission webhook "resourcedeletionprotection.karmada.io" denied the request: This resource is '
        f"protected, please make sure to remove the label: {LABEL}"
    )


@pytest.mark.parametrize(
    "stored",
    [
        pytest.param(obj("Namespace", "v1", "always"), id="another-value"),
        pytest.param(obj("Cluster", "cluster.karmada.io/v1alpha1", "Always"), id="no-webhook-sees-clusters"),
    ],
)
async def test_everything_else_goes(stored: Object) -> None:
    await delete(stored)


async def test_only_deletion_is_asked_about() -> None:
    stored = obj("Namespace", "v1", "Always")
    plugin = DeletionProtection()
    assert not plugin.concerns(context_of(stored, old=stored))
    assert plugin.concerns(context_of(stored, old=stored, operation="DELETE"))
    assert await plugin.mutate(stored, context_of(stored)) is None
