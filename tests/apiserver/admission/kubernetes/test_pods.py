"""Pods: what is filled in, and what may change."""

from typing import Any

import pytest

from apiserver.admission.kubernetes.pods import add_tolerations, change_errors, qos_class, rules
from apiserver.admission.kubernetes.priorities import settle_priority
from karmada.api.objects import Object, private_copy
from tests.apiserver.admission.contexts import admitted, context_of, judged, shaped, texts

PLANE = rules(service_accounts=False)
MEMBER = rules(service_accounts=True)


def pod(**spec: Any) -> Object:
    containers = [{"name": "c", "image": "nginx:1"}]
    return shaped(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "p", "namespace": "shop"},
            "spec": {"containers": containers, **spec},
        }
    )


def test_a_new_pod_waits() -> None:
    made = admitted(PLANE, pod())
    assert made["status"] == {"phase": "Pending", "qosClass": "BestEffort"}
    assert made["spec"]["enableServiceLinks"] is True
    assert "serviceAccountName" not in made["spec"]


def test_a_pod_puts_up_with_a_lost_node_for_a_while() -> None:
    spec: Object = {}
    add_tolerations(spec)
    assert spec["tolerations"] == [
        {
            "key": f"node.kubernetes.io/{trouble}",
            "operator": "Exists",
            "effect": "NoExecute",
            "tolerationSeconds": 300,
        }
        for trouble in ("not-ready", "unreachable")
    ]


def test_pods_run_as_somebody_where_pods_run() -> None:
    assert admitted(MEMBER, pod())["spec"]["serviceAccountName"] == "default"
    assert admitted(MEMBER, pod(serviceAccountName="robot"))["spec"]["serviceAccount"] == "robot"


def test_a_toleration_for_everything_is_enough() -> None:
    spec: Object = {"tolerations": [{"operator": "Exists"}]}
    add_tolerations(spec)
    assert spec == {"tolerations": [{"operator": "Exists"}]}


def test_a_gated_pod_says_so() -> None:
    (condition,) = admitted(PLANE, pod(schedulingGates=[{"name": "a.b/c"}]))["status"]["conditions"]
    assert (condition["type"], condition["status"], condition["reason"]) == (
        "PodScheduled",
        "False",
        "SchedulingGated",
    )


FULL = {"cpu": "1", "memory": "1Gi"}


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        pytest.param([{}], "BestEffort", id="nothing-said"),
        pytest.param([{"limits": {"cpu": "0"}}], "BestEffort", id="zero-is-nothing"),
        pytest.param([{"requests": {"cpu": "1"}}], "Burstable", id="only-requests"),
        pytest.param([{"limits": FULL, "requests": FULL}], "Guaranteed", id="limits-are-requests"),
        pytest.param(
            [{"limits": FULL, "requests": {"cpu": "1000m", "memory": "1Gi"}}], "Guaranteed", id="spelling"
        ),
        pytest.param([{"limits": FULL}, {}], "Burstable", id="one-container-says-nothing"),
    ],
)
def test_the_quality_of_service_follows_from_resources(resources: list[Object], expected: str) -> None:
    assert qos_class({"containers": [{"resources": each} for each in resources]}) == expected


# -- changes ------------------------------------------------------------------------------------------------


def changed(**spec: Any) -> tuple[Object, Object]:
    old = admitted(PLANE, pod(activeDeadlineSeconds=60))["spec"]
    add_tolerations(old)
    new = private_copy(old)
    for name, value in spec.items():
        if value is None:
            new.pop(name, None)
        else:
            new[name] = value
    return new, old


@pytest.mark.parametrize(
    ("spec", "problems"),
    [
        pytest.param({}, 0, id="nothing"),
        pytest.param({"activeDeadlineSeconds": 30}, 0, id="a-shorter-deadline"),
        pytest.param({"activeDeadlineSeconds": 90}, 1, id="a-longer-deadline"),
        pytest.param({"activeDeadlineSeconds": None}, 1, id="no-deadline"),
        pytest.param({"tolerations": []}, 1, id="fewer-tolerations"),
        pytest.param({"nodeSelector": {"a": "b"}}, 1, id="another-node"),
        pytest.param({"schedulingGates": [{"name": "a.b/c"}]}, 1, id="a-new-gate"),
        pytest.param({"terminationGracePeriodSeconds": 5}, 1, id="another-grace-period"),
    ],
)
def test_little_of_a_pod_may_change(spec: Object, problems: int) -> None:
    assert len(change_errors(*changed(**spec))) == problems


def test_images_and_more_tolerations_may_change() -> None:
    new, old = changed()
    new["containers"][0]["image"] = "nginx:2"
    new["tolerations"] = [*old["tolerations"], {"key": "a", "operator": "Exists"}]
    assert change_errors(new, old) == []


def test_the_refusal_names_what_may_change() -> None:
    (found,) = texts(change_errors(*changed(nodeSelector={"a": "b"})))
    assert found.startswith(
        "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
    )


def test_a_status_write_is_not_judged() -> None:
    old = admitted(PLANE, pod())
    new = private_copy(old)
    new["spec"]["containers"] = []
    assert judged(PLANE, new, old=old, subresource="status") == []
    assert judged(PLANE, new, old=old)[0] == "spec.containers: Required value"


def test_the_manifest_of_a_pod_can_be_replaced_as_it_is() -> None:
    old = admitted(PLANE, pod())
    add_tolerations(old["spec"])
    settle_priority(old["spec"], context_of(old))
    new = admitted(PLANE, pod(), old=old)
    assert new["spec"] == old["spec"]
    assert judged(PLANE, new, old=old) == []
