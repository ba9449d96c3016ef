"""LimitRanges: what they fill in, and what they refuse. Tables, and one journey."""

from typing import Any

import pytest

from apiserver.admission.stock.limit_ranger import (
    LimitRanger,
    broken_claim_limits,
    broken_pod_limits,
    fill_in,
)
from karmada.api.objects import Object
from tests.apiserver.admission.contexts import context_of
from tests.apiserver.serving import running_plane


def limits(type_: str, **item: Object) -> Object:
    return {"metadata": {"name": "l"}, "spec": {"limits": [{"type": type_, **item}]}}


def pod(*containers: Object, **spec: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "namespace": "a"},
        "spec": {"containers": list(containers), **spec},
    }


def container(requests: Object | None = None, limits: Object | None = None, name: str = "c") -> Object:
    given = {"requests": requests, "limits": limits}
    return {"name": name, "resources": {side: value for side, value in given.items() if value}}


def claim(storage: str | None) -> Object:
    return {"spec": {"resources": {"requests": {"storage": storage} if storage else {}}}}


def test_defaults_are_filled_in_and_told() -> None:
    subject = pod(container(), container({"cpu": "1"}, name="d"), initContainers=[{"name": "i"}])
    defaults = {"default": {"cpu": "2", "memory": "1Gi"}, "defaultRequest": {"cpu": "500m"}}
    fill_in(subject, limits("Container", **defaults))
    first, second = subject["spec"]["containers"]
    assert first["resources"] == {"requests": {"cpu": "500m"}, "limits": {"cpu": "2", "memory": "1Gi"}}
    assert second["resources"] == {"requests": {"cpu": "1"}, "limits": {"cpu": "2", "memory": "1Gi"}}
    assert subject["metadata"]["annotations"] == {
        "kubernetes.io/limit-ranger": "LimitRanger plugin set: cpu request for container c; cpu, memory "
        "limit for container c; cpu, memory limit for container d; cpu request for init container i; "
        "cpu, memory limit for init container i"
    }
    before = dict(subject["metadata"]["annotations"])
    fill_in(subject, limits("Container", **defaults))
    assert subject["metadata"]["annotations"] == before


@pytest.mark.parametrize(
    ("subject", "limit_range", "expected"),
    [
        pytest.param(
            pod(container(limits={"cpu": "2"})),
            limits("Container", max={"cpu": "1"}),
            ["maximum cpu usage per Container is 1, but limit is 2"],
            id="limit-over-max",
        ),
        pytest.param(
            pod(container()),
            limits("Container", max={"cpu": "1"}),
            ["maximum cpu usage per Container is 1.  No limit is specified"],
            id="no-limit",
        ),
        pytest.param(
            pod(container({"cpu": "50m"})),
            limits("Container", min={"cpu": "100m"}),
            ["minimum cpu usage per Container is 100m, but request is 50m"],
            id="request-under-min",
        ),
        pytest.param(
            pod(container()),
            limits("Container", min={"cpu": "100m"}),
            ["minimum cpu usage per Container is 100m.  No request is specified"],
            id="no-request",
        ),
        pytest.param(
            pod(container({"cpu": "100m"}, {"cpu": "1"})),
            limits("Container", maxLimitRequestRatio={"cpu": "4"}),
            ["cpu max limit to request ratio per Container is 4, but provided ratio is 10.000000"],
            id="ratio",
        ),
        pytest.param(
            pod(container({"cpu": "250m"}, {"cpu": "1"})),
            limits("Container", maxLimitRequestRatio={"cpu": "4"}),
            [],
            id="ratio-that-fits",
        ),
        pytest.param(
            pod(container(limits={"cpu": "1"}), container(limits={"cpu": "1"})),
            limits("Pod", max={"cpu": "1"}),
            ["maximum cpu usage per Pod is 1, but limit is 2"],
            id="pod",
        ),
    ],
)
def test_pods_within_limits(subject: Object, limit_range: Object, expected: list[str]) -> None:
    assert list(broken_pod_limits(subject, limit_range)) == expected


@pytest.mark.parametrize(
    ("storage", "expected"),
    [
        pytest.param("2Gi", [], id="fits"),
        pytest.param(
            "1Mi", ["minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 1Mi"], id="small"
        ),
        pytest.param(
            "9Gi", ["maximum storage usage per PersistentVolumeClaim is 5Gi, but request is 9Gi"], id="large"
        ),
    ],
)
def test_claims_within_limits(storage: str, expected: list[str]) -> None:
    limit_range = limits("PersistentVolumeClaim", min={"storage": "1Gi"}, max={"storage": "5Gi"})
    assert list(broken_claim_limits(claim(storage), limit_range)) == expected


def test_only_new_pods_are_looked_at() -> None:
    plugin = LimitRanger()
    assert plugin.concerns(context_of(pod()))
    assert not plugin.concerns(context_of(pod(), old=pod()))


async def test_a_pod_that_asks_for_too_much_is_refused_with_every_reason() -> None:
    async with running_plane() as plane:
        path = "/api/v1/namespaces/default"
        made = await plane.post(
            f"{path}/limitranges",
            {
                "metadata": {"name": "l"},
                "spec": {"limits": [{"type": "Container", "max": {"cpu": "1", "memory": "1Gi"}}]},
            },
        )
        assert made.status == 201
        broken = {"name": "c", "image": "i", "resources": {"limits": {"cpu": "2", "memory": "2Gi"}}}
        reply = await plane.post(
            f"{path}/pods", {"metadata": {"name": "p"}, "spec": {"containers": [broken]}}
        )
        assert (reply.status, reply.message) == (
            403,
            'pods "p" is forbidden: [maximum cpu usage per Container is 1, but limit is 2, maximum memory '
            "usage per Container is 1Gi, but limit is 2Gi]",
        )
        bare = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
        made = await plane.post(f"{path}/pods", bare)
        assert made.object["spec"]["containers"][0]["resources"] == {
            "limits": {"cpu": "1", "memory": "1Gi"},
            "requests": {"cpu": "1", "memory": "1Gi"},
        }
        assert made.object["status"]["qosClass"] == "Guaranteed"
