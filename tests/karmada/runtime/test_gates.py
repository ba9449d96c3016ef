"""Feature gates: one table for every process."""

import pytest

from controllers.main.options import ControllerManagerOptions
from karmada.client.process import ProcessOptions
from karmada.runtime.gates import FEATURE_GATES, default_gates
from karmada.runtime.options import parse_flags
from scheduler.main import SchedulerOptions


@pytest.mark.parametrize("options", [ControllerManagerOptions, SchedulerOptions])
def test_every_process_knows_every_gate(options: type[ProcessOptions]) -> None:
    value = ",".join(f"{name}={'false' if on else 'true'}" for name, on in FEATURE_GATES.items())
    parsed = parse_flags(options, [f"--feature-gates={value}"], prog="any")
    assert vars(parsed)["feature_gates"] == {name: not on for name, on in FEATURE_GATES.items()}


def test_gates_are_copied_for_each_process() -> None:
    mine = default_gates()
    mine["Failover"] = True
    assert default_gates()["Failover"] is False
