"""The version of this build, in the structure every component prints."""

import platform
from importlib import metadata
from typing import Final

try:
    VERSION: Final = "v" + metadata.version("karmada")
except metadata.PackageNotFoundError:  # a bare checkout on the path
    VERSION: Final = "v0.0.0"  # type: ignore[misc]

KUBERNETES_MAJOR: Final = "1"
KUBERNETES_MINOR: Final = "36"
KUBERNETES_VERSION: Final = "v1.36.2"
"""The Kubernetes API our server speaks; /version says so."""


def platform_name() -> str:
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return f"{platform.system().lower()}/{machine}"


def version_info() -> str:
    """version.Info{...} as Karmada's components print it; GoVersion carries the Python version here."""
    fields = {
        "GitVersion": VERSION,
        "GitCommit": "",
        "GitShortCommit": "",
        "GitTreeState": "clean",
        "BuildDate": "1970-01-01T00:00:00Z",
        "GoVersion": f"python{platform.python_version()}",
        "Compiler": platform.python_implementation().lower(),
        "Platform": platform_name(),
    }
    return "version.Info{" + ", ".join(f'{name}:"{value}"' for name, value in fields.items()) + "}"
