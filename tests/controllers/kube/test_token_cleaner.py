"""When a bootstrap token Secret goes."""

import pytest

from controllers.kube.token_cleaner import expiry_of
from karmada.api.objects import Object
from tests.controllers.kube.test_bootstrap_signer import bootstrap_secret

END = "2026-05-01T00:00:00Z"


def elsewhere() -> Object:
    secret = bootstrap_secret("abcdef", expiration=END)
    secret["metadata"]["namespace"] = "default"
    return secret


@pytest.mark.parametrize(
    ("secret", "expected"),
    [
        pytest.param(bootstrap_secret("abcdef", expiration=END), "2026-05-01T00:00:00+00:00", id="its-end"),
        pytest.param(bootstrap_secret("abcdef"), None, id="no-end"),
        pytest.param(elsewhere(), None, id="another-namespace"),
        pytest.param({**bootstrap_secret("abcdef", expiration=END), "type": "Opaque"}, None, id="no-token"),
        pytest.param(
            bootstrap_secret("abcdef", expiration="soon"),
            "0001-01-01T00:00:00+00:00",
            id="unreadable-is-over",
        ),
    ],
)
def test_expiry(secret: Object, expected: str | None) -> None:
    found = expiry_of(secret)
    assert (found.isoformat() if found else None) == expected
