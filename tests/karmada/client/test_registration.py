"""Joining a cluster: names, and the objects each side gets."""

import pytest

from karmada.api.objects import labels_of
from karmada.client.kubeconfig import Access
from karmada.client.registration import (
    MemberTokens,
    Registration,
    RegistrationError,
    cluster_object,
    control_plane_secrets,
    controller_manager_rights,
    require_cluster_name,
    token_secret,
)

SYSTEM = {"karmada.io/system": "true"}


@pytest.mark.parametrize("name", ["a", "member1", "prod-eu-1", "1a", "x" * 48])
def test_a_cluster_may_be_called(name: str) -> None:
    require_cluster_name(name)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        pytest.param("", "RFC 1123", id="nothing"),
        pytest.param("x" * 49, "must be no more than 48 characters", id="too-long"),
        pytest.param("Member", "RFC 1123", id="capitals"),
        pytest.param("a.b", "RFC 1123", id="a-dot"),
        pytest.param("-a", "RFC 1123", id="a-leading-dash"),
        pytest.param("a\n", "RFC 1123", id="a-line-break-at-the-end"),
        pytest.param("../a", "RFC 1123", id="a-path"),
    ],
)
def test_a_cluster_may_not_be_called(name: str, message: str) -> None:
    with pytest.raises(RegistrationError, match=message):
        require_cluster_name(name)


def test_a_cluster_says_where_it_is_and_where_its_secrets_are() -> None:
    options = Registration(name="eu", provider="aws", region="eu-1", zones=("a", "b"))
    cluster = cluster_object(options, Access(server="https://10.0.0.1:6443"), cluster_id="uid-1")
    spec = cluster.to_json()["spec"]
    assert spec == {
        "syncMode": "Push",
        "apiEndpoint": "https://10.0.0.1:6443",
        "id": "uid-1",
        "secretRef": {"namespace": "karmada-cluster", "name": "eu"},
        "impersonatorSecretRef": {"namespace": "karmada-cluster", "name": "eu-impersonator"},
        "provider": "aws",
        "region": "eu-1",
        "zones": ["a", "b"],
    }


@pytest.mark.parametrize(
    ("access", "expected"),
    [
        pytest.param(
            Access("https://m", insecure=True), {"insecureSkipTLSVerification": True}, id="insecure"
        ),
        pytest.param(Access("https://m", proxy_url="http://p:1"), {"proxyURL": "http://p:1"}, id="proxy"),
    ],
)
def test_how_the_kubeconfig_reaches_the_member_is_kept(access: Access, expected: dict[str, object]) -> None:
    spec = cluster_object(Registration(name="eu"), access, cluster_id="uid").to_json()["spec"]
    assert expected.items() <= spec.items()


def test_the_control_plane_keeps_both_tokens_and_the_ca_apart() -> None:
    own, impersonator = control_plane_secrets(
        Registration(name="eu", namespace="secrets"), MemberTokens("dA==", "Yw==", "aQ==")
    )
    assert own["metadata"] == {"name": "eu", "namespace": "secrets", "labels": SYSTEM}
    assert own["data"] == {"token": "dA==", "caBundle": "Yw=="}
    assert impersonator["metadata"]["name"] == "eu-impersonator"
    assert impersonator["data"] == {"token": "aQ=="}


def test_a_token_secret_belongs_to_its_account() -> None:
    secret = token_secret("karmada-eu", "karmada-cluster")
    assert secret["type"] == "kubernetes.io/service-account-token"
    assert secret["metadata"]["annotations"] == {"kubernetes.io/service-account.name": "karmada-eu"}


def test_the_controller_manager_gets_its_rights_through_the_account_of_this_cluster_only() -> None:
    (_, role), (_, binding) = controller_manager_rights("eu", "karmada-cluster")
    assert role["rules"][1] == {"nonResourceURLs": ["*"], "verbs": ["get"]}
    assert binding["roleRef"]["name"] == role["metadata"]["name"] == "karmada-controller-manager:karmada-eu"
    assert binding["subjects"] == [
        {"kind": "ServiceAccount", "name": "karmada-eu", "namespace": "karmada-cluster"}
    ]
    assert labels_of(role) == labels_of(binding) == SYSTEM
