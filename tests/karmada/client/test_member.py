"""karmada.client.member: from a Cluster and its Secret to an Access."""

import base64
from typing import Any

import pytest

from karmada.api.groups.cluster import CLUSTERS, Cluster
from karmada.client.member import MemberAccessError, impersonating, member_access, secret_value


def cluster(**spec: Any) -> Cluster:
    given = {
        "apiEndpoint": "https://m1:6443/",
        "secretRef": {"namespace": "karmada-cluster", "name": "m1"},
        **spec,
    }
    return CLUSTERS.decode({"metadata": {"name": "m1"}, "spec": {**given, "syncMode": "Push"}})


def secret(**data: str) -> dict[str, Any]:
    return {"data": {name: base64.b64encode(value.encode()).decode() for name, value in data.items()}}


def test_endpoint_token_and_authority_come_together() -> None:
    access = member_access(
        cluster(proxyURL="http://p:1", proxyHeader={"X": "1"}), secret(token="t", caBundle="CA")
    )
    assert (access.server, access.token, access.ca_data) == ("https://m1:6443", "t", b"CA")
    assert (access.proxy_url, access.proxy_headers, access.insecure) == ("http://p:1", {"X": "1"}, False)


def test_without_verification_the_authority_is_not_used() -> None:
    access = member_access(cluster(insecureSkipTLSVerification=True), secret(token="t", caBundle="CA"))
    assert (access.insecure, access.ca_data) == (True, None)


@pytest.mark.parametrize(
    ("spec", "data", "message"),
    [
        pytest.param({"apiEndpoint": ""}, {}, "the api endpoint of cluster m1 is empty", id="no-endpoint"),
        pytest.param({"secretRef": None}, {}, "cluster m1 does not have a secret", id="no-secret-reference"),
        pytest.param({}, None, "secret karmada-cluster/m1 of cluster m1 not found", id="no-secret"),
        pytest.param({}, {"caBundle": "CA"}, 'missing a non-empty value for "token"', id="no-token"),
        pytest.param({}, {"token": "t"}, 'missing a non-empty value for "caBundle"', id="no-authority"),
    ],
)
def test_what_is_missing_is_said(spec: dict[str, Any], data: dict[str, str] | None, message: str) -> None:
    with pytest.raises(MemberAccessError, match=message):
        member_access(cluster(**spec), None if data is None else secret(**data))


def test_impersonation_keeps_the_server() -> None:
    access = member_access(cluster(), secret(token="t", caBundle="CA"))
    acting = impersonating(access, user="ann", groups=["g"])
    assert (acting.server, acting.token) == (access.server, "t")
    assert (acting.impersonate_user, acting.impersonate_groups) == ("ann", ("g",))


@pytest.mark.parametrize("broken", [{}, {"data": None}, {"data": {"token": "%%%"}}, {"data": {"token": 7}}])
def test_a_broken_secret_has_no_value(broken: dict[str, Any]) -> None:
    assert secret_value(broken, "token") is None
