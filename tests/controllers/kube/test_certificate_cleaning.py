"""When a CertificateSigningRequest may go."""

import base64
from datetime import timedelta

import pytest

from controllers.kube.certificate_cleaning import CertificateCleaningController, expiry_of
from controllers.kube.certificate_issuing import CLIENT, Wanted, issued
from karmada.api.groups.kubernetes import CERTIFICATE_SIGNING_REQUESTS as REQUESTS
from karmada.api.objects import Object
from karmada.client.client import Client
from karmada.client.informer import Informer
from karmada.runtime.clock import ManualClock, rfc3339
from karmada.runtime.controller import run_controller
from tests.controllers.cluster.live import background, control_plane
from tests.controllers.kube.certificates import NOW, authority, request_pem, signing_request

LATER = NOW + timedelta(hours=3)
SHORT = base64.b64encode(
    issued(
        Wanted(CLIENT, request_pem("bob"), ["client auth"]),
        authority(),
        now=NOW,
        longest=timedelta(minutes=30),
    )
).decode()


def condition(kind: str) -> Object:
    return {"type": kind, "status": "True", "lastUpdateTime": rfc3339(LATER)}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        pytest.param({}, NOW + timedelta(hours=24), id="pending"),
        pytest.param({"conditions": [condition("Approved")]}, LATER + timedelta(hours=1), id="approved"),
        pytest.param({"conditions": [condition("Denied")]}, LATER + timedelta(hours=1), id="denied"),
        pytest.param({"conditions": [{"type": "Denied"}]}, NOW + timedelta(hours=1), id="denied-unstamped"),
        pytest.param(
            {"conditions": [condition("Approved")], "certificate": SHORT},
            NOW + timedelta(minutes=30),
            id="certificate-has-ended",
        ),
        pytest.param({"certificate": "bm90aGluZw=="}, NOW + timedelta(hours=24), id="no-certificate"),
    ],
)
def test_expiry(status: Object, expected: object) -> None:
    request = signing_request(b"")
    request["metadata"]["creationTimestamp"] = rfc3339(NOW)
    assert expiry_of({**request, "status": status}) == expected


async def test_a_forgotten_request_goes_after_a_day() -> None:
    async with (
        control_plane() as plane,
        Client(plane.access) as client,
        Informer(client, REQUESTS) as requests,
    ):
        clock = ManualClock(NOW.replace(year=NOW.year + 50))
        await plane.create(REQUESTS, signing_request(request_pem("bob")))
        cleaner = CertificateCleaningController(requests=requests, client=client, clock=clock)
        async with background(run_controller(cleaner, workers=1, clock=clock), "cleaner"):
            await plane.gone(REQUESTS, "", "agent")
