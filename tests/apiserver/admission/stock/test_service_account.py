"""The account a pod runs as: its token, its pull secrets, and an account that is missing."""

from typing import Any

import pytest

from apiserver.admission.stock.service_account import (
    MOUNT_PATH,
    ServiceAccountAdmission,
    add_token,
    mounts_token,
)
from karmada.api.errors import Forbidden
from karmada.api.objects import Object
from karmada.runtime.clock import ManualClock
from tests.apiserver.admission.contexts import context_of


def pod(**spec: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "namespace": "a"},
        "spec": {"containers": [{"name": "c"}], **spec},
    }


def account(name: str = "default", **fields: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": name, "namespace": "a"},
        **fields,
    }


async def admitted(subject: Object, *existing: Object) -> Object:
    await ServiceAccountAdmission(ManualClock()).mutate(subject, context_of(subject, existing=existing))
    spec: Object = subject["spec"]
    return spec


async def test_a_pod_gets_the_default_account_its_token_and_its_secrets() -> None:
    spec = await admitted(pod(), account(imagePullSecrets=[{"name": "s"}]))
    assert spec["serviceAccountName"] == spec["serviceAccount"] == "default"
    assert spec["imagePullSecrets"] == [{"name": "s"}]
    volume = spec["volumes"][0]
    assert volume["name"].startswith("kube-api-access-")
    assert [next(iter(source)) for source in volume["projected"]["sources"]] == [
        "serviceAccountToken",
        "configMap",
        "downwardAPI",
    ]
    assert spec["containers"][0]["volumeMounts"] == [
        {"name": volume["name"], "readOnly": True, "mountPath": MOUNT_PATH}
    ]


async def test_a_missing_account_is_refused() -> None:
    with pytest.raises(Forbidden) as caught:
        await admitted(pod(serviceAccountName="zz"))
    assert caught.value.message == (
        'pods "p" is forbidden: error looking up service account a/zz: serviceaccount "zz" not found'
    )


async def test_where_nobody_makes_default_accounts_pods_go_without() -> None:
    assert "volumes" not in await admitted(pod())


@pytest.mark.parametrize(
    ("spec", "fields", "expected"),
    [
        pytest.param({}, {}, True, id="by-default"),
        pytest.param({}, {"automountServiceAccountToken": False}, False, id="account-says-no"),
        pytest.param(
            {"automountServiceAccountToken": True},
            {"automountServiceAccountToken": False},
            True,
            id="the-pod-decides",
        ),
        pytest.param({"automountServiceAccountToken": False}, {}, False, id="pod-says-no"),
    ],
)
def test_who_decides_about_tokens(spec: Object, fields: Object, *, expected: bool) -> None:
    assert mounts_token(spec, account(**fields)) is expected


def test_a_place_that_is_taken_is_left_alone() -> None:
    taken = {"name": "c", "volumeMounts": [{"name": "own", "mountPath": MOUNT_PATH}]}
    spec = pod(containers=[taken])["spec"]
    add_token(spec)
    assert "volumes" not in spec


def test_a_token_volume_there_is_is_used() -> None:
    spec = pod(volumes=[{"name": "kube-api-access-abcde", "projected": {"sources": []}}])["spec"]
    add_token(spec)
    assert len(spec["volumes"]) == 1
    assert spec["containers"][0]["volumeMounts"][0]["name"] == "kube-api-access-abcde"
