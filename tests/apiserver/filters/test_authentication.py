"""Which proofs are believed, and who they say it is."""

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from apiserver.filters.authentication import (
    Authenticator,
    BearerAuthenticator,
    TokenSource,
    with_authentication,
)
from apiserver.filters.authentication.bootstrap_token import BootstrapTokens
from apiserver.filters.authentication.certificate import CertificateAuthenticator
from apiserver.filters.authentication.pki import Pki, ensure_pki, issue_client_certificate
from apiserver.filters.authentication.request_header import RequestHeaderAuthenticator, RequestHeaderOptions
from apiserver.filters.authentication.static_token import StaticTokens, parse_token_file
from apiserver.request_info import UserInfo
from karmada.api.errors import Unauthorized
from karmada.api.objects import Object
from karmada.runtime.clock import ManualClock, rfc3339
from tests.apiserver.filters import Reached, request

NOW = datetime(2026, 5, 1, tzinfo=UTC)
CLOCK = ManualClock(NOW)
AUDIENCE = ("https://kubernetes.default.svc",)


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return ensure_pki(tmp_path_factory.mktemp("pki"), hosts=["localhost"], clock=CLOCK)


def der(pem: bytes) -> bytes:
    return x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)


async def test_a_client_certificate_names_user_and_groups(pki: Pki) -> None:
    certificate, _ = issue_client_certificate(pki, "alice", ["devs", "ops"], clock=CLOCK)
    authenticator = CertificateAuthenticator(pki.authority.certificate, clock=CLOCK)
    user = await authenticator.authenticate(request(certificate=der(certificate)))
    assert user is not None
    assert (user.name, user.groups) == ("alice", ("devs", "ops", "system:authenticated"))
    assert user.extra["authentication.kubernetes.io/credential-id"][0].startswith("X509SHA256=")


@pytest.mark.parametrize("file", ["serving", "front_proxy_client"])
async def test_other_certificates_are_no_client_certificates(pki: Pki, file: str) -> None:
    authenticator = CertificateAuthenticator(pki.authority.certificate, clock=CLOCK)
    certificate = der(getattr(pki, file).certificate)
    assert await authenticator.authenticate(request(certificate=certificate)) is None


async def test_a_certificate_that_ended_while_connected_is_refused(pki: Pki) -> None:
    certificate, _ = issue_client_certificate(pki, "alice", clock=CLOCK, lifetime=timedelta(hours=1))
    clock = ManualClock(NOW)
    authenticator = CertificateAuthenticator(pki.authority.certificate, clock=clock)
    assert await authenticator.authenticate(request(certificate=der(certificate)))
    clock.advance(3601)
    assert await authenticator.authenticate(request(certificate=der(certificate))) is None


HEADERS = {
    "X-Remote-User": "alice",
    "X-Remote-Group": "devs",
    "X-Remote-Uid": "7",
    "X-Remote-Extra-Acme.com%2FProject": "x",
}


@pytest.mark.parametrize(
    ("names", "believed"),
    [
        pytest.param((), True, id="any-name"),
        pytest.param(("front-proxy-client",), True, id="listed-name"),
        pytest.param(("somebody-else",), False, id="other-name"),
    ],
)
async def test_a_front_proxy_is_believed(pki: Pki, names: tuple[str, ...], believed: bool) -> None:
    options = RequestHeaderOptions(pki.front_proxy_authority.certificate, names)
    authenticator = RequestHeaderAuthenticator(options, clock=CLOCK)
    asked = request(certificate=der(pki.front_proxy_client.certificate), headers=HEADERS)
    user = await authenticator.authenticate(asked)
    expected = UserInfo("alice", ("devs",), uid="7", extra={"acme.com/project": ("x",)})
    assert user == (expected if believed else None)


async def test_headers_of_anybody_else_mean_nothing(pki: Pki) -> None:
    authenticator = RequestHeaderAuthenticator(
        RequestHeaderOptions(pki.front_proxy_authority.certificate), clock=CLOCK
    )
    asked = request(certificate=der(pki.admin.certificate), headers=HEADERS)
    assert await authenticator.authenticate(asked) is None


def bootstrap_secret(**changed: str) -> Object:
    data = {
        "token-id": "abcdef",
        "token-secret": "0123456789abcdef",
        "usage-bootstrap-authentication": "true",
        "auth-extra-groups": "system:bootstrappers:karmada:default",
        **changed,
    }
    encoded = {name: base64.b64encode(value.encode()).decode() for name, value in data.items()}
    metadata = {"name": "bootstrap-token-abcdef"}
    return {"type": "bootstrap.kubernetes.io/token", "metadata": metadata, "data": encoded}


def bootstrap(secret: Object | None) -> TokenSource:
    async def lookup(resource: str, namespace: str, name: str) -> Object | None:
        assert (resource, namespace, name) == ("secrets", "kube-system", "bootstrap-token-abcdef")
        return secret

    return BootstrapTokens(lookup, audiences=AUDIENCE, clock=CLOCK)


def bearer(*sources: TokenSource) -> Authenticator:
    return BearerAuthenticator(sources, audiences=AUDIENCE)


def with_token(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_a_bootstrap_token_is_a_bootstrapper() -> None:
    secret = bootstrap_secret(expiration=rfc3339(NOW + timedelta(hours=1)))
    user = await bearer(bootstrap(secret)).authenticate(
        request(headers=with_token("abcdef.0123456789abcdef"))
    )
    groups = ("system:bootstrappers", "system:bootstrappers:karmada:default", "system:authenticated")
    assert user == UserInfo("system:bootstrap:abcdef", groups)


@pytest.mark.parametrize(
    "secret",
    [
        pytest.param(None, id="no-secret"),
        pytest.param(bootstrap_secret(**{"token-secret": "ffffffffffffffff"}), id="wrong-secret"),
        pytest.param(bootstrap_secret(expiration=rfc3339(NOW)), id="expired"),
        pytest.param(bootstrap_secret(expiration="tomorrow"), id="unreadable-expiration"),
        pytest.param(bootstrap_secret(**{"usage-bootstrap-authentication": "false"}), id="other-usage"),
        pytest.param(bootstrap_secret(**{"auth-extra-groups": "system:masters"}), id="group-out-of-range"),
        pytest.param({**bootstrap_secret(), "type": "Opaque"}, id="other-type"),
        pytest.param(
            {**bootstrap_secret(), "metadata": {"deletionTimestamp": "2026-04-01T00:00:00Z"}}, id="deleted"
        ),
    ],
)
async def test_a_bootstrap_token_is_refused_with(secret: Object | None) -> None:
    with pytest.raises(Unauthorized):
        await bearer(bootstrap(secret)).authenticate(request(headers=with_token("abcdef.0123456789abcdef")))


async def test_static_tokens_come_from_a_csv_file(tmp_path: Path) -> None:
    users = parse_token_file(["# comment", 'secret,alice,7,"devs, ops"', "other,bob,8"])
    source = StaticTokens(users, audiences=AUDIENCE)
    user = await bearer(source).authenticate(request(headers=with_token("secret")))
    assert user == UserInfo("alice", ("devs", "ops", "system:authenticated"), uid="7")
    with pytest.raises(Unauthorized):
        await bearer(source).authenticate(request(headers=with_token("Secret")))
    with pytest.raises(ValueError, match="line 1"):
        parse_token_file(["only-token"])


async def test_a_websocket_client_may_send_its_token_as_a_subprotocol() -> None:
    source = StaticTokens({"secret": UserInfo("alice")}, audiences=AUDIENCE)
    encoded = base64.urlsafe_b64encode(b"secret").decode().rstrip("=")
    protocols = f"v4.channel.k8s.io, base64url.bearer.authorization.k8s.io.{encoded}"
    user = await bearer(source).authenticate(request(headers={"Sec-WebSocket-Protocol": protocols}))
    assert user is not None
    assert user.name == "alice"


@pytest.mark.parametrize(
    ("path", "headers", "anonymous", "name"),
    [
        pytest.param("/api/v1/pods", with_token("secret"), False, "alice", id="good-token"),
        pytest.param(
            "/api/v1/pods", with_token("wrong"), True, None, id="bad-token-even-when-anonymous-is-on"
        ),
        pytest.param("/healthz", with_token("wrong"), False, None, id="bad-token-even-on-public-paths"),
        pytest.param("/api/v1/pods", {}, True, "system:anonymous", id="anonymous-on"),
        pytest.param("/api/v1/pods", {}, False, None, id="anonymous-off"),
        pytest.param("/version", {}, False, "system:anonymous", id="version-is-public"),
        pytest.param("/readyz", {}, False, "system:anonymous", id="health-is-public"),
        pytest.param("/metrics", {}, False, None, id="metrics-are-not"),
        pytest.param("/api/v1/pods", {"Authorization": "Basic eDp5"}, False, None, id="basic-is-no-proof"),
    ],
)
async def test_who_comes_in(path: str, headers: dict[str, str], anonymous: bool, name: str | None) -> None:
    reached = Reached()
    source = StaticTokens({"secret": UserInfo("alice")}, audiences=AUDIENCE)
    handler = with_authentication(reached, [bearer(source)], anonymous=anonymous)
    asked = request(path=path, headers=headers, user=None)
    if name is None:
        with pytest.raises(Unauthorized, match=r"^Unauthorized$"):
            await handler(asked)
        assert reached.requests == []
    else:
        await handler(asked)
        assert reached.user.name == name
