"""The streams of exec and attach on the wire: channels, protocol names, the Status at the end. Pure.

Shared by the client (karmada.cli.streams) and the server (apiserver.handlers.streams).
"""

from typing import Any, Final

from karmada.api.objects import Object

V5: Final = "v5.channel.k8s.io"
V4: Final = "v4.channel.k8s.io"
WEBSOCKET_PROTOCOLS: Final = (V5, V4)
"""v5 adds the channel CLOSE, which ends one of the others."""
SPDY_PROTOCOLS: Final = (V4,)

STDIN: Final = 0
STDOUT: Final = 1
STDERR: Final = 2
STATUS: Final = 3
RESIZE: Final = 4
CLOSE: Final = 255

NON_ZERO: Final = "NonZeroExitCode"


def exit_status(code: int) -> Object:
    """The Status a command ends with."""
    if code == 0:
        return {"metadata": {}, "status": "Success"}
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: exit status {code}",
        "reason": NON_ZERO,
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }


def exit_code(status: dict[str, Any]) -> int | None:
    """0 for Success, the command's own code; None for a failure that is none of the command's."""
    if status.get("status") == "Success":
        return 0
    if status.get("reason") != NON_ZERO:
        return None
    causes = (status.get("details") or {}).get("causes") or ()
    found = next((each for each in causes if each.get("reason") == "ExitCode"), None)
    try:
        return int((found or {}).get("message") or 1)
    except ValueError:
        return 1
