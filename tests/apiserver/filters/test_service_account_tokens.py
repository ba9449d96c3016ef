"""Service account tokens are believed as long as what they are bound to is there."""

import base64
from datetime import UTC, datetime

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from apiserver.filters.authentication import InvalidToken
from apiserver.filters.authentication.jwt import TokenKeys, encode_part, read_unverified
from apiserver.filters.authentication.pki import Pki, ensure_pki
from apiserver.filters.authentication.service_account import ServiceAccountTokens
from apiserver.handlers.tokens import TokenOptions, Tokens
from karmada.api.errors import BadRequest, Conflict, Invalid, NotFound
from karmada.api.objects import Object
from karmada.runtime.clock import ManualClock
from tests.apiserver.filters import request

NOW = datetime(2026, 5, 1, tzinfo=UTC)
ISSUER = "https://kubernetes.default.svc"
PATH = "/api/v1/namespaces/t1/serviceaccounts/robot/token"


class World:
    """Core objects, a clock, and both ends of the tokens."""

    def __init__(self, keys: TokenKeys) -> None:
        self.objects: dict[tuple[str, str, str], Object] = {}
        self.clock = ManualClock(NOW)
        self.issuing = Tokens(keys, self.lookup, TokenOptions(ISSUER), clock=self.clock)
        self.believing = ServiceAccountTokens(keys, self.lookup, issuer=ISSUER, clock=self.clock)
        self.put("serviceaccounts", "t1", "robot", "account-uid")

    async def lookup(self, resource: str, namespace: str, name: str) -> Object | None:
        return self.objects.get((resource, namespace, name))

    def put(self, resource: str, namespace: str, name: str, uid: str, **content: object) -> None:
        metadata = {"name": name, "namespace": namespace, "uid": uid}
        self.objects[resource, namespace, name] = {"metadata": metadata, **content}

    async def issue(self, **spec: object) -> Object:
        return await self.issuing.create(request("POST", PATH), {"spec": spec})

    async def token(self, **spec: object) -> str:
        token: str = (await self.issue(**spec))["status"]["token"]
        return token


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return ensure_pki(tmp_path_factory.mktemp("pki"), hosts=["localhost"])


@pytest.fixture
def world(pki: Pki) -> World:
    return World(TokenKeys(pki.service_account_key))


POD = {"kind": "Pod", "apiVersion": "v1", "name": "p"}


async def test_a_token_names_its_account(world: World) -> None:
    token = await world.token()
    identity = await world.believing.authenticate_token(token, [ISSUER])
    assert identity is not None
    assert identity.user.name == "system:serviceaccount:t1:robot"
    assert identity.user.uid == "account-uid"
    assert identity.user.groups == (
        "system:serviceaccounts",
        "system:serviceaccounts:t1",
        "system:authenticated",
    )
    assert identity.user.extra["authentication.kubernetes.io/credential-id"][0].startswith("JTI=")
    assert identity.audiences == (ISSUER,)


async def test_the_answer_holds_the_filled_in_spec(world: World) -> None:
    answer = await world.issue()
    assert answer["metadata"]["name"] == "robot"
    assert answer["spec"]["audiences"] == [ISSUER]
    assert answer["spec"]["expirationSeconds"] == 3600
    assert answer["status"]["expirationTimestamp"] == "2026-05-01T01:00:00Z"


async def test_the_claims_are_those_others_look_for(world: World) -> None:
    world.put("pods", "t1", "p", "pod-uid", spec={"serviceAccountName": "robot", "nodeName": "n"})
    world.put("nodes", "", "n", "node-uid")
    header, claims = read_unverified(await world.token(boundObjectRef=POD))
    assert header["alg"] == "ES256"
    issued = int(NOW.timestamp())
    assert claims.pop("jti")
    assert claims == {
        "aud": [ISSUER],
        "exp": issued + 3600,
        "iat": issued,
        "iss": ISSUER,
        "kubernetes.io": {
            "namespace": "t1",
            "pod": {"name": "p", "uid": "pod-uid"},
            "node": {"name": "n", "uid": "node-uid"},
            "serviceaccount": {"name": "robot", "uid": "account-uid"},
        },
        "nbf": issued,
        "sub": "system:serviceaccount:t1:robot",
    }


async def test_a_projected_token_lives_a_year_and_warns_after_an_hour(world: World) -> None:
    world.put("pods", "t1", "p", "pod-uid", spec={"serviceAccountName": "robot"})
    _, claims = read_unverified(await world.token(boundObjectRef=POD, expirationSeconds=3607))
    assert claims["exp"] - claims["iat"] == 365 * 24 * 3600
    assert claims["kubernetes.io"]["warnafter"] - claims["iat"] == 3607


async def refused(world: World, token: str, audiences: tuple[str, ...] = (ISSUER,)) -> str:
    with pytest.raises(InvalidToken) as error:
        await world.believing.authenticate_token(token, audiences)
    return str(error.value)


async def test_a_token_ends_with_its_time(world: World) -> None:
    token = await world.token(expirationSeconds=600)
    world.clock.advance(599)
    assert await world.believing.authenticate_token(token, [ISSUER])
    world.clock.advance(1)
    assert await refused(world, token) == "invalid bearer token"


async def test_a_token_ends_with_its_account(world: World) -> None:
    token = await world.token()
    world.put("serviceaccounts", "t1", "robot", "another-uid")
    assert await refused(world, token)
    world.objects.clear()
    assert await refused(world, token)


async def test_a_token_ends_with_the_pod_it_is_bound_to(world: World) -> None:
    world.put("pods", "t1", "p", "pod-uid", spec={"serviceAccountName": "robot"})
    token = await world.token(boundObjectRef=POD)
    identity = await world.believing.authenticate_token(token, [ISSUER])
    assert identity is not None
    assert identity.user.extra["authentication.kubernetes.io/pod-name"] == ("p",)
    world.objects["pods", "t1", "p"]["metadata"]["deletionTimestamp"] = "2026-05-01T00:00:00Z"
    world.clock.advance(60)
    assert await world.believing.authenticate_token(token, [ISSUER])
    world.clock.advance(1)
    assert await refused(world, token)


async def test_a_token_for_somebody_else_is_told_so(world: World) -> None:
    token = await world.token(audiences=["vault"])
    assert await refused(world, token) == (
        f'token audiences ["vault"] is invalid for the target audiences ["{ISSUER}"]'
    )
    identity = await world.believing.authenticate_token(token, ["vault", "other"])
    assert identity is not None
    assert identity.audiences == ("vault",)


async def test_a_changed_token_is_refused(world: World) -> None:
    header, claims, signature = (await world.token()).split(".")
    changed = encode_part(orjson.dumps({**read_unverified(f"{header}.{claims}.x")[1], "sub": "root"}))
    assert await refused(world, f"{header}.{changed}.{signature}") == "invalid bearer token"


@pytest.mark.parametrize("token", ["", "abcdef.0123456789abcdef", "a.b.c", "e30.e30.x", "é.é.é"])
async def test_what_is_none_of_our_tokens_is_left_to_others(world: World, token: str) -> None:
    assert await world.believing.authenticate_token(token, [ISSUER]) is None


@pytest.mark.parametrize(
    ("spec", "error", "message"),
    [
        pytest.param(
            {"expirationSeconds": 5},
            Invalid,
            'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 5: '
            "may not specify a duration less than 10 minutes",
            id="too-short",
        ),
        pytest.param(
            {"boundObjectRef": {"kind": "Secret", "apiVersion": "v1", "name": "nope"}},
            NotFound,
            'secrets "nope" not found',
            id="missing-secret",
        ),
        pytest.param(
            {"boundObjectRef": {**POD, "uid": "wrong"}},
            Conflict,
            'Operation cannot be fulfilled on Pod "p": the UID in the bound object reference (wrong) does '
            "not match the UID in record. The object might have been deleted and then recreated",
            id="another-pod",
        ),
        pytest.param(
            {"boundObjectRef": POD},
            BadRequest,
            'cannot bind token for serviceaccount "robot" to pod running with different serviceaccount name.',
            id="somebody-elses-pod",
        ),
    ],
)
async def test_a_request_is_refused(world: World, spec: Object, error: type[Exception], message: str) -> None:
    world.put("pods", "t1", "p", "pod-uid", spec={"serviceAccountName": "other"})
    with pytest.raises(error) as refusal:
        await world.issue(**spec)
    assert str(refusal.value) == message


async def test_an_account_that_is_not_there_is_not_found(world: World) -> None:
    world.objects.clear()
    with pytest.raises(NotFound, match=r'^serviceaccounts "robot" not found$'):
        await world.issue()


async def test_a_legacy_token_lives_in_its_secret(world: World) -> None:
    keys = world.believing.keys
    prefix = "kubernetes/serviceaccount"
    token = keys.sign(
        {
            "iss": prefix,
            f"{prefix}/namespace": "t1",
            f"{prefix}/secret.name": "s",
            f"{prefix}/service-account.name": "robot",
            f"{prefix}/service-account.uid": "account-uid",
            "sub": "system:serviceaccount:t1:robot",
        }
    )
    assert await refused(world, token)
    held = encoded(token)
    world.put("secrets", "t1", "s", "u", type="kubernetes.io/service-account-token", data={"token": held})
    identity = await world.believing.authenticate_token(token, [ISSUER])
    assert identity is not None
    assert identity.user.name == "system:serviceaccount:t1:robot"
    world.put("secrets", "t1", "s", "u", type="Opaque", data={"token": held})
    assert await refused(world, token)


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


async def test_an_rsa_key_signs_as_well() -> None:
    key = rsa.generate_private_key(65537, 2048)
    keys = TokenKeys(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    world = World(keys)
    assert await world.believing.authenticate_token(await world.token(), [ISSUER])
    shown = keys.jwks()["keys"][0]
    assert (shown["kty"], shown["alg"], shown["e"], shown["kid"]) == ("RSA", "RS256", "AQAB", keys.key_id)


def test_the_key_set_holds_every_key_once(pki: Pki) -> None:
    keys = TokenKeys(pki.service_account_key, other_public_pems=[(pki.directory / "sa.pub").read_bytes()])
    shown = keys.jwks()["keys"]
    assert [(one["kty"], one["crv"], one["alg"], one["use"]) for one in shown] == [
        ("EC", "P-256", "ES256", "sig")
    ]
