"""Who the server is to webhooks: certificates and tokens out of a kubeconfig, by host."""

import ssl
from pathlib import Path

import orjson
import pytest
from aiohttp import web

from apiserver.app.webhook_identities import names_of, webhook_identities
from karmada.api.objects import Object
from karmada.client.webhooks import NOBODY
from karmada.runtime.observe import StartError
from tests.apiserver.admission.webhooks.test_registered_webhooks import MAPS, register, webhook
from tests.apiserver.serving import config_map, running_plane
from tests.support.webhooks import played_webhook


def written(folder: Path, users: list[Object]) -> str:
    """The AdmissionConfiguration that leads to these users."""
    (folder / "hooks.kubeconfig").write_bytes(orjson.dumps({"users": users}))
    plugin = {"name": "ValidatingAdmissionWebhook", "configuration": {"kubeConfigFile": "hooks.kubeconfig"}}
    configuration = folder / "admission.yaml"
    configuration.write_bytes(orjson.dumps({"plugins": [plugin, {"name": "Other"}]}))
    return str(configuration)


def test_the_most_exact_name_of_a_host_comes_first() -> None:
    assert list(names_of("a.mill.svc")) == ["a.mill.svc", "*.mill.svc", "*.svc", "*"]


def test_a_host_is_met_as_the_user_of_its_name(tmp_path: Path) -> None:
    users: list[Object] = [
        {"name": "*.mill.svc", "user": {"token": "t1"}},
        {"name": "*", "user": {"token": "t2"}},
    ]
    identify = webhook_identities(written(tmp_path, users))
    assert identify("a.mill.svc").token == "t1"
    assert identify("b.example.test").token == "t2"
    assert webhook_identities("")("b.example.test") is NOBODY


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("[]", "holds no object", id="a-list"),
        pytest.param(
            '{"plugins": [{"name": "MutatingAdmissionWebhook", "path": "none.yaml"}]}',
            "none.yaml: No such file or directory",
            id="missing-file",
        ),
    ],
)
def test_a_file_that_is_no_good_stops_the_start(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "admission.yaml").write_text(text)
    with pytest.raises(StartError, match=message):
        webhook_identities(str(tmp_path / "admission.yaml"))


async def test_a_webhook_sees_the_servers_certificate_and_token(tmp_path: Path) -> None:
    async with played_webhook(tmp_path) as hook:
        pair = hook.authority.issue("the server")
        (tmp_path / "client.pem").write_bytes(pair.certificate)
        (tmp_path / "client.key").write_bytes(pair.key)
        user = {"client-certificate": "client.pem", "client-key": "client.key", "token": "secret"}
        seen: list[object] = []

        async def answer(request: web.Request, review: Object) -> web.StreamResponse:
            assert request.transport is not None
            channel = request.transport.get_extra_info("ssl_object")
            assert isinstance(channel, ssl.SSLObject)
            seen.extend([(channel.getpeercert() or {}).get("subject"), request.headers["Authorization"]])
            return hook.well(review)

        hook.answer = answer
        configuration = written(tmp_path, [{"name": "127.0.0.1", "user": user}])
        async with running_plane(admission_control_config_file=configuration) as plane:
            await register(plane, "Validating", webhook(hook))
            assert (await plane.post(MAPS, config_map("a"))).status == 201
        assert seen == [((("commonName", "the server"),),), "Bearer secret"]
