"""Tables of what pods and nodes use."""

import argparse
from typing import Any

import pytest

from karmada.cli.commands.top import node_rows, node_table, order, pod_rows, pod_table


def pod(name: str, *usage: tuple[str, str, str]) -> dict[str, Any]:
    containers = [{"name": each, "usage": {"cpu": cpu, "memory": memory}} for each, cpu, memory in usage]
    return {"metadata": {"name": name, "namespace": "shop"}, "containers": containers}


PODS = [
    *pod_rows("member2", [pod("b", ("x", "100m", "64Mi"), ("y", "1500000n", "1Gi"))], containers=False),
    *pod_rows("member1", [pod("a", ("x", "1", "10Mi"))], containers=False),
]


def flags(**given: bool) -> argparse.Namespace:
    return argparse.Namespace(
        **{"all_namespaces": False, "containers": False, "sum": False, "no_headers": False, **given}
    )


def test_pods_by_cluster() -> None:
    assert (
        pod_table(order(PODS, ""), flags(sum=True))
        == """\
NAME   CLUSTER   CPU(cores)   MEMORY(bytes)
a      member1   1000m        10Mi
b      member2   102m         1088Mi
                 ________     ________
                 1102m        1098Mi"""
    )


@pytest.mark.parametrize(("by", "first"), [("cpu", "a"), ("memory", "b"), ("", "a")])
def test_the_order(by: str, first: str) -> None:
    assert order(PODS, by)[0].name == first


def test_containers_and_namespaces() -> None:
    rows = pod_rows("m", [pod("b", ("x", "1m", "1Mi"), ("y", "2m", "2Mi"))], containers=True)
    assert (
        pod_table(rows, flags(containers=True, all_namespaces=True))
        == """\
NAMESPACE   POD   NAME   CLUSTER   CPU(cores)   MEMORY(bytes)
shop        b     x      m         1m           1Mi
shop        b     y      m         2m           2Mi"""
    )


def test_a_node_nobody_measured() -> None:
    nodes = [
        {"metadata": {"name": name}, "status": {"allocatable": {"cpu": "2", "memory": "4Gi"}}}
        for name in "ab"
    ]
    used = [{"metadata": {"name": "a"}, "usage": {"cpu": "500m", "memory": "1Gi"}}]
    assert (
        node_table(node_rows("m", used, nodes, capacity=False), headers=True)
        == """\
NAME   CLUSTER   CPU(cores)   CPU%        MEMORY(bytes)   MEMORY%
a      m         500m         25%         1024Mi          25%
b      m         <unknown>    <unknown>   <unknown>       <unknown>"""
    )
