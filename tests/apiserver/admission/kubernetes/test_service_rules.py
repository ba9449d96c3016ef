"""Rules of Service."""

from typing import Any

import pytest

from apiserver.admission.kubernetes.service_rules import judge_service
from karmada.api.objects import Object
from tests.apiserver.admission.contexts import context_of, texts


def port(number: int, **fields: Any) -> Object:
    return {"port": number, "protocol": "TCP", "targetPort": number, **fields}


def service(**spec: Any) -> Object:
    defaults = {
        "type": "ClusterIP",
        "clusterIP": "10.96.0.5",
        "clusterIPs": ["10.96.0.5"],
        "ports": [port(80)],
    }
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "s", "namespace": "shop"},
        "spec": {**defaults, **spec},
    }


NAMED = {"clusterIP": "", "clusterIPs": [], "type": "ExternalName"}
BROKEN = [
    pytest.param({"ports": []}, ["spec.ports: Required value"], id="no-ports"),
    pytest.param(
        {"ports": [port(80), port(81)]},
        ["spec.ports[0].name: Required value", "spec.ports[1].name: Required value"],
        id="several-ports-have-names",
    ),
    pytest.param(
        {"ports": [port(80, name="a"), port(81, name="a")]},
        ['spec.ports[1].name: Duplicate value: "a"'],
        id="port-name-twice",
    ),
    pytest.param(
        {"ports": [port(80, name="a"), port(80, name="b")]},
        ['spec.ports[1]: Duplicate value: {"protocol":"TCP","port":80}'],
        id="port-twice",
    ),
    pytest.param(
        {"ports": [port(0, targetPort=80)]},
        ["spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive"],
        id="no-number",
    ),
    pytest.param(
        {"ports": [port(80, targetPort="HTTP")]},
        [
            'spec.ports[0].targetPort: Invalid value: "HTTP": must contain only alpha-numeric characters '
            "(a-z, 0-9), and hyphens (-)",
            'spec.ports[0].targetPort: Invalid value: "HTTP": must contain at least one letter (a-z)',
        ],
        id="target-name",
    ),
    pytest.param(
        {"type": "X"},
        [
            'spec.type: Unsupported value: "X": supported values: "ClusterIP", "ExternalName", '
            '"LoadBalancer", "NodePort"'
        ],
        id="type",
    ),
    pytest.param(NAMED, ["spec.externalName: Required value"], id="which-name"),
    pytest.param(
        {**NAMED, "externalName": "a.example.test", "clusterIPs": ["10.96.0.5"]},
        ["spec.clusterIPs: Forbidden: may not be set when `type` is 'ExternalName'"],
        id="a-name-and-an-address",
    ),
    pytest.param(
        {"clusterIP": "None", "clusterIPs": ["None"], "type": "NodePort"},
        ["spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services"],
        id="headless-node-port",
    ),
    pytest.param(
        {"sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 86401}}},
        [
            "spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 86401: must be greater than "
            "0 and less than 86400"
        ],
        id="sticks-too-long",
    ),
    pytest.param(
        {"externalIPs": ["here"]},
        [
            'spec.externalIPs[0]: Invalid value: "here": must be a valid IP address, (e.g. 10.9.8.7 or '
            "2001:db8::ffff)"
        ],
        id="external-ip",
    ),
]


@pytest.mark.parametrize(("spec", "expected"), BROKEN)
def test_broken_rules_are_found(spec: Object, expected: list[str]) -> None:
    given = service(**spec)
    assert texts(judge_service(given, None, context_of(given))) == expected


def test_a_plain_service_is_fine() -> None:
    given = service()
    assert judge_service(given, given, context_of(given, old=given)) == []
