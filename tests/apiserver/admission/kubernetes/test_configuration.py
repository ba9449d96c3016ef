"""ConfigMap and Secret: what is filled in, and what is refused."""

import base64
from typing import Any

import pytest

from apiserver.admission.kubernetes.configuration import CONFIG_MAP_RULES, SECRET_RULES
from karmada.api.objects import Object, private_copy
from tests.apiserver.admission.contexts import admitted, judged

FROZEN = "Forbidden: field is immutable when `immutable` is set"


def config_map(**content: Any) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "s"}, **content}


def secret(**content: Any) -> Object:
    given = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "c", "namespace": "s"}, **content}
    return admitted(SECRET_RULES, given)


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


CONFIG_MAPS = [
    pytest.param(
        {"data": {"a": "x"}, "binaryData": {"a": "eA=="}},
        ['data[a]: Invalid value: "a": duplicate of key present in binaryData'],
        id="text-and-bytes",
    ),
    pytest.param(
        {"data": {"a": "x" * 1_048_577}},
        ["[]: Too long: may not be more than 1048576 bytes"],
        id="too-much",
    ),
    pytest.param({"data": {"..": "x"}}, ["data[..]: Invalid value: \"..\": must not be '..'"], id="upwards"),
    pytest.param({"data": {"a-b_C.d": "x"}, "binaryData": {"b": "eA=="}}, [], id="good"),
]


@pytest.mark.parametrize(("content", "expected"), CONFIG_MAPS)
def test_broken_rules_of_config_maps_are_found(content: Object, expected: list[str]) -> None:
    assert judged(CONFIG_MAP_RULES, config_map(**content)) == expected


def test_keys_are_file_names() -> None:
    (found,) = judged(CONFIG_MAP_RULES, config_map(data={"a b": "c"}))
    assert found.startswith(
        "data[a b]: Invalid value: \"a b\": a valid config key must consist of alphanumeric characters, '-', "
        "'_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name'"
    )


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({"data": {"a": "other"}}, [f"data: {FROZEN}"], id="content"),
        pytest.param({"immutable": False}, [f"immutable: {FROZEN}"], id="thawing"),
        pytest.param({"metadata": {"name": "c", "labels": {"a": "b"}}}, [], id="labels"),
    ],
)
def test_what_was_frozen_stays(change: Object, expected: list[str]) -> None:
    old = config_map(data={"a": "x"}, immutable=True)
    assert judged(CONFIG_MAP_RULES, {**private_copy(old), **change}, old=old) == expected


def test_a_secret_is_opaque_and_its_texts_become_data() -> None:
    made = secret(stringData={"a": "x", "b": "y"}, data={"a": encoded("old"), "c": encoded("z")})
    assert made["type"] == "Opaque"
    assert "stringData" not in made
    assert made["data"] == {"a": encoded("x"), "b": encoded("y"), "c": encoded("z")}


SECRETS = [
    pytest.param(
        {"type": "kubernetes.io/service-account-token"},
        ["metadata.annotations[kubernetes.io/service-account.name]: Required value"],
        id="token-of-nobody",
    ),
    pytest.param(
        {"type": "kubernetes.io/tls"},
        ["data[tls.crt]: Required value", "data[tls.key]: Required value"],
        id="tls",
    ),
    pytest.param(
        {"type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": encoded("{")}},
        [
            'data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": invalid JSON',
        ],
        id="broken-json",
    ),
    pytest.param(
        {"type": "kubernetes.io/basic-auth"},
        ["data[username]: Required value", "data[password]: Required value"],
        id="nobody",
    ),
    pytest.param(
        {"type": "kubernetes.io/basic-auth", "stringData": {"password": "x"}}, [], id="one-of-both-suffices"
    ),
    pytest.param({"type": "kubernetes.io/ssh-auth"}, ["data[ssh-privatekey]: Required value"], id="ssh"),
    pytest.param(
        {"data": {"a": encoded("x" * 1_048_577)}},
        ["data: Too long: may not be more than 1048576 bytes"],
        id="too-much",
    ),
    pytest.param({"type": "example.test/mine", "data": {}}, [], id="ones-own-type"),
]


@pytest.mark.parametrize(("content", "expected"), SECRETS)
def test_broken_rules_of_secrets_are_found(content: Object, expected: list[str]) -> None:
    assert judged(SECRET_RULES, secret(**content)) == expected


def test_the_type_of_a_secret_stays() -> None:
    old = secret()
    new = {**private_copy(old), "type": "x"}
    assert judged(SECRET_RULES, new, old=old) == ['type: Invalid value: "x": field is immutable']
