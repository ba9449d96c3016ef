"""What is kept of a member's objects."""

from karmada.api.objects import Object
from scheduler.member.state import trimmed_node, trimmed_pod, trimmed_workload


def test_only_what_is_read_is_kept() -> None:
    full: Object = {
        "metadata": {"name": "n", "uid": "u", "labels": {"a": "b"}, "annotations": {"c": "d"}},
        "spec": {"podCIDR": "10.0.0.0/24", "unschedulable": True},
        "status": {"allocatable": {"cpu": "1"}, "images": [{"names": ["x"]}]},
    }
    assert trimmed_node(full) == {
        "metadata": {"name": "n", "uid": "u", "labels": {"a": "b"}},
        "spec": {"unschedulable": True},
        "status": {"allocatable": {"cpu": "1"}},
    }
    assert trimmed_workload(
        {"metadata": {"name": "w"}, "spec": {"replicas": 3, "template": {"spec": {}}}}
    ) == {
        "metadata": {"name": "w"},
        "spec": {"template": {"spec": {}}},
    }


def test_a_pod_with_unreadable_requests_takes_a_slot_only() -> None:
    container = {"resources": {"requests": {"cpu": "many"}}}
    kept = trimmed_pod({"metadata": {"name": "p"}, "spec": {"nodeName": "n", "containers": [container]}})
    assert kept == {
        "metadata": {"name": "p"},
        "node": "n",
        "requests": {},
        "status": {"phase": "", "conditions": []},
    }
