"""Which issuers flags and files name, and which settings are refused."""

from typing import Any

import pytest

from apiserver.filters.authentication.oidc_settings import (
    AnonymousSetting,
    Mapping,
    OidcOptions,
    issuer_of_flags,
    settings_of,
)
from karmada.api.objects import Object

URL = "https://issuer.example.com"


def config(*entries: Object, **fields: Any) -> Object:
    head = {"apiVersion": "apiserver.config.k8s.io/v1", "kind": "AuthenticationConfiguration"}
    return {**head, "jwt": list(entries), **fields}


def entry(url: str = URL, **fields: Any) -> Object:
    mappings = {"username": {"claim": "sub", "prefix": "o:"}, "groups": {"claim": "groups", "prefix": ""}}
    return {"issuer": {"url": url, "audiences": ["karmada"]}, "claimMappings": mappings, **fields}


def test_flags_put_the_issuer_before_names_that_are_no_addresses() -> None:
    issuer = issuer_of_flags(OidcOptions(URL, "karmada", required_claims=("org=acme",)), ca=b"PEM")
    assert (issuer.username, issuer.audiences) == (Mapping("sub", f"{URL}#"), ("karmada",))
    assert (issuer.required, issuer.ca) == ((("org", "acme"),), b"PEM")
    assert issuer_of_flags(OidcOptions(URL, "x", "email"), ca=b"").username.prefix == ""
    assert issuer_of_flags(OidcOptions(URL, "x", "sub", "-"), ca=b"").username.prefix == ""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(OidcOptions(URL), "--oidc-client-id is required", id="no-client"),
        pytest.param(OidcOptions("http://a", "x"), "scheme must be https", id="plain-http"),
        pytest.param(OidcOptions(URL, "x", required_claims=("a",)), "is not name=value", id="claim"),
        pytest.param(
            OidcOptions(URL, "x", signing_algorithms=("none",)), "none is not supported", id="unsigned"
        ),
    ],
)
def test_flags_that_make_no_sense(options: OidcOptions, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        issuer_of_flags(options, ca=b"")


def test_a_file_may_name_several_issuers() -> None:
    rules = [{"claim": "hd", "requiredValue": "acme"}]
    found = settings_of(
        config(
            entry(),
            entry("https://other", claimValidationRules=rules),
            anonymous={"enabled": True, "conditions": [{"path": "/metrics"}]},
        )
    )
    assert [issuer.url for issuer in found.issuers] == [URL, "https://other"]
    assert found.issuers[1].required == (("hd", "acme"),)
    assert found.anonymous == AnonymousSetting(enabled=True, paths=("/metrics",))
    assert settings_of(config()).anonymous is None


@pytest.mark.parametrize(
    ("document", "message"),
    [
        pytest.param([], "it is no AuthenticationConfiguration", id="no-object"),
        pytest.param({**config(), "apiVersion": "v1"}, "apiVersion must be of", id="another-group"),
        pytest.param(config(entry(), entry()), "Duplicate value", id="twice"),
        pytest.param(config(entry("http://a")), "scheme must be https", id="plain-http"),
        pytest.param(config(entry(issuer={"url": URL})), "audiences: Required value", id="no-audience"),
        pytest.param(
            config(entry(issuer={"url": URL, "audiences": ["a", "b"]})), "must be MatchAny", id="policy"
        ),
        pytest.param(config(entry(claimMappings={})), "username.claim: Required value", id="no-name"),
        pytest.param(
            config(entry(claimMappings={"username": {"claim": "sub"}})),
            "prefix is required",
            id="no-prefix",
        ),
        pytest.param(
            config(entry(userValidationRules=[{"expression": "false"}])),
            "userValidationRules: expressions",
            id="rule-that-would-be-left-out",
        ),
        pytest.param(
            config(entry(claimMappings={"username": {"expression": "claims.sub"}})),
            "use claim",
            id="expression",
        ),
    ],
)
def test_files_that_make_no_sense(document: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        settings_of(document)
