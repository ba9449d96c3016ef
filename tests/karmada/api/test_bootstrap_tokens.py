"""What a bootstrap token Secret holds."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from karmada.api.bootstrap_tokens import AUTHENTICATION, SIGNING, secret_name, token_in
from karmada.api.objects import Object

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def secret(
    name: str = "bootstrap-token-abcdef", kind: str = "bootstrap.kubernetes.io/token", **data: str
) -> Object:
    whole = {"token-id": "abcdef", "token-secret": "0123456789abcdef", **data}
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in whole.items()}
    return {"metadata": {"name": name, "namespace": "kube-system"}, "type": kind, "data": encoded}


def test_a_token_says_what_it_is_for_and_until_when() -> None:
    token = token_in(
        secret(
            **{
                SIGNING: "true",
                AUTHENTICATION: "false",
                "expiration": "2026-05-01T02:00:00+02:00",
                "auth-extra-groups": "a,b",
            }
        )
    )
    assert token is not None
    assert (token.id, token.groups, token.expires) == ("abcdef", ("a", "b"), NOW)
    assert token.usable(SIGNING, now=NOW - timedelta(seconds=1))
    assert not token.usable(SIGNING, now=NOW)
    assert not token.usable(AUTHENTICATION, now=NOW - timedelta(seconds=1))
    assert secret_name(token.id) == "bootstrap-token-abcdef"


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(secret(name="bootstrap-token-ffffff"), id="another-name"),
        pytest.param(secret(kind="Opaque"), id="another-type"),
        pytest.param(secret(**{"token-secret": "short"}), id="no-secret"),
        pytest.param({**secret(), "data": {"token-id": "???"}}, id="no-base64"),
        pytest.param({**secret(), "data": None}, id="empty"),
    ],
)
def test_no_token(found: Object) -> None:
    assert token_in(found) is None


@pytest.mark.parametrize("text", ["tomorrow", "2026-05-01", "9999"])
def test_an_end_nobody_can_read_is_over(text: str) -> None:
    token = token_in(secret(expiration=text, **{SIGNING: "true"}))
    assert token is not None
    assert token.is_expired(now=NOW)
