"""What a member gets when it is registered."""

import pytest

from karmada.api.objects import Object
from karmada.cli.commands.unregister import mounted_kubeconfig
from karmada.cli.pull.member_objects import AgentPlan, agent_objects, kubeconfig_objects

PLAN = AgentPlan(cluster="far", endpoint="https://far:6443", zones=("a", "b"), image="agent:1", replicas=2)


def deployment(plan: AgentPlan = PLAN) -> Object:
    return next(obj for _, obj in agent_objects(plan) if obj["kind"] == "Deployment")


def test_the_agent_is_told_what_was_typed() -> None:
    made = deployment()
    (container,) = made["spec"]["template"]["spec"]["containers"]
    assert made["spec"]["replicas"] == 2
    assert container["image"] == "agent:1"
    words = set(container["command"])
    assert {
        "karmada-agent",
        "--karmada-kubeconfig=/etc/kubeconfig/karmada-kubeconfig",
        "--cluster-name=far",
        "--cluster-api-endpoint=https://far:6443",
        "--cluster-zones=a,b",
        "--controllers=*",
        "--cluster-namespace=karmada-cluster",
        "--leader-elect-resource-namespace=karmada-system",
        "--cluster-status-update-frequency=10s",
        "--metrics-bind-address=:8080",
        "--health-probe-bind-address=0.0.0.0:10357",
    } <= words


def test_its_flags_are_those_of_the_agent() -> None:
    from controllers.agent import AgentOptions
    from karmada.runtime.options import parse_flags

    (container,) = deployment()["spec"]["template"]["spec"]["containers"]
    options = parse_flags(AgentOptions, container["command"][1:], prog="karmada-agent")
    assert (options.cluster_name, options.cluster_zones) == ("far", ("a", "b"))


@pytest.mark.parametrize(("rotation", "expected"), [(False, "*"), (True, "*,certRotation")])
def test_its_certificate_is_renewed_when_that_is_asked_for(rotation: bool, expected: str) -> None:
    assert f"--controllers={expected}" in AgentPlan(cluster="far", cert_rotation=rotation).flags


def test_unregister_finds_the_kubeconfig_that_register_left() -> None:
    _, (_, secret) = kubeconfig_objects(PLAN, "apiVersion: v1")
    name = secret["metadata"]["name"]
    assert mounted_kubeconfig(deployment()) == (name, name)
    assert name in secret["data"]


def test_a_deployment_that_mounts_nothing_has_no_kubeconfig() -> None:
    made = deployment()
    made["spec"]["template"]["spec"]["volumes"] = []
    assert mounted_kubeconfig(made) is None
