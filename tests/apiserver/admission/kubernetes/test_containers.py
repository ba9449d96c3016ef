"""Rules of containers."""

from typing import Any

import pytest

from apiserver.admission.kubernetes.containers import (
    container_errors,
    ephemeral_container_errors,
    init_container_errors,
    resources_errors,
)
from karmada.api.objects import Object
from tests.apiserver.admission.contexts import texts

VOLUMES: dict[str, Object] = {"v": {"name": "v", "emptyDir": {}}}


def container(**fields: Any) -> Object:
    return {"name": "c", "image": "nginx:1", **fields}


def probe(**fields: Any) -> Object:
    return {"successThreshold": 1, "tcpSocket": {"port": 80}, **fields}


BROKEN = [
    pytest.param([container(name="")], ["c[0].name: Required value"], id="no-name"),
    pytest.param([container(), container()], ['c[1].name: Duplicate value: "c"'], id="one-name-twice"),
    pytest.param([container(image="")], ["c[0].image: Required value"], id="no-image"),
    pytest.param(
        [container(image=" nginx")],
        ['c[0].image: Invalid value: " nginx": must not have leading or trailing whitespace'],
        id="blanks",
    ),
    pytest.param(
        [container(ports=[{"containerPort": 99999, "protocol": "TCP"}])],
        ["c[0].ports[0].containerPort: Invalid value: 99999: must be between 1 and 65535, inclusive"],
        id="port",
    ),
    pytest.param(
        [container(ports=[{"containerPort": 80, "name": "a"}, {"containerPort": 81, "name": "a"}])],
        ['c[0].ports[1].name: Duplicate value: "a"'],
        id="port-name-twice",
    ),
    pytest.param(
        [container(ports=[{"containerPort": 80, "hostPort": 80, "protocol": "TCP"}] * 2)],
        ['c[0].ports[1].hostPort: Duplicate value: "TCP//80"'],
        id="host-port-twice",
    ),
    pytest.param(
        [container(volumeMounts=[{"name": "zz", "mountPath": "/a"}])],
        ['c[0].volumeMounts[0].name: Not found: "zz"'],
        id="unknown-volume",
    ),
    pytest.param(
        [container(volumeMounts=[{"name": "v", "mountPath": "/a"}] * 2)],
        ['c[0].volumeMounts[1].mountPath: Invalid value: "/a": must be unique'],
        id="one-place-twice",
    ),
    pytest.param(
        [container(volumeMounts=[{"name": "v", "mountPath": "/a", "subPath": "/b/../c"}])],
        [
            'c[0].volumeMounts[0].subPath: Invalid value: "/b/../c": must be a relative path',
            "c[0].volumeMounts[0].subPath: Invalid value: \"/b/../c\": must not contain '..'",
        ],
        id="sub-path",
    ),
    pytest.param(
        [container(env=[{"name": ""}])], ["c[0].env[0].name: Required value"], id="nameless-variable"
    ),
    pytest.param(
        [container(env=[{"name": "A", "value": "b", "valueFrom": {"fieldRef": {}}}])],
        ['c[0].env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty'],
        id="two-values",
    ),
    pytest.param(
        [container(livenessProbe=probe(successThreshold=2))],
        ["c[0].livenessProbe.successThreshold: Invalid value: 2: must be 1"],
        id="alive-twice",
    ),
    pytest.param(
        [container(readinessProbe={"successThreshold": 2})],
        ["c[0].readinessProbe: Required value: must specify a handler type"],
        id="probe-without-handler",
    ),
    pytest.param(
        [container(startupProbe=probe(exec={"command": ["a"]}, timeoutSeconds=-1))],
        [
            "c[0].startupProbe.tcpSocket: Forbidden: may not specify more than 1 handler type",
            "c[0].startupProbe.timeoutSeconds: Invalid value: -1: must be greater than or equal to 0",
        ],
        id="two-handlers",
    ),
    pytest.param(
        [container(lifecycle={"preStop": {"exec": {}}})],
        ["c[0].lifecycle.preStop.exec.command: Required value"],
        id="hook-without-command",
    ),
]


@pytest.mark.parametrize(("given", "expected"), BROKEN)
def test_broken_rules_are_found(given: list[Object], expected: list[str]) -> None:
    assert texts(container_errors(given, "c", VOLUMES)) == expected


RESOURCES = [
    pytest.param(
        {"limits": {"cpu": "1"}, "requests": {"cpu": "2"}},
        ['r.requests: Invalid value: "2": must be less than or equal to cpu limit of 1'],
        id="more-than-the-limit",
    ),
    pytest.param(
        {"limits": {"example.com/gpu": "2"}, "requests": {"example.com/gpu": "1"}},
        ['r.requests: Invalid value: "1": must be equal to example.com/gpu limit of 2'],
        id="extended-resources-are-not-shared",
    ),
    pytest.param(
        {"limits": {"cpu": "-1"}},
        ['r.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0'],
        id="negative",
    ),
    pytest.param(
        {"requests": {"power": "1"}},
        ['r.requests: Invalid value: "power": must be a standard resource for containers'],
        id="unknown",
    ),
    pytest.param({"limits": {"cpu": "1"}, "requests": {"cpu": "1000m"}}, [], id="equal-in-other-words"),
]


@pytest.mark.parametrize(("given", "expected"), RESOURCES)
def test_requests_stay_within_limits(given: Object, expected: list[str]) -> None:
    assert texts(resources_errors(given, "r")) == expected


def test_init_containers_are_not_probed_unless_they_stay() -> None:
    plain = container(name="i", livenessProbe=probe())
    side_car = container(name="s", restartPolicy="Always", livenessProbe=probe())
    assert texts(init_container_errors([plain, side_car], [container()], "i", VOLUMES)) == [
        "i[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always"
    ]
    assert texts(init_container_errors([container()], [container()], "i", VOLUMES)) == [
        'i[0].name: Duplicate value: "c"'
    ]


def test_ephemeral_containers_have_no_ports() -> None:
    given = [container(name="d", ports=[{"containerPort": 1}])]
    assert texts(ephemeral_container_errors(given, [container()], "e")) == [
        "e[0].ports: Forbidden: field not allowed for an ephemeral container"
    ]
