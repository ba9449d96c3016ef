"""Cells of pods: readiness, the status word, restarts.

The status word is what people read first; it follows the containers from the first that still has to start
to the one that failed.
"""

from typing import Any, Final

from apiserver.handlers.cells.fields import AGE, NAME, NONE, Cell, Shown, at, containers, labels, text
from apiserver.handlers.durations import Since, epoch
from karmada.api.objects import Object, is_deleting

_ENDED: Final = ("Succeeded", "Failed")


def ready(obj: Object) -> str:
    restartable = _restartable_names(obj)
    total = len(at(obj, "spec", "containers") or ()) + len(restartable)
    main = sum(
        1
        for one in _statuses(obj, "containerStatuses")
        if one.get("ready") and at(one, "state", "running") is not None
    )
    sidecars = sum(
        1
        for one in _statuses(obj, "initContainerStatuses")
        if one.get("name") in restartable and one.get("started") and one.get("ready")
    )
    return f"{main + sidecars}/{total}"


def status(obj: Object) -> str:
    """The word in column Status."""
    phase = str(at(obj, "status", "phase") or "")
    reason = str(at(obj, "status", "reason") or "")
    word = reason or phase
    if _condition(obj, "PodScheduled").get("reason") == "SchedulingGated":
        word = "SchedulingGated"
    starting = _init_word(obj)
    if starting is not None:
        word = starting
    if starting is None or _condition(obj, "Initialized").get("status") == "True":
        word = _main_word(obj, word)
    if is_deleting(obj):
        if reason == "NodeLost":
            return "Unknown"
        if phase not in _ENDED:
            return "Terminating"
    return word


def restarts(obj: Object) -> Shown:
    """How often, and when last: `3 (5m ago)`."""
    restartable = _restartable_names(obj)
    initial = _statuses(obj, "initContainerStatuses")
    if _init_word(obj) is not None and _condition(obj, "Initialized").get("status") != "True":
        counted = initial
    else:
        counted = [one for one in initial if one.get("name") in restartable] + _statuses(
            obj, "containerStatuses"
        )
    total = sum(int(one.get("restartCount") or 0) for one in counted)
    finished = [at(one, "lastState", "terminated", "finishedAt") for one in counted]
    moments = [moment for time in finished if time and (moment := epoch(time)) is not None]
    if total and moments:
        return Since(max(moments), f"{total} (", " ago)")
    return str(total)


def readiness_gates(obj: Object) -> str:
    gates = at(obj, "spec", "readinessGates") or ()
    if not gates:
        return NONE
    held = {one.get("type") for one in at(obj, "status", "conditions") or () if one.get("status") == "True"}
    return f"{sum(1 for gate in gates if gate.get('conditionType') in held)}/{len(gates)}"


def first_ip(obj: Object) -> str:
    addresses = at(obj, "status", "podIPs") or ()
    return str(addresses[0].get("ip") or NONE) if addresses else NONE


def row_conditions(obj: Object) -> list[Object]:
    """What a pod's table row says beside its cells: whether it is over."""
    phase = at(obj, "status", "phase")
    if phase not in _ENDED:
        return []
    message = "The pod has completed successfully." if phase == "Succeeded" else "The pod failed."
    return [{"type": "Completed", "status": "True", "reason": phase, "message": message}]


def _init_word(obj: Object) -> str | None:
    """The word while some init container is not done; None when all are."""
    restartable = _restartable_names(obj)
    total = len(at(obj, "spec", "initContainers") or ())
    for number, one in enumerate(_statuses(obj, "initContainerStatuses")):
        terminated = at(one, "state", "terminated")
        if terminated is not None and not terminated.get("exitCode"):
            continue
        if one.get("name") in restartable and one.get("started"):
            continue
        if terminated is not None:
            return "Init:" + _ended_word(terminated)
        waiting = str(at(one, "state", "waiting", "reason") or "")
        return f"Init:{waiting}" if waiting not in ("", "PodInitializing") else f"Init:{number}/{total}"
    return None


def _main_word(obj: Object, word: str) -> str:
    running, error = False, ""
    for one in reversed(_statuses(obj, "containerStatuses")):
        terminated = at(one, "state", "terminated")
        if waiting := at(one, "state", "waiting", "reason"):
            word = str(waiting)
        elif terminated is not None:
            word = _ended_word(terminated)
            error = word if terminated.get("exitCode") else error
        elif one.get("ready") and at(one, "state", "running") is not None:
            running = True
    if word != "Completed":
        return word
    if running and _condition(obj, "Ready").get("status") == "True":
        return "Running"
    return error or ("NotReady" if running else word)


def _ended_word(terminated: Object) -> str:
    if terminated.get("reason"):
        return str(terminated["reason"])
    if terminated.get("signal"):
        return f"Signal:{terminated['signal']}"
    return f"ExitCode:{terminated.get('exitCode') or 0}"


def _restartable_names(obj: Object) -> set[str]:
    initial = at(obj, "spec", "initContainers") or ()
    return {one.get("name") for one in initial if one.get("restartPolicy") == "Always"}


def _statuses(obj: Object, name: str) -> list[Any]:
    return at(obj, "status", name) or []


def _condition(obj: Object, kind: str) -> Object:
    return next((one for one in at(obj, "status", "conditions") or () if one.get("type") == kind), {})


CELLS: Final[dict[tuple[str, str], tuple[Cell, ...]]] = {
    ("", "Pod"): (
        NAME,
        ready,
        status,
        restarts,
        AGE,
        first_ip,
        text("spec", "nodeName", default=NONE),
        text("status", "nominatedNodeName", default=NONE),
        readiness_gates,
    ),
    ("", "PodTemplate"): (
        NAME,
        *containers("template", "spec", "containers"),
        labels("template", "metadata", "labels"),
    ),
}
