"""An approved request gets its certificate, which lets its holder in; a bad one is told why."""

import base64
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from cryptography import x509

from controllers.kube.certificate_signing import SigningOptions, is_to_be_signed
from karmada.api.errors import Forbidden
from karmada.api.groups.kubernetes import CERTIFICATE_SIGNING_REQUESTS as REQUESTS
from karmada.api.groups.kubernetes import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES
from karmada.api.objects import Object
from karmada.runtime.observe import StartError
from tests.controllers.cluster.live import Plane, eventually
from tests.controllers.kube.certificates import request_pem, signing_files, signing_request
from tests.controllers.kube.stock import stock_plane

KEY = REQUESTS.key("", "agent")
APPROVED = {"type": "Approved", "status": "True", "reason": "Test", "message": "by hand"}


async def approve(plane: Plane) -> None:
    def change(live: Object) -> Object:
        return {**live, "status": {"conditions": [APPROVED]}}

    await plane.client.update(REQUESTS, KEY, change, subresource="approval")


def status_with(plane: Plane, condition: Callable[[Object], Any]) -> Callable[[], Awaitable[Object | None]]:
    async def look() -> Object | None:
        status: Object = (await plane.client.get(REQUESTS, KEY)).get("status") or {}
        return status if condition(status) else None

    return look


async def test_an_approved_request_is_signed(tmp_path: Path) -> None:
    async with stock_plane(signing_files(tmp_path)) as plane:
        await plane.create(REQUESTS, signing_request(request_pem("bob", "devs"), expirationSeconds=3600))
        assert "certificate" not in ((await plane.client.get(REQUESTS, KEY)).get("status") or {})
        await approve(plane)
        status = await eventually(status_with(plane, lambda s: s.get("certificate")), "it is signed")
        made = x509.load_pem_x509_certificate(base64.b64decode(status["certificate"]))
        authority = x509.load_pem_x509_certificate((tmp_path / "ca.crt").read_bytes())
        made.verify_directly_issued_by(authority)
        assert [one["type"] for one in status["conditions"]] == ["Approved"]


async def test_what_the_signer_refuses_has_failed(tmp_path: Path) -> None:
    async with stock_plane(signing_files(tmp_path)) as plane:
        await plane.create(REQUESTS, signing_request(request_pem("bob"), usages=["server auth"]))
        await approve(plane)
        status = await eventually(
            status_with(plane, lambda s: len(s.get("conditions", ())) > 1), "it is refused"
        )
        failed = status["conditions"][1]
        assert (failed["type"], failed["reason"]) == ("Failed", "SignerValidationFailure")
        assert failed["message"] == "usages did not match"
        assert "certificate" not in status


async def test_a_restart_writes_nothing(tmp_path: Path) -> None:
    async with stock_plane(signing_files(tmp_path)) as plane:
        await plane.create(REQUESTS, signing_request(request_pem("bob")))
        await approve(plane)
        await eventually(status_with(plane, lambda s: s.get("certificate")), "it is signed")
        signed = await plane.versions(REQUESTS)
        await plane.create(REQUESTS, signing_request(request_pem("bob"), request_name="later"))
        assert (await plane.versions(REQUESTS)).items() >= signed.items()


@pytest.mark.parametrize(
    ("status", "fields", "expected"),
    [
        pytest.param({}, {}, False, id="pending"),
        pytest.param({"conditions": [APPROVED]}, {}, True, id="approved"),
        pytest.param({"conditions": [APPROVED], "certificate": "YQ=="}, {}, False, id="signed"),
        pytest.param({"conditions": [APPROVED, {"type": "Failed"}]}, {}, False, id="failed"),
        pytest.param({"conditions": [APPROVED]}, {"signerName": "example.com/mine"}, False, id="not-ours"),
    ],
)
def test_what_is_signed(status: Object, fields: dict[str, Any], expected: bool) -> None:
    request = {**signing_request(b"", **fields), "status": status}
    assert is_to_be_signed(request) is expected


def test_a_certificate_needs_its_key() -> None:
    SigningOptions().check()
    with pytest.raises(StartError, match="go together"):
        SigningOptions(certificate_file="ca.crt").check()


async def test_who_may_not_approve_is_told_which_signer() -> None:
    async with stock_plane() as plane:
        await plane.create(REQUESTS, signing_request(request_pem("bob")))
        rule = {"apiGroups": ["certificates.k8s.io"], "resources": ["*"], "verbs": ["get", "update"]}
        await plane.create(CLUSTER_ROLES, {"metadata": {"name": "updater"}, "rules": [rule]})
        reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "updater"}
        subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "alice"}
        binding = {"metadata": {"name": "updater"}, "roleRef": reference, "subjects": [subject]}
        await plane.create(CLUSTER_ROLE_BINDINGS, binding)
        path = "/apis/certificates.k8s.io/v1/certificatesigningrequests/agent/approval"
        current = (await plane.client.get(REQUESTS, KEY)) | {"status": {"conditions": [APPROVED]}}
        with pytest.raises(Forbidden, match="user not permitted to approve requests with signerName"):
            await plane.client.request(
                "PUT", path, body=orjson.dumps(current), headers={"Impersonate-User": "alice"}
            )
