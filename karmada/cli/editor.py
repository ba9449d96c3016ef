"""Let the user edit a text: $KUBE_EDITOR, $EDITOR, else vi, on a file of our own that is gone afterwards."""

import os
import shlex
import subprocess
import tempfile
from pathlib import Path

from karmada.cli.scope import CommandError

DEFAULT_EDITOR = "vi"


def edited(text: str, *, prefix: str, suffix: str) -> str:
    """text as the user left it. Raises CommandError when no editor can be started, or it fails."""
    command = os.environ.get("KUBE_EDITOR") or os.environ.get("EDITOR") or DEFAULT_EDITOR
    with tempfile.TemporaryDirectory(prefix="karmadactl-") as folder:
        path = Path(folder) / f"{prefix}{suffix}"
        path.write_text(text)
        path.chmod(0o600)
        try:
            done = subprocess.run([*shlex.split(command), str(path)], check=False)
        except OSError as error:
            raise CommandError(
                f"unable to launch the editor {command!r}: {error.strerror}; set KUBE_EDITOR or EDITOR"
            ) from error
        if done.returncode:
            raise CommandError(
                f"there was a problem with the editor {command!r}: it ended with {done.returncode}"
            )
        return path.read_text()
