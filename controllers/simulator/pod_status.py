"""The status that a pod gets from a kubelet: running, finished, or without a node. Pure.

In: a pod and the time. Out: its whole status. kubelet.py decides which and writes it.
"""

import hashlib
from typing import Final

from controllers.simulator.nodes import node_address
from karmada.api.objects import Object, annotations_of, controller_of, generation_of, uid_of

EXIT_ANNOTATION: Final = "simulator.karmada.io/exit"
READY_ANNOTATION: Final = "simulator.karmada.io/ready"


def outcome_of(pod: Object) -> str:
    """How its containers end: "succeed", "fail", or "" when they run on."""
    chosen = annotations_of(pod).get(EXIT_ANNOTATION, "")
    if chosen:
        return chosen if chosen in ("succeed", "fail") else ""
    controller = controller_of(pod)
    return "succeed" if controller is not None and controller["kind"] == "Job" else ""


def running_status(pod: Object, *, node: str, now: str) -> Object:
    before = pod.get("status") or {}
    ready = annotations_of(pod).get(READY_ANNOTATION) != "false"
    address = before.get("podIP") or pod_address(pod)
    started = before.get("startTime") or now
    status: Object = {
        "phase": "Running",
        "observedGeneration": generation_of(pod),
        "conditions": _conditions(before, ready=ready, now=now),
        "hostIP": node_address(node),
        "hostIPs": [{"ip": node_address(node)}],
        "podIP": address,
        "podIPs": [{"ip": address}],
        "startTime": started,
        "containerStatuses": [
            _container(container, ready=ready, state={"running": {"startedAt": started}})
            for container in pod["spec"].get("containers") or ()
        ],
        "qosClass": before.get("qosClass") or "BestEffort",
    }
    if init := pod["spec"].get("initContainers"):
        ended = {
            "terminated": {"exitCode": 0, "reason": "Completed", "startedAt": started, "finishedAt": started}
        }
        status["initContainerStatuses"] = [_container(each, ready=True, state=ended) for each in init]
    return {name: value for name, value in status.items() if value not in (None, 0)}


def finished_status(pod: Object, running: Object, outcome: str, *, now: str) -> Object:
    failed = outcome == "fail"
    state = {
        "terminated": {
            "exitCode": 1 if failed else 0,
            "reason": "Error" if failed else "Completed",
            "startedAt": running["startTime"],
            "finishedAt": now,
        }
    }
    return {
        **running,
        "phase": "Failed" if failed else "Succeeded",
        "conditions": [
            {
                **each,
                "status": "False",
                "reason": "PodFailed" if failed else "PodCompleted",
                "lastTransitionTime": now,
            }
            if each["type"] in ("Ready", "ContainersReady")
            else each
            for each in running["conditions"]
        ],
        "containerStatuses": [
            _container(container, ready=False, state=state)
            for container in pod["spec"].get("containers") or ()
        ],
    }


def unschedulable_status(pod: Object, *, now: str) -> Object:
    before = pod.get("status") or {}
    text = "no node has room for the pod or tolerates it"
    conditions = [each for each in before.get("conditions") or () if each["type"] != "PodScheduled"]
    present = next((each for each in before.get("conditions") or () if each["type"] == "PodScheduled"), None)
    if present is not None and present["status"] == "False":
        return before
    scheduled = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": text,
        "lastTransitionTime": now,
    }
    return {**before, "phase": "Pending", "conditions": [*conditions, scheduled]}


def pod_address(pod: Object) -> str:
    """An address of its own, always the same for one pod."""
    digest = hashlib.blake2s(uid_of(pod).encode(), digest_size=3).digest()
    return f"10.{digest[0]}.{digest[1]}.{max(1, digest[2])}"


def _conditions(before: Object, *, ready: bool, now: str) -> list[Object]:
    old = {each["type"]: each for each in before.get("conditions") or ()}
    wanted = {
        "PodReadyToStartContainers": True,
        "Initialized": True,
        "Ready": ready,
        "ContainersReady": ready,
        "PodScheduled": True,
    }
    conditions = []
    for kind, value in wanted.items():
        status = "True" if value else "False"
        same = kind in old and old[kind]["status"] == status
        moved = old[kind].get("lastTransitionTime", now) if same else now
        conditions.append(
            {"type": kind, "status": status, "lastProbeTime": None, "lastTransitionTime": moved}
        )
    return conditions


def _container(container: Object, *, ready: bool, state: Object) -> Object:
    image = container.get("image", "")
    digest = hashlib.sha256(image.encode()).hexdigest()
    return {
        "name": container["name"],
        "state": state,
        "lastState": {},
        "ready": ready,
        "restartCount": 0,
        "image": image,
        "imageID": f"simulated://sha256:{digest}",
        "containerID": f"simulated://{digest[:32]}",
        "started": "running" in state,
    }
