"""Write docs/reference.md from the options of every process: `python -m tests.map.reference`."""

import sys
from pathlib import Path
from typing import Any, Final

from apiserver.main import MainOptions
from controllers.agent.options import AgentOptions
from controllers.main.options import ControllerManagerOptions
from karmada.runtime.options import flags_of
from scheduler.descheduler.main import DeschedulerOptions
from scheduler.main import SchedulerOptions
from scheduler.member.main import EstimatorOptions

PAGE: Final = Path(__file__).parents[2] / "docs" / "reference.md"
PROCESSES: Final[dict[str, type[Any]]] = {
    "karmada-apiserver": MainOptions,
    "karmada-controller-manager": ControllerManagerOptions,
    "karmada-scheduler": SchedulerOptions,
    "karmada-agent": AgentOptions,
    "karmada-scheduler-estimator": EstimatorOptions,
    "karmada-descheduler": DeschedulerOptions,
}


def page() -> str:
    lines = ["# Flags", "", "Made from the options in the code by `python -m tests.map.reference`."]
    for process, options in PROCESSES.items():
        lines += ["", f"## {process}", "", "| flag | default | |", "|---|---|---|"]
        for flag in flags_of(options):
            text = flag.help.replace("|", "\\|")
            lines.append(f"| `--{flag.name.removeprefix('--')}` | {shown(flag.default)} | {text} |")
    return "\n".join(lines) + "\n"


def shown(value: object) -> str:
    """A default as a reader types it; nothing for none."""
    if value in ("", (), None) or value == {}:
        return ""
    if isinstance(value, tuple | list):
        return f"`{','.join(map(str, value))}`"
    if isinstance(value, dict):
        return f"`{','.join(f'{name}={str(on).lower()}' for name, on in sorted(value.items()))}`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value}`"


if __name__ == "__main__":
    PAGE.write_text(page())
    sys.stdout.write(f"{PAGE} written\n")
